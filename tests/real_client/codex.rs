//! The real Codex beside Claude Code: named, woken, written to, killed and resumed.

use serde_json::{Value, json};

use crate::{
    answer,
    claude::Session,
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
    ann.idle();
    asks_is_told_when_and_is_in_a_group(&world, ann, &mut bob, &name);
}

/// The draft of before is the beginning of what is typed.
fn asks_is_told_when_and_is_in_a_group(world: &World, mut ann: Session, bob: &mut CodexSession, name: &str) {
    ann.api.when("which branch is it?").reply_with(|request| answer(request, "it is main"));
    let call = |tool, arguments| Answer::Call { server: Some("cc2cc"), tool, arguments };
    bob.model.when("find out", move |_| call("ask", json!({ "to": "ann", "text": "which branch is it?" })));
    bob.type_line(", find out");
    let told = bob.wait_until_told("it is main");
    assert!(told.newest().contains("function_call_output"), "the result of the call: {}", told.newest());
    assert!(!told.newest().contains("cc2cc: mail for"), "and no wake: {}", told.newest());
    bob.wait("that it is idle", || (state(world, name) == "idle").then_some(()));

    assert!(world.cc2cc("home", &["join", "backend", "--agent", name]).status.success());
    post(world, "@backend", "all hands");
    bob.wait_until_told("all hands");
    bob.wait("that it is idle", || (state(world, name) == "idle").then_some(()));

    bob.model.when("keep an eye", move |_| call("notify_when", json!({ "agent": "ann", "state": "away" })));
    bob.type_line("keep an eye on her");
    bob.wait_until_told("wasOpen");
    ann.kill9();
    bob.wait_until_told("ann is away now");
}

/// Codex's sandbox needs programs that it makes nowhere below /tmp; and its daemon keeps the thread of a terminal that is
/// gone a minute, which is the person's to shorten.
const FREE: &str = "sandbox_mode = \"danger-full-access\"\napproval_policy = \"never\"\nthread_unload_delay_secs = 2\n";

#[test]
fn letters_reach_a_codex_session_whatever_it_does_and_once_each() {
    let world = World::with_cc2cc();
    let codex = Codex::with(&world, FREE);
    let (mut bob, name) = begun(&world, &codex, "bob");
    go_with_a_tools_result_and_at_the_end_of_a_turn_get_one(&world, &mut bob, &name);
    wake_one_whose_turn_was_cut_with_esc(&world, &mut bob, &name);
    come_twenty_at_once(&world, &bob, &name);
    reach_the_right_one_of_two_and_a_killed_one_that_resumes(&world, &codex, bob, &name);
}

fn go_with_a_tools_result_and_at_the_end_of_a_turn_get_one(world: &World, bob: &mut CodexSession, name: &str) {
    let command = "until test -e go; do sleep 0.05; done; echo went";
    bob.model.when("wait for it", move |_| Answer::Call {
        server: None,
        tool: "exec_command",
        arguments: json!({ "cmd": command, "yield_time_ms": 60000 }),
    });
    bob.type_line("wait for it");
    bob.wait("that it is busy", || (state(world, name) == "busy").then_some(()));
    let id = post(world, name, "the build is red");
    let late = Gate::default();
    bob.model.when("the build is red", {
        let late = late.clone();
        move |_| Answer::Held(late)
    });
    std::fs::write(world.project("bob").join("go"), "").expect("a file");
    let told = bob.wait_until_told("the build is red");
    assert!(told.newest().contains("went"), "with the result: {}", told.newest());
    assert!(!told.newest().contains("cc2cc: mail for"), "no wake was needed: {}", told.newest());
    let another = post(world, name, "one more thing");
    late.open();
    let told = bob.wait_until_told("one more thing");
    assert!(told.everything().contains("that was all"));
    for id in [id, another] {
        bob.wait("it is proved seen", || (world.status_of(&id) == "seen").then_some(()));
    }
}

fn wake_one_whose_turn_was_cut_with_esc(world: &World, bob: &mut CodexSession, name: &str) {
    let never = cut(world, bob, name);
    bob.wait("that it is idle", || (state(world, name) == "idle").then_some(()));
    assert_eq!(listed(world, name)["reach"], "wakes");
    let id = post(world, name, "after the cut");
    bob.wait_until_told("after the cut");
    bob.wait("it is proved seen", || (world.status_of(&id) == "seen").then_some(()));
    never.open();
}

/// Begins a turn and cuts it; gives what the model waits for.
#[track_caller]
fn cut(world: &World, bob: &mut CodexSession, name: &str) -> Gate {
    let never = Gate::default();
    bob.model.when("think hard", {
        let never = never.clone();
        move |_| Answer::Held(never)
    });
    bob.type_line("think hard");
    bob.wait("that it is busy", || (state(world, name) == "busy").then_some(()));
    bob.press("\x1b");
    bob.wait_for_screen("interrupted");
    never
}

fn come_twenty_at_once(world: &World, bob: &CodexSession, name: &str) {
    let before = bob.model.told().len();
    let ids: Vec<String> = std::thread::scope(|scope| {
        let send = |number| post(world, name, &format!("letter number {number}."));
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

fn reach_the_right_one_of_two_and_a_killed_one_that_resumes(
    world: &World,
    codex: &Codex,
    mut bob: CodexSession,
    name: &str,
) {
    let (two, second) = begun(world, codex, "two");
    assert_ne!(name, second);
    post(world, &second, "only for the second");
    let told = two.wait_until_told("only for the second");
    assert!(told.everything().contains("good morning from two"), "{}", told.everything());

    bob.kill9();
    two.wait("that the killed one is away", || (!is_online(world, name)).then_some(()));
    let id = post(world, name, "when you are back");
    assert!(is_online(world, &second), "the other goes on");
    let mut again = codex.start("bob", &["resume", "--last"]);
    again.type_line("hello again");
    again.wait_for_screen(&format!("cc2cc: you are {name}"));
    let told = again.wait_until_told("when you are back");
    assert!(told.typed().contains("hello again"), "it comes with the first prompt: {}", told.newest());
    again.wait("it is proved seen", || (world.status_of(&id) == "seen").then_some(()));
    again.wait("it is there again", || is_online(world, name).then_some(()));
}

#[test]
fn without_the_daemon_it_is_told_of_hooks_that_are_not_trusted_woken_and_away_once_it_is_killed() {
    let world = World::with_cc2cc();
    let codex = Codex::with(&world, "[features]\ndaemon_auto_start = false\n");
    tells_of_hooks_that_the_person_has_not_trusted(&world, &codex);
    let (mut bob, name) = begun(&world, &codex, "bob");
    let id = post(&world, &name, "main is red");
    bob.wait_until_told("main is red");
    bob.wait("it is proved seen", || (world.status_of(&id) == "seen").then_some(()));
    let never = cut(&world, &mut bob, &name);
    let id = post(&world, &name, "after the cut");
    bob.wait("that it is not woken", || (listed(&world, &name)["reach"] == "next turn").then_some(()));
    bob.type_line("go on");
    bob.wait_until_told("after the cut");
    bob.wait("it is proved seen", || (world.status_of(&id) == "seen").then_some(()));
    bob.wait("that it is woken again", || (listed(&world, &name)["reach"] == "wakes").then_some(()));
    never.open();
    bob.kill9();
    crate::support::eventually::until("that it is away", || (!is_online(&world, &name)).then_some(()));
}

fn tells_of_hooks_that_the_person_has_not_trusted(world: &World, codex: &Codex) {
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
