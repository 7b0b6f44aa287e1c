//! Many processes at once.

use std::{collections::HashSet, process::Child};

use cc2cc::mailbox::State;
use serde_json::Value;

use crate::support::world::World;

/// Starts all, then waits for all; each must end well.
fn together(world: &World, runs: &[&[&str]]) -> Vec<String> {
    let children: Vec<Child> = runs.iter().map(|words| world.command(words).spawn().unwrap()).collect();
    children.into_iter().map(|child| world.said(&child.wait_with_output().unwrap()).fine().out).collect()
}

#[test]
fn of_processes_sending_one_key_exactly_one_stores_it() {
    let world = World::new().agent("bob");
    for round in 0..10 {
        let key = format!("key-{round}");
        let send: &[&str] = &["send", "bob", "--id", &key, "--json", "hello"];
        let outcomes = together(&world, &[send; 6]);
        let parsed = outcomes.iter().map(|out| serde_json::from_str::<Value>(out).unwrap());
        let new = parsed.filter(|sent| sent["sent"][0]["alreadyIn"].is_null()).count();
        assert_eq!(new, 1, "{outcomes:?}");
    }
    assert_eq!(world.at("bob").count(State::Inbox).unwrap(), 10);
}

#[test]
fn of_processes_taking_one_inbox_each_letter_goes_to_one() {
    let world = World::new().agent("ann").agent("bob");
    let sent: HashSet<String> = (0..300).map(|n| world.posted("ann", "bob", &n.to_string()).to_string()).collect();
    let take: &[&str] = &["inbox", "--agent", "bob", "--take", "--json"];
    let mut taken = Vec::new();
    for out in together(&world, &[take; 6]) {
        let out: Value = serde_json::from_str(&out).unwrap();
        taken.extend(out["letters"].as_array().unwrap().iter().map(|letter| letter["id"].as_str().unwrap().to_owned()));
    }
    assert_eq!(taken.len(), 300);
    assert_eq!(taken.into_iter().collect::<HashSet<_>>(), sent);
}

#[test]
fn first_letters_to_the_person_from_many_processes_all_arrive() {
    let world = World::new().agent("ann");
    let ann = world.hosted("ann");
    let children: Vec<Child> =
        (0..8).map(|n| world.command(&["send", "user", &n.to_string()]).envs(ann.clone()).spawn().unwrap()).collect();
    for child in children {
        world.said(&child.wait_with_output().unwrap()).fine();
    }
    assert_eq!(world.waiting("user").len(), 8);
}

#[test]
fn hooks_of_one_event_and_a_server_agree_on_one_mailbox() {
    for _ in 0..5 {
        let world = World::new();
        let session = world.session("").without("CC2CC_NAME");
        let input =
            session.input(&serde_json::json!({ "hook_event_name": "SessionStart", "source": "startup" })).to_string();
        let words: [&[&str]; 4] =
            [&["hook", "session-start"], &["mcp"], &["hook", "stop"], &["hook", "user-prompt-submit"]];
        let children: Vec<Child> = words
            .iter()
            .map(|words| {
                crate::support::said::start(
                    &mut session.command(words),
                    if words[0] == "mcp" { b"" } else { input.as_bytes() },
                )
            })
            .collect();
        for child in children {
            child.wait_with_output().unwrap();
        }
        assert_eq!(world.home().mailboxes().unwrap().len(), 1);
    }
}
