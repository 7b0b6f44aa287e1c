//! The long-lived processes of a session, killed: the next one takes over.

use std::{io::Write, process::Stdio};

use serde_json::json;

use super::{
    office::{Heard, Office, Run},
    table::conclude,
};
use crate::support::{
    eventually::until,
    said::{Said, start},
    world::names,
};

#[test]
fn a_bell_that_was_killed_is_replaced_by_the_next_event() {
    let office = Office::new();
    office.watch(office.start("startup")).fine();
    let bell = || {
        let Run { mut command, input, .. } =
            office.session_process(&["wait", "--ring"], &json!({ "hook_event_name": "Stop" }));
        let bell = start(&mut command, &input);
        until("the waker is there", || office.mine().is_online().then_some(()));
        bell
    };
    let mut first = bell();
    first.kill().unwrap();
    first.wait().unwrap();
    until("the agent is away", || (!office.mine().is_online()).then_some(()));
    office.posted("ann", "calm-owl", "nobody rings for this one yet");
    let rang = Said::of(&bell().wait_with_output().unwrap());
    assert_eq!(rang.code, Some(2), "{rang:?}");
    office.hear(&office.watch(office.prompt()).fine());
    office.goes_on();
    conclude("a bell killed", "the next event starts another, and it rings", office.tally(Heard::All));
}

#[test]
fn a_server_that_was_killed_takes_no_letter_with_it() {
    let office = Office::new();
    office.watch(office.start("startup")).fine();
    let serve = || {
        let Run { mut command, input, .. } = office.server(&[]);
        let mut server = command.stdin(Stdio::piped()).spawn().unwrap();
        server.stdin.as_mut().unwrap().write_all(&input).unwrap();
        until("the server is there", || office.mine().is_online().then_some(()));
        server
    };
    let mut first = serve();
    office.watch(office.run(&["send", "calm-owl", "to a server"]).sending("calm-owl", "to a server")).fine();
    first.kill().unwrap();
    first.wait().unwrap();
    until("the agent is away", || (!office.mine().is_online()).then_some(()));
    office.watch(office.run(&["send", "calm-owl", "to nobody"]).sending("calm-owl", "to nobody")).fine();
    let mut second = serve();
    assert_eq!(names(&office.mine().path().join("inbox")).len(), 2);
    office.goes_on();
    second.kill().unwrap();
    second.wait().unwrap();
    conclude("the MCP server killed", "its letters wait; the next server finds the mailbox", office.tally(Heard::All));
}
