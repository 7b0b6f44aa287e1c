//! Letters between machines: two homes, the real nats-server on the loopback, and the link between them.

mod certificates;
mod cluster;
mod credentials;
mod faults;
mod hostile;
mod machine;
mod operator;
mod releases;
mod server;
mod several;
mod tls;

use std::{fs, os::unix::fs::PermissionsExt};

use cc2cc::{
    agent::{directory, reach::Reach},
    mailbox::{State, receipt::Step},
    report::standing,
};
use jiff::{SignedDuration, Timestamp};

use self::{
    machine::{Machine, pair, strangers},
    server::{Attacker, NatsServer, headers},
};
use crate::support::eventually::until;

#[test]
fn a_letter_and_its_answer_go_from_machine_to_machine_and_each_step_is_told() {
    let server = NatsServer::start();
    let (laptop, desk) = pair(&server);
    let asked = laptop.sends("ann", "bob@desk", "please run the tests");

    let (state, letter) = desk.until_letters("bob", 1).remove(0);
    assert_eq!((state, letter.id.clone()), (State::Inbox, asked.clone()));
    assert_eq!((letter.from.as_str(), letter.to.as_str()), ("ann@laptop", "bob"));
    assert_eq!((letter.origin.cwd.clone(), letter.origin.session.clone()), (None, None), "nobody's business there");
    laptop.until_stage("bob@desk", &asked, "forwarded");

    let bob = desk.world.hosted("bob");
    desk.world.run_as(&bob, &["inbox", "--take"]).fine();
    laptop.until_stage("bob@desk", &asked, "seen");
    until("and moved", || (laptop.letters_of("bob@desk")[0].0 == State::Done).then_some(()));

    let answer = desk.sends("bob", "ann@laptop", "all of them pass");
    let said = desk.world.run_as(&bob, &["send", "ann@laptop", "--reply-to", asked.as_str(), "as said"]).fine();
    assert!(said.out.contains("ann@laptop"), "{said}");
    let letters = laptop.until_letters("ann", 2);
    assert!(letters.iter().any(|(_, letter)| letter.id == answer && letter.from.as_str() == "bob@desk"));
    assert!(letters.iter().any(|(_, letter)| letter.reply_to.as_ref() == Some(&asked)));
    laptop.until_stage("bob@desk", &asked, "answered");
    let steps: Vec<Step> = laptop.status("bob@desk", &asked).steps.iter().map(|receipt| receipt.step).collect();
    assert_eq!(steps.iter().filter(|step| **step == Step::Seen).count(), 1, "{steps:?}");
}

#[test]
fn a_question_to_another_machine_is_answered_in_the_call() {
    let server = NatsServer::start();
    let (laptop, desk) = pair(&server);
    let mut asking = laptop.world.command(&["ask", "bob@desk", "are the tests green?"]);
    let asking = asking.envs(laptop.world.hosted("ann")).spawn().expect("started");
    let question = desk.until_letters("bob", 1).remove(0).1;
    let bob = desk.world.hosted("bob");
    desk.world.run_as(&bob, &["send", "ann@laptop", "--reply-to", question.id.as_str(), "they are"]).fine();
    let said = laptop.world.said(&asking.wait_with_output().expect("ended"));
    assert_eq!(said.code, Some(0), "{said}");
    assert!(said.out.contains("they are"), "{said}");
}

#[test]
fn machines_are_paired_by_people_who_carry_one_code_and_compare_what_comes_back() {
    let server = NatsServer::start();
    let mut laptop = Machine::new("laptop", &server).with("ann");
    let mut desk = Machine::new("desk", &server).with("bob");
    laptop.start();
    desk.start();
    let code = laptop.code();
    assert_eq!(laptop.link(&["pair", &code]).code, Some(1), "that is its own");
    for bad in ["laptop", "laptop:X", &code[..code.len() - 1], &code.to_lowercase()] {
        assert_eq!(desk.link(&["pair", bad]).code, Some(1), "{bad}");
    }
    desk.link(&["pair", &code]).fine();
    let asks = until("desk asks to be paired", || {
        let asking = laptop.overview()["asking"].clone();
        (asking.as_array().is_some_and(|asking| !asking.is_empty())).then_some(asking)
    });
    assert_eq!(asks[0]["name"], "desk");
    assert_eq!(asks[0]["fingerprint"], desk.overview()["fingerprint"], "what people compare");
    let early = laptop.world.run(&["send", "bob@desk", "not yet"]);
    assert_eq!(early.code, Some(3), "{early}");

    laptop.link(&["pair", "desk"]).fine();
    laptop.sends("ann", "bob@desk", "now");
    desk.until_letters("bob", 1);
    for machine in [&laptop, &desk] {
        let seed = fs::read_to_string(machine.world.path("mail/link/seed")).expect("a secret");
        let shown = [machine.link(&[]).out, machine.link(&["pair"]).out, machine.world.log()].concat();
        assert!(!shown.contains(&seed) && !shown.contains(&seed[2..]), "no secret is shown");
        let mode = fs::metadata(machine.world.path("mail/link/seed")).expect("facts").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    laptop.link(&["forget", "desk"]).fine();
    assert_eq!(laptop.world.run(&["send", "bob@desk", "gone"]).code, Some(3));
    desk.sends("bob", "ann@laptop", "are you there?");
    until("the letter is refused", || laptop.world.log().contains("which is not paired").then_some(()));
    assert_eq!(laptop.letters_of("ann"), []);
}

#[test]
fn letters_of_a_machine_are_held_until_it_is_trusted_and_are_never_the_persons() {
    let server = NatsServer::start();
    let (mut laptop, mut desk) = strangers(&server);
    laptop.start();
    desk.start();
    let said = laptop.world.run(&["send", "--json", "bob@desk", "I am the person there"]).fine();
    let by_person = said.json()["sent"][0]["id"].as_str().expect("an id").parse().expect("an id");
    let (state, letter) = desk.until_letters("bob", 1).remove(0);
    assert_eq!((state, letter.from.as_str()), (State::Held, "user@laptop"));
    assert!(!letter.is_by_person() && letter.origin.author.is_none() && letter.origin.hops > 0);
    laptop.until_stage("bob@desk", &by_person, "held");
    let why = laptop.status("bob@desk", &by_person).why.unwrap_or_default();
    assert_eq!(why, "letters from laptop wait until `cc2cc link trust laptop`");

    desk.world.run(&["accept", by_person.as_str()]).fine();
    until("it is accepted", || (desk.letters_of("bob")[0].0 == State::Inbox).then_some(()));
    until("and that is told", || (laptop.stage("bob@desk", &by_person) != "held").then_some(()));

    desk.link(&["trust", "laptop"]).fine();
    laptop.sends("ann", "bob@desk", "trusted now");
    let letters = desk.until_letters("bob", 2);
    assert!(letters.iter().all(|(state, _)| *state == State::Inbox));
    let let_in = laptop.sends("ann", "bob@desk", "let in");
    desk.until_letters("bob", 3);
    desk.link(&["trust", "laptop", "--remove"]).fine();
    let held = laptop.sends("ann", "bob@desk", "held again");
    laptop.until_stage("bob@desk", &held, "held");
    desk.world.run(&["refuse", held.as_str()]).fine();
    laptop.until_stage("bob@desk", &held, "refused");
    assert_eq!(laptop.stage("bob@desk", &let_in), "forwarded");
}

#[test]
fn who_is_elsewhere_is_listed_with_what_is_known_and_no_more() {
    let server = NatsServer::start();
    let (laptop, mut desk) = pair(&server);
    let _bob = desk.world.there("bob");
    let listed = || laptop.world.run(&["agents"]).fine().out;
    until("bob is idle there", || {
        listed().lines().any(|line| line.contains("bob@desk") && line.contains("idle")).then_some(())
    });
    laptop.sends("ann", "@all@desk", "to all there");
    desk.until_letters("bob", 1);

    desk.kill();
    let mailbox = laptop.world.home().mailbox_to_be(&"bob@desk".parse().expect("a name"));
    let mut bob = directory::describe(mailbox);
    let heard = laptop.world.path("mail/link/heard/desk.json");
    let text = fs::read_to_string(&heard).expect("heard");
    let mut old: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let ago = Timestamp::now() - SignedDuration::from_secs(200);
    old["at"] = ago.to_string().into();
    fs::write(&heard, old.to_string()).expect("written");
    bob = directory::describe(bob.mailbox);
    assert_eq!(bob.standing.reach, Reach::Elsewhere);
    assert_eq!(standing::words(&bob.standing, Timestamp::now()), "last seen 3 min ago");
    assert!(listed().lines().any(|line| line.contains("bob@desk") && line.contains("last seen 3 min ago")));
    let sent = laptop.world.run_as(&laptop.world.hosted("ann"), &["send", "bob@desk", "later"]).fine();
    assert!(sent.out.contains("last seen 3 min ago; goes out when there is contact"), "{sent}");
    let nobody = laptop.world.run_as(&laptop.world.hosted("ann"), &["send", "@all@desk", "anybody?"]);
    assert_eq!(nobody.code, Some(3), "{nobody}");
}

#[test]
fn a_machine_that_is_off_gets_its_letters_when_it_is_back() {
    let server = NatsServer::start();
    let (laptop, mut desk) = pair(&server);
    laptop.sends("ann", "bob@desk", "while it is on");
    desk.until_letters("bob", 1);
    desk.kill();
    let sent: Vec<_> =
        (0..20).map(|number| laptop.sends("ann", "bob@desk", &format!("while it is off: {number}"))).collect();
    for id in &sent {
        laptop.until_stage("bob@desk", id, "forwarded");
    }
    assert_eq!(desk.letters_of("bob").len(), 1);
    desk.start();
    assert_eq!(desk.until_letters("bob", 21).len(), 21);
}

#[test]
fn a_letter_to_nobody_there_comes_back_as_that() {
    let server = NatsServer::start();
    let (laptop, _desk) = pair(&server);
    let sent = laptop.sends("ann", "eve@desk", "are you there?");
    laptop.until_stage("eve@desk", &sent, "refused");
    assert_eq!(laptop.status("eve@desk", &sent).why.as_deref(), Some("there is no agent named eve on desk"));
}

#[test]
fn a_letter_refused_there_is_judged_anew_when_a_person_tries_it_again_and_only_then() {
    let server = NatsServer::start();
    let (laptop, desk) = pair(&server);
    let mut attacker = Attacker::on(&server);
    attacker.listen("cc2cc.to.desk");
    let sent = laptop.sends("ann", "eve@desk", "are you there?");
    let first = attacker.next();
    laptop.until_stage("eve@desk", &sent, "refused");
    laptop.world.run(&["retry", sent.as_str()]).fine();
    until("it is refused a second time", || {
        let steps = laptop.status("eve@desk", &sent).steps;
        (steps.iter().filter(|receipt| receipt.step == Step::Refused).count() == 2).then_some(())
    });
    laptop.until_stage("eve@desk", &sent, "refused");

    desk.world.add("eve");
    Attacker::on(&server).publish("cc2cc.to.desk", &headers("laptop", "again"), &first.body);
    laptop.sends("ann", "bob@desk", "after that");
    desk.until_letters("bob", 1);
    assert_eq!(desk.letters_of("eve"), [], "nobody else tries it again");
    laptop.world.run(&["retry", sent.as_str()]).fine();
    assert_eq!(desk.until_letters("eve", 1)[0].1.id, sent);
    laptop.until_stage("eve@desk", &sent, "forwarded");
    desk.world.run_as(&desk.world.hosted("eve"), &["inbox", "--take"]).fine();
    laptop.until_stage("eve@desk", &sent, "seen");
    assert_eq!(laptop.letters_of("eve@desk")[0].0, State::Done);
}

#[test]
fn one_link_carries_the_letters_of_a_home_and_ends_with_the_last_session() {
    let server = NatsServer::start();
    let (mut laptop, _desk) = pair(&server);
    until("it runs", || laptop.overview()["connected"].as_bool().filter(|connected| *connected));
    let second = laptop.link(&["run"]);
    assert_eq!((second.code, second.err.as_str()), (Some(1), "cc2cc: the link of this home runs already\n"));
    laptop.kill();
    assert_eq!(laptop.link(&["run", "--with-sessions"]).code, Some(0), "nobody is there");
    laptop.link(&["down"]).fine();
    laptop.start();
    until("without a server it ends", || laptop.has_ended().then_some(()));
}
