//! The long-lived processes of a session, killed: the next one takes over.

use std::{io::Write, process::Stdio};

use serde_json::json;

use super::{
    scene::{Heard, Run, Scene},
    table::conclude,
};
use crate::support::{
    eventually::until,
    said::{Said, start},
    world::names,
};

#[test]
fn a_waker_that_was_killed_is_replaced_by_the_next_event() {
    let scene = Scene::new();
    scene.watch(scene.start("startup")).fine();
    let waker = || {
        let Run { mut command, input, .. } =
            scene.session_process(&["wait", "--ring"], &json!({ "hook_event_name": "Stop" }));
        let waker = start(&mut command, &input);
        until("the waker is there", || scene.mine().is_online().then_some(()));
        waker
    };
    let mut first = waker();
    first.kill().unwrap();
    first.wait().unwrap();
    until("the agent is away", || (!scene.mine().is_online()).then_some(()));
    scene.posted("ann", "calm-owl", "nobody rings for this one yet");
    let woke = Said::of(&waker().wait_with_output().unwrap());
    assert_eq!(woke.code, Some(2), "{woke:?}");
    scene.hear(&scene.watch(scene.prompt()).fine());
    scene.goes_on();
    conclude("a waker killed", "the next event starts another, and it wakes", scene.tally(Heard::All));
}

#[test]
fn a_server_that_was_killed_takes_no_letter_with_it() {
    let scene = Scene::new();
    scene.watch(scene.start("startup")).fine();
    let serve = || {
        let Run { mut command, input, .. } = scene.server(&[]);
        let mut server = command.stdin(Stdio::piped()).spawn().unwrap();
        server.stdin.as_mut().unwrap().write_all(&input).unwrap();
        until("the server is there", || scene.mine().is_online().then_some(()));
        server
    };
    let mut first = serve();
    scene.watch(scene.run(&["send", "calm-owl", "to a server"]).sending("calm-owl", "to a server")).fine();
    first.kill().unwrap();
    first.wait().unwrap();
    until("the agent is away", || (!scene.mine().is_online()).then_some(()));
    scene.watch(scene.run(&["send", "calm-owl", "to nobody"]).sending("calm-owl", "to nobody")).fine();
    let mut second = serve();
    assert_eq!(names(&scene.mine().path().join("inbox")).len(), 2);
    scene.goes_on();
    second.kill().unwrap();
    second.wait().unwrap();
    conclude("the MCP server killed", "its letters wait; the next server finds the mailbox", scene.tally(Heard::All));
}

#[test]
fn a_server_that_is_killed_while_a_call_waits_takes_no_answer_with_it() {
    let scene = Scene::new();
    scene.watch(scene.start("startup")).fine();
    scene.watch(scene.prompt()).fine();
    let _bob = scene.world.there("bob");
    let question = [("bob".to_owned(), "well?".to_owned())];
    let call = json!({ "name": "ask", "arguments": { "to": "bob", "text": "well?", "within": "10m" } });
    let Run { mut command, input, .. } = scene.server(&[call]);
    let mut server = command.stdin(Stdio::piped()).spawn().unwrap();
    server.stdin.as_mut().unwrap().write_all(&input).unwrap();
    until("the question is there", || (!names(&scene.world.at("bob").path().join("inbox")).is_empty()).then_some(()));
    scene.may_be_stored(&question, true);
    server.kill().unwrap();
    server.wait().unwrap();
    scene.posted("bob", "calm-owl", "the answer");
    scene.goes_on();
    conclude("a call of `ask` killed while it waits", "a later answer is an ordinary letter", scene.tally(Heard::All));
}
