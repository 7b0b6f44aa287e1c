//! The first use, as README has it: one command installs, one starts each session, and one sentence asks.

use std::process::Command;

use serde_json::json;

use crate::{
    SEND,
    claude::Session,
    has_waker, is_online, letter, letter_id,
    reply::Reply,
    world::{World, binary},
};

/// The name that a session says it has.
fn name(session: &Session) -> String {
    session.wait("its name", || {
        let screen = session.screen();
        let (_, rest) = screen.split_once("cc2cc: you are ")?;
        Some(rest.split_whitespace().next()?.to_owned())
    })
}

#[test]
fn one_command_installs_and_two_sessions_ask_and_answer() {
    let world = World::new();
    let archive = world.home().with_file_name("cc2cc.tar.gz");
    let binary = binary();
    let (folder, file) = (binary.parent().expect("a folder"), binary.file_name().expect("a name"));
    let packed =
        Command::new("tar").args(["-I", "gzip -1", "-cf"]).arg(&archive).arg("-C").arg(folder).arg(file).status();
    assert!(packed.expect("tar").success());
    let mut install = world.command("home", concat!(env!("CARGO_MANIFEST_DIR"), "/install.sh"));
    let said = install.arg("--archive").arg(&archive).output().expect("the installer");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));

    let (mut one, two) = (world.session("one").start(), world.session("two").start());
    let (first, second) = (name(&one), name(&two));
    for (session, name) in [(&one, &first), (&two, &second)] {
        session.wait("its server", || is_online(&world, name).then_some(()));
        session.wait("its waker", || has_waker(&world, name).then_some(()));
    }
    one.api.when("what it is working on").reply(letter(&second, "What are you working on?"));
    two.api.when("What are you working on?").reply_with(move |request| {
        let asked = letter_id(&request.newest());
        Reply::tool(SEND, json!({ "to": first, "text": "On the parser.", "reply_to": asked }))
    });
    one.type_line(&format!("Ask {second} what it is working on."));
    one.wait_until_told("On the parser.");
}
