//! Whose words a prompt is: the person's, a wake of ours, or somebody else's.

use cc2cc::{
    agent::Record,
    mailbox::{
        Key,
        letter::{Letter, LetterId},
    },
};
use jiff::Timestamp;

use super::session::{Session, context, wake};
use crate::support::world::World;

fn scene() -> World {
    World::new().agent("ann").agent("bob")
}

/// A letter that has come a long way.
fn from_afar(session: &Session) -> LetterId {
    let mut letter = Letter::new("ann".parse().unwrap(), "calm-owl".parse().unwrap(), "from afar", Timestamp::now());
    letter.origin.hops = 7;
    session.mailbox().publish(&letter, Key::Fresh).unwrap();
    letter.id
}

fn hops(session: &Session) -> u32 {
    Record::of(&session.mailbox()).hops
}

/// What the waker said as it woke.
fn woken_with(session: &Session) -> String {
    let waker = session.placed_waker("Stop");
    from_afar(session);
    let said = session.world.said(&waker.wait_with_output().expect("ended"));
    assert_eq!(said.code, Some(2), "{said}");
    said.err
}

#[test]
fn a_wake_that_finds_nothing_left_costs_no_turn() {
    let world = scene();
    let session = world.session("calm-owl").started();
    assert_eq!(session.prompt(&session.wake_on_its_way()).fine().json()["decision"], "block");
    let subagent = "<task-notification>\n<task-id>7</task-id>\n</task-notification>";
    assert_eq!(session.prompt(subagent).fine().out, "", "another's notification goes its way");
    let wake = wake(&woken_with(&session));
    assert!(context(&session.prompt(&wake).fine()).contains("from afar"));
    assert_eq!(hops(&session), 7);
}

#[test]
fn a_typed_prompt_that_quotes_a_wake_is_the_persons_and_goes_its_way() {
    let world = scene();
    let session = world.session("calm-owl").started();
    let wake = wake(&woken_with(&session));
    for quoted in [
        format!("what is this? {wake}"),
        format!("{wake}\nwhat is this?"),
        "what does <task-notification> with `cc2cc: mail for calm-owl from ann; it follows` mean?".to_owned(),
    ] {
        Record::change(&session.mailbox(), Timestamp::now(), |record| record.hops = 3).unwrap();
        let said = session.prompt(&quoted).fine();
        assert!(!said.out.contains("block"), "{quoted}: {said}");
        // The first one brings the letter, too, and with it its hops.
        assert!([0, 7].contains(&hops(&session)), "{quoted}");
    }
    // The wake itself is still on its way, and a client may raise it twice.
    for _ in 0..2 {
        assert_eq!(session.prompt(&wake).fine().json()["decision"], "block");
    }
    for _ in 0..4 {
        session.wake_on_its_way();
    }
    assert_eq!(session.prompt(&wake).fine().out, "", "an old wake is none");
}

#[test]
fn only_the_person_begins_the_count_of_hops_anew() {
    let world = scene();
    let session = world.session("calm-owl").started();
    from_afar(&session);
    session.prompt(&session.wake_on_its_way()).fine();
    for prompt in [
        "<task-notification>\n<task-id>b5r</task-id>\n<status>completed</status>\n</task-notification>",
        "<cross-session-message from=\"uds:/tmp/x.sock\" from-name=\"bob-b9\" from-mode=\"prompting\">\nhello\n</cross-session-message>",
        "Another Claude session sent a message:\n<cross-session-message from=\"bob-b9\">\nhello\n</cross-session-message>",
        "<channel source=\"chat\" user=\"x\">\nhello\n</channel>",
    ] {
        session.prompt(prompt).fine();
        assert_eq!(hops(&session), 7, "{prompt}");
    }
    session.stop_with_timers(&["look at the build again", "/cc2cc:send ann it is red"]).fine();
    session.prompt("look at the build again").fine();
    assert_eq!(hops(&session), 7, "a timer said it");
    let said = session.prompt("/cc2cc:send ann it is red").fine();
    assert_eq!((said.out.as_str(), world.waiting("ann").len()), ("", 0), "nor is a timer obeyed");
    session.stop().fine();
    session.prompt("look at the build again").fine();
    assert_eq!(hops(&session), 0, "no timer is set, so the person did");
}

#[test]
fn where_the_client_says_who_wrote_it_that_counts() {
    let world = scene();
    let session = world.session("calm-owl").started();
    let prompt = |text: &str, source: &str| {
        let input = serde_json::json!({ "hook_event_name": "UserPromptSubmit", "prompt": text, "source": source });
        session.hook("user-prompt-submit", &input).fine();
        hops(&session)
    };
    Record::change(&session.mailbox(), Timestamp::now(), |record| record.hops = 3).unwrap();
    assert_eq!(prompt("look at the build again", "schedule_wakeup"), 3);
    assert_eq!(prompt("hello", "system"), 3);
    assert_eq!(prompt("hello", "user"), 0);
}
