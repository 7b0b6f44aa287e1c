//! What the session's transcript can tell of a letter, and what happens where it cannot: no letter comes twice without
//! need, and none costs turn after turn.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use serde_json::json;

use crate::{
    agent,
    claude::Session,
    letter_id, post,
    reply::{Gate, Reply},
    settled,
    support::eventually::within,
    world::World,
};

/// Longer than it took a letter to come back when time alone was evidence.
const LONG_ENOUGH: Duration = Duration::from_secs(5);
/// Runs until the story lets it.
const UNTIL_GO: &str = "until test -e go; do sleep 0.05; done; echo went";

/// The transcripts of all sessions.
fn transcripts(world: &World) -> Vec<PathBuf> {
    let projects = fs::read_dir(world.home().join(".claude/projects")).into_iter().flatten().flatten();
    let files = projects.flat_map(|project| fs::read_dir(project.path()).into_iter().flatten().flatten());
    let paths = files.map(|file| file.path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "jsonl")).collect()
}

/// How often a letter was ever put before the model.
fn times(session: &Session, id: &str) -> usize {
    let last = session.requests().pop().expect("a request");
    last.everything().matches(&format!("<letter id=\"{id}\"")).count()
}

/// Watches for long enough that a letter does not go back.
#[track_caller]
fn stays_delivered(world: &World, id: &str) {
    let other = within(LONG_ENOUGH, || Some(world.status_of(id)).filter(|status| status != "delivered"));
    assert_eq!(other, None, "it is on its way");
}

/// Waits until a letter has come to its end without having been proved.
#[track_caller]
fn ends_unproved(session: &Session, world: &World, id: &str) {
    let done = world.mailbox("bob", "done").join(format!("{id}.json"));
    session.wait("the end of its way", || done.exists().then_some(()));
    assert_eq!(world.status_of(id), "delivered", "nobody says that it was seen");
}

fn doctor(world: &World) -> String {
    String::from_utf8(world.cc2cc("home", &["doctor"]).stdout).expect("text")
}

/// Bob is at work, and his tool runs until the story lets it.
fn at_work(world: &World) -> Session {
    let mut bob = settled(world, "bob");
    bob.api.when("wait for it").reply(Reply::tool("Bash", json!({ "command": UNTIL_GO, "description": "wait" })));
    bob.type_line("wait for it");
    bob.wait("he is busy", || (agent(world, "bob")["state"] == "busy").then_some(()));
    bob.wait("the tool", || transcripts(world).iter().any(|file| says(file, "tool_use")).then_some(()));
    bob
}

fn says(file: &Path, text: &str) -> bool {
    fs::read_to_string(file).is_ok_and(|rows| rows.contains(text))
}

#[test]
fn a_prompt_typed_while_claude_works_brings_its_letter_once() {
    let world = World::with_cc2cc();
    let mut bob = at_work(&world);
    let id = post(&world, "bob", "the build is red");
    bob.type_line("and also this");
    bob.wait("the delivery", || (world.status_of(&id) == "delivered").then_some(()));
    stays_delivered(&world, &id);
    fs::write(world.project("bob").join("go"), "").expect("a file");
    bob.wait_until_told("and also this");
    bob.wait("it is proved seen", || (world.status_of(&id) == "seen").then_some(()));
    bob.idle();
    assert_eq!(times(&bob, &id), 1);
    assert_eq!(bob.requests().len(), 2);
}

#[test]
fn a_queued_prompt_brings_its_letter_once_although_the_turn_before_is_cut() {
    let world = World::with_cc2cc();
    let mut bob = at_work(&world);
    let gate = Gate::default();
    bob.api.when("the first").reply(Reply::text("first done").held_by(&gate));
    bob.type_line("the first");
    bob.wait("it waits", || transcripts(&world).iter().any(|file| says(file, "the first")).then_some(()));
    // The wake comes into the queue between the two, so they do not go in together.
    let id = post(&world, "bob", "the build is red");
    bob.wait("the wake", || transcripts(&world).iter().any(|file| says(file, "mail for bob")).then_some(()));
    bob.type_line("the second");
    bob.wait("the delivery", || (world.status_of(&id) == "delivered").then_some(()));
    bob.press("\x1b");
    bob.wait_for_screen("streaming");
    stays_delivered(&world, &id);
    gate.open();
    bob.wait_until_told("the second");
    bob.wait("it is proved seen", || (world.status_of(&id) == "seen").then_some(()));
    bob.idle();
    assert_eq!(times(&bob, &id), 1);
}

/// Keeps a file from being written, by anybody, until it is dropped.
struct ReadOnly(PathBuf);

impl ReadOnly {
    fn new(file: &Path) -> Self {
        Self::set("+i", file);
        Self(file.to_owned())
    }

    fn set(flag: &str, file: &Path) {
        let done = Command::new("chattr").arg(flag).arg(file).output().expect("chattr");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        Self::set("-i", &self.0);
    }
}

#[test]
fn a_transcript_that_cannot_be_written_costs_no_turn_and_is_said() {
    let world = World::with_cc2cc();
    let mut bob = settled(&world, "bob");
    bob.type_line("hello");
    bob.wait_until_told("hello");
    bob.idle();
    bob.wait("all rows", || transcripts(&world).iter().any(|file| says(file, "turn_duration")).then_some(()));
    let _read_only: Vec<ReadOnly> = transcripts(&world).iter().map(|file| ReadOnly::new(file)).collect();
    let id = post(&world, "bob", "the first letter");
    bob.wait_until_told("the first letter");
    ends_unproved(&bob, &world, &id);
    bob.idle();
    assert_eq!(bob.requests().len(), 2, "one turn for the letter");

    let second = post(&world, "bob", "the second letter");
    bob.wait_until_told("the second letter");
    bob.wait_for_screen("cannot be proved: the session's transcript is not written");
    ends_unproved(&bob, &world, &second);
    bob.idle();
    assert_eq!(bob.requests().len(), 3, "one more");
    assert!(doctor(&world).contains("the session's transcript is not written"), "{}", doctor(&world));
    let third = post(&world, "bob", "the third letter");
    bob.wait_until_told("the third letter");
    ends_unproved(&bob, &world, &third);
    assert_eq!(bob.requests().len(), 4);
    let told = "cannot be proved: the session's transcript";
    assert_eq!(bob.screen().matches(told).count(), 1, "the person is told once: {}", bob.screen());
}

/// A session whose hooks are told of a transcript in which some words have another spelling, as if the client wrote it so.
fn with_another_shape(from: &'static str, to: &'static str, story: impl FnOnce(&World, Session)) {
    let world = World::with_cc2cc();
    let (program, shadow) = (world.home().join(".claude/skills/cc2cc/bin/cc2cc"), world.home().join("shadow.jsonl"));
    let own = program.with_file_name("own");
    fs::rename(&program, &own).expect("the program");
    let (own, path) = (own.display(), shadow.display());
    let hook = format!("sed 's#\"transcript_path\":\"[^\"]*\"#\"transcript_path\":\"{path}\"#' | {own} \"$@\"");
    let script = format!("#!/bin/sh\nif [ \"$1\" = hook ]; then {hook}; else exec {own} \"$@\"; fi\n");
    fs::write(&program, script).expect("a script");
    assert!(Command::new("chmod").arg("+x").arg(&program).status().expect("chmod").success());
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                if let Some(rows) = transcripts(&world).first().and_then(|file| fs::read_to_string(file).ok()) {
                    let draft = shadow.with_extension("new");
                    fs::write(&draft, rows.replace(from, to)).expect("a copy");
                    fs::rename(&draft, &shadow).expect("a copy");
                }
                thread::sleep(Duration::from_millis(20));
            }
        });
        // A story that fails must not leave the copier running for ever.
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| story(&world, settled(&world, "bob"))));
        is_over.store(true, Ordering::SeqCst);
        outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
}

#[test]
fn rows_of_a_shape_that_nobody_knows_cost_no_turn() {
    for (from, to) in [("\"hook_additional_context\"", "\"injected_context\""), ("\"type\":", "\"kind\":")] {
        with_another_shape(from, to, |world, bob| {
            let id = post(world, "bob", "the first letter");
            bob.wait_until_told("the first letter");
            ends_unproved(&bob, world, &id);
            bob.idle();
            assert_eq!(bob.requests().len(), 1, "{from}: one turn for the letter");
            assert!(doctor(world).contains("rows that cc2cc does not know"), "{}", doctor(world));
        });
    }
}

#[test]
fn a_session_without_a_transcript_is_said_to_have_none() {
    let world = World::with_cc2cc();
    let bob = world.session("bob").env("CC2CC_NAME", "bob").env("CLAUDE_CODE_CHILD_SESSION", "1").start();
    bob.wait_for_screen("cc2cc: you are bob");
    let id = post(&world, "bob", "the first letter");
    bob.wait_until_told("the first letter");
    ends_unproved(&bob, &world, &id);
    bob.idle();
    assert_eq!(bob.requests().len(), 1);
    assert_eq!(agent(&world, "bob")["evidence"], "unavailable");
    let listed = String::from_utf8(world.cc2cc("home", &["agents"]).stdout).expect("text");
    assert!(listed.contains("cannot be proved"), "{listed}");
    assert!(doctor(&world).contains("keeps no transcript"), "{}", doctor(&world));
}

/// Gives another plugin's hook for prompts to the project `bob`.
fn another_hook(world: &World, command: &str) {
    let dir = world.project("bob").join(".claude");
    fs::create_dir_all(&dir).expect("a directory");
    let hooks = json!({ "hooks": { "UserPromptSubmit": [{ "hooks": [{ "type": "command", "command": command }] }] } });
    fs::write(dir.join("settings.json"), hooks.to_string()).expect("settings");
}

#[test]
fn behind_a_slow_hook_of_another_plugin_a_letter_waits_and_comes_once() {
    let world = World::with_cc2cc();
    another_hook(&world, UNTIL_GO);
    let bob = settled(&world, "bob");
    let id = post(&world, "bob", "the build is red");
    bob.wait("the delivery", || (world.status_of(&id) == "delivered").then_some(()));
    stays_delivered(&world, &id);
    fs::write(world.project("bob").join("go"), "").expect("a file");
    bob.wait_until_told("the build is red");
    bob.wait("it is proved seen", || (world.status_of(&id) == "seen").then_some(()));
    bob.idle();
    assert_eq!((times(&bob, &id), bob.requests().len()), (1, 1));
}

#[test]
fn a_letter_whose_prompt_was_cut_before_it_began_comes_again() {
    let world = World::with_cc2cc();
    another_hook(&world, UNTIL_GO);
    let mut bob = settled(&world, "bob");
    let id = post(&world, "bob", "the build is red");
    bob.wait("the delivery", || (world.status_of(&id) == "delivered").then_some(()));
    bob.press("\x1b");
    // The client raises the prompt once more, and there is nothing left for it.
    bob.wait_for_screen("operation blocked by hook");
    fs::write(world.project("bob").join("go"), "").expect("a file");
    let told = bob.wait_until_told("the build is red");
    assert!(told.newest().contains("redelivered=\"true\""), "{}", told.newest());
    assert_eq!(letter_id(&told.newest()), id);
    bob.wait("it is proved seen", || (world.status_of(&id) == "seen").then_some(()));
    bob.idle();
    assert_eq!(bob.requests().len(), 1);
}

/// Makes the project `bob` a repository with one commit, on the branch `main`.
fn repository(world: &World) -> PathBuf {
    let dir = world.project("bob");
    fs::write(dir.join("a"), "a").expect("a file");
    for words in [&["init", "-q", "-b", "main"][..], &["add", "a"], &["commit", "-q", "-m", "a"]] {
        let mut git = world.command("bob", "git");
        git.args(["-c", "user.name=x", "-c", "user.email=x@example.org"]).args(words);
        assert!(git.status().expect("git").success());
    }
    dir
}

#[test]
fn a_session_that_moves_is_listed_where_it_is_and_its_letters_are_proved() {
    let world = World::with_cc2cc();
    let dir = repository(&world);
    let mut bob = settled(&world, "bob");
    let first = post(&world, "bob", "the first letter");
    bob.wait("it is proved seen", || (world.status_of(&first) == "seen").then_some(()));
    assert_eq!(agent(&world, "bob")["branch"], "main");

    let other = world.project("two");
    bob.idle();
    bob.type_line(&format!("/cd {}", other.display()));
    bob.wait_for_screen("Moved to");
    let second = post(&world, "bob", "the second letter");
    bob.wait_until_told("the second letter");
    bob.wait("it is proved seen", || (world.status_of(&second) == "seen").then_some(()));
    bob.idle();
    assert_eq!(agent(&world, "bob")["cwd"], other.display().to_string());
    assert_eq!(agent(&world, "bob")["branch"], serde_json::Value::Null);
    assert_eq!((times(&bob, &second), bob.requests().len()), (1, 2));
    drop(dir);
}

#[test]
fn a_letter_that_came_before_a_worktree_is_entered_is_proved_in_it() {
    let world = World::with_cc2cc();
    repository(&world);
    let tools = ["--allowedTools", "Bash", "EnterWorktree", "ToolSearch"];
    let bob = world.session("bob").args(&tools).env("CC2CC_NAME", "bob").start();
    crate::settle(&bob, &world, "bob");
    bob.api
        .when("into a worktree")
        .reply(Reply::tool("ToolSearch", json!({ "query": "select:EnterWorktree", "max_results": 1 })));
    bob.api
        .when_it(|request| !request.tool_results().is_empty())
        .reply(Reply::tool("EnterWorktree", json!({ "name": "feature" })));
    let gate = Gate::default();
    bob.api.when_it(|request| !request.tool_results().is_empty()).reply(Reply::text("in it").held_by(&gate));
    let id = post(&world, "bob", "go into a worktree");
    bob.wait_for_screen("streaming");
    gate.open();
    bob.wait("it is proved seen", || (world.status_of(&id) == "seen").then_some(()));
    bob.idle();
    let listed = agent(&world, "bob");
    assert!(listed["cwd"].as_str().is_some_and(|cwd| cwd.contains("feature")), "{listed}\n{}", bob.screen());
    assert!(listed["branch"].as_str().is_some_and(|branch| branch.contains("feature")), "{listed}");
    let second = post(&world, "bob", "the second letter");
    bob.wait_until_told("the second letter");
    bob.wait("it is proved seen", || (world.status_of(&second) == "seen").then_some(()));
    bob.idle();
    assert_eq!((times(&bob, &id), times(&bob, &second)), (1, 1));
}
