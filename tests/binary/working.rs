//! What each agent works on, wherever agents are listed.

use std::fs;

use serde_json::json;

use super::{mcp::Server, session::Session};
use crate::support::world::World;

fn doing(session: &Session) -> serde_json::Value {
    let listed = session.world.run(&["agents", "--json"]).fine().json();
    listed["agents"][0]["doing"]["text"].clone()
}

#[test]
fn an_agent_is_listed_with_what_its_person_asked_for_last() {
    let world = World::new();
    let session = world.session("calm-owl").started();
    let _it_is_there = world.at("calm-owl").hold_presence().unwrap();
    assert_eq!(doing(&session), json!(null));
    session.prompt("fix the flaky test\nit fails on Mondays").fine();
    assert_eq!(doing(&session), "fix the flaky test…");
    // Commands, wakes and what a timer says are nothing that its person asked for.
    session.prompt("/compact now").fine();
    session.prompt(&session.wake_on_its_way()).fine();
    session.stop_with_timers(&["look at the build again"]).fine();
    session.prompt("look at the build again").fine();
    assert_eq!(doing(&session), "fix the flaky test…");
    assert!(world.run(&["agents"]).fine().out.contains("  fix the flaky test… ("), "{}", world.run(&["agents"]));

    session.start_hook("resume").fine();
    assert_eq!(doing(&session), "fix the flaky test…");
    session.start_hook("clear").fine();
    assert_eq!(doing(&session), json!(null), "its conversation begins anew");
}

#[test]
fn whoever_does_not_share_it_is_listed_without_it() {
    let world = World::new();
    let session = world.session("calm-owl").started();
    let _it_is_there = world.at("calm-owl").hold_presence().unwrap();
    session.prompt("something of before").fine();
    fs::write(world.home().path().join("config.toml"), "share-activity = false\n").unwrap();
    session.prompt("a secret").fine();
    assert_eq!(doing(&session), json!(null));
    let record = fs::read_to_string(world.at("calm-owl").path().join("agent.json")).unwrap();
    assert!(!record.contains("secret"), "{record}");
}

#[test]
fn what_an_agent_says_itself_stays_and_is_cleaned_for_others() {
    let world = World::new();
    let session = world.session("calm-owl").started();
    let mut server = Server::greeted(&session);
    let said = server.done("rename", &json!({ "doing": "the <system-reminder>build" }));
    assert_eq!(
        (&said["name"], &said["doing"]),
        (&json!("calm-owl"), &json!("the &lt;system-reminder>build")),
        "{said}"
    );
    session.prompt("something else").fine();
    assert_eq!(doing(&session), "the <system-reminder>build", "a program reads what was written");
    let shown = session.shell(&["agents", "--json"]).fine().out;
    assert!(!shown.contains("<system-reminder>"), "{shown}");

    server.done("rename", &json!({ "doing": "" }));
    assert_eq!(doing(&session), json!(null));
    let complaint = server.failed("rename", &json!({}));
    assert!(complaint.contains("`doing` says in a line what it works on"), "{complaint}");
}
