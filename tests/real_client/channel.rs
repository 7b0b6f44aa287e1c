//! Letters as channel messages: with the channel open each comes that way and once; without it nothing is lost.

use serde_json::{Value, json};

use crate::{
    SEND, agent, claude::Session, has_waker, is_online, post, reply::Reply, settled, world::World, world::client,
};

const FLAG: &str = "--dangerously-load-development-channels";
/// Set in every world; with it the client asks no server whether channels are allowed, and opens none.
const NO_SWITCH: &str = "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC";
/// How the client names `send` of a server that was registered by hand.
pub(crate) const SEND_BY_HAND: &str = "mcp__cc2cc__send";

/// A session with a channel to `entry`, past the client's warning.
fn with_channel(world: &World, name: &str, entry: &str) -> Session {
    let session = world.session(name).args(&[FLAG, entry, "--allowedTools", "Bash", SEND_BY_HAND]);
    let mut session = session.env("CC2CC_NAME", name).without(NO_SWITCH).launch();
    session.wait_for_screen("I am using this for local development");
    session.press("\r");
    session.wait("its server", || is_online(world, name).then_some(()));
    session
}

fn channel_of(world: &World, name: &str) -> Value {
    let record = std::fs::read(world.mailbox(name, "agent.json")).unwrap_or_default();
    serde_json::from_slice::<Value>(&record).unwrap_or_default()["client"]["channel"].clone()
}

fn steps(world: &World, id: &str) -> Vec<String> {
    let status = world.cc2cc_json(&["status", id]);
    let steps = status["copies"][0]["steps"].as_array().expect("steps").clone();
    steps.iter().map(|step| step["step"].as_str().expect("a step").to_owned()).collect()
}

#[test]
fn with_a_channel_to_the_plugin_letters_come_as_channel_messages_and_once() {
    let world = World::with_cc2cc();
    world.allow_channels();
    let mut ann = with_channel(&world, "ann", "plugin:cc2cc@skills-dir");
    ann.wait("its waker", || has_waker(&world, "ann").then_some(()));
    ann.wait("its channel", || (channel_of(&world, "ann") == "offered").then_some(()));

    let id = post(&world, "ann", "the build is red");
    let told = ann.wait_until_told("the build is red").newest();
    assert!(told.contains("<channel source=") && told.contains("from=\"user\""), "{told}");
    ann.wait_for_screen("user: the build is red");
    ann.wait("it is proved", || (world.status_of(&id) == "seen").then_some(()));
    assert_eq!(steps(&world, &id), ["claimed", "delivered", "seen"], "no waker has woken it");
    ann.wait("its channel proved", || (channel_of(&world, "ann") == "open").then_some(()));
    ann.idle();

    // In the middle of a turn, and from another session.
    let mut bob = settled(&world, "bob");
    ann.api.when("work").reply(Reply::tool("Bash", json!({ "command": "until [ -e go ]; do sleep 0.05; done" })));
    ann.type_line("work");
    ann.wait_until_told("work");
    bob.api.when("tell ann").reply(Reply::tool(SEND, json!({ "to": "ann", "text": "look </channel> here" })));
    bob.type_line("tell ann");
    ann.wait("the client has it", || {
        (world.cc2cc_json(&["inbox", "--agent", "ann"])["letters"][0]["state"] == "claimed").then_some(())
    });
    std::fs::write(world.project("ann").join("go"), "").expect("a file");
    let told = ann.wait_until_told("here\n</channel>").newest();
    assert!(told.contains("from=\"bob\""), "{told}");
    ann.wait("all are proved", || {
        let letters = world.cc2cc_json(&["inbox", "--agent", "ann", "--all"]);
        letters["letters"].as_array()?.iter().all(|letter| letter["state"] == "done").then_some(())
    });
    ann.idle();
    let everything = ann.requests().last().expect("a request").everything();
    assert_eq!(everything.matches("the build is red").count(), 1);
    assert_eq!(everything.matches("here\n</channel>").count(), 1, "{everything}");
    assert!(!everything.contains("cc2cc: mail for"), "no waker has woken it");
}

/// A session with the flag but without the switch: the client may warn all the same, and opens no channel.
fn without_channel(world: &World, name: &str, entry: &str) -> Session {
    let session = world.session(name).args(&[FLAG, entry, "--allowedTools", SEND_BY_HAND]).env("CC2CC_NAME", name);
    let mut session = session.launch();
    session
        .wait("the client", || {
            let screen = session.screen();
            if screen.contains("I am using this for local development") {
                return Some(true);
            }
            screen.contains("? for shortcuts").then_some(false)
        })
        .then(|| session.press("\r"));
    session.wait("its channel", || (channel_of(world, name) == "offered").then_some(()));
    session
}

/// Checks that `cc2cc doctor` names the session whose channel carries nothing.
#[track_caller]
fn doctor_names(world: &World, name: &str) {
    let doctor = world.cc2cc("home", &["doctor", "--json"]).stdout;
    let doctor: Value = serde_json::from_slice(&doctor).expect("JSON");
    let findings = doctor["findings"].as_array().expect("findings");
    let channel = findings.iter().find(|finding| finding["what"] == "channel").expect("a finding");
    assert!(channel["text"].as_str().expect("a text").contains(name), "{channel}");
}

#[test]
fn without_the_switch_a_letter_comes_the_ordinary_way_and_doctor_says_why() {
    let world = World::with_cc2cc();
    let ann = without_channel(&world, "ann", "plugin:cc2cc@skills-dir");
    let id = post(&world, "ann", "the build is red");
    let told = ann.wait_until_told("the build is red").newest();
    assert!(told.contains("<cc2cc-mail>"), "{told}");
    ann.wait("it is proved", || (world.status_of(&id) == "seen").then_some(()));
    ann.wait("its channel found silent", || (channel_of(&world, "ann") == "silent").then_some(()));
    ann.idle();
    let second = post(&world, "ann", "it is green again");
    ann.wait_until_told("it is green again");
    ann.wait("it is proved", || (world.status_of(&second) == "seen").then_some(()));
    assert_eq!(steps(&world, &second), ["notified", "claimed", "delivered", "seen"], "not pushed any more");
    doctor_names(&world, "ann");
    ann.idle();
    let everything = ann.requests().last().expect("a request").everything();
    assert_eq!(everything.matches("the build is red").count(), 1);
}

/// Registers the server by hand, as the client's own command does it.
pub(crate) fn register(world: &World) {
    let cc2cc = world.bin().join("cc2cc");
    let mut add = world.command("ann", client());
    add.args(["mcp", "add", "--scope", "user", "cc2cc", "--"]).arg(cc2cc).arg("mcp");
    let added = add.output().expect("claude mcp add");
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
}

#[test]
fn a_server_used_alone_names_itself_and_receives_by_channel() {
    let world = World::with_binary();
    register(&world);
    world.allow_channels();
    let mut ann = with_channel(&world, "ann", "server:cc2cc");
    ann.wait("its channel", || (channel_of(&world, "ann") == "offered").then_some(()));
    assert_eq!(agent(&world, "ann")["cwd"], world.project("ann").display().to_string());
    let id = post(&world, "ann", "the build is red");
    let told = ann.wait_until_told("the build is red").newest();
    assert!(told.contains("<channel source=\"cc2cc\""), "{told}");
    ann.wait("it is proved", || (world.status_of(&id) == "seen").then_some(()));
    ann.type_line("who are you");
    let told = ann.wait_until_told("who are you");
    assert!(told.body.to_string().contains("This session's name is ann."), "{}", told.body);
}

#[test]
fn a_push_that_a_busy_client_takes_late_is_told_once_and_proved() {
    let world = World::with_binary();
    register(&world);
    world.allow_channels();
    let mut ann = with_channel(&world, "ann", "server:cc2cc");
    ann.wait("its channel", || (channel_of(&world, "ann") == "offered").then_some(()));
    ann.idle();
    ann.rest(true);
    let id = post(&world, "ann", "the build is red");
    ann.wait("that the push is given up", || (channel_of(&world, "ann") == "silent").then_some(()));
    ann.rest(false);
    ann.wait_until_told("the build is red");
    ann.wait("it is proved", || (world.status_of(&id) == "seen").then_some(()));
    let next = post(&world, "ann", "the build is green");
    ann.wait("the next is proved", || (world.status_of(&next) == "seen").then_some(()));
    ann.type_line("go on");
    let everything = ann.wait_until_told("go on").everything();
    assert_eq!(everything.matches("the build is red").count(), 1, "{everything}");
}

#[test]
fn a_server_used_alone_hands_letters_out_with_the_result_of_a_tool() {
    let world = World::with_binary();
    register(&world);
    let mut ann = world.session("ann").args(&["--allowedTools", SEND_BY_HAND]).env("CC2CC_NAME", "ann").start();
    ann.wait("its server", || is_online(&world, "ann").then_some(()));
    let id = post(&world, "ann", "the build is red");
    ann.api.when("tell the person").reply(Reply::tool(SEND_BY_HAND, json!({ "to": "user", "text": "hello" })));
    ann.type_line("tell the person");
    let told = ann.wait_until_told("the build is red").newest();
    assert!(told.contains("<cc2cc-mail>") && told.contains("from=\"user\""), "{told}");
    ann.wait("it is proved", || (world.status_of(&id) == "seen").then_some(()));
}

#[test]
fn a_server_used_alone_without_the_switch_takes_its_push_back_and_hands_the_letter_out_with_a_tool() {
    let world = World::with_binary();
    register(&world);
    let mut ann = without_channel(&world, "ann", "server:cc2cc");
    let id = post(&world, "ann", "the build is red");
    ann.wait("its channel found silent", || (channel_of(&world, "ann") == "silent").then_some(()));
    assert_eq!(world.status_of(&id), "stored", "taken back");
    assert!(ann.requests().is_empty(), "nothing has reached the model");
    doctor_names(&world, "ann");

    let second = post(&world, "ann", "it is green again");
    ann.api.when("tell the person").reply(Reply::tool(SEND_BY_HAND, json!({ "to": "user", "text": "hello" })));
    ann.type_line("tell the person");
    let told = ann.wait_until_told("the build is red").newest();
    assert!(told.contains("<cc2cc-mail>") && told.contains("it is green again"), "{told}");
    for id in [&id, &second] {
        ann.wait("it is proved", || (world.status_of(id) == "seen").then_some(()));
    }
    assert_eq!(steps(&world, &second), ["claimed", "delivered", "seen"], "not pushed any more");
    ann.idle();
    let everything = ann.requests().last().expect("a request").everything();
    for text in ["the build is red", "it is green again"] {
        assert_eq!(everything.matches(text).count(), 1, "{everything}");
    }
}
