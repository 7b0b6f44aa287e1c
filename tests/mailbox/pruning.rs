//! What a person has taken away, and what stays whatever they say.

use std::fs;

use cc2cc::{
    agent::{
        Record, directory,
        prune::{self, Pruned, Pruning},
    },
    mailbox::{Key, State, letter::Letter, lock, removal::Removal},
};
use jiff::Timestamp;

use super::post::{Post, after_noon, name, noon, says, texts};

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

    let would = prune::prune(&post.home, after_noon(60), Pruning::DryRun).unwrap();
    assert_eq!(would, Pruned { letters: 1, agents: 2, records: 0 });
    assert_eq!(post.at("bob").state_of(&seen), Some(State::Done), "nothing was done yet");

    assert_eq!(prune::prune(&post.home, after_noon(60), Pruning::Remove).unwrap(), would);
    assert!(post.home.mailbox(&name("ann")).is_none(), "away and empty");
    assert!(post.home.mailbox(&name("bob")).is_none(), "its only letter was seen");
    assert_eq!(post.at("eve").state_of(&waiting), Some(State::Inbox));
    assert!(post.at("zoe").is_online());
    drop(here);
}

#[test]
fn sessions_that_ended_without_a_letter_are_hidden_and_go_sooner() {
    let post = Post::new().agent("ann").agent("bob").agent("eve");
    let started = Some(noon());
    for agent in ["ann", "bob", "eve"] {
        Record::change(&post.at(agent), noon(), |record| record.started = started).unwrap();
    }
    post.posted("ann", "bob", "hello");
    let hidden = || {
        let listed = directory::list(&post.home).unwrap();
        let traces = listed.into_iter().filter(directory::Listed::is_trace_of_nothing);
        traces.map(|agent| agent.mailbox.name().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(hidden(), ["ann", "eve"]);
    post.send("ann", "bob", &says("and this")).unwrap();
    assert_eq!(hidden(), ["eve"], "one that has written is no trace of nothing");

    let pruned = prune::prune(&post.home, Timestamp::MIN, Pruning::Remove).unwrap();
    assert_eq!(pruned, Pruned { letters: 0, agents: 1, records: 0 });
    assert!(post.home.mailbox(&name("eve")).is_none());
    Record::change(&post.home.claim(&name("eve")).unwrap(), Timestamp::now(), |record| record.started = started)
        .unwrap();
    assert_eq!(
        prune::prune(&post.home, Timestamp::MIN, Pruning::Remove).unwrap(),
        Pruned::default(),
        "it ended just now"
    );
}

#[test]
fn what_is_younger_stays() {
    let post = Post::new().agent("ann").agent("bob");
    heard_of(&post, "bob");
    let seen = post.posted("ann", "bob", "seen").id;
    post.at("bob").finish(&seen, State::Inbox, None).unwrap();
    let none = prune::prune(&post.home, noon(), Pruning::Remove).unwrap();
    assert_eq!(none, Pruned::default());
    assert_eq!(post.at("bob").state_of(&seen), Some(State::Done));
}

#[test]
fn what_comes_while_a_mailbox_is_taken_away_keeps_it() {
    let post = Post::new().agent("bob");
    let bob = post.at("bob");
    // The second look finds nothing either: this letter comes right behind it.
    let mut looks = 0;
    let removal = post.home.remove_if(&bob, |mailbox| {
        looks += 1;
        if looks == 2 {
            let letter = Letter::new(name("ann"), name("bob"), "just in time", noon());
            mailbox.publish(&letter, Key::Fresh).unwrap();
        }
        true
    });
    assert_eq!((removal.unwrap(), looks), (Removal::StillNeeded, 2));
    assert_eq!(texts(&post.at("bob")), ["just in time"]);
    post.posted("ann", "bob", "and it goes on");
}

#[test]
fn an_agent_that_comes_while_it_is_taken_away_stays() {
    let post = Post::new().agent("bob");
    let mut here = None;
    let removal = post.home.remove_if(&post.at("bob"), |mailbox| {
        let is_away = !mailbox.is_online();
        here = here.take().or_else(|| mailbox.hold_presence().ok());
        is_away
    });
    assert_eq!(removal.unwrap(), Removal::StillNeeded);
    assert!(post.at("bob").is_online());
}

#[test]
fn a_mailbox_left_aside_by_a_process_that_died_is_found_again() {
    let aside = |post: &Post| post.home.path().join(".removing-bob");
    let left_aside = || {
        let post = Post::new().agent("ann").agent("bob");
        post.posted("ann", "bob", "still here");
        fs::rename(post.at("bob").path(), aside(&post)).unwrap();
        post
    };
    let post = left_aside();
    assert_eq!(texts(&post.at("bob")), ["still here"], "by whoever looks for it");
    let post = left_aside();
    assert_eq!(post.home.mailboxes().unwrap().len(), 2, "by whoever lists all");
    let post = left_aside();
    assert!(post.home.claim(&name("bob")).unwrap_err().is_already_there(), "and its name is not free");
    let post = left_aside();
    for directory in ["done", "dead", "held", "claimed"] {
        fs::remove_dir(aside(&post).join(directory)).unwrap();
    }
    assert_eq!(texts(&post.at("bob")), ["still here"], "however far the removal had come");
    let post = left_aside();
    fs::remove_dir_all(aside(&post).join("inbox")).unwrap();
    assert_eq!(post.home.mailbox(&name("bob")), None, "without any letter it goes");
    assert!(!aside(&post).exists());
    post.home.claim(&name("bob")).unwrap();
}

#[test]
fn a_stopped_remover_keeps_nobody_waiting_for_long() {
    let post = Post::new().agent("bob");
    fs::rename(post.at("bob").path(), post.home.path().join(".removing-bob")).unwrap();
    let stopped = lock::try_exclusive(&post.home.path().join("removing.lock")).unwrap();
    assert_eq!(post.home.mailbox(&name("bob")), None);
    assert!(post.home.claim(&name("bob")).unwrap_err().is_already_there());
    drop(stopped);
    post.at("bob");
}
