//! `cc2cc statusline`, as Claude Code starts it: by a shell, in the session's environment, with JSON on standard input.

use std::{fs, os::unix::fs::symlink, process::Command};

use cc2cc::{
    agent::{Record, identity, notice, status},
    mailbox::{Key, letter::Letter},
};
use insta::assert_snapshot;
use jiff::Timestamp;
use serde_json::json;

use super::session::Session;
use crate::support::{
    binary::cc2cc,
    said::{Said, start},
    world::World,
};

/// What the person is told as a session starts.
fn said(started: &Said) -> String {
    let answer: serde_json::Value = serde_json::from_str(&started.out).unwrap();
    answer["systemMessage"].as_str().unwrap().to_owned()
}

/// What the client's status line gets from `script`; the environment is that of a hook.
fn line(session: &Session, script: &str) -> Said {
    let mut command = Command::new("/bin/sh");
    let like = session.command(&[]);
    command.env_clear().envs(like.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env("PATH", format!("{}:/usr/bin:/bin", session.world.path("bin").display()));
    command.args(["-c", script]).current_dir(session.world.path("work"));
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let input = session.input(&json!({ "model": { "display_name": "Opus 5.5" }, "version": "2.1.330" }));
    let child = start(&mut command, input.to_string().as_bytes());
    session.world.said(&child.wait_with_output().unwrap())
}

fn world() -> World {
    let world = World::new().agent("ann");
    symlink(cc2cc(), world.path("bin/cc2cc")).unwrap();
    world
}

#[test]
fn the_name_and_what_needs_attention_are_shown() {
    let world = world();
    let bob = world.session("bob").started();
    assert_eq!(line(&bob, "cc2cc statusline").fine().out, "✉ bob\n");
    world.posted("ann", "bob", "one");
    world.posted("ann", "bob", "two");
    assert_eq!(line(&bob, "cc2cc statusline").fine().out, "✉ bob · 2 waiting\n");
    let letter = Letter::new("ann".parse().unwrap(), "bob".parse().unwrap(), "three", Timestamp::now());
    world.at("bob").publish_held(&letter, Key::Fresh, "a rule").unwrap();
    assert_eq!(line(&bob, "cc2cc statusline").fine().out, "✉ bob · 2 waiting · 1 held\n");
    // What tells bob of a letter of his is none.
    let own = world.posted("bob", "ann", "please");
    world.at("ann").refuse(&own, cc2cc::mailbox::State::Inbox, "no").unwrap();
    notice::refused(&world.home(), &status::find(&world.home(), &own).unwrap()[0], Timestamp::now()).unwrap();
    assert_eq!(world.waiting("bob").len(), 3);
    assert_eq!(line(&bob, "cc2cc statusline").fine().out, "✉ bob · 2 waiting · 1 held\n");
    assert!(said(&bob.start_hook("resume")).contains(" · 2 letters waiting"));
    identity::rename(&world.home(), &world.at("bob"), &"rob".parse().unwrap()).unwrap();
    assert_eq!(line(&bob, "cc2cc statusline").fine().out, "✉ rob · 2 waiting · 1 held\n");
}

#[test]
fn a_script_of_ones_own_may_stand_between() {
    let world = world();
    let bob = world.session("bob").started();
    fs::write(world.path("mine"), "input=$(cat)\necho \"[$(echo \"$input\" | cc2cc statusline)]\"\n").unwrap();
    assert_eq!(line(&bob, "sh ../mine").fine().out, "[✉ bob]\n");
    // Too far from the client for its process to be found, or a client that does not say which it is.
    let deep = "sh -c 'sh -c \"sh -c \\\"sh -c \\\\\\\"cc2cc statusline; :\\\\\\\"; :\\\"; :\"; :'; :";
    assert_eq!(line(&bob, deep).fine().out, "✉ bob\n");
    let older = world.session("bob").without("CLAUDE_PID").without("CLAUDE_CODE_SESSION_ID");
    assert_eq!(line(&older, deep).fine().out, "✉ bob\n");
}

#[test]
fn a_session_that_takes_no_part_has_nothing_to_show() {
    let world = world();
    let bob = world.session("bob");
    assert_snapshot!(line(&bob, "cc2cc statusline"), @"
    exit 0
    --- out
    --- err
    ");
    assert!(!world.path("mail/sessions").exists(), "looking makes nothing");
    assert_snapshot!(world.run(&["statusline"]), @"
    exit 0
    --- out
    --- err
    ");
    // The session's name is gone to another since.
    let bob = world.session("bob").started();
    Record::change(&bob.mailbox(), Timestamp::now(), |record| {
        record.session = Some("another".to_owned());
        record.host = None;
    })
    .unwrap();
    fs::remove_dir_all(world.path("mail/sessions")).unwrap();
    assert_eq!(line(&bob, "cc2cc statusline").fine().out, "");
}

#[test]
fn a_broken_home_is_not_spoken_of() {
    let world = world();
    let bob = world.session("bob").started();
    fs::remove_dir_all(world.path("mail/to-bob/inbox")).unwrap();
    assert_eq!(line(&bob, "cc2cc statusline").fine().out, "✉ bob\n");
    fs::remove_dir_all(world.path("mail")).unwrap();
    fs::write(world.path("mail"), "").unwrap();
    assert_eq!(line(&bob, "cc2cc statusline").fine().out, "");
    assert_eq!(line(&bob, "CC2CC_HOME= HOME= cc2cc statusline").fine().out, "");
}
