//! `cc2cc doctor` inside a session sends that session a letter and sees it ring.

use serde_json::{Value, json};

use crate::{letter_id, reply::Reply, settled, world::World};

#[test]
fn doctor_follows_a_letter_to_the_session_it_runs_in() {
    let world = World::with_cc2cc();
    let mut ann = settled(&world, "ann");
    let call = json!({ "command": "cc2cc doctor --json || true", "description": "check" });
    ann.api.when("check it").reply(Reply::tool("Bash", call));
    ann.type_line("check it");
    let told = ann.wait_for_request("with the result", |request| !request.tool_results().is_empty());
    let report: Value = serde_json::from_str(told.tool_results()[0].trim()).expect("JSON");
    let findings = report["findings"].as_array().expect("findings");
    let verdict =
        |what: &str| findings.iter().find(|finding| finding["what"] == what).map(|finding| &finding["verdict"]);
    assert_eq!(verdict("session"), Some(&json!("ok")), "{report}");
    assert_eq!(verdict("self-test"), Some(&json!("ok")), "{report}");
    let told = ann.wait_until_told("cc2cc doctor has sent this letter");
    let id = letter_id(&told.newest());
    ann.wait("it is proved seen", || (world.status_of(&id) == "seen").then_some(()));
}
