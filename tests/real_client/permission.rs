//! What the client asks its person before a model writes or reads letters: nothing, unless they want to be asked.

use std::fs;

use serde_json::{Value, json};

use crate::{SEND, claude::Session, letter, letter_id, post, reply::Reply, settle, settled, world::World};

/// How the client asks, in all versions.
const QUESTION: &str = "Do you want to proceed?";

/// A session in `mode`, in which no tool is allowed in advance.
fn session(world: &World, name: &str, mode: &str, old: bool) -> Session {
    let builder = world.session(name).args(&["--permission-mode", mode]).env("CC2CC_NAME", name);
    let session = if old { builder.old() } else { builder }.start();
    settle(&session, world, name);
    session
}

/// The model that a letter has woken answers, and nobody is asked.
#[track_caller]
fn answers(mode: &str, old: bool) {
    let world = World::with_cc2cc();
    let mut bob = session(&world, "bob", mode, old);
    bob.api.when_it(|request| request.newest().contains("<letter id=")).reply_with(|request| {
        Reply::tool(SEND, json!({ "to": "user", "text": "yes", "reply_to": letter_id(&request.newest()) }))
    });
    bob.type_line("hello"); // from here on his mode is known
    bob.wait_until_told("hello");
    bob.idle();
    let id = post(&world, "bob", "is the schema final?");
    let told = bob.wait_for_request("with the result", |request| !request.tool_results().is_empty());
    let result: Value = serde_json::from_str(&told.tool_results()[0]).expect("JSON");
    assert_eq!(result["sent"][0]["state"], "stored", "{result}");
    let inbox = world.cc2cc_json(&["inbox"]);
    assert_eq!((&inbox["letters"][0]["from"], &inbox["letters"][0]["replyTo"]), (&"bob".into(), &id.into()));
}

#[test]
fn a_woken_model_answers_without_a_question_in_every_mode() {
    for mode in ["default", "plan", "acceptEdits", "dontAsk"] {
        answers(mode, false);
    }
}

#[test]
fn so_it_does_in_a_client_from_before_there_were_mods() {
    for mode in ["default", "plan"] {
        answers(mode, true);
    }
}

#[test]
fn whoever_wants_to_be_asked_is() {
    let world = World::with_cc2cc();
    fs::create_dir_all(world.home().join(".cc2cc")).expect("a home");
    fs::write(world.home().join(".cc2cc/config.toml"), "tools = \"ask\"\n").expect("a file");
    for mode in ["default", "plan"] {
        let mut ann = session(&world, "ann", mode, false);
        ann.api.when("tell the person").reply(letter("user", "hello"));
        ann.type_line("tell the person");
        ann.wait_for_screen(QUESTION);
        ann.kill9();
    }
    assert_eq!(world.cc2cc_json(&["inbox"])["letters"], json!([]));
}

#[test]
fn a_name_is_not_changed_unasked() {
    let world = World::with_cc2cc();
    let mut ann = settled(&world, "ann");
    let rename = Reply::tool("mcp__plugin_cc2cc_cc2cc__rename", json!({ "name": "eve" }));
    ann.api.when("be eve").reply(rename);
    ann.type_line("be eve");
    ann.wait_for_screen(QUESTION);
}

#[test]
fn what_the_persons_settings_deny_or_ask_for_stays_so() {
    let world = World::with_cc2cc();
    let settings = |rules: Value| {
        let file = world.home().join(".claude/settings.json");
        fs::write(file, json!({ "permissions": rules }).to_string()).expect("settings");
    };
    settings(json!({ "deny": [SEND] }));
    let mut ann = session(&world, "ann", "default", false);
    ann.api.when("tell the person").reply(letter("user", "hello"));
    ann.type_line("tell the person");
    ann.wait_for_request("with the result", |request| !request.tool_results().is_empty());
    ann.kill9();
    settings(json!({ "ask": [SEND] }));
    let mut bob = session(&world, "bob", "default", false);
    bob.api.when("tell the person").reply(letter("user", "hello"));
    bob.type_line("tell the person");
    bob.wait_for_screen(QUESTION);
    assert_eq!(world.cc2cc_json(&["inbox"])["letters"], json!([]));
}
