//! Half a character in what the model or a program writes: a call of our tool is answered, and mail stays on.

use serde_json::json;

use crate::{
    SEND, agent,
    api::Api,
    programs::{Input, Program, STREAMING},
    reply::{HALF, Reply},
    settled,
    support::eventually::{PATIENCE, eventually},
    world::World,
};

#[test]
fn a_letter_with_half_a_character_is_sent_and_arrives() {
    let world = World::with_cc2cc();
    let (mut ann, bob) = (settled(&world, "ann"), settled(&world, "bob"));
    let text = format!("the log ends with {HALF} here");
    ann.api.when("tell bob").reply(Reply::tool(SEND, json!({ "to": "bob", "text": text })));
    ann.type_line("please tell bob");
    let told = ann.wait_for_request("with the result", |request| !request.tool_results().is_empty());
    assert!(told.tool_results()[0].contains("stored"), "{:?}", told.tool_results());
    bob.wait_until_told("the log ends with \u{fffd} here");
}

/// Another program feeds the client, and cuts a text where it likes. The letter does not wake, so it is the prompt's hook
/// that brings it.
#[test]
fn a_prompt_with_half_a_character_leaves_mail_on() {
    let world = World::with_cc2cc();
    let api = Api::start();
    let mut bob = Program::start(&world, "bob", &api, &STREAMING, &[("CC2CC_NAME", "bob")], &Input::Pipe);
    let request = |words: &str| api.requests().into_iter().find(|request| request.newest().contains(words));
    bob.say("hello");
    eventually("the first request", PATIENCE, || request("hello"));
    eventually("he is idle", PATIENCE, || (agent(&world, "bob")["state"] == "idle" && !api.is_busy()).then_some(()));
    world.cc2cc_json(&["send", "bob", "the build is red", "--priority", "low"]);
    bob.say(&format!("the log ends with {HALF} here"));
    let told = eventually("the prompt", PATIENCE, || request("the log ends with"));
    assert!(told.newest().contains("the build is red"), "{}", told.newest());
}
