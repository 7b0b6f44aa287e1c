//! `cc2cc` alone: on a terminal it says how things stand and what comes next, elsewhere that a verb is missing.

use std::{fs, io::Read};

use cc2cc::mailbox::{Key, letter::Letter};
use insta::assert_snapshot;
use jiff::Timestamp;
use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use crate::support::{
    binary::cc2cc,
    redact::{ageless, redact},
    world::{There, World},
};

/// What a person sees who types `cc2cc`.
fn seen(world: &World, env: &[(&str, String)]) -> String {
    let mut command = CommandBuilder::new(cc2cc());
    command.env_clear();
    command.cwd(world.path("work"));
    let paths = [("HOME", "home"), ("CC2CC_HOME", "mail"), ("PATH", "bin")].map(|(name, at)| (name, world.path(at)));
    for (name, path) in paths {
        command.env(name, path);
    }
    for (name, value) in env {
        command.env(name, value);
    }
    let size = PtySize { rows: 40, cols: 100, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).expect("a terminal");
    let mut child = pair.slave.spawn_command(command).expect("started");
    drop(pair.slave);
    let mut shown = Vec::new();
    // On Linux the terminal's end is an error, not a read of nothing; what was read until then counts.
    let _ = pair.master.try_clone_reader().expect("what it shows").read_to_end(&mut shown);
    child.wait().expect("ended");
    let shown = String::from_utf8(shown).expect("text").replace("\r\n", "\n");
    assert!(shown.lines().count() <= 15, "{shown}");
    redact(&shown, &world.path(""))
}

fn installed(world: &World) {
    world.run(&["install"]);
}

fn held(world: &World, from: &str, to: &str, text: &str) {
    let letter = Letter::new(from.parse().unwrap(), to.parse().unwrap(), text, Timestamp::now());
    world.at(to).publish_held(&letter, Key::Fresh, "a rule").unwrap();
}

fn there(world: &World, names: &[&str]) -> Vec<There> {
    names.iter().map(|name| world.there(name)).collect()
}

#[test]
fn the_inbox_of_the_person_names_what_waits_for_their_yes() {
    let world = World::new().agent("ann").agent("bob");
    for text in ["delete the cache", "drop the tables"] {
        let letter = world.posted("ann", "bob", text);
        world.at("bob").hold(&letter, "bob bypasses permissions").unwrap();
    }
    assert_snapshot!(ageless(&redact(&world.run(&["inbox"]).fine().out, &world.path(""))), @"
    no letters waiting for user
    2 letters wait for your yes:
    SHORT | ann → bob | delete the cache
    SHORT | ann → bob | drop the tables
    `cc2cc read ID` shows one, `cc2cc accept ID` and `cc2cc refuse ID` decide
    ");
    let said = world.run(&["inbox", "--json"]).fine().json();
    let first = &said["undecided"][0];
    assert_eq!(
        (&first["from"], &first["to"], &first["why"]),
        (&"ann".into(), &"bob".into(), &"bob bypasses permissions".into()),
        "{said}"
    );
    // A mailbox of somebody else has its own, and no model learns what a person is asked.
    assert!(!world.run(&["inbox", "--agent", "ann"]).fine().out.contains("yes"));
    let model = world.run_as(&world.hosted("ann"), &["inbox", "--agent", "user"]);
    assert!(!model.to_string().contains("cache"), "{model}");
    let model = world.run_as(&world.hosted("ann"), &["inbox", "--agent", "user", "--json"]);
    assert!(!model.to_string().contains("undecided"), "{model}");
}

#[test]
fn a_fresh_machine_is_told_how_to_begin() {
    let world = World::new();
    assert_snapshot!(seen(&world, &[]), @"
    you are user, the person at this terminal
    no agent is online

    next:
      cc2cc install  installs the plugin
      cc2cc demo     plays one letter's way
      cc2cc help     lists topics and verbs
    ");
    assert!(!world.path("mail").exists(), "looking makes nothing");
    installed(&world);
    assert_snapshot!(seen(&world, &[]), @"
    you are user, the person at this terminal
    no agent is online

    next:
      claude      starts a session
      cc2cc help  lists topics and verbs
    ");
}

#[test]
fn what_waits_and_what_is_held_is_said_with_the_way_on() {
    let world = World::new().agent("ann").agent("bob").agent("user");
    installed(&world);
    let _there = there(&world, &["ann", "bob"]);
    assert_snapshot!(seen(&world, &[]), @"
    you are user, the person at this terminal
    online:
      ann  idle
      bob  idle

    next:
      cc2cc send ann 'what are you working on?'  wakes it
      cc2cc help                                 lists topics and verbs
    ");
    world.posted("ann", "user", "done");
    world.posted("ann", "user", "really done");
    assert_snapshot!(seen(&world, &[]), @"
    you are user, the person at this terminal
    online:
      ann  idle
      bob  idle
    2 letters wait for you

    next:
      cc2cc inbox --take                         reads what waits for you
      cc2cc send ann 'what are you working on?'  wakes it
      cc2cc help                                 lists topics and verbs
    ");
    held(&world, "ann", "bob", "delete the cache");
    assert_snapshot!(seen(&world, &[]), @"
    you are user, the person at this terminal
    online:
      ann  idle
      bob  idle
    2 letters wait for you
    1 letter is held: ann → bob: delete the cache

    next:
      cc2cc accept SHORT  lets it go on
      cc2cc inbox --take     reads what waits for you
      cc2cc help             lists topics and verbs
    ");
    held(&world, "ann", "bob", "and the logs");
    assert!(seen(&world, &[]).contains("2 letters are held, the first: ann → bob: delete the cache"));
    assert!(world.waiting("user").len() == 2, "looking takes nothing");
}

#[test]
fn of_many_a_few_are_shown() {
    let names: Vec<String> = (1..=16).map(|n| format!("a-{n:02}")).collect();
    let world = names.iter().fold(World::new(), |world, name| world.agent(name));
    installed(&world);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let _there = there(&world, &names);
    assert_snapshot!(seen(&world, &[]), @"
    you are user, the person at this terminal
    online:
      a-01  idle
      a-02  idle
      a-03  idle
      a-04  idle
      and 12 more, `cc2cc agents` lists them

    next:
      cc2cc send a-01 'what are you working on?'  wakes it
      cc2cc help                                  lists topics and verbs
    ");
}

#[test]
fn in_a_session_it_speaks_to_the_agent_and_not_of_what_its_person_is_asked() {
    let world = World::new().agent("ann").agent("bob");
    installed(&world);
    let bob = world.hosted("bob");
    let _there = there(&world, &["ann", "bob"]);
    world.posted("ann", "bob", "hello");
    held(&world, "ann", "bob", "delete the cache");
    assert_snapshot!(seen(&world, &bob), @"
    you are bob
    online:
      ann        idle
      bob (you)  idle  1 unread  just now
    1 letter waits for you

    next:
      cc2cc inbox --take                         reads what waits for you
      cc2cc send ann 'what are you working on?'  wakes it
      cc2cc help                                 lists topics and verbs
    ");
    let stranger = [("CLAUDECODE", "1".to_owned()), ("CC2CC_HOST", "some-other-host".to_owned())];
    assert!(seen(&world, &stranger).starts_with("this session has no agent name\n"));
    let left_over = [("CLAUDECODE", "1".to_owned())];
    assert!(seen(&world, &left_over).starts_with("you are user, the person at this terminal\n"));
}

#[test]
fn what_is_broken_comes_first() {
    let world = World::new().agent("ann");
    installed(&world);
    fs::write(world.path("mail/config.toml"), "policy = 7\n").unwrap();
    assert_snapshot!(seen(&world, &[]), @"
    you are user, the person at this terminal
    no agent is online
    no mail goes between sessions: /world/mail/config.toml cannot be used: line 1: wanted string or table

    next:
      cc2cc doctor  says how to fix it
      claude        starts a session
      cc2cc help    lists topics and verbs
    ");
    fs::remove_dir_all(world.path("mail")).unwrap();
    fs::write(world.path("mail"), "").unwrap();
    assert_snapshot!(seen(&world, &[]), @"
    cc2cc: there can be no mail in /world/mail: it is not a directory
    hint: move it away, or set `CC2CC_HOME` to another place
    ");
}

#[test]
fn where_nobody_looks_a_verb_is_missing() {
    let world = World::new();
    let said = world.run(&[]);
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    assert!(said.err.contains("Usage: cc2cc <COMMAND>"), "{said}");
}
