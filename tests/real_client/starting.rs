//! `cc2cc start`: a session of the client's own background service, from its name to its first letter and its end.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::{
    agent,
    reply::Reply,
    service::{Service, told},
    support::eventually::{PATIENCE, eventually},
    world::{World, client},
};

#[test]
fn a_session_is_started_in_the_background_and_gets_its_first_letter() {
    let world = World::with_cc2cc();
    let service = Service::new(&world);
    let program = world.bin().join("claude");
    fs::write(&program, format!("#!/bin/sh\nexec '{}' \"$@\"\n", client().display())).expect("a program");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a program");
    service.api.when("look at the diff").reply(Reply::text("it is fine"));
    let bob = world.project("bob").display().to_string();
    let start = |words: &[&str]| {
        let mut command = std::process::Command::new(world.bin().join("cc2cc"));
        command.current_dir(world.project("home")).env_clear().envs(world.environment(&service.api));
        command.arg("start").args(words).stdin(std::process::Stdio::null());
        let output = command.output().expect("cc2cc start");
        let said = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
        (output.status.code(), said)
    };
    let (code, said) = start(&["reviewer", "--dir", &bob, "--permission-mode", "default", "look at the diff"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with(&format!("reviewer works in the background, in {bob}\n`claude attach ")), "{said}");
    assert!(said.contains("sent to reviewer ("), "{said}");
    let request = told(&service.api, "look at the diff");
    assert!(request.newest().contains("from=\"user\" by=\"script\""), "{}", request.newest());
    let (code, said) = start(&["reviewer"]);
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(service.jobs().len(), 1, "nothing else was started");
    let job = service.jobs()[0]["id"].as_str().expect("an id").to_owned();
    service.run(&["stop", &job]);
    eventually("it has ended", PATIENCE, || (agent(&world, "reviewer")["online"] != true).then_some(()));
}
