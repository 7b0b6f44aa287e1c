//! A letter reaches the model: idle, in the middle of a turn, one of many, from a session or from a script.

use std::fs;

use serde_json::json;

use crate::{
    letter, letter_id, post,
    reply::{Gate, Reply},
    settled,
    world::{World, client_is_at_least},
};

#[test]
fn two_idle_sessions_write_to_each_other() {
    let world = World::with_cc2cc();
    let (mut ann, bob) = (settled(&world, "ann"), settled(&world, "bob"));
    ann.api.when("ask bob").reply(letter("bob", "how many tests are there?"));
    bob.api.when("how many tests").reply_with(|request| {
        let answer = json!({ "to": "ann", "text": "there are 42", "reply_to": letter_id(&request.newest()) });
        Reply::tool(crate::SEND, answer)
    });
    ann.type_line("please ask bob");

    // Bob never had a prompt. His very first request has the letter, once.
    let told = bob.wait_until_told("how many tests are there?");
    assert_eq!(bob.requests().len(), 1);
    assert_eq!(told.everything().matches("how many tests are there?").count(), 1, "{}", told.newest());
    assert!(told.newest().contains("from=\"ann\""), "{}", told.newest());
    assert!(told.tools().contains(&crate::SEND), "he can answer without looking for the tool");
    bob.wait_for_screen("✉ ann: how many tests are there?");

    // Ann's turn is over, or nearly; she wakes, or goes on, with the answer.
    let answered = ann.wait_until_told("there are 42");
    let id = letter_id(&told.newest());
    assert!(answered.newest().contains(&format!("reply_to=\"{id}\"")), "{}", answered.newest());
    ann.wait_for_screen("✉ bob: there are 42");
    assert_eq!(world.status_of(&id), "answered");
    ann.idle();
    bob.idle();
    let answer = letter_id(&answered.newest());
    ann.wait("the answer is proved seen", || (world.status_of(&answer) == "seen").then_some(()));
    let everything = ann.requests().last().expect("a request").everything();
    assert_eq!(everything.matches(&format!("<letter id=\"{answer}\"")).count(), 1);
}

#[test]
fn a_letter_that_comes_during_a_tool_call_is_in_the_request_with_its_result() {
    let world = World::with_cc2cc();
    let mut bob = settled(&world, "bob");
    let command = "until test -e go; do sleep 0.05; done; echo went";
    bob.api.when("wait for it").reply(Reply::tool("Bash", json!({ "command": command, "description": "wait" })));
    bob.type_line("wait for it");
    // He is listed busy a moment before his prompt's hook takes what waits: with the request, that hook is over.
    bob.wait_for_request("the prompt", |request| request.newest().contains("wait for it"));
    let id = post(&world, "bob", "the build is red");
    bob.wait("the wake", || (world.status_of(&id) == "notified").then_some(()));
    bob.wait("its waker's end", || (!crate::has_waker(&world, "bob")).then_some(()));
    fs::write(world.project("bob").join("go"), "").expect("a file");
    let told = bob.wait_for_request("with the result", |request| !request.tool_results().is_empty());
    assert_eq!(told.tool_results(), ["went\n"]);
    if client_is_at_least([2, 1, 273]) {
        assert!(told.newest().contains("the build is red"), "{}", told.newest());
        bob.idle();
        assert_eq!(bob.requests().len(), 2);
    } else {
        // These clients put the wake into the request without a prompt hook; the waker wakes again after the turn.
        bob.wait_until_told("the build is red");
        bob.wait("it is proved seen", || (world.status_of(&id) == "seen").then_some(()));
    }
}

#[test]
fn a_letter_that_comes_while_the_last_answer_streams_starts_a_turn_of_its_own() {
    let world = World::with_cc2cc();
    let mut bob = settled(&world, "bob");
    let gate = Gate::default();
    bob.api.when("talk").reply(Reply::text("that is all").held_by(&gate));
    bob.type_line("talk to me");
    bob.wait_for_screen("streaming");
    let id = post(&world, "bob", "one more thing");
    bob.wait("its waker's end", || (!crate::has_waker(&world, "bob")).then_some(()));
    let another = post(&world, "bob", "and another");
    gate.open();
    let told = bob.wait_until_told("one more thing");
    assert!(told.everything().contains("that is all"));
    bob.wait_until_told("and another");
    for id in [&id, &another] {
        bob.wait("it is proved seen", || (world.status_of(id) == "seen").then_some(()));
    }
    bob.idle();
    assert_eq!(bob.requests().len(), 2, "no turn for nothing");
    // A client that loses wakes is woken once more after two seconds, which a busy one may need for the first.
    let rung = bob.screen().contains("have arrived already");
    assert!(!rung || !client_is_at_least([2, 1, 273]), "nor a ring: {}", bob.screen());
}

#[test]
fn twenty_letters_at_once_reach_the_model_once_each_in_few_turns() {
    let world = World::with_cc2cc();
    let bob = settled(&world, "bob");
    let ids: Vec<String> = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..20)
            .map(|number| {
                scope.spawn({
                    let world = &world;
                    move || post(world, "bob", &format!("letter number {number}."))
                })
            })
            .collect();
        senders.into_iter().map(|sender| sender.join().expect("a letter")).collect()
    });
    bob.wait("all are seen", || ids.iter().all(|id| world.status_of(id) == "seen").then_some(()));
    bob.idle();
    let everything = bob.requests().last().expect("a request").everything();
    for (number, id) in ids.iter().enumerate() {
        assert_eq!(everything.matches(&format!("<letter id=\"{id}\"")).count(), 1, "letter {number}");
        assert_eq!(everything.matches(&format!("letter number {number}.")).count(), 1, "letter {number}");
    }
    let turns = bob.requests().len();
    assert!(turns <= 6, "{turns} turns");
}

#[test]
fn a_script_wakes_a_session_and_a_wrong_name_writes_nothing() {
    let world = World::with_cc2cc();
    let bob = settled(&world, "bob");
    let id = post(&world, "bob", "main is red");
    let told = bob.wait_until_told("main is red");
    assert!(told.newest().contains("from=\"user\""), "{}", told.newest());
    bob.wait("it is proved seen", || (world.status_of(&id) == "seen").then_some(()));

    let before = everything_below(&world.home().join(".cc2cc"));
    let refused = world.cc2cc("home", &["send", "bobb", "hello"]);
    assert_eq!(refused.status.code(), Some(3));
    let complaint = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(complaint.starts_with("cc2cc: no agent named `bobb`\nhint: did you mean `bob`?"), "{complaint}");
    assert_eq!(everything_below(&world.home().join(".cc2cc")), before);
}

#[test]
fn a_low_letter_waits_for_the_next_turn() {
    let world = World::with_cc2cc();
    let mut bob = settled(&world, "bob");
    let sent = world.cc2cc_json(&["send", "--priority", "low", "bob", "no hurry"]);
    let id = sent["sent"][0]["id"].as_str().expect("an id");
    post(&world, "bob", "hurry");
    let told = bob.wait_until_told("hurry");
    assert!(told.newest().contains("no hurry"), "it goes in with what woke the session: {}", told.newest());
    bob.idle();
    let second = world.cc2cc_json(&["send", "--priority", "low", "bob", "some day"]);
    assert_ne!(second["sent"][0]["id"], id);
    bob.type_line("hello");
    let told = bob.wait_until_told("hello");
    assert!(told.newest().contains("some day"), "{}", told.newest());
    assert_eq!(bob.requests().len(), 2);
}

/// The files below a directory that letters could be written to, without those that a beat may touch.
fn everything_below(dir: &std::path::Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).expect("a directory").flatten() {
            if entry.path().is_dir() {
                dirs.push(entry.path());
            }
            files.push(entry.path().display().to_string());
        }
        files.retain(|file| !file.contains("agent.json.")); // somebody's draft, there for an instant
    }
    files.sort();
    files
}
