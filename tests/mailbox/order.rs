//! In which order letters are given out.

use cc2cc::mailbox::{
    Key, State,
    letter::{Letter, Priority},
};

use super::post::{Post, after_noon, id, name};

fn letter(key: &str, priority: Priority, seconds: i64) -> Letter {
    Letter { id: id(key), priority, ..Letter::new(name("ann"), name("bob"), key, after_noon(seconds)) }
}

#[test]
fn urgent_letters_come_first_then_the_oldest_and_ids_break_ties() {
    let post = Post::new().agent("bob");
    let bob = post.at("bob");
    for letter in [
        letter("z-low-old", Priority::Low, 0),
        letter("a-new", Priority::Normal, 30),
        letter("z-old", Priority::Normal, 10),
        letter("tie-b", Priority::Normal, 20),
        letter("tie-a", Priority::Normal, 20),
        letter("z-high-new", Priority::High, 50),
        letter("a-high-newest", Priority::High, 60),
    ] {
        bob.publish(&letter, Key::Chosen).unwrap();
    }
    let look = bob.look(super::post::noon()).unwrap();
    let order: Vec<&str> = look.letters.iter().map(|letter| letter.id.as_str()).collect();
    assert_eq!(order, ["z-high-new", "a-high-newest", "z-old", "tie-a", "tie-b", "a-new", "z-low-old"]);
}

#[test]
fn an_urgent_letter_comes_first_however_many_wait() {
    let post = Post::new().agent("bob");
    let bob = post.at("bob");
    for number in 0..300 {
        bob.publish(&letter(&format!("low-{number:03}"), Priority::Low, number), Key::Chosen).unwrap();
    }
    bob.publish(&letter("urgent", Priority::High, 999), Key::Chosen).unwrap();

    let look = bob.look(super::post::noon()).unwrap();
    assert_eq!(look.letters[0].id.as_str(), "urgent");
}

#[test]
fn people_see_every_state_oldest_first_and_looking_changes_nothing() {
    let post = Post::new().agent("bob");
    let bob = post.at("bob");
    for letter in [letter("second", Priority::High, 20), letter("first", Priority::Low, 10)] {
        bob.publish(&letter, Key::Chosen).unwrap();
    }
    post.stray("bob", "torn.json", b"{");
    let before = post.files();

    let letters = bob.letters(State::Inbox).unwrap();
    let order: Vec<&str> = letters.iter().map(|letter| letter.id.as_str()).collect();
    assert_eq!(order, ["first", "second"]);

    assert_eq!(post.files(), before);
    assert_eq!(bob.count(State::Inbox).unwrap(), 3, "a stray is for delivery to bury");
}
