//! "Tell me when": `notify-when`, as a verb and as a tool, `wait --for`, and what is told of a letter that nobody answers.

use std::thread;

use cc2cc::{
    agent::{Activity, Record, obstacle::Obstacle, reach},
    mailbox::{
        letter::{Kind, Letter, Priority},
        lock::Lock,
        name::AgentName,
    },
};
use insta::assert_snapshot;
use jiff::Timestamp;
use serde_json::json;

use super::{
    mcp::Server,
    session::{Session, context},
};
use crate::support::{eventually::until, world::World};

fn scene() -> World {
    World::new().agent("ann").agent("bob")
}

/// Calm-owl's session, in a turn, with the place of its waker taken: it could be woken.
fn at_work(world: &World) -> (Session<'_>, Lock) {
    let session = world.session("calm-owl").started();
    let waker = reach::take_wakers_place(&session.mailbox()).unwrap().unwrap();
    session.prompt("go on").fine();
    (session, waker)
}

/// What has been told to an agent: the news that wait for it.
fn news(world: &World, name: &str) -> Vec<Letter> {
    world.waiting(name).into_iter().filter(|letter| letter.from == AgentName::system()).collect()
}

fn told(world: &World, name: &str) -> Letter {
    until("the news", || news(world, name).pop())
}

fn wishes(world: &World, about: &str) -> usize {
    crate::support::world::names(&world.at(about).path().join("wishes")).len()
}

#[test]
fn who_wishes_it_is_told_once_that_a_session_is_idle() {
    let world = scene();
    let (session, _waker) = at_work(&world);
    let _server = Server::greeted(&session);
    let ann = world.hosted("ann");
    assert_snapshot!(world.run_as(&ann, &["notify-when", "calm-owl", "idle"]), @"
    exit 0
    --- out
    ann will be told once, when calm-owl is idle, if that is within a day
    --- err
    ");
    assert_snapshot!(world.run_as(&ann, &["notify-when", "calm-owl", "idle"]), @"
    exit 0
    --- out
    ann will be told that already, when calm-owl is idle
    --- err
    ");
    assert_eq!(wishes(&world, "calm-owl"), 1, "one of each");
    session.stop().fine();
    let news_of_it = told(&world, "ann");
    assert_eq!(news_of_it.content.text, "calm-owl is idle now");
    assert_eq!((&news_of_it.kind, news_of_it.priority), (&Kind::Status, Priority::Normal), "it wakes");
    until("the wish is gone", || (wishes(&world, "calm-owl") == 0).then_some(()));
    let said = world.run_as(&ann, &["notify-when", "calm-owl", "idle", "--json"]).fine().json();
    assert_eq!((&said["isSo"], &said["wasOpen"]), (&true.into(), &false.into()), "{said}");
    assert_eq!(wishes(&world, "calm-owl"), 0, "nothing is kept");
    assert_eq!(news(&world, "ann").len(), 1);
}

/// A letter that has just been sent is about to wake a session that still sits idle.
#[test]
fn a_session_that_is_about_to_be_woken_is_not_idle() {
    let world = scene();
    let (session, _waker) = at_work(&world);
    session.stop().fine();
    let _server = Server::greeted(&session);
    let ann = world.hosted("ann");
    world.run_as(&ann, &["send", "calm-owl", "please test it"]).fine();
    assert!(!world.run_as(&ann, &["notify-when", "calm-owl", "idle"]).fine().out.contains("already"));
    let given = context(&session.prompt("go on").fine());
    assert!(given.contains("please test it"), "{given}");
    assert!(news(&world, "ann").is_empty(), "it works on that");
    session.record(&given);
    session.stop().fine();
    assert_eq!(told(&world, "ann").content.text, "calm-owl is idle now");
}

#[test]
fn a_model_is_told_that_another_session_is_away_or_blocked() {
    let world = scene();
    let (session, _waker) = at_work(&world);
    let mut server = Server::greeted(&session);
    let there = (world.there("ann"), world.there("bob"));
    for (name, state) in [("bob", "away"), ("ann", "blocked")] {
        let said = server.done("notify_when", &json!({ "agent": name, "state": state }));
        assert_eq!((&said["isSo"], &said["wasOpen"]), (&false.into(), &false.into()), "{said}");
    }
    let (_ann, bob) = there;
    drop(bob);
    assert_eq!(told(&world, "calm-owl").content.text, "bob is away now");
    Record::change(&world.at("ann"), Timestamp::now(), |record| {
        record.asks = Some(Obstacle::new(Timestamp::now(), "permission for Bash"));
        record.state = Activity::Busy;
    })
    .unwrap();
    until("the other news", || (news(&world, "calm-owl").len() == 2).then_some(()));
    assert!(news(&world, "calm-owl").iter().any(|letter| letter.content.text == "ann is blocked now"));
}

#[test]
fn a_wish_outlives_the_servers_that_look() {
    let world = scene();
    let (session, _waker) = at_work(&world);
    let server = Server::greeted(&session);
    world.run_as(&world.hosted("ann"), &["notify-when", "calm-owl", "idle"]).fine();
    server.kill();
    session.stop().fine();
    assert!(news(&world, "ann").is_empty());
    let _again = Server::greeted(&session);
    assert_eq!(told(&world, "ann").content.text, "calm-owl is idle now");
}

#[test]
fn who_waits_for_an_answer_is_told_when_there_will_be_none() {
    let world = scene();
    let (session, _waker) = at_work(&world);
    let _server = Server::greeted(&session);
    let ann = world.hosted("ann");
    world.run_as(&ann, &["notify-when", "calm-owl", "answers"]).fine();
    session.stop().fine();
    assert_eq!(told(&world, "ann").content.text, "calm-owl is idle and has not written to you");

    session.prompt("go on").fine();
    world.run_as(&ann, &["notify-when", "calm-owl", "answers"]).fine();
    session.shell(&["send", "ann", "here it is"]).fine();
    until("the wish is gone", || (wishes(&world, "calm-owl") == 0).then_some(()));
    assert_eq!(news(&world, "ann").len(), 1, "a letter wakes by itself");
}

#[test]
fn a_task_that_its_session_does_not_answer_is_told_to_its_sender_once() {
    let world = scene();
    let (session, _waker) = at_work(&world);
    let _here = session.mailbox().hold_presence().unwrap();
    let ann = world.hosted("ann");
    for text in ["please test it", "and build it"] {
        world.run_as(&ann, &["send", "--type", "task", "calm-owl", text]).fine();
    }
    world.run_as(&ann, &["send", "calm-owl", "by the way"]).fine();
    let given = context(&session.prompt("go on").fine());
    world.run_as(&ann, &["inbox"]).fine();
    assert!(news(&world, "ann").is_empty(), "it works on them");
    session.record(&given);
    session.stop().fine();
    world.run_as(&ann, &["inbox"]).fine();
    world.run_as(&ann, &["inbox"]).fine();
    let mut texts: Vec<String> = news(&world, "ann").into_iter().map(|letter| letter.content.text).collect();
    texts.sort();
    assert_eq!(
        texts,
        [
            "calm-owl has gone idle without answering your letter («and build it»)",
            "calm-owl has gone idle without answering your letter («please test it»)",
        ]
    );
}

#[test]
fn a_task_that_is_answered_is_told_of_by_its_answer_alone() {
    let world = scene();
    let (session, _waker) = at_work(&world);
    let _here = session.mailbox().hold_presence().unwrap();
    let ann = world.hosted("ann");
    world.run_as(&ann, &["send", "--type", "task", "calm-owl", "please test it"]).fine();
    let given = context(&session.prompt("go on").fine());
    session.shell(&["send", "ann", "it works"]).fine();
    session.record(&given);
    session.stop().fine();
    world.run_as(&ann, &["inbox"]).fine();
    assert!(news(&world, "ann").is_empty());
}

#[test]
fn a_script_waits_for_a_session() {
    let world = scene();
    let _bob = world.there("bob");
    assert_snapshot!(world.run(&["wait", "--for", "bob", "--until", "idle"]), @"
    exit 0
    --- out
    bob: idle
    --- err
    ");
    assert_snapshot!(world.run(&["wait", "--for", "bob", "--until", "away", "--timeout", "1s"]), @"
    exit 5
    --- out
    --- err
    cc2cc: bob was not away in this time
    ");
    assert_snapshot!(world.run(&["wait", "--for", "ann", "--until", "away"]), @"
    exit 0
    --- out
    ann: away
    --- err
    ");
    let said = thread::scope(|scope| {
        let waiting = scope.spawn(|| world.run(&["wait", "--for", "bob", "--until", "blocked"]));
        Record::change(&world.at("bob"), Timestamp::now(), |record| {
            record.failing = Some(Obstacle::new(Timestamp::now(), "rate limit"));
        })
        .unwrap();
        waiting.join().unwrap().fine()
    });
    assert!(said.out.starts_with("bob: failing: rate limit"), "{said}");
    let said = thread::scope(|scope| {
        let waiting = scope.spawn(|| world.run(&["wait", "--for", "bob", "--until", "answers", "--json"]));
        world.run_as(&world.hosted("ann"), &["send", "user", "from another"]).fine();
        world.run_as(&world.hosted("bob"), &["send", "user", "here"]).fine();
        waiting.join().unwrap().fine()
    });
    assert_eq!(said.json()["letters"][0]["firstLine"], "here", "{said}");
}

#[test]
fn what_has_no_state_is_not_waited_for() {
    let world = scene();
    let ann = world.hosted("ann");
    assert_snapshot!(world.run_as(&ann, &["notify-when", "ann", "idle"]), @"
    exit 2
    --- out
    --- err
    cc2cc: you are `ann`: only another session is waited for like this
    ");
    assert_snapshot!(world.run_as(&ann, &["notify-when", "user", "away"]), @"
    exit 2
    --- out
    --- err
    cc2cc: `user` is a person: only another session is waited for like this
    ");
    assert_snapshot!(world.run_as(&ann, &["notify-when", "bbo", "away"]), @"
    exit 3
    --- out
    --- err
    cc2cc: no agent named `bbo`
    hint: did you mean `bob`? `cc2cc agents --all` lists everyone
    ");
    assert_eq!(world.run_as(&ann, &["notify-when", "bob", "tired"]).code, Some(2));
    assert_eq!(world.run(&["wait", "--for", "bob"]).code, Some(2));
    assert_eq!(world.run(&["wait", "--until", "idle"]).code, Some(2));
    assert_eq!(wishes(&world, "bob"), 0);
    let (session, _waker) = at_work(&world);
    let mut server = Server::greeted(&session);
    assert_snapshot!(server.failed("notify_when", &json!({ "agent": "calm-owl", "state": "idle" })), @"you are `calm-owl`: only another session is waited for like this");
}
