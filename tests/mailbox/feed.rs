//! The live events: each once, in order, whatever was announced.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use cc2cc::{
    agent::{
        Activity, Record,
        feed::{Event, Feed},
    },
    mailbox::{
        Key, State,
        letter::Letter,
        receipt::{Receipt, Step},
        watch::paths::PathWatch,
    },
};

use super::post::{Post, id, name, noon};
use crate::support::eventually::PATIENCE;

/// One event as a word or two.
fn word(event: &Event) -> String {
    match event {
        Event::Sent(found) => format!("sent {}→{}", found.letter.from, found.mailbox.name()),
        Event::Step { receipt, .. } => format!("{:?}", receipt.step).to_lowercase(),
        Event::Dead { why, .. } => format!("dead: {}", why.as_deref().unwrap_or_default()),
        Event::Online(agent, _) => format!("{agent} online"),
        Event::Offline(agent, _) => format!("{agent} offline"),
        Event::Idle(agent, _) => format!("{agent} idle"),
        Event::Busy(agent, _) => format!("{agent} busy"),
        Event::Deaf(agent, ..) => format!("{agent} deaf"),
        Event::Reach(agent, standing, _) => format!("{agent} {}", standing.reach.as_str()),
        Event::Renamed { agent, was, .. } => format!("{was} is {agent}"),
    }
}

/// What is told until the feed has told `last`, and in the moment after.
#[track_caller]
fn until(feed: &mut Feed, last: &str) -> Vec<String> {
    let deadline = Instant::now() + PATIENCE;
    let mut told = Vec::new();
    while !told.iter().any(|word| word == last) {
        assert!(Instant::now() < deadline, "waited in vain for {last:?}, told {told:?}");
        told.extend(feed.next(Duration::from_millis(200)).iter().map(word));
    }
    told.extend(feed.next(Duration::from_millis(100)).iter().map(word));
    told
}

fn open(post: &Post) -> Feed {
    Feed::open(&post.home, None).unwrap()
}

/// Everything that can become of a letter until it is answered.
fn whole_way(post: &Post, to: &str) -> Letter {
    let letter = post.posted("ann", to, "hello");
    let mailbox = post.at(to);
    mailbox.note(&letter.id, &Receipt::now(Step::Notified)).unwrap();
    mailbox.claim(&letter.id, &Receipt::now(Step::Claimed)).unwrap();
    mailbox.note(&letter.id, &Receipt::now(Step::Delivered)).unwrap();
    mailbox.finish(&letter.id, State::Claimed, Some(&Receipt::now(Step::Seen))).unwrap();
    letter
}

const WHOLE_WAY: [&str; 4] = ["sent ann→bob", "notified", "delivered", "seen"];

#[test]
fn each_step_is_told_as_it_happens() {
    let post = Post::new().agent("ann").agent("bob");
    let mut feed = open(&post);
    let bob = post.at("bob");
    let letter = post.posted("ann", "bob", "hello");
    assert_eq!(until(&mut feed, "sent ann→bob"), ["sent ann→bob"]);
    bob.note(&letter.id, &Receipt::now(Step::Notified)).unwrap();
    assert_eq!(until(&mut feed, "notified"), ["notified"]);
    bob.claim(&letter.id, &Receipt::now(Step::Claimed)).unwrap();
    bob.give_back(&letter.id).unwrap();
    assert_eq!(until(&mut feed, "returned"), ["returned"]);
    bob.hold(&letter.id, "a rule").unwrap();
    assert_eq!(until(&mut feed, "held"), ["held"]);
    bob.accept(&letter.id).unwrap();
    assert_eq!(until(&mut feed, "accepted"), ["accepted"]);
    bob.refuse(&letter.id, State::Inbox, "no").unwrap();
    assert_eq!(until(&mut feed, "refused"), ["refused"]);
    bob.retry(&letter.id).unwrap();
    assert_eq!(until(&mut feed, "retried"), ["retried"]);
    bob.expire(&letter.id).unwrap();
    assert_eq!(until(&mut feed, "expired"), ["expired"]);
}

#[test]
fn a_whole_way_between_two_looks_is_told_step_by_step_and_once() {
    let post = Post::new().agent("ann").agent("bob");
    let mut feed = open(&post);
    let letter = whole_way(&post, "bob");
    assert_eq!(until(&mut feed, "seen"), WHOLE_WAY);
    post.at("bob").note(&letter.id, &Receipt::now(Step::Answered)).unwrap();
    assert_eq!(until(&mut feed, "answered"), ["answered"]);
}

#[test]
fn a_whole_way_that_nobody_announced_is_told_all_the_same() {
    let post = Post::new().agent("ann").agent("bob");
    let mut feed = Feed::over(&post.home, None, PathWatch::deaf(post.home.path())).unwrap();
    whole_way(&post, "bob");
    assert_eq!(until(&mut feed, "seen"), WHOLE_WAY);
}

#[test]
fn what_happened_before_is_not_told_again() {
    let post = Post::new().agent("ann").agent("bob");
    let done = whole_way(&post, "bob");
    let waits = post.posted("ann", "bob", "waits");
    let bob = post.at("bob");
    bob.note(&waits.id, &Receipt::now(Step::Notified)).unwrap();
    let mut feed = open(&post);
    bob.note(&done.id, &Receipt::now(Step::Answered)).unwrap();
    bob.claim(&waits.id, &Receipt::now(Step::Claimed)).unwrap();
    bob.note(&waits.id, &Receipt::now(Step::Delivered)).unwrap();
    assert_eq!(until(&mut feed, "delivered"), ["answered", "delivered"]);
}

#[test]
fn a_held_letter_is_sent_and_then_held() {
    let post = Post::new().agent("ann").agent("bob");
    let mut feed = open(&post);
    let letter = Letter::new(name("ann"), name("bob"), "hello", noon());
    post.at("bob").publish_held(&letter, Key::Fresh, "a rule").unwrap();
    assert_eq!(until(&mut feed, "held"), ["sent ann→bob", "held"]);
}

#[test]
fn a_letter_that_a_script_writes_slowly_is_told_once_it_is_whole() {
    let post = Post::new().agent("ann").agent("bob");
    let mut feed = open(&post);
    let file = post.at("bob").file(State::Inbox, &id("slow"));
    fs::write(&file, r#"{"from":"ann","to":"#).unwrap();
    assert!(feed.next(Duration::from_millis(100)).is_empty());
    fs::write(&file, r#"{"from":"ann","to":"bob","content":{"text":"whole"}}"#).unwrap();
    assert_eq!(until(&mut feed, "sent ann→bob"), ["sent ann→bob"]);
}

#[test]
fn a_letter_that_dies_without_a_step_is_told_with_its_reason() {
    let post = Post::new().agent("ann").agent("bob");
    let mut feed = open(&post);
    let letter = post.posted("ann", "bob", "hello");
    let file = format!("{}.json", letter.id);
    post.at("bob").bury(file.as_ref(), State::Inbox, "its receipts are odd").unwrap();
    assert_eq!(until(&mut feed, "dead: its receipts are odd"), ["sent ann→bob", "dead: its receipts are odd"]);
}

#[test]
fn an_agent_comes_works_rests_and_goes() {
    let post = Post::new().agent("bob");
    let mut feed = open(&post);
    let bob = post.at("bob");
    let here = post.there("bob");
    assert_eq!(until(&mut feed, "bob idle"), ["bob online", "bob idle"]);
    Record::change(&bob, noon(), |record| record.state = Activity::Busy).unwrap();
    assert_eq!(until(&mut feed, "bob busy"), ["bob busy"]);
    assert!(feed.agents()[0].is_online());
    drop(here);
    assert_eq!(until(&mut feed, "bob offline"), ["bob offline"]);
    assert!(!feed.agents()[0].is_online());
}

#[test]
fn a_renamed_agent_keeps_its_letters_and_nothing_is_told_twice() {
    let post = Post::new().agent("ann").agent("bob");
    let mut feed = open(&post);
    let letter = post.posted("ann", "bob", "hello");
    assert_eq!(until(&mut feed, "sent ann→bob"), ["sent ann→bob"]);
    let rob = post.home.rename(&post.at("bob"), &name("rob")).unwrap();
    rob.note(&letter.id, &Receipt::now(Step::Notified)).unwrap();
    post.posted("ann", "rob", "again");
    let mut told = until(&mut feed, "sent ann→rob");
    assert_eq!(told.remove(0), "bob is rob");
    told.sort();
    assert_eq!(told, ["notified", "sent ann→rob"]);
    let names: Vec<_> = feed.agents().iter().map(|agent| agent.mailbox.name().to_string()).collect();
    assert_eq!(names, ["ann", "rob"]);
    post.posted("ann", "rob", "and again");
    assert_eq!(until(&mut feed, "sent ann→rob"), ["sent ann→rob"]);
}

#[test]
fn a_mailbox_that_is_made_meanwhile_is_followed_and_one_that_goes_is_forgotten() {
    let post = Post::new().agent("ann");
    let mut feed = open(&post);
    post.home.claim(&name("bob")).unwrap();
    whole_way(&post, "bob");
    assert_eq!(until(&mut feed, "seen"), WHOLE_WAY);
    let here = post.there("bob");
    until(&mut feed, "bob idle");
    post.home.remove(&post.at("bob")).unwrap();
    assert_eq!(until(&mut feed, "bob offline"), ["bob offline"]);
    drop(here);
    assert_eq!(feed.agents().len(), 1);

    post.home.claim(&name("bob")).unwrap();
    post.posted("ann", "bob", "to the new one");
    assert_eq!(until(&mut feed, "sent ann→bob"), ["sent ann→bob"]);
}

#[test]
fn a_home_that_is_made_meanwhile_is_followed() {
    let post = Post::new();
    let mut feed = open(&post);
    assert!(feed.agents().is_empty());
    for agent in ["ann", "bob"] {
        post.home.claim(&name(agent)).unwrap();
    }
    post.posted("ann", "bob", "hello");
    assert_eq!(until(&mut feed, "sent ann→bob"), ["sent ann→bob"]);
    assert_eq!(feed.agents().len(), 2);
}

#[test]
fn where_nothing_can_be_watched_a_beat_tells_all_the_same() {
    let post = Post::new().agent("ann").agent("bob");
    let before = whole_way(&post, "bob");
    let mut feed = Feed::over(&post.home, None, PathWatch::refused(post.home.path())).unwrap();
    let letter = whole_way(&post, "bob");
    assert_eq!(until(&mut feed, "seen"), WHOLE_WAY);
    post.at("bob").note(&letter.id, &Receipt::now(Step::Answered)).unwrap();
    assert_eq!(until(&mut feed, "answered"), ["answered"]);

    let mut answer = Letter::new(name("bob"), name("ann"), "an answer", noon());
    answer.reply_to = Some(before.id.clone());
    post.at("ann").publish(&answer, Key::Fresh).unwrap();
    post.at("bob").note(&before.id, &Receipt::now(Step::Answered)).unwrap();
    assert_eq!(until(&mut feed, "answered"), ["sent bob→ann", "answered"]);

    post.home.rename(&post.at("bob"), &name("rob")).unwrap();
    let _here = post.there("rob");
    assert_eq!(until(&mut feed, "rob idle"), ["bob is rob", "rob online", "rob idle"]);
}

#[test]
fn a_change_that_is_not_announced_is_found_by_the_beat() {
    let post = Post::new().agent("ann").agent("bob");
    let mut feed = open(&post);
    // Another directory has taken the place of the one that is watched.
    let inbox = post.at("bob").dir(State::Inbox);
    fs::rename(&inbox, post.folder("aside").join("inbox")).unwrap();
    fs::create_dir(&inbox).unwrap();
    post.posted("ann", "bob", "unannounced");
    assert_eq!(until(&mut feed, "sent ann→bob"), ["sent ann→bob"]);
    post.posted("ann", "bob", "announced again");
    assert_eq!(until(&mut feed, "sent ann→bob"), ["sent ann→bob"]);
}

#[test]
fn only_what_concerns_an_agent_is_told_under_whatever_name() {
    let post = Post::new().agent("ann").agent("bob").agent("cat");
    let mut feed = Feed::open(&post.home, Some(name("bob"))).unwrap();
    post.posted("ann", "cat", "not for bob");
    post.posted("bob", "cat", "from bob");
    assert_eq!(until(&mut feed, "sent bob→cat"), ["sent bob→cat"]);
    post.home.rename(&post.at("cat"), &name("kit")).unwrap();
    post.home.rename(&post.at("bob"), &name("rob")).unwrap();
    assert_eq!(until(&mut feed, "bob is rob"), ["bob is rob"]);
    assert_eq!(feed.scope(), Some(&name("rob")));
    post.posted("bob", "ann", "from bob's old name");
    assert_eq!(until(&mut feed, "sent bob→ann"), ["sent bob→ann"]);
    post.posted("ann", "rob", "to bob's new name");
    assert_eq!(until(&mut feed, "sent ann→rob"), ["sent ann→rob"]);
    assert_eq!(feed.agents().len(), 1);
}

#[test]
fn looking_changes_nothing_and_calls_for_no_look() {
    let post = Post::new().agent("ann").agent("bob");
    whole_way(&post, "bob");
    let before = post.files();
    let mut feed = open(&post);
    assert!(feed.next(Duration::from_secs(3)).is_empty());
    assert_eq!(post.files(), before);
}

#[test]
fn many_mailboxes_are_followed() {
    let post = Post::new();
    for number in 0..200 {
        // As a claim leaves it, without waiting for the disk each time.
        let directories = ["inbox", "claimed", "held", "done", "dead", "receipts", "tmp"];
        let place: PathBuf = post.home.path().join(format!("to-a{number}"));
        for directory in directories {
            fs::create_dir_all(place.join(directory)).unwrap();
        }
    }
    let mut feed = open(&post);
    assert_eq!(feed.agents().len(), 200);
    for to in ["a0", "a100", "a199"] {
        post.posted("a1", to, "hello");
    }
    let mut told = until(&mut feed, "sent a1→a199");
    told.sort();
    assert_eq!(told, ["sent a1→a0", "sent a1→a100", "sent a1→a199"]);
}
