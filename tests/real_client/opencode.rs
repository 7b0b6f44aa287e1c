//! OpenCode's sessions take part as Claude Code's do: named, woken, given letters in a turn, found again.

use std::fs;

use serde_json::{Value, json};

use crate::{
    agent, answer,
    chat_api::ChatReply,
    claude::Session,
    is_online, letter, letter_id,
    opencode_client::{OpenCode, OpenCodeBuilder, settle_folder},
    post,
    reply::Gate,
    settled,
    support::eventually::{PATIENCE, eventually},
    world::World,
};

/// How the client names the tool `send`.
const SEND: &str = "cc2cc_send";

/// A world in which somebody uses OpenCode, too, and `cc2cc install` has been run.
fn world() -> World {
    let world = World::with_cc2cc();
    settle_folder(&world);
    let installed = world.cc2cc("home", &["install"]);
    assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
    world
}

/// An OpenCode whose session has had a prompt, is listed by its project's name, and sits idle.
#[track_caller]
fn begun(world: &World, builder: OpenCodeBuilder<'_>, name: &str) -> OpenCode {
    let mut opencode = builder.start();
    opencode.type_line("hello to you");
    opencode.wait_until_told("hello to you");
    opencode.wait("its name", || is_online(world, name).then_some(()));
    idle(world, &opencode, name);
    opencode
}

#[track_caller]
fn idle(world: &World, opencode: &OpenCode, name: &str) {
    opencode.wait("an idle session", || (agent(world, name)["state"] == "idle").then_some(()));
}

/// A letter of the model's, as a call of the tool.
fn send(to: &str, text: &str, reply_to: Option<&str>) -> ChatReply {
    let mut input = json!({ "to": to, "text": text });
    if let Some(id) = reply_to {
        input["reply_to"] = id.into();
    }
    ChatReply::Tool { name: SEND.to_owned(), input }
}

#[track_caller]
fn seen(world: &World, opencode: &OpenCode, id: &str) {
    opencode.wait("it is proved seen", || (world.status_of(id) == "seen").then_some(()));
}

#[test]
fn letters_reach_a_session_whatever_it_does_and_once_each() {
    let world = world();
    let mut bob = begun(&world, OpenCodeBuilder::new(&world, "bob"), "bob");
    assert!(bob.api.requests()[0].system().contains("This session's name is bob."));
    assert_eq!(agent(&world, "bob")["reach"], "wakes");
    wakes_an_idle_one_and_leaves_a_draft_alone(&world, &mut bob);
    goes_with_the_next_request_of_a_turn(&world, &mut bob);
    comes_while_the_last_answer_streams(&world, &mut bob);
    twenty_at_once(&world, &bob);
    begins_no_part_of_what_the_client_tells_the_model(&world, &bob);
    finds_it_again_after_a_kill(&world, bob);
}

fn wakes_an_idle_one_and_leaves_a_draft_alone(world: &World, bob: &mut OpenCode) {
    bob.type_text("half a thought");
    let before = bob.api.requests().len();
    let id = post(world, "bob", "the build is red");
    let told = bob.wait_until_told("the build is red");
    assert!(told.newest().starts_with("<cc2cc-mail>"), "{}", told.newest());
    seen(world, bob, &id);
    assert!(bob.screen().contains("half a thought"), "{}", bob.screen());
    assert!(!bob.screen().contains("<cc2cc-mail>"), "{}", bob.screen());
    bob.wait_for_screen("✉ user: the build is red");
    idle(world, bob, "bob");
    assert_eq!(bob.api.requests().len(), before + 1, "one for the letter");
}

/// The draft of before is the beginning of what is typed.
fn goes_with_the_next_request_of_a_turn(world: &World, bob: &mut OpenCode) {
    let command = "until test -e go; do sleep 0.05; done; echo went";
    let input = json!({ "command": command, "description": "wait" });
    bob.api.when("wait for it", ChatReply::Tool { name: "bash".to_owned(), input });
    let before = bob.api.requests().len();
    bob.type_line(", so wait for it");
    bob.wait_until_told("half a thought, so wait for it");
    let id = post(world, "bob", "the build is green");
    bob.wait("it is handed over", || (world.status_of(&id) == "delivered").then_some(()));
    fs::write(world.project("bob").join("go"), "").expect("a file");
    let told = bob.wait_until_told("went");
    assert!(told.newest().contains("the build is green"), "{}", told.newest());
    assert!(!told.newest().contains("The user sent the following message"), "{}", told.newest());
    seen(world, bob, &id);
    idle(world, bob, "bob");
    assert_eq!(bob.api.requests().len(), before + 2, "the letter cost no request");
}

fn comes_while_the_last_answer_streams(world: &World, bob: &mut OpenCode) {
    let gate = Gate::default();
    bob.api.when("talk to me", ChatReply::Held(gate.clone(), "that is all".to_owned()));
    bob.type_line("talk to me");
    bob.wait_for_screen("streaming");
    let id = post(world, "bob", "one more thing");
    bob.wait("it is handed over", || (world.status_of(&id) == "delivered").then_some(()));
    gate.open();
    let told = bob.wait_until_told("one more thing");
    assert!(told.everything().contains("talk to me"));
    seen(world, bob, &id);
    idle(world, bob, "bob");
}

fn twenty_at_once(world: &World, bob: &OpenCode) {
    let ids: Vec<String> = (0..20).map(|number| post(world, "bob", &format!("letter number {number:02}"))).collect();
    for id in &ids {
        seen(world, bob, id);
    }
    idle(world, bob, "bob");
    let everything = bob.api.requests().last().expect("a request").everything();
    for (number, id) in ids.iter().enumerate() {
        assert_eq!(everything.matches(&format!("letter number {number:02}")).count(), 1, "{number}");
        assert_eq!(everything.matches(&format!("<letter id=\"{id}\"")).count(), 1, "{number}");
    }
}

fn begins_no_part_of_what_the_client_tells_the_model(world: &World, bob: &OpenCode) {
    use cc2cc::text::sanitize::neutralise;
    let rows: Vec<Value> = serde_json::from_str(include_str!("../attacks.json")).expect("the table of attacks");
    let texts = rows.iter().map(|row| row["text"].as_str().expect("a text").replace('\0', ""));
    let text = ["a table of attacks".to_owned()].into_iter().chain(texts).collect::<Vec<_>>().join("\n");
    let id = post(world, "bob", &text);
    let told = bob.wait_until_told("a table of attacks");
    let all = told.newest();
    let (before, rest) = all.split_once("<cc2cc-mail>").expect("the frame");
    let (mail, after) = rest.split_once("</cc2cc-mail>").expect("its end");
    assert_eq!((before, after), ("", ""), "{all}");
    let (_, letter) = mail.split_once("<letter id=").expect("the letter").1.split_once(">\n").expect("its text");
    let (letter, _) = letter.split_once("</letter>").expect("its end");
    assert_eq!(neutralise(letter), letter);
    seen(world, bob, &id);
}

fn finds_it_again_after_a_kill(world: &World, mut bob: OpenCode) {
    bob.kill9();
    eventually("he is away", PATIENCE, || (!is_online(world, "bob")).then_some(()));
    let ours = || world.processes().into_iter().filter(|(_, line)| line.contains("bin/cc2cc")).collect::<Vec<_>>();
    eventually("nothing of ours runs", PATIENCE, || ours().is_empty().then_some(()));
    let id = post(world, "bob", "while you were away");

    // No name is given this time: it stays with the session, and the letter begins its turn.
    let api = bob.api.clone();
    let bob = OpenCodeBuilder::new(world, "bob").nameless().model(&api).words(&["--continue"]).start();
    let told = bob.wait_until_told("while you were away");
    assert!(told.everything().contains("hello to you"), "{}", told.everything());
    seen(world, &bob, &id);
    let listed = world.cc2cc_json(&["agents", "--all"])["agents"].clone();
    let names = listed.as_array().expect("a list").iter().filter_map(|agent| agent["name"].as_str());
    assert_eq!(names.filter(|name| *name != "user").collect::<Vec<_>>(), ["bob"]);
}

#[test]
fn opencode_and_claude_code_write_to_each_other_once_its_person_has_said_yes() {
    let world = world();
    let mut ann = settled(&world, "ann");
    let mut bob = begun(&world, OpenCodeBuilder::new(&world, "bob"), "bob");
    assert_eq!(agent(&world, "bob")["client"], "opencode");
    // He acts without asking, as OpenCode comes, and she is asked.
    ann.api.when("tell bob").reply(letter("bob", "please push it"));
    ann.type_line("please tell bob");
    bob.wait_for_screen("✉ held: ann: please push it");
    let held = fs::read_dir(world.mailbox("bob", "held")).expect("a mailbox").flatten().next().expect("the letter");
    let id = held.path().file_stem().expect("an id").to_string_lossy().into_owned();
    assert_eq!(bob.api.requests().len(), 1, "it cost no turn");
    assert!(world.cc2cc("bob", &["accept", "--always", &id]).status.success());
    bob.wait_until_told("please push it");
    seen(&world, &bob, &id);
    ann.idle();

    ann.api.when("ask bob").reply(letter("bob", "how many tests are there?"));
    bob.api.when_with("how many tests", |request| send("ann", "there are 42", Some(&letter_id(&request.newest()))));
    ann.type_line("please ask bob");
    let told = bob.wait_until_told("how many tests are there?");
    assert!(told.newest().contains("from=\"ann\""), "{}", told.newest());
    assert!(told.tools().contains(&SEND), "{:?}", told.tools());
    let answered = ann.wait_until_told("there are 42");
    assert!(answered.newest().contains("from=\"bob\""), "{}", answered.newest());
    assert_eq!(world.status_of(&letter_id(&told.newest())), "answered");
    ann.idle();
    idle(&world, &bob, "bob");

    // The other way round: bob's person asks, and Claude Code answers him, who is idle by then.
    ann.api.when("which branch").reply_with(|request| answer(request, "it is main"));
    bob.api.when("ask ann", send("ann", "which branch is it?", None));
    bob.type_line("please ask ann");
    ann.wait_until_told("which branch is it?");
    let told = bob.wait_until_told("it is main");
    assert!(told.newest().contains("from=\"ann\""), "{}", told.newest());
    seen(&world, &bob, &letter_id(&told.newest()));
    idle(&world, &bob, "bob");
    ann.idle();
    asks_is_told_when_and_is_in_a_group(&world, ann, &mut bob);
}

fn asks_is_told_when_and_is_in_a_group(world: &World, mut ann: Session, bob: &mut OpenCode) {
    ann.api.when("how many are red?").reply_with(|request| answer(request, "none is red"));
    let call = |tool: &str, input| ChatReply::Tool { name: format!("cc2cc_{tool}"), input };
    bob.api.when("find out", call("ask", json!({ "to": "ann", "text": "how many are red?" })));
    bob.type_line("find out");
    let told = bob.wait_until_told("none is red");
    assert!(!told.newest().starts_with("<cc2cc-mail>"), "it is the result of the call: {}", told.newest());
    idle(world, bob, "bob");

    assert!(world.cc2cc("home", &["join", "backend", "--agent", "bob"]).status.success());
    post(world, "@backend", "all hands");
    bob.wait_until_told("all hands");
    idle(world, bob, "bob");

    bob.api.when("keep an eye", call("notify_when", json!({ "agent": "ann", "state": "away" })));
    bob.type_line("keep an eye on her");
    bob.wait_until_told("wasOpen");
    ann.kill9();
    bob.wait_until_told("ann is away now");
}

#[test]
fn two_sessions_of_one_opencode_are_two_agents() {
    let world = world();
    let mut bob = begun(&world, OpenCodeBuilder::new(&world, "bob").asks(), "bob");
    bob.type_line("/new");
    bob.press("\r");
    bob.type_line("another matter");
    bob.wait_until_told("another matter");
    let other = bob.wait("the other's name", || {
        let listed = world.cc2cc_json(&["agents"])["agents"].clone();
        let names: Vec<Value> = listed.as_array()?.iter().map(|agent| agent["name"].clone()).collect();
        names.iter().filter_map(Value::as_str).find(|name| *name != "bob").map(str::to_owned)
    });
    idle(&world, &bob, &other);
    let (first, second) = (post(&world, "bob", "for the first"), post(&world, &other, "for the second"));
    let told = bob.wait_until_told("for the first");
    assert!(told.everything().contains("hello to you") && !told.everything().contains("another matter"));
    let told = bob.wait_until_told("for the second");
    assert!(told.everything().contains("another matter") && !told.everything().contains("hello to you"));
    seen(&world, &bob, &first);
    seen(&world, &bob, &second);
}
