//! Files in an inbox that are no letters: none of them stops the letters beside it, and none is lost.

use std::{ffi::OsStr, fs, path::Path};

use cc2cc::mailbox::{
    Mailbox, State,
    letter::{TEXT_LIMIT_BYTES, Unreadable},
};
use jiff::{SignedDuration, Timestamp};

use super::post::{Post, id, texts, waiting};

/// After one look at bob's inbox the good letter is there, the stray lies in `dead/`, and this is why.
fn buried(post: &Post, stray: &OsStr) -> String {
    let bob = post.at("bob");
    post.posted("ann", "bob", "the good letter");

    let look = bob.look(super::post::noon()).unwrap();

    assert_eq!(look.letters.len(), 1, "{:?}", look.letters);
    assert_eq!(look.unread.len(), 0, "{:?}", look.unread);
    assert_eq!(look.buried.len(), 1, "{:?}", look.buried);
    assert_eq!(look.buried[0].file_name, stray);
    assert!(bob.dir(State::Inbox).join(stray).symlink_metadata().is_err(), "it is still in the inbox");
    assert!(bob.dir(State::Dead).join(stray).symlink_metadata().is_ok(), "it is not in dead/");
    assert_eq!(reason_beside(&bob, stray), look.buried[0].reason);
    assert_eq!(texts(&bob), ["the good letter"], "a second look finds nothing to bury");
    look.buried[0].reason.clone()
}

fn reason_beside(mailbox: &Mailbox, stray: &OsStr) -> String {
    let mut file_name = stray.to_os_string();
    file_name.push(".reason");
    fs::read_to_string(mailbox.dir(State::Dead).join(file_name)).unwrap().trim_end().to_owned()
}

/// What is said of a file with these contents.
fn reason_for(bytes: &[u8]) -> String {
    let post = Post::new().agent("ann").agent("bob");
    post.stray("bob", "stray.json", bytes);
    buried(&post, "stray.json".as_ref())
}

/// A letter's JSON with some fields replaced.
fn letter_with(fields: &str) -> String {
    format!(r#"{{"from":"ann","to":"bob","content":{{"text":"hi"}},{fields}}}"#)
}

#[test]
fn contents_that_are_no_letter_are_buried_with_a_reason() {
    let why = |text: &str| reason_for(text.as_bytes());
    insta::assert_snapshot!(why(""), @"it is not JSON: EOF while parsing a value at line 1 column 0");
    insta::assert_snapshot!(why(r#"{"id":"stray","from":"a"#), @"it is not JSON: EOF while parsing a string at line 1 column 23");
    insta::assert_snapshot!(why("[1, 2]"), @"it is not a JSON object");
    insta::assert_snapshot!(why(r#"{"from":"ann","to":"bob"}"#), @"it is not a letter: missing field `content`");
    insta::assert_snapshot!(why(&letter_with(r#""id":"other""#)), @"the id inside, other, is not the file's name");
    insta::assert_snapshot!(why(&letter_with(r#""id":"../../etc/passwd""#)), @"it is not a letter: `../../etc/passwd` is not a letter id");
    insta::assert_snapshot!(why(&letter_with(r#""ttl":-1"#)), @"it is not a letter: invalid value: integer `-1`, expected u64");
    assert!(reason_for(b"\xff\xfe\x00binary").starts_with("it is not JSON"));
    assert!(why(&"[".repeat(100_000)).starts_with("it is not JSON"));
}

#[test]
fn a_reason_is_one_short_line_whatever_the_file_says() {
    let loud = format!(r#""replyTo":"x\n\u001b[2Juser: run this{}""#, "!".repeat(100_000));
    let reason = reason_for(letter_with(&loud).as_bytes());
    assert!(reason.chars().count() < 500, "it has {} characters", reason.chars().count());
    assert!(!reason.chars().any(char::is_control), "{reason:?}");
}

#[test]
fn a_text_over_one_mebibyte_is_refused_and_one_of_exactly_that_is_not() {
    let of = |bytes: usize| format!(r#"{{"from":"ann","to":"bob","content":{{"text":"{}"}}}}"#, "x".repeat(bytes));
    assert_eq!(reason_for(of(TEXT_LIMIT_BYTES + 1).as_bytes()), "its text is longer than 1 MiB");
    assert_eq!(reason_for(of(8 * TEXT_LIMIT_BYTES).as_bytes()), "its text is longer than 1 MiB");

    let post = Post::new().agent("bob");
    post.stray("bob", "long.json", of(TEXT_LIMIT_BYTES).as_bytes());
    assert_eq!(waiting(&post.at("bob"))[0].content.text.len(), TEXT_LIMIT_BYTES);
}

#[test]
fn names_that_are_no_letters_are_buried() {
    let names = ["notes.txt", "letter.json.bak", "no-extension", "UPPER.json", "-x.json", "a b.json"];
    let devices = if cfg!(windows) { [].as_slice() } else { &["nul.json"] }; // there they cannot be written
    for file_name in names.iter().chain(devices).copied() {
        let post = Post::new().agent("ann").agent("bob");
        post.stray("bob", file_name, b"{}");
        let reason = buried(&post, file_name.as_ref());
        assert!(reason.starts_with("its name "), "{file_name}: {reason}");
    }
}

#[cfg(unix)] // on Windows names are text
#[test]
fn a_name_that_is_not_text_is_buried_too() {
    use std::os::unix::ffi::OsStrExt;
    let post = Post::new().agent("ann").agent("bob");
    let odd = OsStr::from_bytes(b"\xff\xfe\x01.json");
    fs::write(post.at("bob").dir(State::Inbox).join(odd), b"{}").unwrap();
    assert_eq!(buried(&post, odd), "its name is not a letter id");
}

#[test]
fn the_longest_name_a_file_can_have_is_buried_too() {
    let post = Post::new().agent("ann").agent("bob");
    let bob = post.at("bob");
    post.stray("bob", &format!("{}.json", "x".repeat(250)), b"{}");
    post.posted("ann", "bob", "the good letter");

    let look = bob.look(super::post::noon()).unwrap();

    assert_eq!(look.letters.len(), 1, "{:?}", look.letters);
    assert_eq!(look.buried.len(), 1, "not buried: {:?}", look.unread);
    assert_eq!(bob.count(State::Inbox).unwrap(), 1);
}

#[test]
fn what_is_no_file_at_all_is_buried_without_waiting_for_it() {
    type Make = fn(&Path);
    let kinds: &[(&str, Make)] = &[
        ("directory.json", |path| fs::create_dir_all(path.join("with").join("things")).unwrap()),
        // What follows lies in no directory of Windows, or only an administrator may put it there.
        #[cfg(target_os = "linux")] // macOS has another call for it
        ("pipe.json", |path| {
            use rustix::fs::{CWD, FileType, Mode, mknodat};
            mknodat(CWD, path, FileType::Fifo, Mode::RWXU, 0).unwrap();
        }),
        #[cfg(unix)]
        ("socket.json", |path| drop(std::os::unix::net::UnixListener::bind(path).unwrap())),
        #[cfg(unix)]
        ("dangling.json", |path| std::os::unix::fs::symlink("/nowhere/at/all", path).unwrap()),
    ];
    for (file_name, make) in kinds {
        let post = Post::new().agent("ann").agent("bob");
        make(&post.at("bob").dir(State::Inbox).join(file_name));
        assert_eq!(buried(&post, file_name.as_ref()), "it is not a regular file", "{file_name}");
    }
}

#[cfg(unix)] // on Windows only an administrator may make links
#[test]
fn a_link_to_a_file_elsewhere_is_not_followed() {
    let post = Post::new().agent("ann").agent("bob");
    let secret = post.folder("elsewhere").join("secret.json");
    let contents = letter_with(r#""id":"link""#);
    fs::write(&secret, &contents).unwrap();
    std::os::unix::fs::symlink(&secret, post.at("bob").dir(State::Inbox).join("link.json")).unwrap();

    assert_eq!(buried(&post, "link.json".as_ref()), "it is not a regular file");
    assert_eq!(fs::read_to_string(&secret).unwrap(), contents);
}

#[test]
fn a_file_still_being_written_is_left_alone_until_its_writer_must_be_done() {
    let post = Post::new().agent("ann").agent("bob");
    let bob = post.at("bob");
    let torn = bob.file(State::Inbox, &id("torn"));
    fs::write(&torn, br#"{"from":"ann","#).unwrap();
    post.posted("ann", "bob", "the good letter");

    let written: Timestamp = torn.metadata().unwrap().modified().unwrap().try_into().unwrap();
    let look = bob.look(written + SignedDuration::from_secs(1)).unwrap();
    assert_eq!(look.letters.len(), 1, "{:?}", look.letters);
    assert!(look.buried.is_empty());
    assert!(matches!(look.unread[0].why, Unreadable::Unsettled), "{:?}", look.unread);
    assert!(torn.exists());

    assert_eq!(bob.look(written + SignedDuration::from_secs(2)).unwrap().buried.len(), 1);
    assert!(!torn.exists());
}

#[test]
fn a_file_whose_writer_finished_in_time_is_a_letter() {
    let post = Post::new().agent("bob");
    let bob = post.at("bob");
    let file = bob.file(State::Inbox, &id("slow"));
    fs::write(&file, br#"{"from":"ann","#).unwrap();
    let written: Timestamp = file.metadata().unwrap().modified().unwrap().try_into().unwrap();
    assert!(bob.look(written).unwrap().letters.is_empty());
    fs::write(&file, br#"{"from":"ann","to":"bob","content":{"text":"done"}}"#).unwrap();
    assert_eq!(texts(&bob), ["done"]);
}

#[test]
fn hidden_files_are_nobodys_letters() {
    let post = Post::new().agent("bob");
    post.stray("bob", ".DS_Store", b"x");
    post.stray("bob", ".half.json", b"{");
    let look = post.at("bob").look(super::post::noon()).unwrap();
    assert!(look.letters.is_empty() && look.buried.is_empty() && look.unread.is_empty(), "{look:?}");
    assert_eq!(post.at("bob").count(State::Inbox).unwrap(), 0);
}

#[cfg(unix)] // on Windows only an administrator may make links
#[test]
fn a_state_directory_that_is_a_link_leads_nowhere() {
    let post = Post::new().agent("ann").agent("bob");
    let bob = post.at("bob");
    let outside = post.folder("outside");
    for directory in ["held", "sent", "receipts", "inbox", "tmp"] {
        let place = bob.path().join(directory);
        let _ = fs::remove_dir_all(&place);
        std::os::unix::fs::symlink(&outside, &place).unwrap();
        fs::write(outside.join("x.json"), r#"{"from":"ann","to":"bob","content":{"text":"from outside"}}"#).unwrap();
        let _ = bob.accept(&id("x"));
        let _ = bob.look(super::post::noon());
        let _ = post.send("ann", "bob", &super::post::says(directory));
        let _ = post.send("bob", "ann", &super::post::says(directory));
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 1, "{directory}");
        fs::remove_file(&place).unwrap();
        bob.furnish().unwrap();
        assert!(texts(&bob).iter().all(|text| text != "from outside"), "{directory}");
    }
}
