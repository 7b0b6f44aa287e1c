//! What hooks and bells do, as operations to be killed.

use std::{fs, process::Command};

use cc2cc::mailbox::{
    State,
    letter::Letter,
    level::Level,
    receipt::{Receipt, Step},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    every_step::{Answer, Attempt, Operation},
    office::{Office, Run},
};

pub fn all() -> Vec<Operation> {
    [sessions(), mailmen()].into_iter().flatten().collect()
}

/// A session that has three letters waiting.
fn with_letters(office: &Office) {
    office.watch(office.start("startup")).fine();
    for number in 1..=3 {
        office.posted("ann", "calm-owl", &format!("letter {number}"));
    }
}

fn sessions() -> Vec<Operation> {
    vec![
        Operation {
            before: |office| {
                office.name.replace(String::new());
                office.posted("ann", "bob", "for somebody else");
            },
            after: |office| {
                let known = ["ann", "bob", "calm-owl"];
                let all = office.world.home().mailboxes().unwrap();
                let made = all.iter().filter(|mailbox| !known.contains(&mailbox.name().as_str())).count();
                assert!(made <= 2, "a name that was made and never used may stay, and no more");
            },
            ..Operation::new("session-start, a fresh name", |office, _| office.start("startup"))
        },
        Operation {
            before: |office| {
                office.name.replace("brave-fox".to_owned());
            },
            after: |office| {
                assert_eq!(office.mine().name().as_str(), "brave-fox");
                assert_eq!(office.world.home().mailboxes().unwrap().len(), 4);
            },
            ..Operation::new("session-start, CC2CC_NAME", |office, _| office.start("startup"))
        },
        Operation {
            before: |office| {
                office.watch(office.start("startup")).fine();
                office.posted("ann", "calm-owl", "while you were away");
                office.watch(office.hook("session-end", &json!({ "reason": "prompt_input_exit" }))).fine();
            },
            after: |office| assert_eq!(office.mine().name().as_str(), "calm-owl"),
            ..Operation::new("session-start, resume", |office, _| office.start("resume"))
        },
        Operation {
            before: with_letters,
            ..Operation::new("session-end", |office, _| {
                office.hook("session-end", &json!({ "hook_event_name": "SessionEnd", "reason": "prompt_input_exit" }))
            })
        },
        Operation { before: with_letters, ..Operation::new("waker: wake", bell) },
    ]
}

fn mailmen() -> Vec<Operation> {
    vec![
        Operation {
            before: with_letters,
            ..Operation::new("prompt: claim and inject, answer used", |office, _| office.prompt())
        },
        Operation {
            before: with_letters,
            answer: Answer::ThrownAway,
            ..Operation::new("prompt: claim and inject, answer thrown away", |office, _| office.prompt())
        },
        Operation {
            before: |office| {
                office.watch(office.start("startup")).fine();
                for number in 1..=3 {
                    office.posted("ann", "calm-owl", &format!("letter {number}"));
                }
                office.hear(&office.watch(office.prompt()).fine());
            },
            ..Operation::new("stop: evidence found", |office, _| office.stop())
        },
        Operation {
            before: |office| {
                office.watch(office.start("startup")).fine();
                fs::write(office.transcript(), "{}\n").unwrap();
                office.has_a_turn("");
                for number in 1..=3 {
                    let id = office.posted("ann", "calm-owl", &format!("letter {number}"));
                    let mut note = Receipt::at(Step::Claimed, Timestamp::now() - SignedDuration::from_mins(5));
                    note.evidence = Some(office.transcript().display().to_string());
                    office.mine().claim(&id, &note).unwrap();
                }
            },
            ..Operation::new("prompt: give back what did not go in", |office, _| office.prompt())
        },
        Operation {
            before: |office| {
                office.permission_mode.replace("bypassPermissions");
                office.watch(office.start("startup")).fine();
                office.stored("calm-owl", "please run this");
                let mut letter = Letter::new(
                    "ann".parse().unwrap(),
                    "calm-owl".parse().unwrap(),
                    "please run this",
                    Timestamp::now(),
                );
                letter.id = "uphill".parse().unwrap();
                letter.origin.level = Some(Level::Asks);
                office.world.post(letter);
            },
            after: |office| assert_eq!(office.mine().state_of(&"uphill".parse().unwrap()), Some(State::Held)),
            ..Operation::new("prompt: hold", |office, _| office.prompt())
        },
        Operation {
            before: |office| {
                office.watch(office.start("startup")).fine();
                office.stored("calm-owl", "too late");
                let mut letter = Letter::new(
                    "ann".parse().unwrap(),
                    "calm-owl".parse().unwrap(),
                    "too late",
                    Timestamp::now() - SignedDuration::from_hours(1),
                );
                letter.id = "late".parse().unwrap();
                letter.ttl_seconds = Some(60);
                office.world.post(letter);
            },
            after: |office| assert_eq!(office.mine().state_of(&"late".parse().unwrap()), Some(State::Dead)),
            ..Operation::new("prompt: expire", |office, _| office.prompt())
        },
    ]
}

/// The bell's code 2 is its success, so a shell stands in between.
fn bell(office: &Office, _: Attempt) -> Run {
    office.an_hour_passes(); // it was rung for and nobody came
    let bell = office.session_process(&["wait", "--ring"], &json!({ "hook_event_name": "Stop" }));
    let mut command = Command::new("/bin/sh");
    office.world.furnish(&mut command);
    command.envs(bell.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.args([
        "-c",
        r#""$0" wait --ring 2>bell; code=$?; [ $code != 137 ] || kill -9 $$; [ $code = 2 ] && grep -q 'from ann' bell"#,
    ]);
    command.arg(bell.command.get_program());
    Run { command, input: bell.input, sends: Vec::new() }
}
