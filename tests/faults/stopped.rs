//! Processes that are stopped (SIGSTOP) in the middle of a step, and come back late.

use std::{
    fs,
    process::{Child, Command},
    time::{Duration, Instant},
};

use super::{
    office::{Heard, Office, Run},
    table::{Tally, conclude},
};
use crate::support::{
    eventually::until,
    said::{Said, start},
};

/// A process that stopped before a step, or ended because it has no such step.
pub enum Stopped {
    Sleeping(Child),
    Ended,
}

/// Starts a process that stops before a step.
pub fn stopped_before(step: usize, mut run: Run) -> Stopped {
    let child = start(run.command.env("CC2CC_STOP_AT", step.to_string()), &run.input);
    let stopped = until("it stops or ends", || match state_of(child.id()) {
        'T' | 't' => Some(true),
        'Z' | 'X' => Some(false),
        _ => None,
    });
    if stopped {
        return Stopped::Sleeping(child);
    }
    child.wait_with_output().expect("ended");
    Stopped::Ended
}

/// The state of a process as the system shows it: T is stopped, Z has ended.
pub fn state_of(pid: u32) -> char {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next()).unwrap_or('X')
}

/// Lets a stopped process go on to its end.
pub fn woken(child: Child) -> Said {
    let told = Command::new("kill").args(["-CONT", &child.id().to_string()]).status();
    assert!(told.expect("kill").success());
    Said::of(&child.wait_with_output().expect("ended"))
}

#[test]
fn a_mailman_stopped_at_any_step_comes_back_late() {
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
        office.intact();
        // An hour later the session has given up on it and had its turn, and another mailman comes.
        office.an_hour_passes();
        office.has_a_turn("");
        office.hear(&office.watch(office.prompt()).fine());
        office.intact();
        office.hear(&woken(late).fine());
        office.intact();
        office.goes_on();
        tally += office.tally(Heard::All);
    }
    assert!(stops > 8, "only {stops} steps");
    conclude("a delivery stopped (SIGSTOP) at every step, back an hour later", &format!("{stops} stops"), tally);
}

#[test]
fn a_sender_stopped_at_any_step_comes_back_after_the_move() {
    let mut tally = Tally::default();
    let mut stops = 0;
    for step in 1.. {
        let office = Office::new();
        office.watch(office.start("startup")).fine();
        let run = office.run(&["send", "calm-owl", "on its way"]).sending("calm-owl", "on its way");
        let sends = run.sends.clone();
        let Stopped::Sleeping(late) = stopped_before(step, run) else { break };
        stops += 1;
        office.watch(office.run(&["rename", "brave-fox", "--agent", "calm-owl"])).fine();
        office.hear(&office.watch(office.prompt()).fine());
        office.hear(&office.watch(office.stop()).fine());
        let said = woken(late);
        // It may say that it does not know; then the letter may be there or not.
        office.may_be_stored(&sends, said.code == Some(0));
        office.intact();
        office.goes_on();
        tally += office.tally(Heard::All);
    }
    assert!(stops > 5, "only {stops} steps");
    conclude("a sender stopped at every step while the recipient is renamed", &format!("{stops} stops"), tally);
}

#[test]
fn whoever_waits_for_a_stopped_holder_of_a_lock_gives_up_in_time() {
    let office = Office::new();
    office.watch(office.run(&["send", "calm-owl", "the first"]).sending("calm-owl", "the first")).fine();
    let first = office.run(&["send", "calm-owl", "--id", "key-1", "held up"]);
    let step = step_of(&office, &["send", "calm-owl", "--id", "key-0", "to see the steps"], "move", "key-0");
    office.stored("calm-owl", "to see the steps");
    let Stopped::Sleeping(holder) = stopped_before(step, first) else { panic!("it holds keys.lock there") };
    let begun = Instant::now();
    let said = office.watch(office.run(&["send", "calm-owl", "--id", "key-2", "waits"]).sending("calm-owl", "waits"));
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("could not take the lock") && said.err.contains("keys.lock"), "{said:?}");
    assert!(begun.elapsed() < Duration::from_secs(10), "it waited for {:?}", begun.elapsed());
    office.watch(office.run(&["send", "calm-owl", "needs no lock"]).sending("calm-owl", "needs no lock")).fine();
    office.may_be_stored(&[("calm-owl".to_owned(), "held up".to_owned())], true);
    woken(holder).fine();
    office.watch(office.run(&["send", "calm-owl", "--id", "key-2", "waits"]).sending("calm-owl", "waits")).fine();
    office.goes_on();
    conclude(
        "a holder of keys.lock stopped",
        "one chosen id fails after five seconds, the rest go on",
        office.tally(Heard::All),
    );
}

#[test]
fn a_session_that_starts_while_claims_lock_is_held_up_is_told_and_goes_on_later() {
    let office = Office::new();
    office.posted("ann", "calm-owl", "waits for you");
    let renaming = office.run(&["rename", "robert", "--agent", "bob"]);
    let Stopped::Sleeping(holder) = stopped_before(3, renaming) else { panic!("it holds claims.lock there") };
    let begun = Instant::now();
    let said = office.watch(office.start("startup")).fine();
    assert!(begun.elapsed() < Duration::from_secs(20), "it waited for {:?}", begun.elapsed());
    assert!(said.out.contains("could not take the lock"), "{said:?}");
    assert_eq!(office.world.log().matches("could not take the lock").count(), 1, "{}", office.world.log());
    office.watch(office.run(&["send", "calm-owl", "letters go on"]).sending("calm-owl", "letters go on")).fine();
    let said = office.watch(office.run(&["rename", "roberta", "--agent", "bob"]));
    assert_eq!(said.code, Some(1), "{said:?}");
    woken(holder).fine();
    assert_eq!(office.world.at("bob").name().as_str(), "robert");
    office.goes_on();
    conclude(
        "a holder of claims.lock stopped",
        "a session's start is told, exits 0, and goes on later",
        office.tally(Heard::All),
    );
}

/// Which step of a run is the one with these words.
fn step_of(office: &Office, words: &[&str], action: &str, path: &str) -> usize {
    let log = office.world.path("steps-of-a-trial");
    let mut run = office.run(words);
    run.command.env("CC2CC_FAIL_LOG", &log);
    office.watch(run).fine();
    let log = fs::read_to_string(log).expect("steps");
    let line = log.lines().position(|line| line.contains(&format!(" {action} ")) && line.contains(path));
    line.unwrap_or_else(|| panic!("no such step in {log}")) + 1
}
