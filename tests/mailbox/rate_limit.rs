//! What a model may send: bursts, but no floods, and one letter once.

use cc2cc::{
    agent::send::{self, Fate, SendError, Sender},
    mailbox::State,
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
