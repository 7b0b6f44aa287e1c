//! Mailboxes that are removed or renamed while somebody writes to them. Who was told that a letter is stored has it there.

use std::process::Child;

use cc2cc::agent::Record;
use jiff::{SignedDuration, Timestamp};

use super::{
    scene::{Heard, Run, Scene},
    stopped::{AtEachStep, three_letters_wait, woken},
    table::{Tally, conclude},
};
use crate::support::said::{Said, start};

const PRUNE: [&str; 4] = ["prune", "--older-than", "1h", "--yes"];

/// An agent that nobody has heard of for two hours.
pub fn abandoned(scene: &Scene, agent: &str) {
    let mailbox = scene.world.at(agent);
    Record::change(&mailbox, Timestamp::now() - SignedDuration::from_hours(2), |_| {}).expect("a record");
}

fn sends(scene: &Scene, to: &str, text: &str) -> Run {
    scene.run(&["send", to, text]).sending(to, text)
}

#[test]
fn a_letter_sent_while_a_prune_is_stopped_at_any_step() {
    let story = AtEachStep {
        before: &|scene| abandoned(scene, "bob"),
        stopped: &|scene| scene.run(&PRUNE),
        meanwhile: &|scene, prune, _| {
            let said = scene.watch(sends(scene, "bob", "meanwhile"));
            assert!(matches!(said.code, Some(0 | 3)), "{said:?}");
            woken(prune).fine();
        },
    };
    story.conclude("a prune stopped at every step, a letter sent meanwhile", 8);
}

#[test]
fn a_sender_stopped_at_any_step_while_the_recipient_is_pruned() {
    let story = AtEachStep {
        before: &|scene| abandoned(scene, "bob"),
        stopped: &|scene| sends(scene, "bob", "on its way"),
        meanwhile: &|scene, late, sends| {
            scene.watch(scene.run(&PRUNE)).fine();
            // Whoever takes the name then is somebody else.
            let _ = scene.world.home().claim(&"bob".parse().unwrap());
            let said = woken(late);
            scene.may_be_stored(sends, said.code == Some(0));
        },
    };
    story.conclude("a sender stopped at every step while the recipient is pruned", 4);
}

#[test]
fn a_delivery_stopped_at_any_step_while_its_mailbox_is_renamed() {
    let story = AtEachStep {
        before: &three_letters_wait,
        stopped: &Scene::prompt,
        meanwhile: &|scene, late, _| {
            scene.watch(scene.run(&["rename", "brave-fox", "--agent", "calm-owl"])).fine();
            let said = woken(late).fine();
            assert!(said.out.lines().count() <= 1, "a client reads one object: {said:?}");
            scene.hear(&said);
        },
    };
    story.conclude("a delivery stopped at every step while its mailbox is renamed", 9);
}

/// Processes that run at the same time.
fn together(scene: &Scene, runs: Vec<Run>) -> Vec<Said> {
    let begun: Vec<(Child, Vec<(String, String)>)> =
        runs.into_iter().map(|mut run| (start(&mut run.command, &run.input), run.sends)).collect();
    let ended = begun.into_iter().map(|(child, sends)| {
        let said = Said::of(&child.wait_with_output().expect("ended"));
        scene.may_be_stored(&sends, said.code == Some(0));
        said
    });
    ended.collect()
}

#[test]
fn letters_that_race_with_prunes_and_renames() {
    const ROUNDS: usize = 60;
    let scene = Scene::new();
    let mut pruned = 0;
    for round in 0..ROUNDS {
        let name = format!("guest-{round}");
        scene.world.add(&name);
        abandoned(&scene, &name);
        let mut runs = vec![scene.run(&PRUNE)];
        // Whoever is sooner differs from round to round.
        runs.extend((0..round % 4).map(|number| sends(&scene, &name, &format!("letter {number} of {round}"))));
        if round % 3 == 0 {
            runs.push(scene.run(&["rename", &format!("friend-{round}"), "--agent", &name]));
        }
        runs.rotate_left(round % 2);
        together(&scene, runs);
        let letters = scene.world.letters();
        pruned += usize::from(scene.world.home().mailbox(&name.parse().unwrap()).is_none());
        assert!(letters.iter().all(|(whose, ..)| scene.world.home().mailbox(&whose.parse().unwrap()).is_some()));
    }
    // The letters to a guest that was renamed lie under the new name.
    let mut tally = Tally::default();
    let there: Vec<String> = scene.world.letters().into_iter().map(|(_, _, letter)| letter.content.text).collect();
    for (_, text) in scene.acknowledged() {
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
        let scene = Scene::new();
        let mut runs = vec![scene.run(&["uninstall", "--purge"])];
        runs.extend(["one", "two", "three"].map(|text| sends(&scene, "bob", text)));
        runs.rotate_left(round % 4);
        together(&scene, runs);
        // What was there when the person had it removed counts no longer; what comes now is stored or refused.
        scene.forgets_all();
        scene.intact();
        scene.world.add("zoe");
        scene.watch(sends(&scene, "zoe", "afterwards")).fine();
        scene.intact();
        tally += scene.tally(Heard::NotYet);
    }
    conclude("letters that race with `uninstall --purge`", &format!("{ROUNDS} rounds of 4 processes"), tally);
}
