//! The exchange as it was: which letters a filter means, and that nothing odd in a mailbox is in the way.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use cc2cc::{
    agent::{
        history::{self, Filter},
        status::Found,
    },
    mailbox::{
        Key, State,
        letter::{Letter, LetterId},
        receipt::{Receipt, Step},
    },
};

use super::post::{Post, after_noon, id, name, noon};

/// Ann, bob and cat have written to one another, a letter a minute; the id says from whom to whom.
fn scene() -> Post {
    let post = Post::new().agent("ann").agent("bob").agent("cat");
    written(&post, "ab-1", 0, |letter| letter.content.text = "The LOGIN page is broken".into());
    written(&post, "ba-2", 60, |letter| letter.thread = Some(id("ab-1")));
    written(&post, "ac-3", 120, |_| {});
    written(&post, "ca-4", 180, |letter| letter.content.text = "a \"quoted\" path/to\nthe Übung".into());
    written(&post, "bc-5", 240, |letter| letter.thread = Some(id("ab-1")));
    post
}

fn written(post: &Post, key: &str, seconds: i64, change: impl FnOnce(&mut Letter)) -> LetterId {
    let agent =
        |initial: char| post.at(["ann", "bob", "cat"].into_iter().find(|name| name.starts_with(initial)).unwrap());
    let mut ends = key.chars().map(agent);
    let (from, to) = (ends.next().unwrap(), ends.next().unwrap());
    let mut letter = Letter::new(from.name().clone(), to.name().clone(), format!("this is {key}"), after_noon(seconds));
    letter.id = id(key);
    change(&mut letter);
    to.publish(&letter, Key::Fresh).unwrap();
    letter.id
}

fn ids(found: &[Found]) -> String {
    found.iter().map(|found| found.letter.id.as_str()).collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn meant(post: &Post, filter: &Filter) -> String {
    ids(&history::newest(&post.home, filter, 50).unwrap())
}

fn of(agent: &str) -> Filter {
    Filter { agent: Some(name(agent)), ..Filter::default() }
}

fn between(agent: &str, with: &str) -> Filter {
    Filter { with: Some(name(with)), ..of(agent) }
}

fn saying(text: &str) -> Filter {
    Filter { text: Some(text.to_owned()), ..Filter::default() }
}

#[test]
fn everything_is_there_oldest_first_and_the_newest_when_there_is_too_much() {
    let post = scene();
    let newest = |limit| ids(&history::newest(&post.home, &Filter::default(), limit).unwrap());
    assert_eq!(newest(usize::MAX), "ab-1 ba-2 ac-3 ca-4 bc-5");
    assert_eq!(newest(5), "ab-1 ba-2 ac-3 ca-4 bc-5");
    assert_eq!(newest(2), "ca-4 bc-5");
    assert_eq!(newest(0), "");
    assert_eq!(ids(&history::newest(&Post::new().home, &Filter::default(), 50).unwrap()), "", "no home, no letters");
}

#[test]
fn a_filter_means_what_it_says() {
    let post = scene();
    assert_eq!(meant(&post, &of("ann")), "ab-1 ba-2 ac-3 ca-4");
    assert_eq!(meant(&post, &between("ann", "bob")), "ab-1 ba-2");
    assert_eq!(meant(&post, &between("bob", "ann")), "ab-1 ba-2");
    assert_eq!(meant(&post, &Filter { with: Some(name("bob")), ..Filter::default() }), "ab-1 ba-2 bc-5");
    assert_eq!(meant(&post, &Filter { from: Some(name("ann")), ..Filter::default() }), "ab-1 ac-3");
    assert_eq!(meant(&post, &Filter { from: Some(name("ann")), ..of("bob") }), "ab-1");
    assert_eq!(meant(&post, &Filter { thread: Some(id("ab-1")), ..Filter::default() }), "ab-1 ba-2 bc-5");
    assert_eq!(meant(&post, &Filter { since: Some(after_noon(120)), ..Filter::default() }), "ac-3 ca-4 bc-5");
    assert_eq!(meant(&post, &Filter { since: Some(after_noon(120)), ..of("bob") }), "bc-5");
    assert_eq!(meant(&post, &of("nobody")), "");
}

#[test]
fn words_are_found_in_the_text_and_nowhere_else_in_upper_or_lower_case() {
    let post = scene();
    assert_eq!(meant(&post, &saying("login PAGE")), "ab-1");
    assert_eq!(meant(&post, &saying("\"QUOTED\" path/to\nthe übung")), "ca-4");
    assert_eq!(meant(&post, &saying("ÜBUNG")), "ca-4");
    assert_eq!(meant(&post, &saying("")), "ab-1 ba-2 ac-3 ca-4 bc-5");
    for elsewhere in ["timestamp", "\"from\"", "priority", "message"] {
        assert_eq!(meant(&post, &saying(elsewhere)), "", "{elsewhere}");
    }
}

#[test]
fn other_writers_may_write_json_as_they_like() {
    let post = scene();
    let letter =
        r#"{"fr\u006fm":"\u0063at","from":"\u0063at","to":"bob","content":{"text":"\u004cogin \u00dc\/\ud83d\ude00"}}"#;
    post.stray("bob", "odd-6.json", letter.as_bytes());
    let twice =
        r#"{"from":"bob","from":"cat","to":"bob","timestamp":"2026-01-02T12:10:00Z","content":{"text":"twice"}}"#;
    post.stray("bob", "twice-7.json", twice.as_bytes());
    assert_eq!(meant(&post, &between("bob", "cat")), "bc-5 twice-7 odd-6", "one without a time has its file's");
    assert_eq!(meant(&post, &saying("login")), "ab-1 odd-6");
    assert_eq!(meant(&post, &saying("ü/😀")), "odd-6");
    assert_eq!(meant(&post, &saying("TWICE")), "twice-7");
}

#[test]
fn a_name_means_the_agent_under_every_name_it_had() {
    let post = scene();
    post.home.rename(&post.at("bob"), &name("rob")).unwrap();
    post.home.rename(&post.at("rob"), &name("bert")).unwrap();
    written(&post, "ac-6", 300, |_| {});
    let mut letter = Letter::new(name("bert"), name("ann"), "under the new name", after_noon(360));
    letter.id = id("ba-7");
    post.at("ann").publish(&letter, Key::Fresh).unwrap();
    for known_as in ["bob", "rob", "bert"] {
        assert_eq!(meant(&post, &of(known_as)), "ab-1 ba-2 bc-5 ba-7", "{known_as}");
        assert_eq!(meant(&post, &between("ann", known_as)), "ab-1 ba-2 ba-7", "{known_as}");
    }
}

#[test]
fn every_letter_is_found_in_whatever_state_it_is() {
    let post = scene();
    let (ann, bob) = (post.at("ann"), post.at("bob"));
    bob.claim(&id("ab-1"), &Receipt::now(Step::Claimed)).unwrap();
    ann.finish(&id("ba-2"), State::Inbox, None).unwrap();
    ann.hold(&id("ca-4"), "held-by-rule").unwrap();
    post.at("cat").expire(&id("ac-3")).unwrap();
    let found = history::newest(&post.home, &Filter::default(), 50).unwrap();
    let states: Vec<_> = found.iter().map(|found| found.state).collect();
    assert_eq!(states, [State::Claimed, State::Done, State::Dead, State::Held, State::Inbox]);
    assert_eq!(ids(&found), "ab-1 ba-2 ac-3 ca-4 bc-5");
}

#[test]
fn any_letter_leads_to_its_conversation() {
    let post = scene();
    for any in ["ab-1", "ba-2", "bc-5"] {
        assert_eq!(ids(&history::conversation(&post.home, &id(any)).unwrap()), "ab-1 ba-2 bc-5");
    }
    assert_eq!(ids(&history::conversation(&post.home, &id("ac-3")).unwrap()), "ac-3");
    assert_eq!(ids(&history::conversation(&post.home, &id("nothing")).unwrap()), "");
    fs::remove_file(post.at("bob").file(State::Inbox, &id("ab-1"))).unwrap();
    assert_eq!(ids(&history::conversation(&post.home, &id("ab-1")).unwrap()), "ba-2 bc-5", "its first letter is gone");
}

#[test]
fn copies_to_several_are_each_there() {
    let post = scene();
    for (to, seconds) in [("bob", 300), ("cat", 300)] {
        let letter = Letter { id: id("to-all"), ..Letter::new(name("ann"), name(to), "all", after_noon(seconds)) };
        post.at(to).publish(&letter, Key::Fresh).unwrap();
    }
    let found = history::newest(&post.home, &saying("all"), 50).unwrap();
    let whose: Vec<_> = found.iter().map(|found| found.mailbox.name().as_str()).collect();
    assert_eq!((ids(&found).as_str(), whose.as_slice()), ("to-all to-all", &["bob", "cat"][..]));
}

#[test]
fn what_is_no_letter_is_passed_over() {
    let post = scene();
    let done = post.at("ann").dir(State::Done);
    let good = post.posted("bob", "ann", "good");
    post.at("ann").finish(&good.id, State::Inbox, None).unwrap();
    for (file, bytes) in
        [("torn.json", &b"{\"from\":"[..]), ("empty.json", b""), ("raw.json", b"\xff\xfe\x00"), (".x.json", b"{}")]
    {
        fs::write(done.join(file), bytes).unwrap();
    }
    fs::write(done.join("big.json"), vec![b' '; 8 * 1024 * 1024]).unwrap();
    let whole = fs::read(done.join(format!("{}.json", good.id))).unwrap();
    for name in ["UPPER.json", "a b.json", "letter.txt", "another-id.json"] {
        fs::write(done.join(name), &whole).unwrap();
    }
    fs::create_dir_all(done.join("folder.json/below")).unwrap();
    #[cfg(target_os = "linux")] // macOS has another call for it
    {
        use rustix::fs::{CWD, FileType, Mode, mknodat};
        mknodat(CWD, done.join("pipe.json"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    }
    #[cfg(unix)] // on Windows only an administrator may make links
    {
        use std::os::unix::fs::symlink;
        symlink(done.join(format!("{}.json", good.id)), done.join("link.json")).unwrap();
        symlink(&done, post.home.path().join("to-a-link")).unwrap();
    }
    fs::write(post.home.path().join("to-a-file"), "").unwrap();
    assert_eq!(meant(&post, &saying("good")), good.id.as_str());
    assert_eq!(history::newest(&post.home, &Filter::default(), 50).unwrap().len(), 6);
}

#[test]
fn a_text_of_any_length_is_read_whole() {
    let post = Post::new().agent("ann").agent("bob");
    for length in [65_000, 65_536, 131_072, 1024 * 1024 - 6] {
        let text = "x".repeat(length) + "needle";
        post.posted("ann", "bob", &text);
        let found = history::newest(&post.home, &saying("needle"), 1).unwrap();
        assert!(found.iter().any(|found| found.letter.content.text.ends_with("needle")), "{length}");
    }
    assert_eq!(history::newest(&post.home, &saying("needle"), 50).unwrap().len(), 4);
}

#[cfg(unix)] // Windows has no modes
#[test]
fn a_file_nobody_may_read_does_not_hide_the_others() {
    let post = scene();
    let closed = post.at("bob").file(State::Inbox, &id("ab-1"));
    fs::set_permissions(closed, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
    let read_by_root = if rustix::process::geteuid().is_root() { "ab-1 " } else { "" };
    assert_eq!(meant(&post, &Filter::default()), format!("{read_by_root}ba-2 ac-3 ca-4 bc-5"));
}

#[test]
fn a_folder_that_cannot_be_listed_is_told_and_not_taken_for_an_empty_one() {
    let post = scene();
    let done = post.at("bob").dir(State::Done);
    fs::remove_dir(&done).unwrap();
    fs::write(&done, "").unwrap();
    let looked = history::look(&post.home, &Filter::default(), 50).unwrap();
    assert_eq!(looked.letters.len(), 5, "the others are found");
    let [error] = looked.left_out.as_slice() else { panic!("{:?}", looked.left_out) };
    assert!(error.path.ends_with("to-bob/done"), "{error}");
}

#[test]
fn nothing_is_missed_while_letters_and_mailboxes_move() {
    let post = Post::new().agent("ann").agent("bob");
    let letters: Vec<_> = (0..200).map(|number| post.posted("ann", "bob", &format!("letter {number}")).id).collect();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for (number, id) in letters.iter().enumerate() {
                let bob = post.at("bob");
                bob.claim(id, &Receipt::at(Step::Claimed, noon())).unwrap();
                if number % 50 == 25 {
                    post.home.rename(&bob, &name(&format!("bob-{number}"))).unwrap();
                }
                post.at("bob").finish(id, State::Claimed, None).unwrap();
            }
            over.store(true, Ordering::Relaxed);
        });
        while !over.load(Ordering::Relaxed) {
            let found = history::newest(&post.home, &of("bob"), 1_000).unwrap();
            assert_eq!(found.len(), letters.len());
        }
    });
}

#[test]
fn a_mailbox_that_vanishes_takes_only_its_own_letters_along() {
    let post = scene();
    fs::remove_dir_all(post.at("cat").path()).unwrap();
    assert_eq!(meant(&post, &Filter::default()), "ab-1 ba-2 ca-4");
    fs::remove_dir_all(post.at("bob").dir(State::Done)).unwrap();
    assert_eq!(meant(&post, &of("cat")), "ca-4", "what it sent is still with the others");
}
