//! Where hooks do nothing: in subagents, and in headless runs that were given no name.

use std::fs;

use cc2cc::mailbox::State;
use serde_json::json;

use super::session::context;
use crate::support::world::World;

#[test]
fn in_a_subagent_no_hook_does_anything() {
    let world = World::new().agent("ann");
    let session = world.session("calm-owl").started();
    world.posted("ann", "calm-owl", "hello");
    let before = world.files("mail");
    for event in ["session-start", "user-prompt-submit", "stop", "session-end"] {
        let said = session.hook(event, &json!({ "agent_id": "a1b2", "prompt": "go", "source": "startup" })).fine();
        assert_eq!(said.out, "", "{event}");
    }
    assert_eq!(world.files("mail"), before);
    assert_eq!(world.at("calm-owl").count(State::Inbox).unwrap(), 1);
    let mut waker = session.command(&["wait", "--ring"]);
    let input = session.input(&json!({ "hook_event_name": "Stop", "agent_id": "a1b2" })).to_string();
    let said = world.said(&crate::support::said::start(&mut waker, input.as_bytes()).wait_with_output().unwrap());
    assert_eq!(said.fine().out, "");
}

#[test]
fn a_headless_run_without_a_name_takes_no_part_and_passes_no_identity_on() {
    let world = World::new();
    for (variable, value) in [("CLAUDE_CODE_SESSION_ATTENDED", "0"), ("CLAUDE_CODE_ENTRYPOINT", "sdk-cli")] {
        let session = world.session("").with("CC2CC_NAME", "").with(variable, value);
        let _ = fs::remove_file(session.env_file());
        for event in ["session-start", "user-prompt-submit", "stop", "session-end"] {
            let said = session.hook(event, &json!({ "source": "startup", "prompt": "go" })).fine();
            assert_eq!(said.out, "", "{event}");
        }
        assert!(!world.path("mail").exists());
        assert!(fs::read_to_string(session.env_file()).unwrap().contains("unset CC2CC_HOST"));
    }
}

#[test]
fn a_headless_run_with_a_name_gets_its_letters_but_is_never_woken() {
    let world = World::new().agent("ann").agent("calm-owl");
    world.posted("ann", "calm-owl", "hello");
    let session = world.session("calm-owl").with("CLAUDE_CODE_SESSION_ATTENDED", "0").started();
    assert!(context(&session.prompt("go").fine()).contains("hello"));
    world.posted("ann", "calm-owl", "again");
    let said = world.said(&session.waker("SessionStart").wait_with_output().unwrap());
    assert_eq!(said.fine().out, "");
}
