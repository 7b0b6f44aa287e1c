//! What a model does not get to read or to do in a session's shell, by whichever verb it tries.

use std::fs;

use serde_json::Value;

use crate::support::world::World;

const SECRET: &str = "SECRETWORD";

/// Ann has written to Bob, and his person is asked about it; gives the letter's id, and that of the notice that tells her.
fn with_a_held_letter() -> (World, String, String) {
    let world = World::new().agent("ann").agent("bob");
    fs::write(world.path("mail/config.toml"), "[agents.bob]\npolicy = \"hold\"\n").unwrap();
    let sent = world.run_as(&world.hosted("ann"), &["send", "--json", "bob", &format!("{SECRET} hidden")]);
    let sent: Value = serde_json::from_str(&sent.out).unwrap();
    let id = sent["sent"][0]["id"].as_str().unwrap().to_owned();
    // She is told that it is held, in words that quote it.
    let told = world.run_as(&world.hosted("ann"), &["inbox", "--json"]).fine().json();
    let notice = told["letters"][0]["id"].as_str().unwrap().to_owned();
    (world, id, notice)
}

/// What every verb that reads says to the model of a session.
fn all_that_is_read(world: &World, name: &str, id: &str, notice: &str) -> String {
    let model = world.hosted(name);
    let verbs: [&[&str]; 11] = [
        &["log", "--json"],
        &["log", "--grep", SECRET],
        &["thread", id],
        &["thread", "--json", id],
        &["export", id],
        &["read", id],
        &["read", notice],
        &["inbox", "--all", "--agent", "bob"],
        &["inbox", "--all", "--agent", "ann", "--json"],
        &["inbox", "--dead", "--agent", "bob", "--json"],
        &["status", id],
    ];
    verbs.iter().map(|words| world.run_as(&model, words).to_string()).collect()
}

#[test]
fn a_held_letter_and_what_quotes_it_is_kept_from_its_receiver() {
    let (world, id, notice) = with_a_held_letter();
    let said = all_that_is_read(&world, "bob", &id, &notice);
    assert!(!said.contains("hidden"), "{said}");
    world.run(&["refuse", &id]).fine();
    let said = all_that_is_read(&world, "bob", &id, &notice);
    assert!(!said.contains("hidden"), "{said}");
    assert!(said.contains("was refused"), "{said}");
}

#[test]
fn its_sender_and_the_person_read_on() {
    let (world, id, notice) = with_a_held_letter();
    let said = all_that_is_read(&world, "ann", &id, &notice);
    assert_eq!(said.matches("exit 4").count(), 0, "{said}");
    assert!(world.run(&["read", &id]).fine().out.contains("hidden"));
    assert!(world.run(&["log"]).fine().out.contains("hidden"));
}

#[test]
fn an_accepted_letter_is_kept_from_nobody() {
    let (world, id, _) = with_a_held_letter();
    world.run(&["accept", &id]).fine();
    assert!(world.run_as(&world.hosted("bob"), &["read", &id]).fine().out.contains("hidden"));
}

#[test]
fn only_a_person_removes_letters() {
    let world = World::new().agent("bob");
    world.posted("bob", "bob", "hello");
    let model = world.hosted("bob");
    for words in [&["prune", "--older-than", "1s", "--yes"][..], &["uninstall", "--purge"]] {
        let said = world.run_as(&model, words);
        assert!(said.err.contains("only a person removes letters"), "{said}");
        assert!(said.to_string().contains("exit 4"), "{said}");
    }
    world.run_as(&model, &["prune", "--older-than", "1s"]).fine();
    assert!(world.path("mail/to-bob").exists());
}
