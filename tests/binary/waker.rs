//! The waker, `cc2cc wait --ring`: it wakes a session by ending with code 2, and otherwise is never noticed.

use std::{
    fs,
    process::Child,
    time::{Duration, Instant},
};

use cc2cc::{
    agent::{Record, identity},
    mailbox::{
        Mailbox,
        letter::{Letter, Priority},
        lock,
        receipt::{Receipt, Step},
    },
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::session::Session;
use crate::support::{binary::cc2cc, eventually::until, helper_program::Program, said::Said, world::World};

fn scene() -> World {
    World::new().agent("ann").agent("bob")
}

fn ended(session: &Session, waker: Child) -> Said {
    session.world.said(&waker.wait_with_output().expect("ended"))
}

/// The waker woke: it ended with code 2 and these words for the model, among them one that it made up.
#[track_caller]
fn woke(session: &Session, waker: Child) -> String {
    let said = ended(session, waker);
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{said}");
    let (text, word) = said.err.split_once(" (wake ").expect("a word");
    assert!(
        word.len() == 10 && word.ends_with(")\n") && word[..8].bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{said}"
    );
    format!("{text}\n")
}

#[test]
fn a_letter_that_comes_wakes_once_for_all_that_wait() {
    let world = scene();
    let session = world.session("calm-owl").started();
    let waker = session.placed_waker("Stop");
    let id = world.posted("ann", "calm-owl", "hello");
    assert_eq!(woke(&session, waker), "cc2cc: mail for calm-owl from ann; it follows\n");
    assert_eq!(session.mailbox().receipts(&id)[0].step, Step::Notified);
    assert!(world.run(&["status", id.as_str()]).fine().out.contains("calm-owl: notified"));
    assert_eq!(world.waiting("calm-owl").len(), 1, "it carries no mail");
}

#[test]
fn a_process_that_was_stopped_while_it_looked_who_is_there_keeps_nobody_from_being_woken() {
    let world = scene();
    let session = world.session("calm-owl").started();
    let place = lock::lasting(session.mailbox().path(), "presence.lock");
    let _stopped = lock::try_exclusive(&place).unwrap().unwrap();
    let waker = session.waker("Stop");
    world.posted("ann", "calm-owl", "hello");
    assert_eq!(woke(&session, waker), "cc2cc: mail for calm-owl from ann; it follows\n");
}

#[test]
fn letters_that_wait_already_wake_the_session_as_it_starts() {
    let world = World::new().agent("ann").agent("bob").agent("calm-owl");
    world.posted("bob", "calm-owl", "one");
    world.posted("ann", "calm-owl", "two");
    world.posted("bob", "calm-owl", "three");
    let session = world.session("calm-owl").started();
    let _server = world.at("calm-owl").hold_presence().unwrap();
    assert_eq!(woke(&session, session.waker("SessionStart")), "cc2cc: mail for calm-owl from ann, bob; it follows\n");
}

#[test]
fn what_is_of_low_priority_or_lapsed_wakes_nobody() {
    let world = scene();
    let session = world.session("calm-owl").started();
    let letter = Letter::new("ann".parse().unwrap(), "calm-owl".parse().unwrap(), "x", Timestamp::now());
    world.post(Letter { priority: Priority::Low, ..letter.clone() });
    let timestamp = Timestamp::now() - SignedDuration::from_mins(5);
    world.post(Letter { ttl_seconds: Some(60), timestamp, id: "lapsed".parse().unwrap(), ..letter });
    let waker = session.placed_waker("Stop");
    world.posted("bob", "calm-owl", "this one rings");
    assert_eq!(woke(&session, waker), "cc2cc: mail for calm-owl from bob; it follows\n");
}

#[test]
fn while_a_wake_of_the_last_turn_is_on_its_way_there_is_no_other() {
    let world = scene();
    // A client that may have used the wake up; others have longer.
    let session = world.session("calm-owl").with("AI_AGENT", "claude-code_2-1-200_agent").started();
    let first = world.posted("ann", "calm-owl", "woken for in the turn");
    session.mailbox().note(&first, &Receipt::at(Step::Notified, Timestamp::now())).unwrap();
    world.posted("bob", "calm-owl", "came after the wake");
    let started = Instant::now();
    assert_eq!(woke(&session, session.waker("Stop")), "cc2cc: mail for calm-owl from ann, bob; it follows\n");
    assert!(started.elapsed() >= Duration::from_secs(2), "it would have woken beside the other wake");
}

#[test]
fn a_wake_that_brought_no_delivery_is_repeated_after_its_pause() {
    let world = scene();
    let session = world.session("calm-owl").started();
    let long_ago = Timestamp::now() - SignedDuration::from_mins(5);
    Record::change(&session.mailbox(), long_ago, |record| record.started = Some(long_ago)).unwrap();
    let notified_ago = |name: &str, seconds: i64, times: usize| {
        let id = world.posted(name, "calm-owl", "hello");
        for _ in 0..times {
            let at = Timestamp::now() - SignedDuration::from_secs(seconds);
            session.mailbox().note(&id, &Receipt::at(Step::Notified, at)).unwrap();
        }
    };
    notified_ago("ann", 40, 1);
    notified_ago("bob", 40, 2);
    let _server = session.mailbox().hold_presence().unwrap();
    assert_eq!(woke(&session, session.waker("SessionStart")), "cc2cc: mail for calm-owl from ann; it follows\n");
}

#[test]
fn one_waker_is_enough_for_a_session() {
    let world = scene();
    let session = world.session("calm-owl").started();
    let first = session.placed_waker("Stop");
    for event in ["Stop", "UserPromptSubmit"] {
        assert_eq!(ended(&session, session.waker(event)).fine().out, "");
    }
    world.posted("ann", "calm-owl", "hello");
    assert!(woke(&session, first).contains("ann"));
}

#[test]
fn the_waker_goes_with_the_mailbox_when_it_is_renamed() {
    let world = scene();
    let session = world.session("calm-owl").started();
    let waker = session.placed_waker("Stop");
    identity::rename(&world.home(), &world.at("calm-owl"), &"brave-fox".parse().unwrap()).unwrap();
    world.posted("ann", "calm-owl", "hello");
    assert_eq!(woke(&session, waker), "cc2cc: mail for brave-fox from ann; it follows\n");
}

#[test]
fn what_was_delivered_meanwhile_wakes_nobody() {
    let world = scene();
    let session = world.session("calm-owl").started();
    let waker = session.placed_waker("UserPromptSubmit");
    world.post(Letter {
        priority: Priority::Low,
        ..Letter::new("ann".parse().unwrap(), "calm-owl".parse().unwrap(), "low", Timestamp::now())
    });
    session.prompt("hello").fine();
    world.posted("bob", "calm-owl", "for the waker");
    assert_eq!(woke(&session, waker), "cc2cc: mail for calm-owl from bob; it follows\n");
}

#[test]
fn a_waker_ends_with_its_client_however_that_died() {
    let world = scene();
    let session = world.session("calm-owl").without("CLAUDE_PID");
    let input = world.path("waker.json");
    fs::write(&input, session.input(&json!({ "hook_event_name": "Stop" })).to_string()).unwrap();
    let mut client = Program::command();
    let of_session = session.command(&[]);
    let env = of_session.get_envs().filter_map(|(name, value)| Some((name, value?)));
    client.env_clear().envs(env).env("CC2CC_TEST_BINARY", cc2cc());
    let client = Program::start(client, &format!("client {}", input.display()));
    until("the waker is set", || world.home().mailbox(&"calm-owl".parse().unwrap()).filter(Mailbox::is_online));

    drop(client);

    until("the agent is away", || (!world.at("calm-owl").is_online()).then_some(()));
    assert!(!cc2cc::agent::reach::has_waker(&world.at("calm-owl")));
}

#[test]
fn a_trace_says_why_a_session_is_woken_and_what_became_of_its_letters() {
    let world = scene();
    let log = || fs::read_to_string(world.path("mail/log")).unwrap_or_default();
    let traced = |kind: &str| {
        let about = format!("] trace: {kind}: calm-owl ");
        let log = log();
        let lines = log.lines().filter_map(|line| line.split_once(&about)).map(|(_, line)| line.to_owned());
        lines.collect::<Vec<_>>()
    };
    let quiet = world.session("calm-owl").started();
    world.posted("ann", "calm-owl", "hello");
    woke(&quiet, quiet.waker("Stop"));
    quiet.prompt("go").fine();
    assert_eq!(log(), "", "nothing is said where nobody asked");

    let session = world.session("calm-owl").with("CC2CC_TRACE", "1").started();
    let id = world.posted("ann", "calm-owl", "hello again");
    woke(&session, session.waker("Stop"));
    assert_eq!(traced("wake"), [format!("{id}: due now")]);
    session.prompt("go").fine();
    session.stop().fine();
    let of_it = |line: &String| line.starts_with(id.as_str());
    let settled: Vec<_> = traced("settle").into_iter().filter(of_it).collect();
    assert_eq!(settled, [format!("{id}: it may still come before the model: it stays where it is")]);
}
