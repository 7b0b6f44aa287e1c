//! Names that people give: in the client, by a directory, and those of sessions that have ended.

use std::fs;

use cc2cc::{agent::Record, mailbox::State};
use insta::assert_snapshot;
use serde_json::json;

use crate::{
    binary::session::{Session, context, message},
    support::{said::Said, world::World},
};

fn started(session: &Session, title: &str) -> Said {
    session
        .hook(
            "session-start",
            &json!({ "hook_event_name": "SessionStart", "source": "startup", "session_title": title }),
        )
        .fine()
}

/// A prompt of a session that its person calls `title`; gives what the person is shown.
fn prompted(session: &Session, title: &str) -> String {
    let input = json!({ "hook_event_name": "UserPromptSubmit", "prompt": "hello", "session_title": title });
    let said = session.hook("user-prompt-submit", &input).fine();
    if said.out.is_empty() { String::new() } else { message(&said) }
}

fn unnamed(world: &World) -> Session<'_> {
    world.session("").without("CC2CC_NAME")
}

#[test]
fn the_name_a_person_gave_the_session_is_the_agents() {
    let world = World::new();
    let session = unnamed(&world);
    assert_snapshot!(message(&started(&session, "API dev")), @"cc2cc: you are api-dev");
    assert_eq!(prompted(&session, "API dev"), "");
    assert_eq!(world.home().mailboxes().unwrap().len(), 1);
}

#[test]
fn a_new_name_is_followed_while_the_session_runs_and_the_old_address_leads_there() {
    let world = World::new().agent("ann");
    let session = unnamed(&world);
    started(&session, "api-dev");
    world.posted("ann", "api-dev", "before");
    assert_snapshot!(prompted(&session, "frontend"), @"
    ✉ ann: before
    cc2cc: you are frontend now
    ");
    world.run(&["send", "api-dev", "to the old name"]).fine();
    assert_eq!(world.at("frontend").count(State::Inbox).unwrap(), 1);
    assert_eq!(prompted(&session, "frontend"), "✉ user: to the old name");
    assert_snapshot!(prompted(&session, "日本"), @"cc2cc: you stay frontend: no name can be made of `日本`");
    assert_eq!(prompted(&session, "日本"), "", "it is said once");
}

#[test]
fn the_name_of_a_live_session_stays_with_it_and_the_person_is_told_once() {
    let world = World::new().agent("frontend");
    let somebody = world.at("frontend").hold_presence().unwrap();
    let session = unnamed(&world);
    let said = message(&started(&session, "frontend"));
    let name = said.split_whitespace().nth(3).unwrap().to_owned();
    assert_eq!(said, format!("cc2cc: you are {name}\ncc2cc: you stay {name}: frontend is another session's name"));
    assert_eq!(prompted(&session, "frontend"), "");
    drop(somebody);
    assert_eq!(prompted(&session, "frontend"), "", "what was decided stays");
    assert_eq!(prompted(&session, "Frontend"), "cc2cc: you are frontend now", "the person asks again");
}

#[test]
fn whoever_takes_the_name_of_a_session_that_has_ended_gets_what_waits_there() {
    let world = World::new().agent("ann").agent("reviewer");
    let session = unnamed(&world);
    started(&session, "api-dev");
    world.posted("ann", "reviewer", "one");
    world.posted("ann", "reviewer", "two");
    let held = world.posted("ann", "reviewer", "a question of trust");
    world.at("reviewer").hold(&held, "for a reason").unwrap();
    let group = world.posted("ann", "api-dev", "to all");
    let mut copy = world.at("api-dev").read(State::Inbox, &group).unwrap();
    copy.to = "reviewer".parse().unwrap();
    world.at("reviewer").publish(&copy, cc2cc::mailbox::Key::Fresh).unwrap();
    prompted(&session, "api-dev");

    assert_snapshot!(prompted(&session, "reviewer").replace(held.short(), "SHORT"), @"
    ✉ ann: one
    ✉ ann: two
    ✉ held: ann: a question of trust (for a reason)
      /cc2cc:accept SHORT
      /cc2cc:accept --always SHORT
      /cc2cc:refuse SHORT
      `cc2cc read SHORT` in a terminal shows all of it
    cc2cc: you are reviewer now · 2 letters waited for that name
    ");
    let mailbox = world.at("reviewer");
    assert_eq!(Record::of(&mailbox).session.as_deref(), Some("c8f4"), "it is the session's");
    assert_eq!(mailbox.state_of(&held), Some(State::Held));
    assert!(mailbox.receipts(&held).iter().any(|receipt| receipt.why.as_deref() == Some("for a reason")));
    assert_eq!(mailbox.state_of(&group), Some(State::Claimed), "the copy that came along is not delivered again");
    assert_eq!(world.at("api-dev"), mailbox, "the old address leads there");
    let files = |state| fs::read_dir(mailbox.dir(state)).unwrap().count();
    let (claimed, dead) = (files(State::Claimed), files(State::Dead));
    assert_eq!((claimed, dead), (3, 2), "what waited was delivered at once; beside the copy lies the reason");
    assert_eq!(world.home().mailboxes().unwrap().len(), 2);
}

#[test]
fn what_is_renamed_by_hand_stays_so_and_says_that_the_client_calls_it_otherwise() {
    let world = World::new().agent("reviewer");
    let session = unnamed(&world);
    started(&session, "frontend");
    world.posted("frontend", "reviewer", "for whoever reviews");
    let said = world.run(&["rename", "reviewer", "--agent", "frontend"]).fine();
    assert_snapshot!(said.out, @"
    frontend is reviewer now; letters to the old name still arrive
    1 letter that waited for reviewer came along
    the session itself is still called `frontend`, which cc2cc leaves alone; `/rename reviewer` changes it
    ");
    assert_eq!(prompted(&session, "frontend"), "✉ frontend: for whoever reviews");
    let said = session.start_hook("resume").fine();
    assert_eq!(message(&said), "cc2cc: you are reviewer");
    // A model takes nobody's mailbox.
    let world = World::new().agent("reviewer");
    let session = world.session("calm-owl").started();
    let said = session.shell(&["rename", "reviewer"]);
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("`reviewer` is another agent's name"), "{said}");
}

#[test]
fn a_name_by_the_variable_comes_first() {
    let world = World::new();
    let session = world.session("Code Reviewer");
    let said = message(&started(&session, "frontend"));
    assert_snapshot!(said, @"
    cc2cc: you are code-reviewer
    cc2cc: you stay code-reviewer, which CC2CC_NAME says, and not `frontend`
    ");
    assert_eq!(prompted(&session, "frontend"), "");
    assert_eq!(prompted(&session, "code reviewer"), "");
}

#[test]
fn a_session_is_told_once_who_works_in_the_same_place() {
    let world = World::new().agent("ann").agent("bob").agent("eve");
    let mut here = Vec::new();
    let mut comes = |name: &str| {
        here.push(world.at(name).hold_presence().unwrap());
        Record::change(&world.at(name), jiff::Timestamp::now(), |record| record.locate(&world.path("work"))).unwrap();
        let said = world.session("calm-owl").start_hook("startup").fine();
        (message(&said), context(&said).split("these names.").nth(1).unwrap().to_owned())
    };
    let (to_person, to_model) = comes("ann");
    assert_eq!(to_person, "cc2cc: you are calm-owl\ncc2cc: ann works here, too; ask it anything");
    assert_eq!(to_model, " ann works here, too.");
    assert!(comes("bob").0.ends_with("\ncc2cc: ann and bob work here, too; ask them anything"));
    let said = world.session("calm-owl").start_hook("resume").fine();
    assert_eq!(message(&said), "cc2cc: you are calm-owl");
}
