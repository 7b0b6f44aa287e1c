//! A session that a test plays: a client of its own, which answers the five questions and has nothing of any other. What
//! the delivery core promises holds for it as well.

use std::collections::HashMap;

use cc2cc::{
    agent::{
        Activity, Record,
        host::HostKey,
        identity::{self, Claimant, Trust},
    },
    delivery::{
        claimed_letter::ClaimedLetter,
        client::{self, Client, EvidencePlace},
        deliver::{Delivery, deliver},
        evidence::{Cause, Evidence, Turn, Way, Why},
        settle::{From, settle},
        wake::{self, Calm},
    },
    mailbox::{
        Mailbox, State, disk::FsError, letter::LetterId, level::Level, name::AgentName, receipt::Step, scan::Waiting,
    },
};
use jiff::Timestamp;

use super::post::{Post, after_noon, name, noon, says, steps};

/// One of the sessions that one process of this client serves.
struct Played {
    session: &'static str,
    level: Option<Level>,
    room_units: usize,
    /// What its record says of each letter; of others it cannot tell.
    record: HashMap<LetterId, Evidence>,
    woken_for: Vec<LetterId>,
}

impl Client for Played {
    fn claimant(&self) -> Option<Claimant> {
        let session = Some(self.session.to_owned());
        let host = HostKey::of_session("played", self.session)?;
        Some(Claimant { session, wanted: Some(name(self.session)), ..Claimant::new(host, Trust::Host) })
    }

    fn level(&self) -> Option<Level> {
        self.level
    }

    fn place(&self) -> EvidencePlace {
        EvidencePlace { way: Way::Push, record: Some(format!("thread {}", self.session)), length: Some(7) }
    }

    fn evidence(&mut self, claim: &ClaimedLetter<'_>, _: Timestamp) -> Evidence {
        assert_eq!(
            (claim.record, claim.offset, claim.way()),
            (Some(&*format!("thread {}", self.session)), 7, Way::Push)
        );
        self.record.get(claim.id).copied().unwrap_or(Evidence::Unavailable(Cause::NoRecord))
    }

    fn wake(&mut self, _: &Mailbox, letters: &[Waiting]) -> Result<(), FsError> {
        self.woken_for.extend(letters.iter().map(|letter| letter.id.clone()));
        Ok(())
    }

    fn room_units(&self) -> usize {
        self.room_units
    }
}

fn played(session: &'static str) -> Played {
    Played { session, level: Some(Level::Asks), room_units: 20_000, record: HashMap::new(), woken_for: Vec::new() }
}

/// A post scene in which owl's session is played.
fn scene() -> (Post, Played, Mailbox) {
    let post = Post::new().agent("ann");
    let owl = played("owl");
    let mailbox = client::mailbox(&owl, &post.home).unwrap().expect("it is there");
    (post, owl, mailbox)
}

/// The next turn of the session is given what waits.
fn turn(post: &Post, client: &Played, mailbox: &Mailbox) -> Delivery {
    let delivery = deliver(client, &post.home, mailbox, noon(), |_| true).unwrap();
    delivery.note_delivered(mailbox).unwrap();
    delivery
}

#[test]
fn two_sessions_of_one_process_are_two_agents() {
    let post = Post::new();
    let mailbox = |session| client::mailbox(&played(session), &post.home).unwrap().expect("it is there");
    assert_eq!((mailbox("owl").name(), mailbox("fox").name()), (&name("owl"), &name("fox")));
    assert_eq!(mailbox("owl"), mailbox("owl"), "it is found again");
    assert!(HostKey::of_session("played", "../owl").is_none());
}

#[test]
fn a_session_that_comes_back_leaves_its_name_to_whoever_has_taken_it() {
    let post = Post::new();
    let claim = |session: &str, wanted: Option<AgentName>| {
        let host = HostKey::of_session("played", session).unwrap();
        let session = Some(session.to_owned());
        let claimant = Claimant { session, wanted, ..Claimant::new(host, Trust::Host) };
        identity::claim(&post.home, &claimant).unwrap().mailbox
    };
    let owl = claim("one", Some(name("owl")));
    Record::change(&owl, noon(), |record| record.ended = Some(noon())).unwrap();
    assert_eq!(claim("two", Some(name("owl"))), owl, "its name is free");
    let _here = identity::move_in(&owl).unwrap();
    let other = claim("one", None);
    assert_ne!(other, owl);
    assert_eq!(claim("one", None), other);
    assert_eq!(Record::of(&owl).host.as_deref(), Some("played-two"));
}

#[test]
fn a_letter_is_woken_for_delivered_and_seen() {
    let (post, mut owl, mailbox) = scene();
    let letter = post.posted("ann", "owl", "hello");
    let woken = wake::round(&mut owl, &post.home, &mailbox, false, None, &mut Calm::default()).unwrap();
    assert_eq!((woken.len(), owl.woken_for.as_slice()), (1, &[letter.id.clone()][..]));

    let delivery = turn(&post, &owl, &mailbox);
    assert!(delivery.context.is_some_and(|context| context.contains("\nhello\n")));
    assert_eq!(mailbox.state_of(&letter.id), Some(State::Claimed));

    owl.record.insert(letter.id.clone(), Evidence::Queued);
    settle(&mut owl, &mailbox, noon(), From::Session).unwrap();
    assert_eq!(mailbox.state_of(&letter.id), Some(State::Claimed), "it is still on its way");
    owl.record.insert(letter.id.clone(), Evidence::Seen);
    settle(&mut owl, &mailbox, noon(), From::Session).unwrap();
    assert_eq!(mailbox.state_of(&letter.id), Some(State::Done));
    assert_eq!(steps(&mailbox, &letter.id), [Step::Notified, Step::Claimed, Step::Delivered, Step::Seen]);
}

#[test]
fn a_letter_that_the_record_lacks_comes_twice_more_and_no_further() {
    let (post, mut owl, mailbox) = scene();
    let letter = post.posted("ann", "owl", "hello").id;
    owl.record.insert(letter.clone(), Evidence::No(Why::TurnOver));
    for time in 0..3 {
        let delivery = turn(&post, &owl, &mailbox);
        let context = delivery.context.expect("it comes");
        assert_eq!(context.contains("redelivered=\"true\""), time > 0, "time {time}: {context}");
        settle(&mut owl, &mailbox, after_noon(time), From::Session).unwrap();
    }
    assert_eq!(mailbox.state_of(&letter), Some(State::Done));
    assert_eq!(mailbox.receipts(&letter).last().unwrap().step, Step::Unproved, "nobody says that it was seen");
}

#[test]
fn a_client_without_a_record_is_given_each_letter_once() {
    let (post, mut owl, mailbox) = scene();
    let letter = post.posted("ann", "owl", "hello").id;
    turn(&post, &owl, &mailbox);
    settle(&mut owl, &mailbox, noon(), From::Session).unwrap();
    assert_eq!(mailbox.state_of(&letter), Some(State::Done));
    assert_eq!(steps(&mailbox, &letter), [Step::Claimed, Step::Delivered, Step::Unproved]);
    assert!(turn(&post, &owl, &mailbox).is_empty(), "it is not repeated");
}

#[test]
fn the_level_that_a_client_tells_is_the_one_that_counts() {
    let (post, mut owl, mailbox) = scene();
    Record::change(&post.at("ann"), noon(), |record| record.level = Some(Level::Checked)).unwrap();
    let sent = post.send("ann", "owl", &says("please")).unwrap().remove(0);
    owl.level = Some(Level::Free);
    let delivery = turn(&post, &owl, &mailbox);
    assert!(delivery.is_empty());
    assert_eq!(mailbox.state_of(&sent.id), Some(State::Held));
    assert_eq!(delivery.held[0].why(), Some("owl acts without asking, and ann does not"));
}

#[test]
fn a_client_is_given_no_more_than_fits() {
    let (post, mut owl, mailbox) = scene();
    owl.room_units = 4_000;
    for number in 0..3 {
        post.posted("ann", "owl", &format!("{number}{}", "x".repeat(1_300)));
    }
    let first = turn(&post, &owl, &mailbox);
    assert_eq!((first.letters.len(), first.more), (2, 1));
    assert!(first.context.is_some_and(|context| context.encode_utf16().count() <= 4_000));
    assert_eq!(turn(&post, &owl, &mailbox).letters.len(), 1);
}

#[test]
fn while_its_host_is_at_a_turn_a_letter_is_on_its_way() {
    let (post, owl, mailbox) = scene();
    let letter = post.posted("ann", "owl", "hello").id;
    turn(&post, &owl, &mailbox);
    let receipts = mailbox.receipts(&letter);
    let mut record = Record::of(&mailbox);
    let turn_of = |record: &Record| ClaimedLetter::of(&letter, &receipts, record, false, noon()).turn;
    assert_eq!(turn_of(&record), Turn::Unheard, "no hook takes part");
    record.delivers_in.clone_from(&record.host);
    record.state = Activity::Busy;
    assert_eq!(turn_of(&record), Turn::UnderWay);
    record.host = Some("another".to_owned());
    assert_eq!(turn_of(&record), Turn::Gone);
}
