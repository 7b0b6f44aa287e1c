//! What a model may send: bursts, but no floods, and one letter once.

use cc2cc::{
    agent::{
        send::{self, Draft, Fate},
        send_error::SendError,
        sender::Sender,
    },
    mailbox::{State, letter::Kind},
};

use super::post::{Post, after_noon, noon, says, waiting};

#[test]
fn a_burst_goes_through_more_waits_and_nothing_is_dropped() {
    let post = Post::new().agent("ann").agent("bob").agent("eve");
    for number in 0..30 {
        post.send("ann", "bob", &says(&format!("letter {number}"))).unwrap();
    }
    let flood = post.send("ann", "bob", &says("one more")).unwrap_err();
    assert!(matches!(flood, SendError::TooFast { seconds: 3, .. }), "{flood}");
    assert_eq!(flood.to_string(), "too many letters to bob in a short time; nothing was sent, retry after 3 s");
    assert_eq!(waiting(&post.at("bob")).len(), 30);
    post.send("ann", "eve", &says("one more")).expect("eve has had none");

    let sender = Sender::agent(&post.at("ann"));
    let later = |seconds| {
        let address = "bob".parse().unwrap();
        send::send(&post.home, &sender, &address, &says(&format!("after {seconds}")), after_noon(seconds))
    };
    assert!(later(2).is_err());
    assert!(later(3).is_ok());
    assert!(later(4).is_err());
    assert_eq!(waiting(&post.at("bob")).len(), 31);
}

#[test]
fn a_clock_set_back_neither_lifts_nor_locks_the_rate_limit() {
    let post = Post::new().agent("ann").agent("bob");
    let sender = Sender::agent(&post.at("ann"));
    let at = |seconds: i64, text: &str| {
        let address = "bob".parse().unwrap();
        send::send(&post.home, &sender, &address, &says(text), after_noon(seconds))
    };
    for number in 0..30 {
        at(0, &format!("letter {number}")).unwrap();
    }
    assert!(at(-86_400, "yesterday").is_err());
    assert!(at(3, "soon after").is_ok());
}

#[test]
fn the_same_letter_twice_within_seconds_is_one() {
    let post = Post::new().agent("ann").agent("bob");
    let first = post.send("ann", "bob", &says("hello")).unwrap();
    let second = post.send("ann", "bob", &says("hello")).unwrap();
    assert_eq!(second[0].id, first[0].id);
    assert_eq!(second[0].fate, Fate::Already(State::Inbox));
    assert_eq!(waiting(&post.at("bob")).len(), 1);

    let sender = Sender::agent(&post.at("ann"));
    let address = "bob".parse().unwrap();
    send::send(&post.home, &sender, &address, &says("hello"), after_noon(11)).unwrap();
    assert_eq!(waiting(&post.at("bob")).len(), 2, "later it is meant");
}

#[test]
fn the_person_has_no_rate_limit() {
    let post = Post::new().agent("bob");
    let address = "bob".parse().unwrap();
    for _ in 0..100 {
        send::send(&post.home, &Sender::user(), &address, &says("the same"), noon()).unwrap();
    }
    assert_eq!(waiting(&post.at("bob")).len(), 100);
}

/// A session that was killed while it waited for the answer asks again, as soon as it is there again.
#[test]
fn a_question_that_nobody_has_looked_at_is_asked_once() {
    let post = Post::new().agent("ann").agent("bob").agent("eve");
    let question = || Draft { kind: Some(Kind::Question), ..says("which half is yours?") };
    let sender = Sender::agent(&post.at("ann"));
    let ask = |seconds| {
        let address = "bob".parse().unwrap();
        send::send(&post.home, &sender, &address, &question(), after_noon(seconds)).unwrap().remove(0)
    };
    let first = ask(0);
    let elsewhere = "eve".parse().unwrap();
    send::send(&post.home, &sender, &elsewhere, &says("something else"), after_noon(60)).unwrap();
    assert_eq!((ask(120).id, ask(120).fate), (first.id.clone(), Fate::Already(State::Inbox)));
    assert_eq!(waiting(&post.at("bob")).len(), 1);
    post.at("bob").finish(&first.id, State::Inbox, None).unwrap();
    assert_ne!(ask(180).id, first.id, "he is through with it, and is asked anew");
    assert_ne!(ask(900).id, ask(180).id, "and so he is after a long time");
}
