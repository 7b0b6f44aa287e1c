//! What a sender learns of a letter that did not simply arrive, and what a person decides of one that is held.

use std::collections::BTreeSet;

use cc2cc::{
    agent::{
        decisions, notice,
        status::{self, Stage},
        which,
    },
    mailbox::{
        Moved, State,
        letter::{Kind, LetterId, Priority},
        receipt::{Receipt, Step},
    },
};

use super::post::{Post, after_noon, id, name, noon, says, texts, waiting};

fn stage_of(post: &Post, letter: &LetterId) -> Stage {
    status::find(&post.home, letter).unwrap()[0].status().stage
}

#[test]
fn a_letter_unseen_for_long_tells_its_sender_once() {
    let post = Post::new().agent("ann").agent("bob");
    post.send("ann", "bob", &says("are you there?")).unwrap();
    let ann = post.at("ann");
    let sweep = |seconds| notice::sweep(&post.home, &ann, after_noon(seconds));

    sweep(23 * 3_600);
    assert!(waiting(&ann).is_empty(), "bob is away, and a day is not over");
    let here = post.at("bob").hold_presence().unwrap();
    sweep(9 * 60);
    assert!(waiting(&ann).is_empty(), "bob is here, and has had nine minutes");
    sweep(10 * 60);
    sweep(20 * 60);
    drop(here);
    sweep(25 * 3_600);
    let told = waiting(&ann);
    assert_eq!(texts(&post.at("ann")), ["bob has not seen your letter yet («are you there?»)"]);
    assert_eq!((&told[0].from, &told[0].kind, told[0].priority), (&name("system"), &Kind::Status, Priority::Low));
}

#[test]
fn a_notice_has_no_longer_id_than_a_letter_and_what_is_typed_of_the_letter_s_means_the_letter() {
    let post = Post::new().agent("ann").agent("bob").agent("eve");
    let copies = post.send("ann", "bob,eve", &says("are you there?")).unwrap();
    notice::sweep(&post.home, &post.at("ann"), after_noon(25 * 3_600));
    let told = waiting(&post.at("ann"));
    let ids: BTreeSet<&str> = told.iter().map(|notice| notice.id.short()).collect();
    assert_eq!((told.len(), ids.len()), (2, 2), "one of each copy");
    assert!(told.iter().all(|notice| notice.id.as_str().len() == copies[0].id.as_str().len()));
    let meant = |text: &str| which::letter(&post.home.mailboxes().unwrap(), &State::ALL, text).unwrap();
    assert_eq!(meant(copies[0].id.short()), copies[0].id);
    assert!(told.iter().all(|notice| meant(notice.id.short()) == notice.id));
}

#[test]
fn a_letter_seen_is_followed_no_longer() {
    let post = Post::new().agent("ann").agent("bob");
    let letter = post.send("ann", "bob", &says("hello")).unwrap().remove(0).id;
    let (ann, bob) = (post.at("ann"), post.at("bob"));
    let pointer = ann.path().join("sent").join(letter.as_str());
    assert!(pointer.exists());
    assert_eq!(bob.finish(&letter, State::Inbox, None).unwrap(), Moved::Mine);
    notice::sweep(&post.home, &ann, after_noon(1));
    assert!(!pointer.exists());
    assert!(waiting(&ann).is_empty());
}

#[test]
fn a_letter_that_expired_tells_its_sender_why() {
    let post = Post::new().agent("ann").agent("bob");
    let draft = cc2cc::agent::send::Draft { ttl_seconds: Some(60), ..says("now or never") };
    let letter = post.send("ann", "bob", &draft).unwrap().remove(0).id;
    post.at("bob").look(after_noon(60)).unwrap();
    assert_eq!(stage_of(&post, &letter), Stage::Expired);
    notice::sweep(&post.home, &post.at("ann"), after_noon(61));
    let told = waiting(&post.at("ann"));
    assert_eq!(texts(&post.at("ann")), ["your letter to bob was not delivered: it expired («now or never»)"]);
    assert_eq!(told[0].reply_to, Some(letter));
}

#[test]
fn a_letter_put_back_lives_on_whatever_its_time() {
    let post = Post::new().agent("ann").agent("bob");
    let draft = cc2cc::agent::send::Draft { ttl_seconds: Some(60), ..says("now or never") };
    let letter = post.send("ann", "bob", &draft).unwrap().remove(0).id;
    let bob = post.at("bob");
    bob.look(after_noon(60)).unwrap();
    decisions::retry(&post.home, &letter).unwrap();
    assert_eq!(bob.look(after_noon(3_600)).unwrap().letters.len(), 1);
    assert_eq!(bob.reason(&letter), None);
    assert_eq!(stage_of(&post, &letter), Stage::Stored);
}

#[test]
fn accepting_lets_a_held_letter_go_on_and_refusing_tells_its_sender() {
    let post = Post::new().agent("ann").agent("bob");
    let bob = post.at("bob");
    let yes = post.posted("ann", "bob", "one").id;
    let no = post.posted("ann", "bob", "two").id;
    for letter in [&yes, &no] {
        bob.hold(letter, "to be asked").unwrap();
        assert_eq!(stage_of(&post, letter), Stage::Held);
    }
    assert_eq!(decisions::not_shown(&bob).unwrap().count(), 2);
    bob.note(&yes, &Receipt::now(Step::Shown)).unwrap();
    assert_eq!(decisions::not_shown(&bob).unwrap().count(), 1);

    decisions::accept(&post.home, &yes).unwrap();
    assert_eq!(texts(&bob), ["one"]);
    decisions::refuse(&post.home, &no, "not today", noon()).unwrap();
    assert_eq!(stage_of(&post, &no), Stage::Refused);
    let told = waiting(&post.at("ann"));
    assert_eq!(texts(&post.at("ann")), ["your letter to bob was refused: not today («two»)"]);
    assert_eq!(told[0].priority, Priority::Normal, "it is an answer");
}

#[test]
fn once_a_person_has_decided_nobody_is_told_any_more_that_it_is_held() {
    let post = Post::new().agent("ann").agent("bob");
    let (ann, bob) = (post.at("ann"), post.at("bob"));
    let letters = ["one", "two"].map(|text| post.posted("ann", "bob", text).id);
    for letter in &letters {
        bob.hold(letter, "to be asked").unwrap();
        notice::held(&post.home, &status::find_in(&bob, letter).unwrap(), noon()).unwrap();
    }
    assert_eq!(texts(&ann).len(), 2);
    decisions::accept(&post.home, &letters[0]).unwrap();
    assert!(texts(&ann)[0].contains("«two»"), "{:?}", texts(&ann));
    decisions::refuse(&post.home, &letters[1], "not today", noon()).unwrap();
    assert_eq!(texts(&ann), ["your letter to bob was refused: not today («two»)"]);
}

#[test]
fn only_what_is_held_can_be_decided() {
    let post = Post::new().agent("ann").agent("bob");
    let letter = post.posted("ann", "bob", "hello").id;
    let wrong = decisions::accept(&post.home, &letter).unwrap_err();
    assert_eq!(wrong.to_string(), format!("the letter `{}` is not held but waiting", letter.short()));
    let wrong = decisions::retry(&post.home, &letter).unwrap_err();
    assert_eq!(wrong.to_string(), format!("the letter `{}` is not dead but waiting", letter.short()));
    assert!(decisions::refuse(&post.home, &id("nothing"), "", noon()).is_err());
    assert_eq!(post.at("bob").state_of(&letter), Some(State::Inbox));
}

#[test]
fn a_letter_held_again_is_told_again() {
    let post = Post::new().agent("ann").agent("bob");
    let bob = post.at("bob");
    let letter = post.posted("ann", "bob", "hello").id;
    bob.hold(&letter, "once").unwrap();
    bob.note(&letter, &Receipt::now(Step::Shown)).unwrap();
    bob.accept(&letter).unwrap();
    bob.note(&letter, &Receipt::at(Step::Notified, noon())).unwrap();
    bob.hold(&letter, "twice").unwrap();
    assert_eq!(decisions::not_shown(&bob).unwrap().count(), 1);
}

#[test]
fn an_odd_file_among_the_pointers_keeps_nothing_from_being_told() {
    let post = Post::new().agent("ann").agent("bob");
    post.send("ann", "bob", &says("hello")).unwrap();
    let ann = post.at("ann");
    std::fs::create_dir(ann.path().join("sent/0")).unwrap();
    notice::sweep(&post.home, &ann, after_noon(25 * 3_600));
    assert_eq!(texts(&ann).len(), 1);
}
