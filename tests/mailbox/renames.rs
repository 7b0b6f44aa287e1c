//! A mailbox gets another name: nothing is lost, and the old address goes on working.

use std::{fs, time::Duration};

use cc2cc::{
    agent::{
        identity::{self, RenameError},
        naming::{self, Named},
    },
    mailbox::{
        Key, State,
        letter::Letter,
        receipt::{Receipt, Step},
    },
};

use super::post::{Post, age, host, name, noon, starting, steps, texts};

#[test]
fn a_renamed_mailbox_keeps_its_letters_and_its_old_address() {
    let post = Post::new().agent("ann").agent("bob");
    let letter = post.posted("ann", "bob", "before");

    let rob = post.home.rename(&post.at("bob"), &name("rob")).unwrap();

    assert_eq!(rob.name(), &name("rob"));
    assert_eq!(rob.read(State::Inbox, &letter.id).unwrap(), letter);
    assert_eq!(post.at("bob"), rob);
    post.posted("ann", "bob", "after");
    assert_eq!(texts(&rob), ["before", "after"]);
    assert!(!post.home.path().join("to-bob").exists());
}

#[test]
fn every_name_of_a_chain_leads_to_the_last() {
    let post = Post::new().agent("n0");
    for number in 1..=20 {
        post.home.rename(&post.at("n0"), &name(&format!("n{number}"))).unwrap();
    }
    for number in 0..=20 {
        assert_eq!(post.at(&format!("n{number}")).name(), &name("n20"));
    }
}

#[test]
fn a_mailbox_may_go_back_to_a_name_it_had() {
    let post = Post::new().agent("bob");
    for new in ["rob", "bob", "rob", "bert", "bob"] {
        post.home.rename(&post.at("bob"), &name(new)).unwrap();
        for old in ["bob", "rob"] {
            assert_eq!(post.at(old).name(), &name(new));
        }
    }
    assert_eq!(post.at("bert").name(), &name("bob"));
    assert_eq!(post.home.mailboxes().unwrap().len(), 1);
}

#[test]
fn the_name_of_another_cannot_be_had_nor_one_that_leads_to_another() {
    let post = Post::new().agent("ann").agent("bob");
    post.home.rename(&post.at("ann"), &name("amy")).unwrap();
    let before = post.files();

    for taken in ["amy", "ann"] {
        let error = post.home.rename(&post.at("bob"), &name(taken)).unwrap_err();
        assert!(error.is_already_there(), "{error}");
        assert!(post.home.claim(&name(taken)).unwrap_err().is_already_there());
    }

    assert_eq!(post.at("bob").name(), &name("bob"));
    assert_eq!(post.at("ann").name(), &name("amy"));
    assert_eq!(post.files(), before, "a refused rename writes nothing");
}

#[test]
fn a_rename_cut_off_after_its_pointer_has_not_happened_and_can_be_repeated() {
    let post = Post::new().agent("ann").agent("bob");
    let letter = post.posted("ann", "bob", "hello");
    fs::create_dir_all(post.home.path().join("renamed")).unwrap();
    fs::write(post.home.path().join("renamed/bob"), "rob\n").unwrap();

    assert_eq!(post.at("bob").name(), &name("bob"));
    assert_eq!(post.home.mailbox(&name("rob")), None);
    assert_eq!(post.at("bob").state_of(&letter.id), Some(State::Inbox));

    let rob = post.home.rename(&post.at("bob"), &name("rob")).unwrap();
    assert_eq!(post.at("bob"), rob);
    assert_eq!(rob.state_of(&letter.id), Some(State::Inbox));
}

#[test]
fn a_rename_cut_off_leaves_the_new_name_free_for_others() {
    let post = Post::new().agent("bob");
    fs::create_dir_all(post.home.path().join("renamed")).unwrap();
    fs::write(post.home.path().join("renamed/bob"), "rob\n").unwrap();

    let rob = post.home.claim(&name("rob")).unwrap();
    rob.publish(&Letter::new(name("ann"), name("rob"), "for rob", noon()), Key::Fresh).unwrap();

    assert_eq!(post.at("bob").name(), &name("bob"));
    assert_eq!(post.at("bob").count(State::Inbox).unwrap(), 0);
}

#[test]
fn pointers_that_lead_nowhere_or_round_in_circles_reach_nobody() {
    let post = Post::new().agent("bob");
    let renamed = post.home.path().join("renamed");
    fs::create_dir_all(&renamed).unwrap();
    for (from, to) in
        [("x", "y"), ("y", "x"), ("self", "self"), ("out", "../../etc"), ("empty", ""), ("gone", "nobody")]
    {
        fs::write(renamed.join(from), to).unwrap();
    }
    for from in ["x", "y", "self", "out", "empty", "gone"] {
        assert_eq!(post.home.mailbox(&name(from)), None, "{from}");
    }
}

/// Ann was alice; then she was away for long, and nobody needed her mailbox.
fn alice_has_gone() -> Post {
    let post = Post::new().agent("alice");
    post.home.rename(&post.at("alice"), &name("ann")).unwrap();
    post.home.remove_if(&post.at("alice"), |_| true).unwrap();
    post
}

#[test]
fn an_old_address_leads_to_its_own_mailbox_or_to_nobody() {
    let post = alice_has_gone().agent("ann");
    assert_eq!(post.home.mailbox(&name("alice")), None, "this ann never was alice");
    assert_eq!(post.at("ann").name(), &name("ann"));
    post.home.rename(&post.at("ann"), &name("anna")).unwrap();
    assert_eq!(post.home.mailbox(&name("alice")), None, "nor by a chain");
    assert_eq!(post.at("ann").name(), &name("anna"));
    let post = post.agent("alice");
    assert_eq!(post.at("alice").name(), &name("alice"), "the name is free again");
}

#[test]
fn pointers_of_an_older_version_lead_on_while_the_mailbox_they_were_written_for_lives() {
    let of_older = |post: &Post, from: &str, to: &str| {
        fs::create_dir_all(post.home.path().join("renamed")).unwrap();
        fs::write(post.home.path().join("renamed").join(from), format!("{to}\n")).unwrap();
    };
    let post = Post::new().agent("ann");
    fs::remove_file(post.at("ann").path().join("id")).unwrap(); // as that version made it
    of_older(&post, "alice", "ann");
    assert_eq!(post.at("alice").name(), &name("ann"));
    post.home.rename(&post.at("ann"), &name("anna")).unwrap();
    assert_eq!(post.at("alice").name(), &name("anna"), "and through a rename since");
    post.home.remove_if(&post.at("anna"), |_| true).unwrap();
    age(&post.home.path().join("renamed/alice"), Duration::from_secs(60));
    let post = post.agent("ann").agent("anna");
    assert_eq!(post.home.mailbox(&name("alice")), None, "both are strangers");

    // A process of that version, which still runs, renames a mailbox of this one.
    let post = Post::new().agent("bob");
    fs::rename(post.at("bob").path(), post.home.path().join("to-rob")).unwrap();
    of_older(&post, "bob", "rob");
    assert_eq!(post.at("bob").name(), &name("rob"));
}

#[test]
fn old_addresses_that_lead_to_nobody_are_forgotten_when_a_person_prunes() {
    let post = alice_has_gone().agent("bob");
    post.home.rename(&post.at("bob"), &name("rob")).unwrap();
    assert_eq!(post.home.forget_dead_addresses(false).unwrap(), 1);
    assert_eq!(post.home.forget_dead_addresses(true).unwrap(), 1);
    assert_eq!(post.home.forget_dead_addresses(true).unwrap(), 0);
    assert_eq!(post.at("bob").name(), &name("rob"));
    assert_eq!(fs::read_dir(post.home.path().join("renamed")).unwrap().count(), 2, "a pointer and its id");
}

#[test]
fn a_session_whose_mailbox_is_gone_does_not_take_a_strangers() {
    let post = Post::new();
    let old = identity::claim(&post.home, &starting("p1", "s1")).unwrap().mailbox;
    post.home.remove_if(&old, |_| true).unwrap();
    let stranger = post.home.claim(old.name()).unwrap();
    assert_eq!(identity::find(&post.home, &host("p1")), None);
    let resumed = identity::claim(&post.home, &starting("p2", "s1")).unwrap().mailbox;
    assert_ne!(resumed, stranger);
}

#[test]
fn a_mailbox_that_is_taken_over_keeps_every_letter_and_every_address() {
    let post = Post::new().agent("ann").agent("first").agent("calm-owl");
    let old = identity::rename(&post.home, &post.at("first"), &name("reviewer")).unwrap();
    let waiting = post.posted("ann", "reviewer", "waiting");
    let both = post.posted("ann", "reviewer", "to both");
    post.at("calm-owl").publish(&both, Key::Fresh).unwrap();
    let done = post.posted("ann", "reviewer", "done");
    old.finish(&done.id, State::Inbox, Some(&Receipt::at(Step::Seen, noon()))).unwrap();
    post.stray("reviewer", "note.txt", b"no letter");

    let Named { mailbox, waiting: came } = naming::take(&post.home, &post.at("calm-owl"), &name("reviewer")).unwrap();
    assert_eq!((mailbox.name().as_str(), came), ("reviewer", 1));
    for address in ["first", "calm-owl", "reviewer"] {
        assert_eq!(post.at(address), mailbox, "{address}");
    }
    assert_eq!(mailbox.state_of(&waiting.id), Some(State::Inbox));
    assert_eq!(mailbox.state_of(&both.id), Some(State::Inbox));
    assert_eq!(mailbox.state_of(&done.id), Some(State::Done));
    assert_eq!(steps(&mailbox, &done.id), [Step::Seen]);
    assert_eq!(fs::read_dir(mailbox.dir(State::Dead)).unwrap().count(), 2, "the second copy, and why it lies there");
    assert!(mailbox.dir(State::Inbox).join("note.txt").exists(), "who looks next puts it aside and says so");
    assert_eq!(post.home.mailboxes().unwrap().len(), 2);
}

#[test]
fn nobody_takes_over_a_mailbox_that_somebody_has() {
    let post = Post::new().agent("calm-owl").agent("reviewer").agent("user");
    let _here = post.at("reviewer").hold_presence().unwrap();
    for taken in ["reviewer", "user"] {
        let outcome = naming::take(&post.home, &post.at("calm-owl"), &name(taken));
        assert!(matches!(outcome, Err(RenameError::Taken(_) | RenameError::Reserved(_))), "{taken}: {outcome:?}");
    }
    assert_eq!(post.home.mailboxes().unwrap().len(), 3);
}
