//! Who is there, told by locks alone.

use std::{
    fs,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use cc2cc::{
    agent::Record,
    mailbox::{Mailbox, home::Home, lock},
};

use super::post::{Post, name, noon};

#[test]
fn an_agent_is_online_while_any_process_of_its_session_is_there() {
    let post = Post::new().agent("bob");
    let bob = post.at("bob");
    assert!(!bob.is_online(), "nobody was ever there");
    let server = bob.hold_presence().unwrap();
    let waker = bob.hold_presence().unwrap();
    assert!(bob.is_online());
    drop(server);
    assert!(bob.is_online(), "the waker is there still");
    drop(waker);
    assert!(!bob.is_online());
}

#[test]
fn presence_moves_with_the_mailbox() {
    let post = Post::new().agent("bob");
    let here = post.at("bob").hold_presence().unwrap();
    let rob = post.home.rename(&post.at("bob"), &name("rob")).unwrap();
    assert!(rob.is_online());
    drop(here);
    assert!(!rob.is_online());
}

#[test]
fn a_session_that_said_goodbye_is_away_while_its_last_processes_end() {
    let post = Post::new().agent("bob");
    let bob = post.at("bob");
    let _here = bob.hold_presence().unwrap();
    Record::change(&bob, noon(), |record| record.ended = Some(noon())).unwrap();
    assert!(!Record::of(&bob).is_online(&bob));
}

#[test]
fn looking_makes_nothing_and_keeps_nobody_out() {
    let post = Post::new().agent("bob");
    let bob = post.at("bob");
    let before = post.files();
    assert!(!bob.is_online());
    assert_eq!(post.files(), before);
    assert!(!Home::at("/nowhere/at/all").mailboxes().unwrap().iter().any(Mailbox::is_online));

    thread::scope(|scope| {
        let looking = scope.spawn(|| (0..500).filter(|_| bob.is_online()).count());
        for _ in 0..200 {
            bob.hold_presence().expect("a look never refuses a session its presence");
        }
        looking.join().unwrap();
    });
}

#[test]
fn many_who_look_at_once_do_not_take_each_other_for_a_session() {
    const LOOKERS: usize = 12;
    let post = Post::new().agent("bob");
    let bob = post.at("bob");
    drop(bob.hold_presence().unwrap());
    assert!(fs::exists(lock::lasting(bob.path(), "presence.lock")).unwrap());
    let wrong = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..LOOKERS {
            scope.spawn(|| {
                for _ in 0..300 {
                    if bob.is_online() {
                        wrong.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!(wrong.into_inner(), 0, "of {} looks at an agent that is away", LOOKERS * 300);
}

#[test]
fn a_process_that_was_stopped_while_it_looked_keeps_nobody_from_moving_in() {
    let post = Post::new().agent("bob");
    let bob = post.at("bob");
    // A look is an exclusive lock for an instant; of a stopped process it lasts.
    let stopped = lock::try_exclusive(&lock::lasting(bob.path(), "presence.lock")).unwrap().unwrap();
    let here = bob.hold_presence().unwrap();
    assert!(bob.is_online());
    drop(stopped);
    until("its place is taken", || bob.is_online());
    drop(here);
    until("it has gone", || !bob.is_online());
}

#[track_caller]
fn until(what: &str, look: impl Fn() -> bool) {
    let give_up = Instant::now() + crate::support::eventually::PATIENCE;
    while !look() {
        assert!(Instant::now() < give_up, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
