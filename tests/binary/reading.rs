//! `cc2cc inbox`, `read` and `status`.

use cc2cc::mailbox::{
    State,
    letter::{Letter, Priority},
};
use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::support::world::World;

fn letter(id: &str, from: &str, text: &str, minutes_ago: i64) -> Letter {
    let at = Timestamp::now() - SignedDuration::from_mins(minutes_ago);
    Letter { id: id.parse().unwrap(), ..Letter::new(from.parse().unwrap(), "user".parse().unwrap(), text, at) }
}

/// The person has two letters that wait and one that was read.
fn with_mail() -> World {
    let world = World::new().agent("ann").agent("user");
    world.post(letter("read-one", "ann", "old news", 150));
    world.at("user").finish(&"read-one".parse().unwrap(), State::Inbox, None).unwrap();
    world.post(letter("second", "ann", "hello\nsecond line", 10));
    world.post(Letter { priority: Priority::High, ..letter("third", "bob", "\u{1b}[31murgent", 5) });
    world
}

#[test]
fn looking_lists_what_waits_and_changes_nothing() {
    let world = with_mail();
    let before = world.files("mail");
    assert_snapshot!(world.run(&["inbox"]), @"
    exit 0
    --- out
    second  inbox  ann  10 min ago  hello…
    third   inbox  bob  5 min ago   [31murgent
    --- err
    ");
    assert_snapshot!(world.run(&["inbox", "--all"]), @"
    exit 0
    --- out
    read-one  done   ann  2 h ago     old news
    second    inbox  ann  10 min ago  hello…
    third     inbox  bob  5 min ago   [31murgent
    --- err
    ");
    assert_eq!(world.files("mail"), before);
}

#[test]
fn taking_prints_in_full_and_marks_as_read() {
    let world = with_mail();
    assert_snapshot!(world.run(&["inbox", "--take"]), @"
    exit 0
    --- out
    third
    bob → user · message · 5 min ago · done

    ␛[31murgent

    second
    ann → user · message · 10 min ago · done

    hello
    second line
    --- err
    ");
    assert_snapshot!(world.run(&["inbox", "--take"]), @"
    exit 0
    --- out
    no letters waiting for user
    --- err
    ");
    assert_snapshot!(world.run(&["status", "second"]), @"
    exit 0
    --- out
    ann → user: seen (just now)
      stored     TIME
      claimed    TIME
      seen       TIME
    --- err
    ");
    assert_eq!(world.at("user").count(State::Done).unwrap(), 3);
}

#[test]
fn a_letter_whose_time_is_over_is_not_handed_out() {
    let world = World::new().agent("ann").agent("user");
    world.post(Letter { ttl_seconds: Some(60), ..letter("lapsed", "ann", "too late", 5) });
    let said = world.run(&["inbox", "--take"]).fine();
    assert!(!said.out.contains("too late"), "{said}");
    assert_eq!(world.at("user").state_of(&"lapsed".parse().unwrap()), Some(State::Dead));
}

#[test]
fn json_lists_the_letters() {
    let world = with_mail();
    let listed = world.run(&["inbox", "--json"]).fine().json();
    let expected = [
        ("agent", Value::from("user")),
        ("letters/0/id", "second".into()),
        ("letters/0/state", "inbox".into()),
        ("letters/0/from", "ann".into()),
        ("letters/0/type", "message".into()),
        ("letters/0/priority", "normal".into()),
        ("letters/0/replyTo", Value::Null),
        ("letters/0/firstLine", "hello…".into()),
        ("letters/1/priority", "high".into()),
    ];
    for (path, value) in expected {
        assert_eq!(listed.pointer(&format!("/{path}")), Some(&value), "{path}");
    }
    let taken = world.run(&["inbox", "--take", "--json"]).fine().json();
    assert_eq!(taken["letters"][0]["id"], "third", "the urgent one first");
    assert_eq!(taken["letters"][1]["content"]["text"], "hello\nsecond line");
}

#[test]
fn anyones_mailbox_can_be_looked_into_by_name() {
    let world = World::new().agent("ann").agent("bob");
    world.posted("ann", "bob", "hello");
    assert!(world.run(&["inbox", "--agent", "bob"]).fine().out.contains("hello"));
    assert_snapshot!(world.run(&["inbox", "--agent", "bib"]), @"
    exit 3
    --- out
    --- err
    cc2cc: no agent named `bib`
    hint: did you mean `bob`? `cc2cc agents --all` lists everyone
    ");
}

#[test]
fn reading_shows_one_letter_wherever_it_lies() {
    let world = with_mail();
    assert_snapshot!(world.run(&["read", "second"]), @"
    exit 0
    --- out
    second
    ann → user · message · 10 min ago · inbox

    hello
    second line
    --- err
    ");
    assert_snapshot!(world.run(&["read", "read-one"]), @"
    exit 0
    --- out
    read-one
    ann → user · message · 2 h ago · done

    old news
    --- err
    ");
    assert_snapshot!(world.run(&["read", "nothing"]), @"
    exit 3
    --- out
    --- err
    cc2cc: no letter `nothing`
    hint: `cc2cc inbox --all` lists the letters you have, `cc2cc log` all, with their ids
    ");
    let read = world.run(&["read", "third", "--json"]).fine().json();
    assert_eq!((&read["state"], &read["letter"]["content"]["text"]), (&"inbox".into(), &"\u{1b}[31murgent".into()));
    assert_eq!(world.at("user").count(State::Inbox).unwrap(), 2, "reading takes nothing");
}

#[test]
fn status_tells_how_far_a_letter_has_come() {
    let world = with_mail();
    assert_snapshot!(world.run(&["status", "second"]), @"
    exit 0
    --- out
    ann → user: stored (10 min ago)
      stored     TIME
    --- err
    ");
    world.at("user").hold(&"second".parse().unwrap(), "a person must agree").unwrap();
    assert_snapshot!(world.run(&["status", "second"]), @"
    exit 0
    --- out
    ann → user: held (just now)
      because a person must agree
      stored     TIME
      held       TIME
    --- err
    ");
    world.at("user").bury("third.json".as_ref(), State::Inbox, "it was refused").unwrap();
    assert_snapshot!(world.run(&["status", "third"]), @"
    exit 0
    --- out
    bob → user: dead (just now)
      because it was refused
      stored     TIME
    --- err
    ");
    assert_snapshot!(world.run(&["status", "nothing"]), @"
    exit 3
    --- out
    --- err
    cc2cc: no letter `nothing`
    hint: `cc2cc inbox --all` lists the letters you have, `cc2cc log` all, with their ids
    ");
    assert_eq!(world.run(&["status", "../x"]).code, Some(2));
    let told = world.run(&["status", "second", "--json"]).fine().json();
    assert_eq!((&told["id"], &told["copies"][0]["status"]), (&"second".into(), &"held".into()));
    assert_eq!((&told["copies"][0]["to"], &told["copies"][0]["from"]), (&"user".into(), &"ann".into()));
    assert_eq!(told["copies"][0]["steps"][0]["step"], "held");
}
