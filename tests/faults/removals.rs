//! Mailboxes that are removed or renamed while somebody writes to them. Who was told that a letter is stored has it there.

use std::process::Child;

use cc2cc::agent::Record;
use jiff::{SignedDuration, Timestamp};

use super::{
    office::{Heard, Office, Run},
    stopped::{Stopped, stopped_before, woken},
    table::{Tally, conclude},
};
use crate::support::said::{Said, start};

const PRUNE: [&str; 4] = ["prune", "--older-than", "1h", "--yes"];

/// An agent that nobody has heard of for two hours.
pub fn abandoned(office: &Office, agent: &str) {
    let mailbox = office.world.at(agent);
    Record::change(&mailbox, Timestamp::now() - SignedDuration::from_hours(2), |_| {}).expect("a record");
}

fn sends(office: &Office, to: &str, text: &str) -> Run {
    office.run(&["send", to, text]).sending(to, text)
}

#[test]
fn a_letter_sent_while_a_prune_is_stopped_at_any_step() {
    let mut tally = Tally::default();
    let mut stops = 0;
    for step in 1.. {
        let office = Office::new();
        abandoned(&office, "bob");
        let Stopped::Sleeping(prune) = stopped_before(step, office.run(&PRUNE)) else { break };
        stops += 1;
        let said = office.watch(sends(&office, "bob", "meanwhile"));
        assert!(matches!(said.code, Some(0 | 3)), "{said:?}");
        woken(prune).fine();
        office.intact();
        office.goes_on();
        tally += office.tally(Heard::All);
    }
    assert!(stops > 7, "only {stops} steps");
    conclude("a prune stopped at every step, a letter sent meanwhile", &format!("{stops} stops"), tally);
}

#[test]
fn a_sender_stopped_at_any_step_while_the_recipient_is_pruned() {
    let mut tally = Tally::default();
    let mut stops = 0;
    for step in 1.. {
        let office = Office::new();
        abandoned(&office, "bob");
        let run = sends(&office, "bob", "on its way");
        let what = run.sends.clone();
        let Stopped::Sleeping(late) = stopped_before(step, run) else { break };
        stops += 1;
        office.watch(office.run(&PRUNE)).fine();
        // Whoever takes the name then is somebody else.
        let _ = office.world.home().claim(&"bob".parse().unwrap());
        let said = woken(late);
        office.may_be_stored(&what, said.code == Some(0));
        office.intact();
        office.goes_on();
        tally += office.tally(Heard::All);
    }
    assert!(stops > 3, "only {stops} steps");
    conclude("a sender stopped at every step while the recipient is pruned", &format!("{stops} stops"), tally);
}

#[test]
fn a_delivery_stopped_at_any_step_while_its_mailbox_is_renamed() {
    let mut tally = Tally::default();
    let mut stops = 0;
    for step in 1.. {
        let office = Office::new();
        office.watch(office.start("startup")).fine();
        for number in 1..=3 {
            office.posted("ann", "calm-owl", &format!("letter {number}"));
        }
        let Stopped::Sleeping(late) = stopped_before(step, office.prompt()) else { break };
        stops += 1;
        office.watch(office.run(&["rename", "brave-fox", "--agent", "calm-owl"])).fine();
        let said = woken(late).fine();
        assert!(said.out.lines().count() <= 1, "a client reads one object: {said:?}");
        office.hear(&said);
        office.intact();
        office.goes_on();
        tally += office.tally(Heard::All);
    }
    assert!(stops > 8, "only {stops} steps");
    conclude("a delivery stopped at every step while its mailbox is renamed", &format!("{stops} stops"), tally);
}

/// Processes that run at the same time.
fn together(office: &Office, runs: Vec<Run>) -> Vec<Said> {
    let begun: Vec<(Child, Vec<(String, String)>)> =
        runs.into_iter().map(|mut run| (start(&mut run.command, &run.input), run.sends)).collect();
    let ended = begun.into_iter().map(|(child, sends)| {
        let said = Said::of(&child.wait_with_output().expect("ended"));
        office.may_be_stored(&sends, said.code == Some(0));
        said
    });
    ended.collect()
}

#[test]
fn letters_that_race_with_prunes_and_renames() {
    const ROUNDS: usize = 60;
    let office = Office::new();
    let mut pruned = 0;
    for round in 0..ROUNDS {
        let name = format!("guest-{round}");
        office.world.add(&name);
        abandoned(&office, &name);
        let mut runs = vec![office.run(&PRUNE)];
        // Whoever is sooner differs from round to round.
        runs.extend((0..round % 4).map(|number| sends(&office, &name, &format!("letter {number} of {round}"))));
        if round % 3 == 0 {
            runs.push(office.run(&["rename", &format!("friend-{round}"), "--agent", &name]));
        }
        runs.rotate_left(round % 2);
        together(&office, runs);
        let letters = office.world.letters();
        pruned += usize::from(office.world.home().mailbox(&name.parse().unwrap()).is_none());
        assert!(letters.iter().all(|(whose, ..)| office.world.home().mailbox(&whose.parse().unwrap()).is_some()));
    }
    // The letters to a guest that was renamed lie under the new name.
    let mut tally = Tally::default();
    let there: Vec<String> = office.world.letters().into_iter().map(|(_, _, letter)| letter.content.text).collect();
    for (_, text) in office.acknowledged() {
        let copies = there.iter().filter(|found| **found == text).count();
        tally.letters += 1;
        tally.lost += usize::from(copies == 0);
        tally.duplicated += copies.saturating_sub(1);
    }
    assert!(pruned > 0 && tally.letters > ROUNDS / 2, "{pruned} pruned, {tally:?}");
    tally.unmarked = tally.duplicated;
    conclude(
        "letters that race with prunes and renames",
        &format!("{ROUNDS} rounds of up to 5 processes; {pruned} mailboxes removed"),
        tally,
    );
}

#[test]
fn letters_that_race_with_the_removal_of_everything() {
    const ROUNDS: usize = 20;
    let mut tally = Tally::default();
    for round in 0..ROUNDS {
        let office = Office::new();
        let mut runs = vec![office.run(&["uninstall", "--purge"])];
        runs.extend(["one", "two", "three"].map(|text| sends(&office, "bob", text)));
        runs.rotate_left(round % 4);
        together(&office, runs);
        // What was there when the person had it removed counts no longer; what comes now is stored or refused.
        office.forgets_all();
        office.intact();
        office.world.add("zoe");
        office.watch(sends(&office, "zoe", "afterwards")).fine();
        office.intact();
        tally += office.tally(Heard::NotYet);
    }
    conclude("letters that race with `uninstall --purge`", &format!("{ROUNDS} rounds of 4 processes"), tally);
}
