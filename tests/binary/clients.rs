//! Hooks of other clients: which are known here, and what becomes of those that are not.

use cc2cc::{
    agent::{
        Record,
        host::HostKey,
        identity::{self, Claimant, Trust},
    },
    mailbox::letter::Letter,
};
use jiff::Timestamp;
use serde_json::json;

use super::mcp::{Server, initialize};
use crate::support::world::World;

#[test]
fn a_hook_of_a_client_that_is_not_known_ends_at_once_and_reads_nothing() {
    let world = World::new();
    for words in [&["hook", "--client", "gemini", "session-start"][..], &[]] {
        let mut command = world.command(words);
        // Its input stays open, as a client's may: whoever read it to its end would wait for ever.
        let mut child = command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        child = child.stderr(std::process::Stdio::piped());
        let mut child = child.spawn().expect("started");
        let input = child.stdin.take();
        let said = child.wait_with_output().expect("ended");
        drop(input);
        assert_eq!(said.status.code(), Some(0), "{words:?}");
        assert!(said.stdout.is_empty() && said.stderr.is_empty(), "{words:?}: {said:?}");
    }
    assert!(!world.home().path().exists(), "nothing is made for it");
}

#[test]
fn an_agent_of_another_client_is_listed_as_that_and_its_letters_say_so() {
    let world = World::new().agent("bob");
    let host = HostKey::of_session("codex", "01a227fc-a455").unwrap();
    let claimant = Claimant { wanted: Some("ann".parse().unwrap()), ..Claimant::new(host, Trust::Host) };
    let ann = identity::claim(&world.home(), &claimant).unwrap().mailbox;
    world.posted("bob", "ann", "who are you?");
    let listed = world.run(&["agents", "--all"]).fine().out;
    assert!(listed.lines().any(|line| line.starts_with("ann") && line.contains("(codex)")), "{listed}");
    let listed = world.run(&["agents", "--all", "--json"]).fine().json();
    let client = |name: &str| listed["agents"].as_array().unwrap().iter().find(|agent| agent["name"] == name).cloned();
    assert_eq!(client("ann").unwrap()["client"], "codex");
    assert_eq!(client("bob").unwrap().get("client"), None);

    let letter = Letter {
        origin: Record::of(&ann).origin(),
        ..Letter::new(ann.name().clone(), "bob".parse().unwrap(), "hello", Timestamp::now())
    };
    let id = world.post(letter);
    let read = world.run(&["read", id.as_str()]).fine().out;
    assert!(read.contains(" · codex"), "{read}");
}

#[test]
fn a_server_of_many_sessions_asks_each_call_whose_it_is() {
    let world = World::new().agent("bob");
    let named = |name: &str, thread: &str| {
        let host = HostKey::of_session("codex", thread).unwrap();
        let claimant = Claimant { wanted: Some(name.parse().unwrap()), ..Claimant::new(host, Trust::Host) };
        identity::claim(&world.home(), &claimant).unwrap();
    };
    named("ann", "01a2");
    named("cat", "01b3");
    let mut command = world.command(&["mcp"]);
    command.env("CC2CC_CLIENT", "codex");
    let mut server = Server::run(command);
    server.request("initialize", &initialize());
    server.notify("notifications/initialized");
    let mut send = |thread: &str| {
        let arguments = json!({ "to": "bob", "text": thread });
        let call = json!({ "name": "send", "arguments": arguments, "_meta": { "threadId": thread } });
        server.request("tools/call", &call)["result"].clone()
    };
    for (thread, name) in [("01a2", "ann"), ("01b3", "cat")] {
        assert_eq!(send(thread)["isError"], false, "{name}");
        let waiting = world.waiting("bob");
        let letter = waiting.iter().find(|letter| letter.content.text == thread).unwrap();
        assert_eq!(letter.from.as_str(), name);
    }
    let unheard = send("01c4");
    assert_eq!(unheard["isError"], true, "{unheard}");
    assert!(unheard.to_string().contains("no hook of cc2cc has run in it"), "{unheard}");
    assert_eq!(world.home().mailboxes().unwrap().len(), 3, "a call claims no name");
}
