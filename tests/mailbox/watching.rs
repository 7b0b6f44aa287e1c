//! The watch is a hint, the scan is the truth: together they miss nothing.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use cc2cc::mailbox::{State, watch::Watch};

use super::post::Post;

/// How often a watch that works looks all the same.
const BEAT: Duration = Duration::from_secs(2);

#[test]
fn a_letter_between_watch_and_sleep_is_not_slept_through() {
    let post = Post::new().agent("ann").agent("bob");
    let bob = post.at("bob");
    let watch = Watch::over([bob.dir(State::Inbox).as_path()]);
    assert!(watch.is_watching());
    assert!(bob.look(super::post::noon()).unwrap().letters.is_empty());
    post.posted("ann", "bob", "just after the scan");

    let asleep = Instant::now();
    watch.sleep(Duration::MAX);

    assert!(asleep.elapsed() < BEAT, "the change was not announced, only the beat woke us");
    assert_eq!(bob.look(super::post::noon()).unwrap().letters.len(), 1);
}

#[test]
fn a_letter_that_comes_during_the_sleep_ends_it() {
    let post = Post::new().agent("ann").agent("bob");
    let bob = post.at("bob");
    let watch = Watch::over([bob.dir(State::Inbox).as_path()]);
    thread::scope(|scope| {
        scope.spawn(|| post.posted("ann", "bob", "hello"));
        let mut sleeps = 0;
        while bob.look(super::post::noon()).unwrap().letters.is_empty() {
            watch.sleep(Duration::MAX);
            sleeps += 1;
        }
        assert!(sleeps < 50, "{sleeps} sleeps for one letter");
    });
}

#[test]
fn a_burst_is_one_hint_and_the_scan_finds_all_of_it() {
    let post = Post::new().agent("ann").agent("bob");
    let bob = post.at("bob");
    let watch = Watch::over([bob.dir(State::Inbox).as_path()]);
    for number in 0..50 {
        post.posted("ann", "bob", &number.to_string());
    }
    watch.sleep(Duration::MAX);
    assert_eq!(bob.look(super::post::noon()).unwrap().letters.len(), 50);
}

#[test]
fn where_nothing_can_be_watched_a_beat_takes_its_place() {
    let post = Post::new().agent("ann").agent("bob");
    let bob = post.at("bob");
    let missing = post.home.path().join("not-there");
    let watch = Watch::over([bob.dir(State::Inbox).as_path(), missing.as_path()]);
    assert!(!watch.is_watching());
    post.posted("ann", "bob", "hello");

    let asleep = Instant::now();
    watch.sleep(Duration::from_millis(80));
    assert!(asleep.elapsed() >= Duration::from_millis(80), "it would spin");
    watch.sleep(Duration::MAX);
    assert_eq!(bob.look(super::post::noon()).unwrap().letters.len(), 1);
}

#[test]
fn a_watch_outlives_the_directory_it_was_set_over() {
    let post = Post::new().agent("bob");
    let inbox = post.at("bob").dir(State::Inbox);
    let watch = Watch::over([inbox.as_path()]);
    fs::remove_dir_all(post.at("bob").path()).unwrap();
    for _ in 0..20 {
        watch.sleep(Duration::from_millis(1)); // returns, and does not panic
    }
    assert!(!inbox.exists());
}
