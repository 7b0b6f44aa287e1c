//! `cc2cc start`: a session in the background. The client is played, so none starts; with the real one another suite does.

use std::{fs, os::unix::fs::PermissionsExt, thread};

use cc2cc::{agent::Record, mailbox::State};
use insta::assert_snapshot;
use jiff::Timestamp;

use crate::support::{eventually::until, said::Said, world::World};

/// Runs the verb with the usual home, which background sessions use.
fn start(world: &World, words: &[&str]) -> Said {
    let mut command = world.command(&[&["start"], words].concat());
    command.env_remove("CC2CC_HOME").env("CC2CC_NAME", "mine").env("CLAUDE_CODE_CHILD_SESSION", "");
    world.said(&command.output().expect("started"))
}

/// A client that notes how it was started, and does this.
fn client(world: &World, does: &str) {
    let program = world.path("bin/claude");
    let notes = world.path("started").display().to_string();
    fs::write(&program, format!("#!/bin/sh\necho \"$PWD $* name=$CC2CC_NAME\" >'{notes}'\n{does}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
}

fn was_started(world: &World) -> Option<String> {
    fs::read_to_string(world.path("started")).ok()
}

#[test]
fn what_cannot_be_started_is_done_by_hand() {
    let world = World::new();
    assert_snapshot!(start(&world, &["ann", "hello"]), @"
    exit 1
    --- out
    --- err
    cc2cc: `claude` is not on the PATH
    hint: by hand: in a terminal of its own, in /world/work, `CC2CC_NAME=ann claude`; then `cc2cc send ann TEXT`
    ");
    client(&world, "echo \"error: unknown option '--bg'\" >&2; exit 1");
    assert_snapshot!(start(&world, &["ann", "--permission-mode", "plan", "hello"]), @"
    exit 1
    --- out
    --- err
    cc2cc: `claude --bg` started no session: error: unknown option '--bg'
    hint: by hand: in a terminal of its own, in /world/work, `CC2CC_NAME=ann claude`; then `cc2cc send ann TEXT`
    ");
    let here = world.path("work").display().to_string();
    assert_eq!(was_started(&world), Some(format!("{here} --bg --name ann --permission-mode plan name=\n")));
}

#[test]
fn what_would_not_come_to_letters_starts_nothing() {
    let world = World::new();
    client(&world, "exit 1");
    fs::create_dir(world.path("home/.cc2cc")).unwrap();
    fs::set_permissions(world.path("home/.cc2cc"), fs::Permissions::from_mode(0o700)).unwrap();
    let home = cc2cc::mailbox::home::Home::at(world.path("home/.cc2cc"));
    let ann = home.claim(&"ann".parse().unwrap()).unwrap();
    let there = ann.hold_presence().unwrap();
    assert_snapshot!(start(&world, &["ann", "hello"]), @"
    exit 1
    --- out
    --- err
    cc2cc: there is a session called ann, so nothing was started
    hint: `cc2cc send ann TEXT` writes to it; `cc2cc agents` lists the names in use
    ");
    drop(there);
    assert_eq!(start(&world, &["user"]).code, Some(2));
    assert_eq!(start(&world, &["Not a name"]).code, Some(2));
    assert_snapshot!(start(&world, &["bob", "--dir", "nowhere"]), @"
    exit 2
    --- out
    --- err
    cc2cc: nowhere is no directory
    hint: `--dir` names one that is there
    ");
    assert_eq!(start(&world, &["bob", " "]).code, Some(2), "an empty letter");
    let said = start(&world, &["bob", "--permission-mode", "free"]);
    assert!(
        said.err.contains("`free` is no value for --permission-mode <MODE>: it takes default, manual, plan"),
        "{said}"
    );
    assert_snapshot!(world.run(&["start", "bob"]), @"
    exit 1
    --- out
    --- err
    cc2cc: a background session does not use the mail of CC2CC_HOME, so nothing was started
    hint: Claude Code's service hands no variables on; `env` in its settings.json sets CC2CC_HOME for all sessions
    ");
    fs::write(world.path("home/.cc2cc/config.toml"), "polcy = 1\n").unwrap();
    assert_eq!(start(&world, &["bob"]).code, Some(1), "nobody would get letters");
    assert_eq!(was_started(&world), None);
    fs::remove_file(world.path("home/.cc2cc/config.toml")).unwrap();
    start(&world, &["ann"]);
    assert!(was_started(&world).is_some(), "a name is free once its session has ended");
}

/// Two start a session of the same name at the same time, and both find that nobody has it.
#[test]
fn whoever_comes_second_to_a_name_is_told_and_leaves_no_session_behind() {
    let world = World::new();
    let home = cc2cc::mailbox::home::Home::at(world.path("home/.cc2cc"));
    client(&world, "until [ -e is-there ]; do :; done; echo 'backgrounded · abcd1234 · ann'");
    let session = |name: &str, session: &str| {
        let mailbox = home.claim(&name.parse().unwrap()).unwrap();
        let note = |record: &mut Record| {
            record.session = Some(session.to_owned());
            record.host = Some(format!("host-of-{session}"));
            record.delivers_in = record.host.clone();
        };
        Record::change(&mailbox, Timestamp::now(), note).unwrap();
        mailbox.hold_presence().unwrap()
    };
    let said = thread::scope(|scope| {
        let started = scope.spawn(|| start(&world, &["ann", "hello"]));
        until("it is being started", || was_started(&world));
        let both = [session("ann", "ffff0000-1111"), session("calm-owl", "abcd1234-5678")];
        fs::write(world.path("work/is-there"), "").unwrap();
        let said = started.join().unwrap();
        drop(both);
        said
    });
    assert_snapshot!(said, @"
    exit 1
    --- out
    --- err
    cc2cc: another session took the name ann meanwhile; the one that was started has been stopped
    hint: `cc2cc send ann TEXT` writes to the session that has the name
    ");
    assert_eq!(
        was_started(&world).unwrap().split(" name=").next().unwrap().split_once(' ').unwrap().1,
        "stop abcd1234"
    );
    assert_eq!(
        home.mailbox(&"ann".parse().unwrap()).unwrap().count(State::Inbox).unwrap(),
        0,
        "the text was for another"
    );
}
