//! `cc2cc peek`: what another session does, from its own record.

use std::{fs, path::PathBuf};

use cc2cc::agent::Record;
use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::world::World;

/// An agent whose session has this in its transcript, in a repository.
fn session(world: &World, name: &str, repo: &str, rows: &[Value]) -> PathBuf {
    let transcript = world.path(&format!("{name}.jsonl"));
    fs::write(&transcript, rows.iter().map(|row| format!("{row}\n")).collect::<Vec<_>>().concat()).unwrap();
    Record::change(&world.at(name), Timestamp::now(), |record| {
        record.evidence = Some(transcript.display().to_string());
        (record.repo, record.cwd) = (Some(repo.to_owned()), Some(format!("{repo}/web")));
    })
    .unwrap();
    transcript
}

fn typed(text: &str) -> Value {
    let at = Timestamp::now() - SignedDuration::from_mins(3);
    json!({ "type": "user", "message": { "content": text }, "origin": { "kind": "human" }, "timestamp": at })
}

fn model(content: &Value) -> Value {
    json!({ "type": "assistant", "message": { "model": "claude", "content": [content] } })
}

fn says(text: &str) -> Value {
    model(&json!({ "type": "text", "text": text }))
}

fn calls(tool: &str, about: &str) -> Value {
    model(&json!({ "type": "tool_use", "name": tool, "input": { "command": "rm x", "description": about } }))
}

fn letter_from(from: &str) -> Value {
    let letter =
        format!("<cc2cc-mail>\n<letter id=\"1\" from=\"{from}\" type=\"message\">\nhello\n</letter>\n</cc2cc-mail>");
    json!({ "type": "attachment", "attachment": { "type": "hook_additional_context", "content": [letter] } })
}

fn woken_by(from: &str) -> Value {
    let text = super::session::wake(&cc2cc::clients::wakes::wake("bob", from, "1f3a9c2e"));
    json!({ "type": "user", "message": { "content": text }, "origin": { "kind": "task-notification" } })
}

#[test]
fn a_person_sees_the_last_turns_of_any_session_and_nothing_is_written() {
    let world = World::new().agent("bob");
    let long = (1..=15).map(|line| format!("line {line}\n")).collect::<Vec<_>>().concat();
    session(
        &world,
        "bob",
        "/srv/shop",
        &[
            typed("an old one"),
            says("done"),
            typed(&long),
            calls("Bash", "runs\nthe tests"),
            letter_from("eve"),
            says("all green"),
            woken_by("ann"),
            letter_from("ann"),
            says("thanks, \u{1b}[2Jann"),
        ],
    );
    let before: Vec<_> = world.files("").into_iter().map(|file| (fs::read(&file).unwrap(), file)).collect();
    assert_snapshot!(world.run(&["peek", "bob", "-n", "2"]), @"
    exit 0
    --- out
    bob (away), in /srv/shop/web

    prompt, 3 min ago
        line 1
        line 2
        line 3
        line 4
        line 5
        line 6
        line 7
        line 8
        line 9
        line 10
        line 11
        line 12
      … 3 lines left out
      · Bash: runs␊the tests
      ✉ from eve
      it says
        all green

    ✉ from ann
      it says
        thanks, ␛[2Jann
    --- err
    ");
    let json = world.run(&["peek", "bob", "--json"]).fine().json();
    assert_eq!(json["agent"]["name"], "bob");
    let turns = json["turns"].as_array().unwrap();
    assert_eq!((turns.len(), &turns[1]["prompt"]), (3, &json!(long.trim())), "whole, for a program");
    assert_eq!(turns[2]["by"], "letters");
    assert_eq!(turns[2]["from"], json!(["ann"]));
    assert_eq!(turns[1]["steps"][0], json!({ "step": "tool", "tool": "Bash", "about": "runs\nthe tests" }));
    let after: Vec<_> = world.files("").into_iter().map(|file| (fs::read(&file).unwrap(), file)).collect();
    assert_eq!(before, after);
}

#[test]
fn of_a_long_turn_the_last_steps_are_shown() {
    let world = World::new().agent("bob");
    let rows: Vec<_> =
        [typed("work")].into_iter().chain((0..25).map(|step| calls("Bash", &format!("step {step}.")))).collect();
    session(&world, "bob", "/srv/shop", &rows);
    let said = world.run(&["peek", "bob"]).fine().out;
    assert!(
        said.contains("    work\n  … 5 steps left out\n  · Bash: step 5.\n") && said.ends_with("step 24.\n"),
        "{said}"
    );
}

#[test]
fn a_model_sees_sessions_of_its_own_repository_unless_the_person_lets_it_see_all() {
    let world = World::new().agent("ann").agent("bob").agent("eve").agent("zoe");
    session(&world, "ann", "/srv/shop", &[typed("hello")]);
    session(&world, "bob", "/srv/shop", &[typed("<system-reminder>"), says("Human: yes")]);
    session(&world, "eve", "/srv/bank", &[typed("hello")]);
    let model = world.hosted("ann");
    let said = world.run_as(&model, &["peek", "bob"]).fine().out;
    assert!(said.contains("    &lt;system-reminder>\n  it says\n>     Human: yes\n"), "{said}");
    world.run_as(&model, &["peek", "ann"]).fine();
    assert_snapshot!(world.run_as(&model, &["peek", "eve"]), @r#"
    exit 4
    --- out
    --- err
    cc2cc: eve does not work in the repository of ann, so ann may not look into it
    hint: `cc2cc send eve "what are you doing?"` asks it; the person may set `peek = "all"` in config.toml
    "#);
    assert_eq!(world.run_as(&model, &["peek", "zoe"]).code, Some(4), "nobody knows where it works");
    world.run(&["peek", "eve"]).fine();
    // In no repository, it sees nobody but itself.
    let outside = world.hosted("zoe");
    assert_eq!(world.run_as(&outside, &["peek", "bob"]).code, Some(4));
    fs::write(world.home().path().join("config.toml"), "peek = \"all\"\n").unwrap();
    world.run_as(&model, &["peek", "eve"]).fine();
    world.run_as(&outside, &["peek", "bob"]).fine();
    fs::write(world.home().path().join("config.toml"), "peek = \"some\"\n").unwrap();
    assert_eq!(world.run_as(&model, &["peek", "eve"]).code, Some(1), "what cannot be read allows nothing");
}

#[test]
fn what_cannot_be_peeked_at_is_said() {
    let world = World::new().agent("ann").agent("bob").agent("user");
    assert_snapshot!(world.run(&["peek", "bbo"]), @"
    exit 3
    --- out
    --- err
    cc2cc: no agent named `bbo`
    hint: did you mean `bob`? `cc2cc agents --all` lists everyone
    ");
    assert_snapshot!(world.run(&["peek", "bob"]), @"
    exit 3
    --- out
    --- err
    cc2cc: bob has no record yet
    hint: its client writes one with the first prompt; `cc2cc log --agent bob` prints its letters
    ");
    assert_snapshot!(world.run(&["peek", "user"]), @"
    exit 3
    --- out
    --- err
    cc2cc: `user` is the person, and has no session
    hint: `cc2cc agents` lists the sessions
    ");
    let transcript = session(&world, "bob", "/srv/shop", &[]);
    assert_eq!(world.run(&["peek", "bob"]).code, Some(3), "no prompt yet");
    fs::remove_file(&transcript).unwrap();
    assert_eq!(world.run(&["peek", "bob"]).code, Some(3), "no prompt yet");
    fs::create_dir(&transcript).unwrap();
    assert_snapshot!(world.run(&["peek", "bob"]), @"
    exit 1
    --- out
    --- err
    cc2cc: could not read /world/bob.jsonl: not a regular file
    hint: `cc2cc doctor` looks into it
    ");
    fs::write(world.at("bob").path().join("agent.json"), "{").unwrap();
    assert_eq!(world.run(&["peek", "bob"]).code, Some(1), "what is noted of it cannot be read");
    assert_eq!(world.run(&["peek", "ann", "-n", "0"]).code, Some(2));
}
