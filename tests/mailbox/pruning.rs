//! What a person has taken away, and what stays whatever they say.

use cc2cc::{
    agent::{
        Record,
        prune::{self, Mode, Pruned},
    },
    mailbox::State,
};

use crate::post::{Post, after_noon, name, noon};

/// An agent that was last heard of at noon.
fn heard_of(post: &Post, agent: &str) {
    Record::change(&post.at(agent), noon(), |_| {}).unwrap();
}

#[test]
fn seen_letters_and_empty_agents_go_and_nothing_else() {
    let post = Post::new().agent("ann").agent("bob").agent("eve").agent("zoe");
    for agent in ["ann", "bob", "eve", "zoe"] {
        heard_of(&post, agent);
    }
    let seen = post.posted("ann", "bob", "seen").id;
    post.at("bob").finish(&seen, State::Inbox, None).unwrap();
    let waiting = post.posted("ann", "eve", "waiting").id;
    let here = post.at("zoe").hold_presence().unwrap();

    let would = prune::prune(&post.home, after_noon(60), Mode::DryRun).unwrap();
    assert_eq!(would, Pruned { letters: 1, agents: 2, records: 0 });
    assert_eq!(post.at("bob").state_of(&seen), Some(State::Done), "nothing was done yet");

    assert_eq!(prune::prune(&post.home, after_noon(60), Mode::Remove).unwrap(), would);
    assert!(post.home.mailbox(&name("ann")).is_none(), "away and empty");
    assert!(post.home.mailbox(&name("bob")).is_none(), "its only letter was seen");
    assert_eq!(post.at("eve").state_of(&waiting), Some(State::Inbox));
    assert!(post.at("zoe").is_online());
    drop(here);
}

#[test]
fn what_is_younger_stays() {
    let post = Post::new().agent("ann").agent("bob");
    heard_of(&post, "bob");
    let seen = post.posted("ann", "bob", "seen").id;
    post.at("bob").finish(&seen, State::Inbox, None).unwrap();
    let none = prune::prune(&post.home, noon(), Mode::Remove).unwrap();
    assert_eq!(none, Pruned::default());
    assert_eq!(post.at("bob").state_of(&seen), Some(State::Done));
}
