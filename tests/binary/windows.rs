//! What only Windows has: files that a program keeps to itself, and directories that stay where they are as long as
//! anything in them is open.

use std::{
    fs::{self, File},
    os::windows::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use cc2cc::mailbox::State;
use insta::assert_snapshot;

use super::session::context;
use crate::support::{eventually::until, helper_program::Program, world::World};

/// Whether anybody has the file or directory open.
fn is_open(path: &Path) -> bool {
    const FILE_FLAG_BACKUP_SEMANTICS: u32 = 0x0200_0000;
    File::options().read(true).share_mode(0).custom_flags(FILE_FLAG_BACKUP_SEMANTICS).open(path).is_err()
}

fn all_below(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { [all_below(&path), vec![path]].concat() } else { vec![path] }).collect()
}

#[test]
fn a_living_session_keeps_nothing_open_in_its_mailbox_so_that_it_can_be_renamed() {
    let world = World::new().agent("ann");
    let session = world.session("calm-owl").started();
    let waker = session.placed_waker("Stop");
    let _server = session.mailbox().hold_presence().unwrap();
    let waiting = world.command(&["wait", "--agent", "calm-owl", "--timeout", "60s"]).spawn().unwrap();
    let mailbox = session.mailbox();
    assert!(all_below(&world.path("mail/locks")).iter().any(|lock| is_open(lock)), "its locks lie elsewhere");
    until("nothing is open", || all_below(mailbox.path()).iter().all(|path| !is_open(path)).then_some(()));

    world.run(&["rename", "brave-fox", "--agent", "calm-owl"]).fine();
    assert!(world.at("brave-fox").is_online(), "it is still there");
    world.posted("ann", "calm-owl", "hello");
    assert_eq!(world.said(&waker.wait_with_output().unwrap()).code, Some(2), "the waker went with it");
    world.said(&waiting.wait_with_output().unwrap()).fine();
}

#[test]
fn a_letter_that_is_never_let_go_is_told_of_by_name_and_not_lost() {
    let world = World::new().agent("ann").agent("bob");
    let id = world.posted("ann", "bob", "hello");
    let letter = world.at("bob").file(State::Inbox, &id);
    let scanner = Program::start(Program::command(), &format!("holder {}", letter.display()));
    assert_snapshot!(world.run(&["status", id.as_str()]), @"
    exit 1
    --- out
    --- err
    cc2cc: could not read /world/mail/to-bob/inbox/ID.json: another program keeps it open (a virus scanner, a backup, an editor?)
    hint: `cc2cc doctor` looks into it
    ");
    let listed = world.run(&["inbox", "--agent", "bob"]).fine();
    assert!(listed.out.contains("cannot be read: could not read "), "{listed}");
    world.run(&["inbox", "--agent", "bob", "--take"]).fine();
    assert_eq!(world.at("bob").state_of(&id), Some(State::Inbox));
    scanner.end();
    let said = world.run(&["inbox", "--agent", "bob", "--take"]).fine();
    assert!(said.out.contains("hello"), "{said}");
    assert_eq!(world.at("bob").state_of(&id), Some(State::Done));
}

#[test]
fn an_agents_record_that_is_never_let_go_is_left_as_it_is_and_logged_by_name() {
    let world = World::new().agent("ann");
    let session = world.session("calm-owl").started();
    let record = session.mailbox().path().join("agent.json");
    let scanner = Program::start(Program::command(), &format!("holder {}", record.display()));
    session.prompt("go").fine();
    let log = std::fs::read_to_string(world.path("mail").join("log")).unwrap();
    assert!(log.contains("agent.json is left as it is: "), "{log}");
    scanner.end();
    world.posted("ann", "calm-owl", "hello");
    assert!(context(&session.prompt("go").fine()).contains("hello"));
}

#[test]
fn binaries_that_run_are_uninstalled_by_one_of_them() {
    let world = World::new();
    world.run(&["install"]).fine();
    let started = |path: &str, words: &[&str]| {
        let mut command = Command::new(world.path(path));
        world.furnish(&mut command);
        command.args(words).spawn().unwrap()
    };
    let mut session = started("home/.claude/skills/cc2cc/bin/cc2cc.exe", &["wait", "--timeout", "60s"]);
    let uninstall = started("home/.local/bin/cc2cc.exe", &["uninstall"]);
    let said = world.said(&uninstall.wait_with_output().unwrap()).fine();
    assert!(said.out.contains("cc2cc is removed from") && !said.out.contains("it stays"), "{said}");
    assert!(session.try_wait().unwrap().is_none(), "a session keeps what it runs");
    session.kill().unwrap();
    session.wait().unwrap();
    assert_eq!(world.files("home"), Vec::<PathBuf>::new());
}
