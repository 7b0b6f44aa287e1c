//! Stories with the real Claude Code: two terminals, a stand-in for the model, and cc2cc installed as a user installs it.

mod api;
mod asking;
mod background;
mod bare;
mod channel;
mod chat_api;
mod checking;
mod claude;
mod codex;
mod codex_client;
mod counting;
mod ending;
mod evidence;
mod first_use;
mod folder_gone;
mod halves;
mod held;
mod imitating;
mod marketplace;
mod naming;
mod not_members;
mod opencode;
mod opencode_client;
mod pane;
mod peeking;
mod permission;
mod person;
mod picture;
mod pictures;
mod places;
mod programs;
mod prompts;
mod reaching;
mod reply;
mod request;
mod responses;
mod returning;
mod servers;
mod service;
mod slash_commands;
mod starting;
mod statusline;
#[expect(dead_code, reason = "shared with the other suites, which use more of it")]
#[path = "../support/mod.rs"]
mod support;
mod titles;
mod updating;
mod waking;
mod working_together;
mod world;

use serde_json::{Value, json};

use crate::{claude::Session, reply::Reply, request::Request, world::World};

/// How the client names the tool `send`.
const SEND: &str = "mcp__plugin_cc2cc_cc2cc__send";

/// A world with cc2cc in it, and a session that bears its project's name.
fn session(world: &World, name: &str) -> Session {
    world.session(name).args(&["--allowedTools", "Bash"]).env("CC2CC_NAME", name).start()
}

/// A session that has said its name, with its waker in place and its tools loaded.
fn settled(world: &World, name: &str) -> Session {
    let session = session(world, name);
    settle(&session, world, name);
    session
}

/// Waits until a session is as it is when a person has looked up: its model has no tool of ours before its server answers.
#[track_caller]
fn settle(session: &Session, world: &World, name: &str) {
    session.wait_for_screen(&format!("cc2cc: you are {name}"));
    session.wait("its server", || is_online(world, name).then_some(()));
    session.wait("its waker", || has_waker(world, name).then_some(()));
}

/// A session that bypasses permissions, with the client's question about that answered.
#[track_caller]
fn bypassing(world: &World, name: &str) -> Session {
    let session = world.session(name).args(&["--permission-mode", "bypassPermissions"]);
    let mut session = session.env("CC2CC_NAME", name).env("IS_SANDBOX", "1").launch();
    let begun = format!("cc2cc: you are {name}");
    let shows = |session: &Session, text: &str| session.screen().contains(text);
    session.wait("the question", || (shows(&session, "Yes, I accept") || shows(&session, &begun)).then_some(()));
    // It is asked once in each home.
    if shows(&session, "Yes, I accept") {
        session.press("\x1b[B");
        // Some starts of the client number the choices, others do not.
        let is_chosen = |line: &str| line.contains('❯') && line.ends_with("Yes, I accept");
        session.wait("the choice", || session.screen().lines().map(str::trim_end).any(is_chosen).then_some(()));
        session.press("\r");
    }
    settle(&session, world, name);
    session.idle();
    session
}

fn agent(world: &World, name: &str) -> Value {
    let listed = world.cc2cc_json(&["agents", "--all"]);
    let agents = listed["agents"].as_array().expect("a list");
    agents.iter().find(|agent| agent["name"] == name).cloned().unwrap_or_default()
}

fn is_online(world: &World, name: &str) -> bool {
    agent(world, name)["online"] == true
}

/// Whether some process is the waker of `name`.
fn has_waker(world: &World, name: &str) -> bool {
    let lock = std::fs::File::open(world.mailbox(name, "bell.lock"));
    lock.is_ok_and(|lock| lock.try_lock().is_err())
}

/// The model sends a letter.
fn letter(to: &str, text: &str) -> Reply {
    Reply::tool(SEND, json!({ "to": to, "text": text }))
}

/// The model answers the first letter in what it was told.
fn answer(request: &Request, text: &str) -> Reply {
    let newest = request.newest();
    let (_, from) = newest.split_once("from=\"").expect("a sender");
    let to = from.split('"').next().expect("its name");
    Reply::tool(SEND, json!({ "to": to, "text": text, "reply_to": letter_id(&newest) }))
}

/// The id of the first letter in what the model was told.
fn letter_id(told: &str) -> String {
    let (_, rest) = told.split_once("<letter id=\"").expect("a letter");
    rest.split('"').next().expect("an id").to_owned()
}

/// A letter sent from a script outside of any session; gives its id.
#[track_caller]
fn post(world: &World, to: &str, text: &str) -> String {
    let sent = world.cc2cc_json(&["send", to, text]);
    sent["sent"][0]["id"].as_str().expect("an id").to_owned()
}
