//! Windows lets a program keep a file to itself. Virus scanners do, for a moment, with whatever was just written.

use std::{fs, thread};

use cc2cc::{
    agent::Record,
    mailbox::{
        Mailbox, Moved, State,
        letter::LetterId,
        lock,
        receipt::{Receipt, Step},
    },
};

use super::post::{Post, noon, says, steps, texts, until};
use crate::support::helper_program::Program;

/// Some other program has the file open, and lets go when it ends.
fn holds(path: &std::path::Path) -> Program {
    Program::start(Program::command(), &format!("holder {}", path.display()))
}

/// Somebody makes a step in the mailbox just now.
fn is_moving(mailbox: &Mailbox) -> bool {
    lock::try_exclusive(&mailbox.path().join("moves.lock")).unwrap().is_none()
}

fn letter(post: &Post) -> (Mailbox, LetterId) {
    (post.at("bob"), post.posted("ann", "bob", "hello").id)
}

#[test]
fn a_letter_that_is_looked_through_is_claimed_as_soon_as_it_is_let_go() {
    let post = Post::new().agent("ann").agent("bob");
    let (bob, id) = letter(&post);
    let scanner = holds(&bob.file(State::Inbox, &id));
    let moved = thread::scope(|scope| {
        let claiming = scope.spawn(|| bob.claim(&id, &Receipt::at(Step::Claimed, noon())));
        until("it tries", || is_moving(&bob));
        scanner.end();
        claiming.join().unwrap().unwrap()
    });
    assert_eq!(moved, Moved::Mine);
    assert_eq!((bob.state_of(&id), steps(&bob, &id)), (Some(State::Claimed), vec![Step::Claimed]));
}

#[test]
fn a_letter_that_is_looked_through_is_finished_as_soon_as_it_is_let_go() {
    let post = Post::new().agent("ann").agent("bob");
    let bob = post.at("bob");
    let id = post.claimed("bob", None);
    let scanner = holds(&bob.file(State::Claimed, &id));
    thread::scope(|scope| {
        let finishing = scope.spawn(|| bob.finish(&id, State::Claimed, Some(&Receipt::at(Step::Seen, noon()))));
        until("it tries", || is_moving(&bob));
        scanner.end();
        assert_eq!(finishing.join().unwrap().unwrap(), Moved::Mine);
    });
    assert_eq!(bob.state_of(&id), Some(State::Done));
}

#[test]
fn an_agents_record_that_is_looked_through_is_replaced_as_soon_as_it_is_let_go() {
    let post = Post::new().agent("bob");
    let bob = post.at("bob");
    Record::change(&bob, noon(), |_| {}).unwrap();
    let scanner = holds(&bob.path().join("agent.json"));
    let is_draft = |name: &str| name.starts_with("agent.json.");
    let names = || fs::read_dir(bob.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    thread::scope(|scope| {
        let saving = scope.spawn(|| Record::change(&bob, noon(), |record| record.cwd = Some("somewhere else".into())));
        until("it is at it", || lock::try_exclusive(&bob.path().join("record.lock")).unwrap().is_none());
        scanner.end();
        saving.join().unwrap().unwrap();
    });
    assert_eq!(Record::of(&bob).cwd.as_deref(), Some("somewhere else"));
    assert!(!names().any(|name| is_draft(&name)), "no draft is left");
}

#[test]
fn letters_get_through_while_everything_new_is_looked_through() {
    let post = Post::new().agent("ann").agent("bob");
    let bob = post.at("bob");
    let scanner = Program::start(Program::command(), &format!("scanner {}", bob.path().join("tmp").display()));
    for number in 0..20 {
        post.send("ann", "bob", &says(&format!("letter {number}"))).unwrap();
    }
    scanner.end();
    assert_eq!(texts(&bob).len(), 20);
    assert_eq!(fs::read_dir(bob.path().join("tmp")).unwrap().count(), 0, "no draft is left");
}
