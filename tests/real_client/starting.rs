//! `cc2cc start`: a session of the client's own background service, from its name to its first letter and its end.

use std::process::{Command, Stdio};

use crate::{
    agent,
    reply::Reply,
    service::{Service, told},
    support::eventually::{PATIENCE, eventually},
    world::World,
};

/// Runs `cc2cc start` in a terminal; gives how it ended and what it said.
fn start(world: &World, service: &Service, words: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(world.bin().join("cc2cc"));
    command.current_dir(world.project("home")).env_clear().envs(world.environment(&service.api));
    command.arg("start").args(words).stdin(Stdio::null());
    let output = command.output().expect("cc2cc start");
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    (output.status.code(), said)
}

#[test]
fn a_session_is_started_in_the_background_and_gets_its_first_letter() {
    let world = World::with_cc2cc();
    let service = Service::new(&world);
    service.put_on_the_path();
    service.api.when("look at the diff").reply(Reply::text("it is fine"));
    let bob = world.project("bob").display().to_string();
    let start = |words: &[&str]| start(&world, &service, words);
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

#[test]
fn of_two_that_start_the_same_name_at_once_one_has_it_and_the_other_is_told() {
    let world = World::with_cc2cc();
    let service = Service::new(&world);
    service.put_on_the_path();
    let dir = world.project("bob").display().to_string();
    let words = |text| ["reviewer", "--dir", &dir, "--permission-mode", "default", text].map(str::to_owned);
    let said = std::thread::scope(|scope| {
        let both = ["from the first", "from the second"].map(|text| {
            let (world, service) = (&world, &service);
            scope.spawn(move || {
                let words = words(text);
                start(world, service, &words.each_ref().map(String::as_str))
            })
        });
        both.map(|one| one.join().expect("it ends"))
    });
    let failed: Vec<&String> = said.iter().filter(|(code, _)| *code != Some(0)).map(|(_, said)| said).collect();
    assert_eq!(failed.len(), 1, "{said:?}");
    let is_late = failed[0].contains("there is a session called reviewer") || failed[0].contains("has been stopped");
    assert!(is_late, "{said:?}");
    let winner = usize::from(said[0].0 != Some(0));
    told(&service.api, ["from the first", "from the second"][winner]);
    let names = || world.cc2cc_json(&["agents"])["agents"].as_array().expect("a list").len();
    eventually("one of them is left", PATIENCE, || (names() == 1 && service.jobs().len() == 1).then_some(()));
    assert_eq!(agent(&world, "reviewer")["online"], true);
}
