//! Which agent a session is, one event after another.

use std::fs;

use cc2cc::{
    agent::{
        Record, beside,
        identity::{self, Claim, Claimant, RenameError, Trust},
        policy::Config,
    },
    mailbox::State,
};

use super::post::{Post, abandoned, claimant, going_on, host, name, noon, says, starting, texts};

fn claim(post: &Post, claimant: &Claimant) -> Claim {
    identity::claim(&post.home, claimant).unwrap()
}

fn wanting(claimant: Claimant, wanted: &str) -> Claimant {
    Claimant { wanted: Some(name(wanted)), ..claimant }
}

#[test]
fn a_new_session_gets_a_name_of_its_own_and_keeps_it() {
    let post = Post::new();
    assert_eq!(identity::find(&post.home, &host("p1")), None);

    let first = claim(&post, &starting("p1", "s1")).mailbox;
    assert!(first.name().as_str().contains('-'), "{}", first.name());
    assert!(!first.name().is_reserved());
    assert_eq!(claim(&post, &claimant("p1")).mailbox, first, "its server");
    assert_eq!(claim(&post, &going_on("p1", "s1")).mailbox, first, "its next hook");
    assert_eq!(identity::find(&post.home, &host("p1")), Some(first.clone()));

    let other = claim(&post, &starting("p2", "s2")).mailbox;
    assert_ne!(other.name(), first.name());
    assert_eq!(post.home.mailboxes().unwrap().len(), 2);
}

#[test]
fn the_name_asked_for_is_given_when_it_is_free() {
    let post = Post::new();
    let fox = claim(&post, &wanting(starting("p1", "s1"), "brave-fox"));
    assert_eq!((fox.mailbox.name(), fox.denied), (&name("brave-fox"), None));
}

#[test]
fn a_session_that_asks_by_name_gets_the_mailbox_of_one_that_has_gone() {
    let post = Post::new().agent("ann").agent("brave-fox");
    post.posted("ann", "brave-fox", "waiting for you");
    let fox = claim(&post, &wanting(starting("p1", "s1"), "brave-fox"));
    assert_eq!((fox.mailbox.name(), fox.denied), (&name("brave-fox"), None));
    assert_eq!(fox.mailbox.count(State::Inbox).unwrap(), 1);
}

#[test]
fn a_name_in_use_is_denied_and_another_given() {
    let post = Post::new();
    let fox = claim(&post, &wanting(starting("p1", "s1"), "brave-fox")).mailbox;
    let _here = identity::move_in(&fox).unwrap();

    let second = claim(&post, &wanting(starting("p2", "s2"), "brave-fox"));

    assert_eq!(second.denied, Some(name("brave-fox")));
    assert_ne!(second.mailbox.name(), fox.name());
    assert_eq!(identity::find(&post.home, &host("p1")), Some(fox));
}

#[test]
fn a_name_just_claimed_is_in_use_though_nobody_holds_its_presence_yet() {
    let post = Post::new();
    claim(&post, &wanting(starting("p1", "s1"), "brave-fox"));
    let second = claim(&post, &wanting(starting("p2", "s2"), "brave-fox"));
    assert_eq!(second.denied, Some(name("brave-fox")));
}

#[test]
fn a_resumed_session_finds_its_mailbox_from_a_new_process() {
    let post = Post::new();
    let before = claim(&post, &starting("p1", "s1")).mailbox;
    abandoned(&before);
    assert_eq!(claim(&post, &starting("p2", "s1")).mailbox, before);
    assert_eq!(identity::find(&post.home, &host("p2")), Some(before));
}

#[test]
fn a_session_that_ended_is_found_at_once_though_its_last_process_lingers() {
    let post = Post::new();
    let before = claim(&post, &starting("p1", "s1")).mailbox;
    let _ghost = before.hold_presence().unwrap();
    Record::change(&before, noon(), |record| record.ended = Some(noon())).unwrap();

    assert_eq!(claim(&post, &starting("p2", "s1")).mailbox, before);
    assert_eq!(Record::of(&before).ended, None, "it is there again");
}

#[test]
fn a_session_resumed_while_it_lives_elsewhere_gets_a_name_of_its_own() {
    let post = Post::new();
    let first = claim(&post, &starting("p1", "s1")).mailbox;
    let here = identity::move_in(&first).unwrap();

    let Claim { mailbox: second, denied } = claim(&post, &starting("p2", "s1"));

    assert_ne!(second.name(), first.name());
    assert_eq!(denied.as_ref(), Some(first.name()), "the person is told why");
    assert_eq!(identity::find(&post.home, &host("p1")), Some(first.clone()));
    assert_eq!(identity::find(&post.home, &host("p2")), Some(second.clone()));
    assert_eq!(claim(&post, &going_on("p1", "s1")).mailbox, first, "the first keeps its own");
    drop(here);
    abandoned(&first);
    abandoned(&second);
    assert_eq!(claim(&post, &starting("p3", "s1")).mailbox, first, "and the session its mailbox");
}

#[test]
fn the_name_of_a_second_terminal_goes_with_it_to_the_agent_whose_session_it_is() {
    let post = Post::new().agent("ann");
    let first = claim(&post, &wanting(starting("p1", "s1"), "brave-fox")).mailbox;
    let _here = identity::move_in(&first).unwrap();
    let second = claim(&post, &starting("p2", "s1")).mailbox;
    let there = identity::move_in(&second).unwrap();
    Record::change(&second, noon(), |record| record.session = Some("s1".to_owned())).unwrap();
    let extra = second.name().to_string();

    beside::gather(&post.home, &first);
    let sent = post.send("ann", &extra, &says("while it runs")).unwrap();
    assert_eq!(sent[0].to, *second.name());
    drop(there);
    assert_eq!(second.count(State::Inbox).unwrap(), 1);

    let sent = post.send("ann", &extra, &says("once it has ended")).unwrap();
    assert_eq!(sent[0].to, *first.name());
    assert_eq!(texts(&first), ["while it runs", "once it has ended"]);
    assert_eq!(post.at(&extra), first, "the name still leads there");
    assert_eq!(post.home.mailboxes().unwrap().len(), 2, "nobody is left behind");
    assert!(Record::of(&first).beside.is_empty());

    // One that was asked for, or whose session is another by now, is somebody's.
    let role = claim(&post, &wanting(starting("p3", "s1"), "reviewer")).mailbox;
    abandoned(&role);
    let cleared = claim(&post, &starting("p4", "s1")).mailbox;
    assert_eq!(claim(&post, &going_on("p4", "s2")).mailbox, cleared);
    Record::change(&cleared, noon(), |record| record.session = Some("s2".to_owned())).unwrap();
    abandoned(&cleared);
    for mailbox in [role, cleared] {
        let sent = post.send("ann", mailbox.name().as_str(), &says("for your return")).unwrap();
        assert_eq!(sent[0].to, *mailbox.name());
    }
    beside::gather(&post.home, &first);
    assert_eq!(post.home.mailboxes().unwrap().len(), 4);
}

#[test]
fn a_session_that_goes_on_in_another_process_under_another_id_keeps_its_mailbox() {
    let post = Post::new();
    let first = claim(&post, &starting("p1", "s1")).mailbox;
    let slow_to_end = identity::move_in(&first).unwrap();
    let goes_on = Claimant { continues: Some("s1".to_owned()), ..starting("p2", "s2") };

    let Claim { mailbox, denied } = claim(&post, &goes_on);

    assert_eq!((mailbox.name(), denied), (first.name(), None));
    assert_eq!(claim(&post, &going_on("p2", "s2")).mailbox, first, "its next hook");
    assert_eq!(Record::of(&first).host.as_deref(), Some(host("p2").as_str()));
    drop(slow_to_end);
    abandoned(&first);
    assert_eq!(claim(&post, &starting("p3", "s2")).mailbox, first, "the new id can be resumed");
}

#[test]
fn a_session_whose_context_is_cleared_keeps_its_name() {
    let post = Post::new();
    let fox = claim(&post, &starting("p1", "s1")).mailbox;
    assert_eq!(claim(&post, &going_on("p1", "s2")).mailbox, fox);
    abandoned(&fox);
    assert_eq!(claim(&post, &starting("p2", "s2")).mailbox, fox, "the new id can be resumed");
}

#[test]
fn resuming_another_session_inside_a_process_switches_to_its_mailbox() {
    let post = Post::new();
    let first = claim(&post, &starting("p1", "s1")).mailbox;
    let second = claim(&post, &starting("p2", "s2")).mailbox;
    abandoned(&second);

    assert_eq!(claim(&post, &starting("p1", "s2")).mailbox, second);

    assert_eq!(identity::find(&post.home, &host("p1")), Some(second.clone()));
    assert_eq!(claim(&post, &claimant("p1")).mailbox, second, "its server follows");
    abandoned(&first);
    assert_eq!(claim(&post, &starting("p3", "s1")).mailbox, first, "what it left can be resumed");
}

#[test]
fn a_renamed_agent_is_found_by_host_by_session_and_by_its_old_name() {
    let post = Post::new();
    let fox = claim(&post, &wanting(starting("p1", "s1"), "brave-fox")).mailbox;
    let owl = identity::rename(&post.home, &fox, &name("calm-owl")).unwrap();
    assert_eq!(identity::find(&post.home, &host("p1")), Some(owl.clone()));
    assert_eq!(claim(&post, &claimant("p1")).mailbox, owl);
    abandoned(&owl);
    assert_eq!(claim(&post, &starting("p2", "s1")).mailbox, owl);
    abandoned(&owl);
    assert_eq!(claim(&post, &wanting(claimant("p3"), "brave-fox")).mailbox, owl);
}

#[test]
fn reserved_and_foreign_names_are_refused_and_nothing_changes() {
    let post = Post::new().agent("ann").agent("bob").agent("user");
    let refused = |from: &str, to: &str| identity::rename(&post.home, &post.at(from), &name(to)).unwrap_err();
    for reserved in ["user", "all", "system"] {
        assert!(matches!(refused("ann", reserved), RenameError::Reserved(_)));
    }
    assert!(matches!(refused("user", "me"), RenameError::Reserved(_)));
    assert!(matches!(refused("ann", "bob"), RenameError::Taken(_)));
    assert_eq!(identity::rename(&post.home, &post.at("ann"), &name("ann")).unwrap(), post.at("ann"));
    assert_eq!(post.home.mailboxes().unwrap().len(), 3);
}

#[test]
fn a_mailbox_left_half_made_by_a_crash_is_usable_for_who_asks_for_its_name() {
    let post = Post::new().agent("ann");
    fs::create_dir(post.home.path().join("to-bob")).unwrap();

    let bob = claim(&post, &wanting(starting("p1", "s1"), "bob")).mailbox;

    assert_eq!(bob.count(State::Inbox).expect("it has an inbox"), 0);
    post.posted("ann", "bob", "hello");
}

#[test]
fn a_hostile_session_id_stays_inside_the_home() {
    let post = Post::new();
    for (number, session) in ["../../escape", "/etc/passwd", "a\0b", "", &"x".repeat(5000)].into_iter().enumerate() {
        let key = format!("p{number}");
        let trusting = Claimant { trust: Trust::Session, ..going_on(&key, session) };
        let mailbox = claim(&post, &trusting).mailbox;
        assert_eq!(identity::find(&post.home, &host(&key)), Some(mailbox));
    }
    let beside: Vec<_> = fs::read_dir(post.home.path().parent().unwrap()).unwrap().flatten().collect();
    assert_eq!(beside.len(), 1, "{beside:?}");
    for text in ["", "../x", "a b", "a/b", &"x".repeat(81)] {
        assert_eq!(cc2cc::agent::host::HostKey::from_text(text), None, "{text:?}");
    }
}

#[test]
fn a_damaged_record_costs_a_name_and_no_more() {
    let post = Post::new();
    let fox = claim(&post, &starting("p1", "s1")).mailbox;
    for entry in fs::read_dir(post.home.path().join("sessions")).unwrap().flatten() {
        fs::write(entry.path(), b"\0garbage").unwrap();
    }
    fs::write(fox.path().join("agent.json"), b"{").unwrap();

    let after = claim(&post, &starting("p1", "s1")).mailbox;
    assert_eq!(identity::find(&post.home, &host("p1")), Some(after));
    assert_eq!(Record::of(&fox).host, None);
}

#[test]
fn sessions_that_start_in_a_directory_take_its_name() {
    let post = Post::new();
    let work = post.folder("work");
    let config = format!("[dirs]\n'{}' = \"api\"\n'{}' = \"deep\"\n", work.display(), work.join("a/b").display());
    fs::create_dir_all(post.home.path()).unwrap();
    fs::write(post.home.path().join("config.toml"), config).unwrap();
    let starts = |key: &str, cwd: &str| {
        let claimant = Claimant { cwd: Some(work.join(cwd)), ..starting(key, key) };
        let mailbox = identity::claim(&post.home, &claimant).unwrap().mailbox;
        let here = identity::move_in(&mailbox).unwrap();
        (mailbox.name().to_string(), here)
    };
    let (first, here) = starts("p1", "");
    assert_eq!(first, "api");
    let (second, _here_too) = starts("p2", "a");
    assert_eq!(second, "api-2");
    drop(here);
    let (third, _here) = starts("p3", "");
    assert_eq!(third, "api", "whoever comes next takes the name of the one that has ended");
    assert_eq!(starts("p4", "a/b/c").0, "deep", "the nearest directory counts");
    assert!(
        !["api", "deep"].iter().any(|name| starts("p5", "/elsewhere").0.starts_with(name)),
        "elsewhere it is another name"
    );
    let (_, _by_variable) = starts("p6", "");
    let wanting = Claimant { cwd: Some(work.clone()), called: Some("The API".to_owned()), ..starting("p7", "p7") };
    assert_eq!(identity::claim(&post.home, &wanting).unwrap().mailbox.name().as_str(), "the-api");
}

#[test]
fn a_directory_that_is_none_and_a_name_that_is_none_are_errors_of_the_file() {
    let post = Post::new();
    fs::create_dir_all(post.home.path()).unwrap();
    for (config, complaint) in [
        ("[dirs]\n\"work\" = \"api\"\n", "`work` is not a whole path"),
        ("[dirs]\n\"~/work\" = \"The API\"\n", "`The API` is not an agent name"),
        ("[dirs]\n\"~/work\" = \"user\"\n", "`user` is reserved"),
    ] {
        fs::write(post.home.path().join("config.toml"), config).unwrap();
        let said = Config::load(&post.home).unwrap_err().to_string();
        assert!(said.contains(complaint), "{said}");
        identity::claim(&post.home, &Claimant { cwd: Some("/work".into()), ..starting("p1", "s1") }).unwrap();
    }
}
