//! Processes that are stopped (SIGSTOP) in the middle of a step, and come back late.

use std::{
    fs,
    process::{Child, Command},
    time::Instant,
};

use super::{
    scene::{Heard, Run, Scene},
    table::{Tally, conclude},
};
use crate::support::{
    eventually::{PATIENCE, until},
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

/// Recipient and text of each letter that a process was to store.
type Sends = [(String, String)];

/// A story with a process that is stopped, told once for each step at which it can be.
pub struct AtEachStep<'a> {
    pub before: &'a dyn Fn(&Scene),
    pub stopped: &'a dyn Fn(&Scene) -> Run,
    /// What happens meanwhile, and when the process goes on.
    pub meanwhile: &'a dyn Fn(&Scene, Child, &Sends),
}

impl AtEachStep<'_> {
    /// Tells it, counts the letters, and says how many steps there were; fails when there were fewer than `least`.
    pub fn conclude(&self, fault: &str, least: usize) {
        let mut tally = Tally::default();
        let mut stops = 0;
        for step in 1.. {
            let scene = Scene::new();
            (self.before)(&scene);
            let run = (self.stopped)(&scene);
            let sends = run.sends.clone();
            let Stopped::Sleeping(late) = stopped_before(step, run) else { break };
            stops += 1;
            (self.meanwhile)(&scene, late, &sends);
            scene.intact();
            scene.goes_on();
            tally += scene.tally(Heard::All);
        }
        assert!(stops >= least, "only {stops} steps");
        conclude(fault, &format!("{stops} stops"), tally);
    }
}

/// A session that has started, and three letters that wait for it.
pub fn three_letters_wait(scene: &Scene) {
    scene.watch(scene.start("startup")).fine();
    for number in 1..=3 {
        scene.posted("ann", "calm-owl", &format!("letter {number}"));
    }
}

#[test]
fn a_delivery_stopped_at_any_step_comes_back_late() {
    let story = AtEachStep {
        before: &three_letters_wait,
        stopped: &Scene::prompt,
        meanwhile: &|scene, late, _| {
            scene.intact();
            // An hour later the session has given up on it and had its turn, and another delivery comes.
            scene.an_hour_passes();
            scene.has_a_turn("");
            scene.hear(&scene.watch(scene.prompt()).fine());
            scene.intact();
            scene.hear(&woken(late).fine());
        },
    };
    story.conclude("a delivery stopped (SIGSTOP) at every step, back an hour later", 9);
}

#[test]
fn a_sender_stopped_at_any_step_comes_back_after_the_move() {
    let story = AtEachStep {
        before: &|scene| drop(scene.watch(scene.start("startup")).fine()),
        stopped: &|scene| scene.run(&["send", "calm-owl", "on its way"]).sending("calm-owl", "on its way"),
        meanwhile: &|scene, late, sends| {
            scene.watch(scene.run(&["rename", "brave-fox", "--agent", "calm-owl"])).fine();
            scene.hear(&scene.watch(scene.prompt()).fine());
            scene.hear(&scene.watch(scene.stop()).fine());
            let said = woken(late);
            // It may say that it does not know; then the letter may be there or not.
            scene.may_be_stored(sends, said.code == Some(0));
        },
    };
    story.conclude("a sender stopped at every step while the recipient is renamed", 6);
}

#[test]
fn whoever_waits_for_a_stopped_holder_of_a_lock_gives_up_in_time() {
    let scene = Scene::new();
    scene.watch(scene.run(&["send", "calm-owl", "the first"]).sending("calm-owl", "the first")).fine();
    let first = scene.run(&["send", "calm-owl", "--id", "key-1", "held up"]);
    let step = step_of(&scene, &["send", "calm-owl", "--id", "key-0", "to see the steps"], "move", "key-0");
    scene.stored("calm-owl", "to see the steps");
    let Stopped::Sleeping(holder) = stopped_before(step, first) else { panic!("it holds keys.lock there") };
    let begun = Instant::now();
    let said = scene.watch(scene.run(&["send", "calm-owl", "--id", "key-2", "waits"]).sending("calm-owl", "waits"));
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("could not take the lock") && said.err.contains("keys.lock"), "{said:?}");
    assert!(begun.elapsed() < PATIENCE, "it waited for {:?}", begun.elapsed());
    scene.watch(scene.run(&["send", "calm-owl", "needs no lock"]).sending("calm-owl", "needs no lock")).fine();
    scene.may_be_stored(&[("calm-owl".to_owned(), "held up".to_owned())], true);
    woken(holder).fine();
    scene.watch(scene.run(&["send", "calm-owl", "--id", "key-2", "waits"]).sending("calm-owl", "waits")).fine();
    scene.goes_on();
    conclude(
        "a holder of keys.lock stopped",
        "one chosen id fails after five seconds, the rest go on",
        scene.tally(Heard::All),
    );
}

#[test]
fn a_session_that_starts_while_claims_lock_is_held_up_is_told_and_goes_on_later() {
    let scene = Scene::new();
    scene.posted("ann", "calm-owl", "waits for you");
    let renaming = scene.run(&["rename", "robert", "--agent", "bob"]);
    let Stopped::Sleeping(holder) = stopped_before(3, renaming) else { panic!("it holds claims.lock there") };
    let begun = Instant::now();
    let said = scene.watch(scene.start("startup")).fine();
    assert!(begun.elapsed() < PATIENCE, "it waited for {:?}", begun.elapsed());
    assert!(said.out.contains("could not take the lock"), "{said:?}");
    assert_eq!(scene.world.log().matches("could not take the lock").count(), 1, "{}", scene.world.log());
    scene.watch(scene.run(&["send", "calm-owl", "letters go on"]).sending("calm-owl", "letters go on")).fine();
    let said = scene.watch(scene.run(&["rename", "roberta", "--agent", "bob"]));
    assert_eq!(said.code, Some(1), "{said:?}");
    woken(holder).fine();
    assert_eq!(scene.world.at("bob").name().as_str(), "robert");
    scene.goes_on();
    conclude(
        "a holder of claims.lock stopped",
        "a session's start is told, exits 0, and goes on later",
        scene.tally(Heard::All),
    );
}

/// Which step of a run is the one with these words.
fn step_of(scene: &Scene, words: &[&str], action: &str, path: &str) -> usize {
    let log = scene.world.path("steps-of-a-trial");
    let mut run = scene.run(words);
    run.command.env("CC2CC_FAIL_LOG", &log);
    scene.watch(run).fine();
    let log = fs::read_to_string(log).expect("steps");
    let line = log.lines().position(|line| line.contains(&format!(" {action} ")) && line.contains(path));
    line.unwrap_or_else(|| panic!("no such step in {log}")) + 1
}
