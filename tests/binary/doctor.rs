//! `cc2cc doctor`.

use std::fs;

use cc2cc::agent::Record;
use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};

use crate::support::world::World;

/// A `claude` on the path that says this of itself.
fn with_claude(world: &World, version: &str) {
    world.program("claude", &format!("{version} (Claude Code)"));
}

/// What it says; a home outside the person's profile, as that of a story is, is worth a note on Windows alone.
fn told(world: &World) -> String {
    let said = world.run(&["doctor"]).to_string();
    let note = "note    home      /world/mail can be written, perhaps by others too: it is outside your profile (`icacls` tells)";
    assert_eq!(said.contains(note), cfg!(windows), "{said}");
    said.replace(note, "ok      home      /world/mail can be written")
}

#[test]
fn where_nothing_is_installed_every_finding_has_its_fix() {
    let world = World::new();
    assert_snapshot!(told(&world), @"
    exit 1
    --- out
    broken  plugin    not installed in /world/home/.claude/skills/cc2cc
                      fix: run `cc2cc install`
    broken  claude    `claude` is not on the PATH
                      fix: install Claude Code, or add it to the PATH
    ok      home      /world/mail can be written
    ok      watching  changes are announced at once
    ok      config    no config.toml, so the defaults hold
    ok      session   not inside a session; you are `user`
    --- err
    ");
    let json = world.run(&["doctor", "--json"]);
    assert_eq!(json.code, Some(1));
    let json = json.json();
    assert_eq!(json["ok"], false);
    for finding in json["findings"].as_array().unwrap() {
        assert!(finding["verdict"] != "broken" || !finding["fix"].as_str().unwrap().is_empty(), "{finding}");
    }
    assert_eq!(json["findings"][0]["what"], "plugin");
}

#[test]
fn where_everything_is_in_place_it_says_so() {
    let world = World::new();
    with_claude(&world, "2.1.330");
    world.run(&["install"]).fine();
    assert_snapshot!(told(&world), @"
    exit 0
    --- out
    ok      plugin    0.1.0 in /world/home/.claude/skills/cc2cc
    ok      claude    2.1.330 (Claude Code)
    ok      home      /world/mail can be written
    ok      watching  changes are announced at once
    ok      config    no config.toml, so the defaults hold
    ok      session   not inside a session; you are `user`
    --- err
    ");
    assert_eq!(world.files("mail"), Vec::<std::path::PathBuf>::new(), "its probes are gone");
}

#[test]
fn what_an_older_client_lacks_is_said() {
    let world = World::new();
    let client = |version: &str| {
        with_claude(&world, version);
        let said = world.run(&["doctor"]);
        said.out.lines().find(|line| line.contains(" claude  ")).expect("a line").to_owned()
    };
    assert_snapshot!(client("2.1.200"), @"note    claude    2.1.200 (Claude Code) has no mods, so no /send, /inbox and /who (/cc2cc:send and so on do the same), and brings what comes in the middle of a turn after it");
    assert_snapshot!(client("2.1.287"), @"note    claude    2.1.287 (Claude Code) has no mods, so no /send, /inbox and /who (/cc2cc:send and so on do the same)");
    assert_snapshot!(client("2.1.292"), @"ok      claude    2.1.292 (Claude Code)");
}

#[test]
fn an_old_client_a_blocked_home_and_a_silent_session_are_found() {
    let world = World::new();
    with_claude(&world, "2.0.14");
    world.run(&["install"]).fine();
    fs::write(world.path("mail"), "a file where the home should be").unwrap();
    assert_snapshot!(world.run(&["doctor"]), @"
    exit 1
    --- out
    ok      plugin    0.1.0 in /world/home/.claude/skills/cc2cc
    broken  claude    2.0.14 (Claude Code) cannot be woken
                      fix: update Claude Code to 2.1.200 or later
    broken  home      there can be no mail in /world/mail: it is not a directory
                      fix: move it away, or set `CC2CC_HOME` to another place
    --- err
    ");

    let world = World::new().agent("ann");
    let said = world.run_as(&world.hosted("ann"), &["doctor"]);
    assert!(said.out.contains("broken  session   nothing of ann runs, so it cannot be woken"), "{said}");
    let there = world.there("ann");
    let a_minute_ago = Timestamp::now() - SignedDuration::from_mins(1);
    Record::change(&world.at("ann"), a_minute_ago, |_| {}).unwrap();
    drop(there.1);
    let said = world.run_as(&world.hosted("ann"), &["doctor"]);
    assert!(
        said.out.contains(
            "note    session   you are ann; ann is not woken: its waker is gone; letters go in with its next turn"
        ),
        "{said}"
    );
}

#[cfg(unix)] // the other version is a script, which on Windows is no program
#[test]
fn another_version_in_the_terminal_is_found() {
    let world = World::new();
    with_claude(&world, "2.1.330");
    world.run(&["install"]).fine();
    let plugin = || world.run(&["doctor"]).to_string().lines().skip(2).take(2).collect::<Vec<_>>().join("\n");
    world.program("cc2cc", concat!("cc2cc ", env!("CARGO_PKG_VERSION")));
    assert_snapshot!(plugin(), @"
    ok      plugin    0.1.0 in /world/home/.claude/skills/cc2cc
    ok      claude    2.1.330 (Claude Code)
    ");
    world.program("cc2cc", "cc2cc 99.0.0");
    assert_snapshot!(plugin(), @"
    broken  plugin    it is version 0.1.0, and in a terminal cc2cc is 99.0.0 (/world/bin/cc2cc)
                      fix: run `cc2cc install`
    ");
    world.program("cc2cc", "cc2cc 0.0.9");
    assert_snapshot!(plugin(), @"
    broken  plugin    it is version 0.1.0, and in a terminal cc2cc is 0.0.9 (/world/bin/cc2cc)
                      fix: remove /world/bin/cc2cc, or update it
    ");
    world.program("cc2cc", "something else");
    assert_snapshot!(plugin(), @"
    ok      plugin    0.1.0 in /world/home/.claude/skills/cc2cc
    ok      claude    2.1.330 (Claude Code)
    ");

    let list = world.path("home/.claude/skills/cc2cc/installed.json");
    let installed = fs::read_to_string(&list).unwrap();
    fs::write(&list, installed.replace(env!("CARGO_PKG_VERSION"), "99.0.0")).unwrap();
    assert_snapshot!(plugin(), @"
    broken  plugin    it is version 99.0.0 and this binary 0.1.0
                      fix: remove this binary, or update it
    ");
    fs::write(&list, installed.replace(env!("CARGO_PKG_VERSION"), "0.0.9")).unwrap();
    assert_snapshot!(plugin(), @"
    broken  plugin    it is version 0.0.9 and this binary 0.1.0
                      fix: run `cc2cc install`
    ");
}
