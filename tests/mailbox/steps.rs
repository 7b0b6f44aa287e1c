//! What each step of a letter promises.

use std::{fs, path::Path, time::Duration};

use cc2cc::mailbox::{
    Key, Moved, Published, State,
    home::Home,
    letter::Letter,
    receipt::{Receipt, Step},
    watch::Watch,
};

use super::post::{Post, id, name, noon, steps, texts};

/// Windows has no modes.
fn has_mode(path: &Path, mode: u32) -> bool {
    #[cfg(unix)]
    return std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions()) & 0o777 == mode;
    #[cfg(windows)]
    return path.exists() && mode != 0;
}

#[test]
fn a_published_letter_is_one_whole_private_file_in_the_inbox() {
    let post = Post::new().agent("ann").agent("bob");
    let bob = post.at("bob");
    let letter = Letter::new(name("ann"), name("bob"), "hello", noon());

    assert_eq!(bob.publish(&letter, Key::Fresh).unwrap(), Published::New);

    let file = bob.file(State::Inbox, &letter.id);
    assert_eq!(fs::read(&file).unwrap(), letter.to_bytes());
    assert_eq!(bob.read(State::Inbox, &letter.id).unwrap(), letter);
    assert_eq!(bob.state_of(&letter.id), Some(State::Inbox));
    assert_eq!(fs::read_dir(bob.path().join("tmp")).unwrap().count(), 0, "no draft is left behind");
    assert!(has_mode(&file, 0o600));
    for dir in [post.home.path(), bob.path(), &bob.dir(State::Inbox), &bob.dir(State::Dead)] {
        assert!(has_mode(dir, 0o700), "{}", dir.display());
    }
}

#[test]
fn a_home_with_a_longer_path_than_windows_once_allowed_is_like_any_other() {
    let mut post = Post::new();
    let deep = ["a".repeat(100), "b".repeat(100), "c".repeat(100)].join("/");
    post.home = Home::at(post.folder(&deep).join("mail"));
    let post = post.agent("ann").agent("bob");
    let bob = post.at("bob");
    let watch = Watch::over([bob.dir(State::Inbox).as_path()]);

    let [done, back] = [post.posted("ann", "bob", "one"), post.posted("ann", "bob", "two")];
    watch.sleep(Duration::MAX);
    assert_eq!(texts(&bob), ["one", "two"]);
    for letter in [&done, &back] {
        assert_eq!(bob.claim(&letter.id, &Receipt::at(Step::Claimed, noon())).unwrap(), Moved::Mine);
    }
    bob.give_back(&back.id).unwrap();
    bob.note(&done.id, &Receipt::at(Step::Delivered, noon())).unwrap();
    assert_eq!(texts(&bob), ["two"]);
    assert_eq!(steps(&bob, &done.id), [Step::Claimed, Step::Delivered]);
}

#[test]
fn publishing_into_a_mailbox_that_is_gone_fails_and_makes_nothing() {
    let post = Post::new().agent("ann").agent("bob");
    let bob = post.at("bob");
    fs::remove_dir_all(bob.path()).unwrap();

    for key in [Key::Fresh, Key::Chosen] {
        let error = bob.publish(&Letter::new(name("ann"), name("bob"), "hello", noon()), key).unwrap_err();
        assert!(error.is_not_found(), "{error}");
        assert!(error.to_string().contains("to-bob"), "{error}");
        assert!(!bob.path().exists());
    }
}

#[test]
fn a_claim_has_one_winner_and_is_noted_before_it_is_made() {
    let post = Post::new().agent("ann").agent("bob");
    let letter = post.posted("ann", "bob", "hello");
    let bob = post.at("bob");
    let note = Receipt::at(Step::Claimed, noon());

    assert_eq!(bob.claim(&letter.id, &note).unwrap(), Moved::Mine);
    assert_eq!(bob.state_of(&letter.id), Some(State::Claimed));
    assert_eq!(bob.receipts(&letter.id), std::slice::from_ref(&note));
    assert_eq!(bob.read(State::Claimed, &letter.id).unwrap(), letter);

    assert_eq!(bob.claim(&letter.id, &note).unwrap(), Moved::Gone);
    assert_eq!(bob.state_of(&letter.id), Some(State::Claimed));
}

#[test]
fn a_missing_directory_is_an_error_and_not_a_lost_race() {
    let post = Post::new().agent("ann").agent("bob");
    let letter = post.posted("ann", "bob", "hello");
    let bob = post.at("bob");
    let note = Receipt::at(Step::Claimed, noon());
    fs::remove_dir(bob.dir(State::Claimed)).unwrap();

    let error = bob.claim(&letter.id, &note).unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert_eq!(bob.state_of(&letter.id), Some(State::Inbox), "the letter stays where it was");

    fs::remove_dir_all(bob.dir(State::Inbox)).unwrap();
    assert!(bob.claim(&letter.id, &note).is_err());
    fs::write(bob.dir(State::Inbox), "in the way").unwrap();
    assert!(bob.look(super::post::noon()).is_err(), "an inbox that cannot be listed is not an empty one");
}

#[test]
fn a_letter_given_back_waits_again_and_remembers_it() {
    let post = Post::new().agent("ann").agent("bob");
    let bob = post.at("bob");
    let letter = post.claimed("bob", None);

    assert_eq!(bob.give_back(&letter).unwrap(), Moved::Mine);
    assert_eq!(bob.state_of(&letter), Some(State::Inbox));
    assert_eq!(steps(&bob, &letter), [Step::Claimed, Step::Returned]);
    assert_eq!(bob.look(super::post::noon()).unwrap().letters.len(), 1);

    assert_eq!(bob.give_back(&letter).unwrap(), Moved::Gone);
    assert_eq!(bob.state_of(&letter), Some(State::Inbox));
}

#[test]
fn a_held_letter_is_not_delivered_and_says_why() {
    let post = Post::new().agent("ann").agent("bob");
    let letter = post.posted("ann", "bob", "hello");
    let bob = post.at("bob");

    assert_eq!(bob.hold(&letter.id, "a person must agree").unwrap(), Moved::Mine);

    assert_eq!(bob.state_of(&letter.id), Some(State::Held));
    let receipts = bob.receipts(&letter.id);
    assert_eq!((receipts[0].step, receipts[0].why.as_deref()), (Step::Held, Some("a person must agree")));
    assert!(bob.look(super::post::noon()).unwrap().letters.is_empty());
    assert_eq!(bob.claim(&letter.id, &Receipt::at(Step::Claimed, noon())).unwrap(), Moved::Gone);
    assert_eq!(bob.hold(&letter.id, "again").unwrap(), Moved::Gone);
}

#[test]
fn only_the_one_who_finished_a_letter_says_that_it_was_seen() {
    let post = Post::new().agent("ann").agent("bob");
    let bob = post.at("bob");
    let letter = post.claimed("bob", None);
    let seen = Receipt::at(Step::Seen, noon());

    assert_eq!(bob.finish(&letter, State::Claimed, Some(&seen)).unwrap(), Moved::Mine);
    assert_eq!(bob.finish(&letter, State::Claimed, Some(&seen)).unwrap(), Moved::Gone);

    assert_eq!(bob.state_of(&letter), Some(State::Done));
    assert_eq!(steps(&bob, &letter), [Step::Claimed, Step::Seen]);
}

#[test]
fn a_buried_letter_lies_whole_beside_its_reason() {
    let post = Post::new().agent("ann").agent("bob");
    let letter = post.posted("ann", "bob", "hello");
    let bob = post.at("bob");
    let file_name = format!("{}.json", letter.id);

    assert_eq!(bob.bury(file_name.as_ref(), State::Inbox, "it was refused").unwrap(), Moved::Mine);

    assert_eq!(bob.state_of(&letter.id), Some(State::Dead));
    assert_eq!(bob.read(State::Dead, &letter.id).unwrap(), letter);
    assert_eq!(bob.reason(&letter.id).as_deref(), Some("it was refused"));
    let reason = bob.dir(State::Dead).join(format!("{file_name}.reason"));
    assert_eq!(fs::read_to_string(reason).unwrap(), "it was refused\n");
    assert_eq!(bob.count(State::Dead).unwrap(), 1, "a reason is not a letter");
}

#[test]
fn burying_two_files_of_one_name_loses_neither() {
    let post = Post::new().agent("bob");
    let bob = post.at("bob");
    for text in ["the first", "the second"] {
        post.stray("bob", "same.json", text.as_bytes());
        assert_eq!(bob.look(super::post::noon()).unwrap().buried.len(), 1);
    }

    let dead = fs::read_dir(bob.dir(State::Dead)).unwrap().map(|entry| entry.unwrap().path());
    let mut texts: Vec<String> = dead
        .filter(|path| !path.to_string_lossy().ends_with(".reason"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    texts.sort();
    assert_eq!(texts, ["the first", "the second"]);
}

#[test]
fn a_letter_nobody_has_is_in_no_state() {
    let post = Post::new().agent("bob");
    assert_eq!(post.at("bob").state_of(&id("never-sent")), None);
    assert_eq!(post.at("bob").reason(&id("never-sent")), None);
    assert!(post.at("bob").receipts(&id("never-sent")).is_empty());
}
