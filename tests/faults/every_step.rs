//! kill -9 before every single change to the disk, of every operation.
//!
//! The list of steps is the run itself: each operation is run again and again, killed one step later each time, until it
//! comes to its end. After each kill everything must be whole; then the same is done again and must succeed, and the
//! session must go on until all letters have come before its model.

use std::{
    collections::BTreeSet,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use super::{
    operations, operations_of_people,
    scene::{Heard, Run, Scene},
    table::{Tally, conclude},
};
use crate::support::said::Said;

/// Something that is done, and killed.
pub struct Operation {
    pub name: &'static str,
    pub before: fn(&Scene),
    /// The process that is killed; a second attempt may differ from the first.
    pub act: fn(&Scene, Attempt) -> Run,
    pub answer: Answer,
    /// What a second attempt may say instead of doing it again.
    pub or_says: &'static str,
    pub after: fn(&Scene),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    First,
    Second,
}

/// What the client does with what a killed process had said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Used,
    ThrownAway,
}

impl Operation {
    pub fn new(name: &'static str, act: fn(&Scene, Attempt) -> Run) -> Self {
        Self { name, act, before: |_| {}, answer: Answer::Used, or_says: "", after: |_| {} }
    }
}

struct Row {
    name: &'static str,
    kills: usize,
    tally: Tally,
    steps: BTreeSet<String>,
    failures: Vec<String>,
}

#[test]
fn killed_before_every_step() {
    let operations: Vec<Operation> = operations::all().into_iter().chain(operations_of_people::all()).collect();
    let next = AtomicUsize::new(0);
    let rows = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from).min(8) {
            scope.spawn(|| {
                while let Some(operation) = operations.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let row = kill_at_every_step(operation);
                    rows.lock().unwrap().push(row);
                }
            });
        }
    });
    let rows = rows.into_inner().unwrap();
    println!("\n| operation | steps | kills | letters in | lost | duplicated |\n|---|---|---|---|---|---|");
    let mut sum = Tally::default();
    for name in operations.iter().map(|operation| operation.name) {
        let Row { kills, tally, .. } = rows.iter().find(|row| row.name == name).expect("each has its row");
        println!("| {name} | {kills} | {kills} | {} | {} | {} |", tally.letters, tally.lost, tally.duplicated);
        sum += *tally;
    }
    let failures: Vec<&String> = rows.iter().flat_map(|row| &row.failures).collect();
    assert!(failures.is_empty(), "{} kills did harm, see above: {failures:#?}", failures.len());
    let kills: usize = rows.iter().map(|row| row.kills).sum();
    conclude("kill -9 at every step", &format!("{kills} kills in {} operations", rows.len()), sum);

    let killed_at: BTreeSet<String> = rows.into_iter().flat_map(|row| row.steps).collect();
    let source = include_str!("../../src/mailbox/disk.rs");
    let known = source.split("step(\"").skip(1).filter_map(|rest| rest.split('"').next());
    let missed: Vec<_> = known.filter(|step| !killed_at.contains(*step)).collect();
    assert_eq!(missed, Vec::<&str>::new(), "steps that no operation was killed at");
}

fn kill_at_every_step(operation: &Operation) -> Row {
    let mut row =
        Row { name: operation.name, kills: 0, tally: Tally::default(), steps: BTreeSet::new(), failures: Vec::new() };
    while kill_at(operation, row.kills + 1, &mut row) == Outcome::Killed {
        row.kills += 1;
    }
    assert!(row.kills > 0, "{} changes nothing", row.name);
    row
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Killed,
    Completed,
}

fn kill_at(operation: &Operation, step: usize, row: &mut Row) -> Outcome {
    let scene = Scene::new();
    (operation.before)(&scene);
    let log = scene.world.path("steps");
    let mut run = (operation.act)(&scene, Attempt::First);
    run.command.env("CC2CC_FAIL_AT", step.to_string()).env("CC2CC_FAIL_LOG", &log);
    let said = scene.watch(run);
    let log = fs::read_to_string(log).unwrap_or_default();
    let steps = log.lines().filter_map(|line| Some(line.split_once(' ')?.1.rsplit_once(' ')?.0.to_owned()));
    row.steps.extend(steps);
    match catch_unwind(AssertUnwindSafe(|| all_goes_on(operation, &scene, &said))) {
        Ok(tally) => row.tally += tally,
        Err(_) => row.failures.push(format!("{} at step {}", operation.name, log.lines().last().unwrap_or("0"))),
    }
    if said.was_killed() { Outcome::Killed } else { Outcome::Completed }
}

fn all_goes_on(operation: &Operation, scene: &Scene, said: &Said) -> Tally {
    if operation.answer == Answer::Used || !said.was_killed() {
        scene.hear(said);
    }
    scene.intact();
    if said.was_killed() {
        let again = scene.watch((operation.act)(scene, Attempt::Second));
        let settled = !operation.or_says.is_empty() && again.err.contains(operation.or_says);
        assert!(again.code == Some(0) || settled, "the second attempt failed: {again:?}");
        scene.hear(&again);
        scene.intact();
    } else {
        assert_eq!(said.code, Some(0), "{said:?}");
    }
    scene.goes_on();
    scene.stored("calm-owl", "one more");
    scene.world.posted("ann", scene.mine().name().as_str(), "one more");
    scene.goes_on();
    (operation.after)(scene);
    let tally = scene.tally(Heard::All);
    assert_eq!((tally.lost, tally.invented, tally.unmarked), (0, 0, 0), "{tally:?} heard {:?}", scene.heard.borrow());
    tally
}
