//! cc2cc never keeps a client from its work: one that answers a prompt and ends finds nothing to wait for, and one that is
//! fed messages is woken between them and ends with its input.

use crate::{
    agent,
    api::Api,
    has_waker, is_online, post,
    programs::{Input, Program, STREAMING},
    reply::Reply,
    settled,
    support::eventually::{PATIENCE, eventually},
    world::World,
};

#[test]
fn a_one_shot_client_makes_its_request_and_ends_whatever_its_variables_say() {
    let world = World::with_cc2cc();
    for entry in ["claude-vscode", "claude-desktop", "local-agent", "remote"] {
        let api = Api::start();
        let inherited = [("CLAUDE_CODE_ENTRYPOINT", entry), ("CLAUDE_CODE_SESSION_ATTENDED", "1")];
        let mut client = Program::start(&world, "ann", &api, &["-p", "hello"], &inherited, &Input::Nothing);
        assert!(client.ends().success(), "{entry}");
        assert!(api.requests()[0].newest().contains("hello"), "{entry}");
        assert!(!world.home().join(".cc2cc").exists(), "{entry}: it has left no trace");
    }
}

#[test]
fn a_client_that_writes_to_no_terminal_is_a_one_shot_client_without_saying_so() {
    let world = World::with_cc2cc();
    let api = Api::start();
    let inherited = [("CLAUDE_CODE_ENTRYPOINT", "claude-vscode")];
    let mut client = Program::start(&world, "ann", &api, &["hello"], &inherited, &Input::Nothing);
    assert!(client.ends().success());
    assert!(api.requests()[0].newest().contains("hello"));
    assert!(!world.home().join(".cc2cc").exists(), "it has left no trace");
}

#[test]
fn a_named_one_shot_client_gets_its_letters_and_ends() {
    let world = World::with_cc2cc();
    let api = Api::start();
    let bob = settled(&world, "bob");
    drop(bob);
    eventually("he is offline", PATIENCE, || (!is_online(&world, "bob")).then_some(()));
    post(&world, "bob", "while you were away");
    let env = [("CC2CC_NAME", "bob"), ("CLAUDE_CODE_ENTRYPOINT", "claude-vscode")];
    let mut client = Program::start(&world, "bob", &api, &["-p", "hello"], &env, &Input::Nothing);
    assert!(client.ends().success());
    assert!(api.requests()[0].newest().contains("while you were away"), "{}", api.requests()[0].newest());
}

#[test]
fn a_one_shot_client_that_a_streaming_session_starts_makes_its_request_and_ends() {
    let world = World::with_cc2cc();
    let api = Api::start();
    let env = [("CC2CC_NAME", "bob"), ("CLAUDE_CODE_ENTRYPOINT", "claude-vscode")];
    let words = [&STREAMING[..], &["--permission-mode", "default", "--allowedTools", "Bash"]].concat();
    let mut bob = Program::start(&world, "bob", &api, &words, &env, &Input::Pipe);
    let inner = format!("{} -p 'the inner prompt' </dev/null", crate::world::client().display());
    api.when("the outer prompt")
        .reply(Reply::tool("Bash", serde_json::json!({ "command": inner, "description": "a client" })));
    bob.say("the outer prompt");
    let with_result = || api.requests().into_iter().find(|request| !request.tool_results().is_empty());
    let told = eventually("the inner client has answered", PATIENCE, with_result);
    assert_eq!(told.tool_results()[0].trim(), "ok");
    bob.say_no_more();
    assert!(bob.ends().success());
}

/// A streaming session with its first answer, its server and its waker.
fn streaming(world: &World, api: &Api, entry: Option<&str>, input: &Input) -> Program {
    let mut env = vec![("CC2CC_NAME", "bob")];
    env.extend(entry.map(|entry| ("CLAUDE_CODE_ENTRYPOINT", entry)));
    let mut bob = Program::start(world, "bob", api, &STREAMING, &env, input);
    bob.say("hello");
    let first = || api.requests().into_iter().find(|request| request.newest().contains("hello"));
    eventually("the first request", PATIENCE, first);
    eventually("his server", PATIENCE, || is_online(world, "bob").then_some(()));
    eventually("his waker", PATIENCE, || has_waker(world, "bob").then_some(()));
    eventually("he is idle", PATIENCE, || (agent(world, "bob")["state"] == "idle" && !api.is_busy()).then_some(()));
    bob
}

#[test]
fn a_letter_wakes_a_streaming_session_which_ends_with_its_input() {
    for (entry, input) in
        [(Some("claude-vscode"), Input::Pipe), (Some("claude-vscode"), Input::Socket), (None, Input::Socket)]
    {
        let world = World::with_cc2cc();
        let api = Api::start();
        let mut bob = streaming(&world, &api, entry, &input);
        let id = post(&world, "bob", "main is red");
        let told = || api.requests().into_iter().find(|request| request.newest().contains("main is red"));
        eventually("the letter", PATIENCE, told);
        eventually("it is proved seen", PATIENCE, || (world.status_of(&id) == "seen").then_some(()));
        eventually("his next waker", PATIENCE, || has_waker(&world, "bob").then_some(()));
        assert!(bob.goes_on(), "its input is open");
        bob.say("and now?");
        let told = || api.requests().into_iter().find(|request| request.newest().contains("and now?"));
        eventually("the next request", PATIENCE, told);
        bob.say_no_more();
        assert!(bob.ends().success());
        let ours = || world.processes().into_iter().filter(|(_, line)| line.contains("bin/cc2cc")).collect::<Vec<_>>();
        eventually("nothing of ours runs", PATIENCE, || ours().is_empty().then_some(()));
    }
}

#[test]
fn a_streaming_client_whose_input_ends_at_once_answers_and_ends() {
    for input in [Input::Pipe, Input::Socket] {
        let world = World::with_cc2cc();
        let api = Api::start();
        let env = [("CLAUDE_CODE_ENTRYPOINT", "claude-vscode")];
        let mut bob = Program::start(&world, "bob", &api, &STREAMING, &env, &input);
        bob.say("hello");
        bob.say_no_more();
        assert!(bob.ends().success());
        assert!(api.requests()[0].newest().contains("hello"));
    }
}
