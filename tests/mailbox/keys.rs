//! An id chosen by the sender: sending again is harmless.

use std::{fs, sync::Barrier, thread};

use cc2cc::mailbox::{
    Key, Mailbox, Published, State,
    letter::Letter,
    receipt::{Receipt, Step},
};

use super::post::{Post, id, name, noon};

fn keyed(key: &str, text: &str) -> Letter {
    Letter { id: id(key), ..Letter::new(name("ann"), name("bob"), text, noon()) }
}

fn bring_to(mailbox: &Mailbox, letter: &Letter, state: State) {
    match state {
        State::Inbox => {}
        State::Claimed => drop(mailbox.claim(&letter.id, &Receipt::at(Step::Claimed, noon())).unwrap()),
        State::Held => drop(mailbox.hold(&letter.id, "wait").unwrap()),
        State::Done => drop(mailbox.finish(&letter.id, State::Inbox, None).unwrap()),
        State::Dead => drop(mailbox.bury(format!("{}.json", letter.id).as_ref(), State::Inbox, "no").unwrap()),
    }
    assert_eq!(mailbox.state_of(&letter.id), Some(state));
}

fn letters_in(mailbox: &Mailbox) -> usize {
    State::ALL.into_iter().map(|state| mailbox.count(state).unwrap()).sum()
}

#[test]
fn the_same_key_is_stored_once_whatever_has_become_of_the_letter() {
    for state in State::ALL {
        let post = Post::new().agent("bob");
        let bob = post.at("bob");
        let first = keyed("build-42", "the build is green");
        assert_eq!(bob.publish(&first, Key::Chosen).unwrap(), Published::New);
        bring_to(&bob, &first, state);

        let again = bob.publish(&keyed("build-42", "another text"), Key::Chosen).unwrap();

        assert_eq!(again, Published::Already(state));
        assert_eq!(letters_in(&bob), 1, "{state:?}");
        assert_eq!(bob.read(state, &first.id).unwrap(), first, "the first letter is unchanged");
        assert_eq!(fs::read_dir(bob.path().join("tmp")).unwrap().count(), 0);
    }
}

#[test]
fn a_key_is_the_mailboxs_own() {
    let post = Post::new().agent("bob").agent("eve");
    let letter = keyed("build-42", "the build is green");
    assert_eq!(post.at("bob").publish(&letter, Key::Chosen).unwrap(), Published::New);
    assert_eq!(post.at("eve").publish(&letter, Key::Chosen).unwrap(), Published::New);
    assert_eq!(post.at("bob").publish(&letter, Key::Chosen).unwrap(), Published::Already(State::Inbox));
}

#[test]
fn of_senders_racing_with_one_key_exactly_one_stores_the_letter() {
    const RACERS: usize = 4;
    let post = Post::new().agent("bob");
    let bob = post.at("bob");
    for round in 0..40 {
        let letter = keyed(&format!("key-{round}"), "hello");
        let line = Barrier::new(RACERS);
        let outcomes: Vec<Published> = thread::scope(|scope| {
            let racers: Vec<_> = (0..RACERS)
                .map(|_| {
                    scope.spawn(|| {
                        line.wait();
                        bob.publish(&letter, Key::Chosen).unwrap()
                    })
                })
                .collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).collect()
        });
        let new = outcomes.iter().filter(|outcome| **outcome == Published::New).count();
        assert_eq!(new, 1, "round {round}: {outcomes:?}");
        assert_eq!(bob.count(State::Inbox).unwrap(), round + 1);
    }
}
