//! The real Codex beside Claude Code: named, woken, written to, killed and resumed.

use serde_json::{Value, json};

use crate::{
    codex_client::{Codex, CodexSession},
    has_waker, is_online, letter, letter_id, post,
    reply::Gate,
    responses::Answer,
    settled,
    world::World,
};

/// A session that has had its first prompt, with the name it was given then.
#[track_caller]
fn begun(world: &World, codex: &Codex, project: &str) -> (CodexSession, String) {
    let mut session = codex.start(project, &[]);
    let name = begin(world, &mut session, project);
    (session, name)
}

/// Types the first prompt, with which the client tells hooks of a session.
#[track_caller]
fn begin(world: &World, session: &mut CodexSession, project: &str) -> String {
    session.type_line(&format!("good morning from {project}"));
    let name = session.wait("its name", || {
        let screen = session.screen();
        let (_, rest) = screen.rsplit_once("cc2cc: you are ")?;
        Some(rest.split_whitespace().next()?.to_owned())
    });
    session.wait("its waker", || has_waker(world, &name).then_some(()));
    session.wait("that it is idle", || (state(world, &name) == "idle").then_some(()));
    name
}

fn listed(world: &World, name: &str) -> Value {
    let agents = world.cc2cc_json(&["agents", "--all"]);
    let agents = agents["agents"].as_array().cloned().unwrap_or_default();
    agents.into_iter().find(|agent| agent["name"] == name).unwrap_or_default()
}

fn state(world: &World, name: &str) -> String {
    listed(world, name)["state"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn codex_and_claude_code_wake_each_other_and_what_was_seen_is_proved() {
    let world = World::with_cc2cc();
    let codex = Codex::in_world(&world);
    let mut ann = settled(&world, "ann");
    let (mut bob, name) = begun(&world, &codex, "bob");
    assert_eq!((listed(&world, &name)["client"].as_str(), is_online(&world, &name)), (Some("codex"), true));
    bob.type_text("half a thought");

    ann.api.when("please ask").reply(letter(&name, "how many tests are there?"));
    bob.model.when("how many tests are there?", |told| {
        let id = letter_id(&told.newest().replace("\\\"", "\""));
        let arguments = json!({ "to": "ann", "text": "there are 42", "reply_to": id });
        Answer::Call { server: Some("cc2cc"), tool: "send", arguments }
    });
    ann.type_line("please ask");
    let told = bob.wait_until_told("how many tests are there?");
    assert!(!told.typed().contains("how many tests"), "the letter is not the person's word: {}", told.typed());
    assert!(told.typed().contains("cc2cc: mail for"), "the wake is: {}", told.typed());
    ann.wait_until_told("there are 42");
    bob.wait_for_screen("half a thought");
    let id = letter_id(&told.newest().replace("\\\"", "\""));
    assert_eq!(world.status_of(&id), "answered");
    let unproved = post(&world, &name, "thank you");
    bob.wait("it is proved seen", || (world.status_of(&unproved) == "seen").then_some(()));
}

#[test]
fn a_letter_in_the_middle_of_a_turn_goes_with_a_tools_result_and_one_at_its_end_gets_a_turn() {
    let world = World::with_cc2cc();
    // Codex's sandbox needs programs that it makes nowhere below /tmp.
    let free = "sandbox_mode = \"danger-full-access\"\napproval_policy = \"never\"\n";
    let codex = Codex::with(&world, free);
    let (mut bob, name) = begun(&world, &codex, "bob");
    let command = "until test -e go; do sleep 0.05; done; echo went";
    bob.model.when("wait for it", move |_| Answer::Call {
        server: None,
        tool: "exec_command",
        arguments: json!({ "cmd": command, "yield_time_ms": 60000 }),
    });
    bob.type_line("wait for it");
    bob.wait("that it is busy", || (state(&world, &name) == "busy").then_some(()));
    let id = post(&world, &name, "the build is red");
    let late = Gate::default();
    bob.model.when("the build is red", {
        let late = late.clone();
        move |_| Answer::Held(late)
    });
    std::fs::write(world.project("bob").join("go"), "").expect("a file");
    let told = bob.wait_until_told("the build is red");
    assert!(told.newest().contains("went"), "with the result: {}", told.newest());
    assert!(!told.newest().contains("cc2cc: mail for"), "no wake was needed: {}", told.newest());
    let another = post(&world, &name, "one more thing");
    late.open();
    let told = bob.wait_until_told("one more thing");
    assert!(told.everything().contains("that was all"));
    for id in [id, another] {
        bob.wait("it is proved seen", || (world.status_of(&id) == "seen").then_some(()));
    }
}

#[test]
fn a_session_whose_turn_was_cut_with_esc_is_idle_and_wakes() {
    let world = World::with_cc2cc();
    let codex = Codex::in_world(&world);
    let (mut bob, name) = begun(&world, &codex, "bob");
    let never = Gate::default();
    bob.model.when("think hard", {
        let never = never.clone();
        move |_| Answer::Held(never)
    });
    bob.type_line("think hard");
    bob.wait("that it is busy", || (state(&world, &name) == "busy").then_some(()));
    bob.press("\x1b");
    bob.wait_for_screen("interrupted");
    bob.wait("that it is idle", || (state(&world, &name) == "idle").then_some(()));
    let id = post(&world, &name, "after the cut");
    bob.wait_until_told("after the cut");
    bob.wait("it is proved seen", || (world.status_of(&id) == "seen").then_some(()));
    never.open();
}

#[test]
fn twenty_letters_reach_a_codex_session_once_each() {
    let world = World::with_cc2cc();
    let codex = Codex::in_world(&world);
    let (bob, name) = begun(&world, &codex, "bob");
    let before = bob.model.told().len();
    let ids: Vec<String> = std::thread::scope(|scope| {
        let send = |number| post(&world, &name, &format!("letter number {number}."));
        let senders: Vec<_> = (0..20).map(|number| scope.spawn(move || send(number))).collect();
        senders.into_iter().map(|sender| sender.join().expect("a letter")).collect()
    });
    bob.wait("all are seen", || ids.iter().all(|id| world.status_of(id) == "seen").then_some(()));
    let told = bob.model.told();
    let everything = told.last().expect("a request").everything();
    for number in 0..20 {
        assert_eq!(everything.matches(&format!("letter number {number}.")).count(), 1, "letter {number}");
    }
    let turns = told.len() - before;
    assert!(turns <= 6, "{turns} turns");
}

#[test]
fn two_sessions_in_one_daemon_are_two_agents_and_a_killed_one_goes_away_and_resumes_its_name() {
    let world = World::with_cc2cc();
    let codex = Codex::in_world(&world);
    let (mut one, first) = begun(&world, &codex, "one");
    let (two, second) = begun(&world, &codex, "two");
    assert_ne!(first, second);
    post(&world, &second, "only for the second");
    let told = two.wait_until_told("only for the second");
    assert!(told.everything().contains("good morning from two"), "{}", told.everything());

    one.kill9();
    two.wait("that the killed one is away", || (!is_online(&world, &first)).then_some(()));
    let id = post(&world, &first, "when you are back");
    assert!(is_online(&world, &second), "the other goes on");
    let mut again = codex.start("one", &["resume", "--last"]);
    again.type_line("hello again");
    again.wait_for_screen(&format!("cc2cc: you are {first}"));
    let told = again.wait_until_told("when you are back");
    assert!(told.typed().contains("hello again"), "it comes with the first prompt: {}", told.newest());
    again.wait("it is proved seen", || (world.status_of(&id) == "seen").then_some(()));
    again.wait("it is there again", || is_online(&world, &first).then_some(()));
}

#[test]
fn without_the_daemon_a_session_is_woken_all_the_same_and_is_away_once_it_is_killed() {
    let world = World::with_cc2cc();
    let codex = Codex::with(&world, "[features]\ndaemon_auto_start = false\n");
    let (mut bob, name) = begun(&world, &codex, "bob");
    let id = post(&world, &name, "main is red");
    bob.wait_until_told("main is red");
    bob.wait("it is proved seen", || (world.status_of(&id) == "seen").then_some(()));
    bob.kill9();
    crate::support::eventually::until("that it is away", || (!is_online(&world, &name)).then_some(()));
}

#[test]
fn hooks_that_the_person_has_not_trusted_are_told_of() {
    let world = World::with_cc2cc();
    let codex = Codex::in_world(&world);
    let doctor = || String::from_utf8_lossy(&world.cc2cc("home", &["doctor"]).stdout).into_owned();
    assert!(doctor().contains("not trusted"), "{}", doctor());
    let mut bob = codex.launch("bob", &[]);
    bob.wait_for_screen("Hooks need review");
    bob.choose("Continue without trusting", "Hooks need review");
    bob.wait_for_screen("gpt-5 default");
    bob.model.when("write to ann", |_| Answer::Call { server: Some("cc2cc"), tool: "agents", arguments: json!({}) });
    bob.type_line("write to ann");
    let told = bob.wait_until_told("no hook of cc2cc has run in it");
    assert!(told.newest().contains("/hooks"), "{}", told.newest());
    let agents = world.cc2cc_json(&["agents", "--all"]);
    assert_eq!(agents["agents"], json!([]), "and it is not listed");
}
