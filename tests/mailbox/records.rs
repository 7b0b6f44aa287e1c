//! Small files that several processes read, change and write: of two changes none is lost, and what cannot be read is not
//! written over.

use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
    thread,
};

use cc2cc::{
    agent::{
        Activity, Record, identity, policy::HOPS_UNKNOWN, rate_limit::Account, record::Changed, unproved::Unproved,
    },
    mailbox::{Mailbox, disk, home::Home, letter::Letter, level::Level, lock, reading::Reading},
};

use super::post::{Post, claimant, name, noon, says, starting};

/// Makes of a file what can have become of it.
type Damage = fn(&Path);

const DAMAGE: [(&str, Damage); 5] = [
    ("torn", |path| fs::write(path, br#"{"v":1,"hops":20,"fut"#).unwrap()),
    ("empty", |path| fs::write(path, b"").unwrap()),
    ("of other types", |path| fs::write(path, br#"{"v":"one","hops":"twenty","agent":7}"#).unwrap()),
    ("too large", |path| fs::write(path, format!(r#"{{"v":1,"x":"{}"}}"#, "x".repeat(2_000_000))).unwrap()),
    ("a directory", |path| fs::create_dir(path).unwrap()),
];

fn agent_json(mailbox: &Mailbox) -> std::path::PathBuf {
    mailbox.path().join("agent.json")
}

/// The files beside `path` that were moved aside.
fn aside(path: &Path) -> Vec<std::path::PathBuf> {
    let begin = format!("{}.unreadable-", path.file_name().unwrap().to_str().unwrap());
    let names = disk::names(path.parent().unwrap()).unwrap();
    let names = names.into_iter().filter(|name| name.to_str().unwrap().starts_with(&begin));
    names.map(|name| path.with_file_name(name)).collect()
}

const PROCESSES: usize = 4;
const CHANGES_OF_EACH: u32 = 50;
/// Names the mailbox to a process of the first story.
const MAILBOX: &str = "CC2CC_TEST_RECORD";

#[test]
fn of_changes_that_processes_make_together_none_is_lost() {
    let post = Post::new().agent("bob");
    let bob = post.at("bob");
    let start = || {
        let mut process = Command::new(env::current_exe().unwrap());
        process.args(["--exact", "mailbox::records::plays_a_process_that_changes_a_record"]).stdout(Stdio::null());
        process.env(MAILBOX, post.home.path()).spawn().unwrap()
    };
    let processes: Vec<_> = (0..PROCESSES).map(|_| start()).collect();
    for mut process in processes {
        assert!(process.wait().unwrap().success());
    }
    let record = Record::of(&bob);
    assert_eq!(record.extra.len(), PROCESSES * CHANGES_OF_EACH as usize);
    assert_eq!(record.hops as usize, record.extra.len());
}

/// Not a story: one process of that above. It changes the record again and again, each time in another field.
#[test]
fn plays_a_process_that_changes_a_record() {
    let Some(home) = env::var_os(MAILBOX) else { return };
    let bob = Home::at(home).mailbox(&name("bob")).unwrap();
    for number in 0..CHANGES_OF_EACH {
        let changed = Record::change(&bob, noon(), |record| {
            record.hops += 1;
            record.extra.insert(format!("{}-{number}", std::process::id()), true.into());
        });
        assert_eq!(changed.unwrap(), Changed::Saved);
    }
}

#[test]
fn a_record_of_an_earlier_version_is_read_and_one_that_it_changes_beside_us_too() {
    let bob = Post::new().agent("bob").at("bob");
    let earlier = r#""host":"h1","hooksOf":"h1","transcript":"/t.jsonl","permissionMode":"bypassPermissions""#;
    let theirs = r#""channel":"open","plugin":"/p","hue":"blue""#;
    fs::create_dir_all(bob.path()).unwrap();
    fs::write(agent_json(&bob), format!("{{{earlier},{theirs}}}")).unwrap();

    let record = Record::of(&bob);
    assert_eq!((record.level, record.evidence.as_deref()), (Some(Level::Free), Some("/t.jsonl")));
    assert!(record.delivers(), "its hooks have spoken");
    assert_eq!(serde_json::to_string(&record.client).unwrap(), r#"{"channel":"open","plugin":"/p"}"#);
    assert_eq!(serde_json::to_string(&record.extra).unwrap(), r#"{"hue":"blue"}"#);

    Record::change(&bob, noon(), |record| record.level = Some(Level::Plans)).unwrap();
    assert_eq!(Record::of(&bob).level, Some(Level::Plans));
    // It keeps what it does not know, and notes the mode of a later prompt.
    let ours = fs::read_to_string(agent_json(&bob)).unwrap();
    fs::write(agent_json(&bob), ours.replacen('{', r#"{"permissionMode":"default","#, 1)).unwrap();
    assert_eq!(Record::of(&bob).level, Some(Level::Asks));
}

#[test]
fn a_record_that_cannot_be_read_is_left_as_it_is() {
    for (how, damage) in DAMAGE {
        let post = Post::new().agent("ann").agent("bob");
        let ann = post.at("ann");
        damage(&agent_json(&ann));
        let before = fs::read(agent_json(&ann)).ok();
        let changed = Record::change(&ann, noon(), |record| record.state = Activity::Busy).unwrap();
        assert_eq!(changed, Changed::Unreadable, "{how}");
        assert_eq!(fs::read(agent_json(&ann)).ok(), before, "{how}");
        assert!(agent_json(&ann).exists(), "{how}");
        let log = fs::read_to_string(post.home.path().join("log")).unwrap();
        assert!(log.contains("agent.json is left as it is: "), "{how}: {log}");
        assert!(matches!(Record::read(&ann), Reading::Unreadable(_)), "{how}");

        post.send("ann", "bob", &says("on and on")).unwrap();
        let found = cc2cc::agent::status::find_in(
            &post.at("bob"),
            &post.at("bob").ids(cc2cc::mailbox::State::Held).unwrap()[0],
        );
        let why = found.unwrap().status().why.unwrap();
        assert_eq!(why, "nobody knows how many letters ago a person has spoken", "{how}");
        assert_eq!(Record::of(&ann).level_as_receiver(), Some(Level::Free), "{how}: it is guarded most");
    }
}

#[test]
fn a_session_that_starts_keeps_a_record_it_cannot_read_and_begins_a_new_one() {
    for (how, damage) in DAMAGE {
        let post = Post::new();
        let bob = identity::claim(&post.home, &starting("p1", "s1")).unwrap().mailbox;
        fs::remove_file(agent_json(&bob)).unwrap();
        damage(&agent_json(&bob));
        let before = fs::read(agent_json(&bob)).ok();
        let again = identity::claim(&post.home, &starting("p1", "s1")).unwrap().mailbox;
        assert_eq!(again, bob, "{how}");
        let [kept] = &aside(&agent_json(&bob))[..] else { panic!("{how}: one is kept") };
        assert_eq!(fs::read(kept).ok(), before, "{how}");
        let record = Record::of(&bob);
        assert_eq!((record.host.as_deref(), record.hops), (Some("p1"), HOPS_UNKNOWN), "{how}");
        Record::change(&bob, noon(), |record| record.hops = 0).unwrap();
        assert_eq!(Record::of(&bob).origin().hops, 1, "{how}: until a person speaks");
    }
}

#[test]
fn a_count_of_hops_never_comes_round_to_nought() {
    let post = Post::new().agent("ann");
    Record::change(&post.at("ann"), noon(), |record| record.hops = u32::MAX).unwrap();
    assert_eq!(Record::of(&post.at("ann")).origin().hops, u32::MAX);
}

#[test]
fn a_stopped_holder_of_the_lock_holds_nobody_up_for_long() {
    let post = Post::new().agent("ann");
    let ann = post.at("ann");
    let _stopped = lock::try_exclusive(&ann.path().join("record.lock")).unwrap().unwrap();
    let error = Record::change(&ann, noon(), |_| panic!("not without the lock")).unwrap_err();
    assert_eq!(error.reason.kind(), std::io::ErrorKind::TimedOut);
    assert!(error.to_string().contains("record.lock"), "{error}");
}

#[test]
fn a_session_whose_pointer_cannot_be_read_has_it_kept() {
    for (how, damage) in DAMAGE {
        let post = Post::new();
        let bob = identity::claim(&post.home, &starting("p1", "s1")).unwrap().mailbox;
        let pointer = post.home.path().join("sessions/host-p1.json");
        fs::remove_file(&pointer).unwrap();
        damage(&pointer);
        let again = identity::claim(&post.home, &starting("p1", "s1")).unwrap().mailbox;
        assert_eq!(again, bob, "{how}: its session is known");
        assert_eq!(aside(&pointer).len(), 1, "{how}");
        assert_eq!(identity::claim(&post.home, &claimant("p1")).unwrap().mailbox, bob, "{how}");
    }
}

#[test]
fn a_pointer_keeps_what_another_version_wrote_into_it() {
    let post = Post::new().agent("bob");
    identity::claim(&post.home, &starting("p1", "s1")).unwrap();
    let pointer = post.home.path().join("sessions/session-s1.json");
    fs::write(&pointer, br#"{"v":1,"agent":"gone-away","machine":"m1"}"#).unwrap();
    identity::claim(&post.home, &starting("p1", "s1")).unwrap();
    let now = fs::read_to_string(&pointer).unwrap();
    assert!(now.contains(r#""machine":"m1""#) && !now.contains("gone-away"), "{now}");
}

#[test]
fn a_senders_account_that_cannot_be_read_is_kept() {
    for (how, damage) in DAMAGE {
        let post = Post::new().agent("ann");
        let file = post.at("ann").path().join("outgoing.json");
        damage(&file);
        let mut account = Account::open(&post.at("ann")).unwrap();
        let letter = Letter::new(name("ann"), name("bob"), "x", noon());
        account.sends(&name("bob"), &letter, noon()).unwrap();
        assert_eq!(aside(&file).len(), 1, "{how}");
    }
}

#[test]
fn what_a_session_remembers_of_unproved_letters_survives_many_at_once_and_what_cannot_be_read_is_kept() {
    let post = Post::new().agent("bob");
    let bob = post.at("bob");
    let add = |id: &str| Unproved::add(&bob, Some("s1"), &super::post::id(id), "why", noon()).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| add("one"));
        scope.spawn(|| add("two"));
    });
    assert!(Unproved::of(&bob, Some("s1")).unwrap().is_enough());
    for (how, damage) in DAMAGE {
        let file = bob.path().join("unproved.json");
        fs::remove_file(&file).unwrap();
        damage(&file);
        let before = aside(&file).len();
        add("three");
        assert_eq!(aside(&file).len(), before + 1, "{how}");
        assert_eq!(Unproved::of(&bob, Some("s1")).unwrap().letters.len(), 1, "{how}");
    }
}
