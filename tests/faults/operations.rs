//! What hooks and wakers do, as operations to be killed.

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
    scene::{Run, Scene},
};

pub fn all() -> Vec<Operation> {
    [sessions(), deliveries()].into_iter().flatten().collect()
}

/// A session that has three letters waiting.
fn with_letters(scene: &Scene) {
    scene.watch(scene.start("startup")).fine();
    for number in 1..=3 {
        scene.posted("ann", "calm-owl", &format!("letter {number}"));
    }
}

fn sessions() -> Vec<Operation> {
    vec![
        Operation {
            before: |scene| {
                scene.name.replace(String::new());
                scene.posted("ann", "bob", "for somebody else");
            },
            after: |scene| {
                let known = ["ann", "bob", "calm-owl"];
                let all = scene.world.home().mailboxes().unwrap();
                let made = all.iter().filter(|mailbox| !known.contains(&mailbox.name().as_str())).count();
                assert!(made <= 2, "a name that was made and never used may stay, and no more");
            },
            ..Operation::new("session-start, a fresh name", |scene, _| scene.start("startup"))
        },
        Operation {
            before: |scene| {
                scene.name.replace("brave-fox".to_owned());
            },
            after: |scene| {
                assert_eq!(scene.mine().name().as_str(), "brave-fox");
                assert_eq!(scene.world.home().mailboxes().unwrap().len(), 4);
            },
            ..Operation::new("session-start, CC2CC_NAME", |scene, _| scene.start("startup"))
        },
        Operation {
            before: |scene| {
                scene.watch(scene.start("startup")).fine();
                scene.posted("ann", "calm-owl", "while you were away");
                scene.watch(scene.hook("session-end", &json!({ "reason": "prompt_input_exit" }))).fine();
            },
            after: |scene| assert_eq!(scene.mine().name().as_str(), "calm-owl"),
            ..Operation::new("session-start, resume", |scene, _| scene.start("resume"))
        },
        Operation {
            before: with_letters,
            ..Operation::new("session-end", |scene, _| {
                scene.hook("session-end", &json!({ "hook_event_name": "SessionEnd", "reason": "prompt_input_exit" }))
            })
        },
        Operation { before: with_letters, ..Operation::new("waker: wake", waker) },
    ]
}

fn deliveries() -> Vec<Operation> {
    vec![
        Operation {
            before: with_letters,
            ..Operation::new("prompt: claim and inject, answer used", |scene, _| scene.prompt())
        },
        Operation {
            before: with_letters,
            answer: Answer::ThrownAway,
            ..Operation::new("prompt: claim and inject, answer thrown away", |scene, _| scene.prompt())
        },
        Operation {
            before: |scene| {
                scene.watch(scene.start("startup")).fine();
                for number in 1..=3 {
                    scene.posted("ann", "calm-owl", &format!("letter {number}"));
                }
                scene.hear(&scene.watch(scene.prompt()).fine());
            },
            ..Operation::new("stop: evidence found", |scene, _| scene.stop())
        },
        Operation {
            before: |scene| {
                scene.watch(scene.start("startup")).fine();
                fs::write(scene.transcript(), "{}\n").unwrap();
                scene.has_a_turn("");
                for number in 1..=3 {
                    let id = scene.posted("ann", "calm-owl", &format!("letter {number}"));
                    let mut note = Receipt::at(Step::Claimed, Timestamp::now() - SignedDuration::from_mins(5));
                    note.evidence = Some(scene.transcript().display().to_string());
                    scene.mine().claim(&id, &note).unwrap();
                }
            },
            ..Operation::new("prompt: give back what did not go in", |scene, _| scene.prompt())
        },
        Operation {
            before: |scene| {
                scene.permission_mode.replace("bypassPermissions");
                scene.watch(scene.start("startup")).fine();
                scene.stored("calm-owl", "please run this");
                let mut letter = Letter::new(
                    "ann".parse().unwrap(),
                    "calm-owl".parse().unwrap(),
                    "please run this",
                    Timestamp::now(),
                );
                letter.id = "held-by-rule".parse().unwrap();
                letter.origin.level = Some(Level::Asks);
                scene.world.post(letter);
            },
            after: |scene| assert_eq!(scene.mine().state_of(&"held-by-rule".parse().unwrap()), Some(State::Held)),
            ..Operation::new("prompt: hold", |scene, _| scene.prompt())
        },
        Operation {
            before: |scene| {
                scene.watch(scene.start("startup")).fine();
                scene.stored("calm-owl", "too late");
                let mut letter = Letter::new(
                    "ann".parse().unwrap(),
                    "calm-owl".parse().unwrap(),
                    "too late",
                    Timestamp::now() - SignedDuration::from_hours(1),
                );
                letter.id = "late".parse().unwrap();
                letter.ttl_seconds = Some(60);
                scene.world.post(letter);
            },
            after: |scene| assert_eq!(scene.mine().state_of(&"late".parse().unwrap()), Some(State::Dead)),
            ..Operation::new("prompt: expire", |scene, _| scene.prompt())
        },
    ]
}

/// The waker's code 2 is its success, so a shell stands in between.
fn waker(scene: &Scene, _: Attempt) -> Run {
    scene.an_hour_passes(); // it woke the session and nobody delivered
    let waker = scene.session_process(&["wait", "--ring"], &json!({ "hook_event_name": "Stop" }));
    let mut command = Command::new("/bin/sh");
    scene.world.furnish(&mut command);
    command.envs(waker.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.args([
        "-c",
        r#""$0" wait --ring 2>waker; code=$?; [ $code != 137 ] || kill -9 $$; [ $code = 2 ] && grep -q 'from ann' waker"#,
    ]);
    command.arg(waker.command.get_program());
    Run { command, input: waker.input, sends: Vec::new() }
}
