//! Every session has a name, and everyone can see who is there.

use serde_json::json;

use crate::{
    agent, has_waker, letter,
    reply::Reply,
    settled,
    world::{World, client},
};

#[test]
fn each_session_gets_a_name_of_its_own_and_all_see_who_is_there() {
    let world = World::with_cc2cc();
    let (first, second) = (world.session("one").start(), world.session("two").start());
    let name_on = |session: &crate::claude::Session| {
        session.wait("its name on the screen", || {
            let screen = session.screen();
            let (_, rest) = screen.split_once("cc2cc: you are ")?;
            Some(rest.split_whitespace().next()?.to_owned())
        })
    };
    let (one, two) = (name_on(&first), name_on(&second));
    assert_ne!(one, two);
    for (session, name, project) in [(&first, &one, "one"), (&second, &two, "two")] {
        session.wait("it is online", || (agent(&world, name)["online"] == true).then_some(()));
        session.wait("its waker", || has_waker(&world, name).then_some(()));
        let listed = agent(&world, name);
        assert_eq!(listed["cwd"], world.project(project).display().to_string());
        assert_eq!(listed["state"], "idle");
        assert_eq!(listed["unread"], 0);
    }
    let table = world.cc2cc("home", &["agents"]);
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(table.contains(&one) && table.contains(&two), "{table}");
    assert_eq!(table.lines().count(), 2, "{table}");

    // Outside of any session, doctor names whom letters would reach. `claude` is not on the path here, so it fails.
    let report = world.cc2cc("home", &["doctor", "--json"]);
    assert_eq!(report.status.code(), Some(1));
    let report = String::from_utf8_lossy(&report.stdout).into_owned();
    for name in [&one, &two] {
        assert!(report.contains(&format!("{name} is idle and can be woken")), "{report}");
    }
}

#[test]
fn a_command_in_the_session_s_shell_knows_who_it_is() {
    let world = World::with_cc2cc();
    let mut ann = settled(&world, "ann");
    let call = json!({ "command": "cc2cc whoami", "description": "ask" });
    ann.api.when("who are you").reply(Reply::tool("Bash", call));
    ann.type_line("who are you");
    let told = ann.wait_for_request("with the answer", |request| !request.tool_results().is_empty());
    assert_eq!(told.tool_results(), ["ann\n"]);
}

#[test]
fn a_session_that_a_session_starts_is_somebody_else() {
    let world = World::with_cc2cc();
    let mut ann = settled(&world, "ann");
    let claude = client().display().to_string();
    let inner = format!("CC2CC_NAME=inner {claude} -p 'tell the person'");
    ann.api.when("start another").reply(Reply::tool("Bash", json!({ "command": inner, "description": "start" })));
    ann.api.when("tell the person").reply(letter("user", "here I am"));
    ann.type_line("start another");
    let sent = || {
        let inbox = world.cc2cc_json(&["inbox"]);
        inbox["letters"].as_array()?.first().cloned()
    };
    assert_eq!(ann.wait("the letter", sent)["from"], "inner");
}
