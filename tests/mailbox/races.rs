//! Many at once: every letter is won exactly once, and none is lost.

use std::{
    collections::HashSet,
    sync::{Barrier, Mutex},
    thread,
};

use cc2cc::mailbox::{
    Key, Moved, State,
    home::Home,
    letter::Letter,
    name::AgentName,
    receipt::{Receipt, Step},
};

use super::post::{Post, name, noon};

#[test]
fn each_of_several_hundred_letters_is_claimed_exactly_once() {
    const DELIVERIES: usize = 6;
    let post = Post::new().agent("ann").agent("bob");
    let sent: HashSet<_> = (0..400).map(|number| post.posted("ann", "bob", &number.to_string()).id).collect();
    let bob = post.at("bob");
    let won = Mutex::new(Vec::new());
    let line = Barrier::new(DELIVERIES);
    thread::scope(|scope| {
        for _ in 0..DELIVERIES {
            scope.spawn(|| {
                line.wait();
                loop {
                    let letters = bob.look(super::post::noon()).unwrap().letters;
                    if letters.is_empty() {
                        break;
                    }
                    for letter in letters {
                        if bob.claim(&letter.id, &Receipt::at(Step::Claimed, noon())).unwrap() == Moved::Mine {
                            won.lock().unwrap().push(letter.id);
                        }
                    }
                }
            });
        }
    });
    let won = won.into_inner().unwrap();
    assert_eq!(won.len(), sent.len());
    assert_eq!(won.into_iter().collect::<HashSet<_>>(), sent);
    assert_eq!(bob.count(State::Claimed).unwrap(), sent.len());
}

#[test]
fn a_name_is_claimed_by_one_of_many() {
    for _ in 0..20 {
        let post = Post::new();
        let line = Barrier::new(6);
        let won: usize = thread::scope(|scope| {
            let claims: Vec<_> = (0..6)
                .map(|_| {
                    scope.spawn(|| {
                        line.wait();
                        post.home.claim(&name("bob"))
                    })
                })
                .collect();
            let claims = claims.into_iter().map(|claim| claim.join().unwrap());
            claims
                .filter(|claim| claim.as_ref().map_err(|error| assert!(error.is_already_there(), "{error}")).is_ok())
                .count()
        });
        assert_eq!(won, 1);
    }
}

#[test]
fn the_first_letters_to_the_person_make_the_mailbox_and_none_is_refused() {
    for round in 0..60 {
        let post = Post::new();
        let line = Barrier::new(6);
        thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    line.wait();
                    let user = post.home.ensure(&AgentName::user()).unwrap();
                    let letter = Letter::new(name("ann"), AgentName::user(), "hello", noon());
                    user.publish(&letter, Key::Fresh).unwrap_or_else(|error| panic!("round {round}: {error}"));
                });
            }
        });
        assert_eq!(post.at("user").count(State::Inbox).unwrap(), 6);
    }
}

#[test]
fn a_mailbox_can_be_written_to_from_the_moment_it_is_there() {
    for round in 0..60 {
        let post = Post::new();
        thread::scope(|scope| {
            scope.spawn(|| post.home.claim(&name("bob")).unwrap());
            let home = Home::at(post.home.path());
            let bob = loop {
                if let Some(bob) = home.mailbox(&name("bob")) {
                    break bob;
                }
                thread::yield_now();
            };
            let letter = Letter::new(name("ann"), name("bob"), "hello", noon());
            bob.publish(&letter, Key::Fresh).unwrap_or_else(|error| panic!("round {round}: {error}"));
        });
        assert_eq!(post.at("bob").count(State::Inbox).unwrap(), 1);
    }
}
