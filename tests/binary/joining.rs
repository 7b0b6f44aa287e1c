//! Groups: `cc2cc join`, `cc2cc leave`, and those that a session is put into as it starts.

use std::fs;

use insta::assert_snapshot;

use super::session::{context, message};
use crate::support::world::World;

#[test]
fn a_session_joins_and_leaves_and_is_listed_with_its_groups() {
    let world = World::new().agent("ann");
    let session = world.session("calm-owl").started();
    let _it_is_there = world.at("calm-owl").hold_presence().unwrap();
    world.run(&["join", "backend", "--agent", "ann"]).fine();
    assert_snapshot!(session.shell(&["join", "@backend", "shop"]), @"
    exit 0
    --- out
    calm-owl is in @backend, with ann
    calm-owl is in @shop
    --- err
    ");
    assert_eq!(session.shell(&["join", "shop"]).fine().out, "calm-owl was already in @shop\n");
    let listed = world.run(&["agents", "--all", "--json"]).fine().json();
    assert_eq!(listed["agents"][1]["groups"], serde_json::json!(["@backend", "@shop"]));
    assert!(
        world.run(&["agents", "--all"]).fine().out.contains(" @backend @shop"),
        "{}",
        world.run(&["agents", "--all"])
    );
    assert_eq!(
        session.shell(&["leave", "backend", "shop"]).fine().out,
        "calm-owl has left @backend\ncalm-owl has left @shop\n"
    );
    assert_snapshot!(session.shell(&["leave", "shop"]), @"
    exit 3
    --- out
    --- err
    cc2cc: calm-owl is not in @shop
    hint: it is in none
    ");
}

#[test]
fn what_cannot_be_joined_is_said_and_changes_nothing() {
    let world = World::new().agent("ann");
    assert_snapshot!(world.run(&["join", "ok", "no good", "--agent", "ann"]), @"
    exit 2
    --- out
    --- err
    cc2cc: `no good` cannot be a group's name
    hint: a group is called like `@backend`: lower-case letters and digits with single hyphens inside; @all, @repo and @dir are there without joining
    ");
    assert_snapshot!(world.run(&["join", "backend"]), @"
    exit 2
    --- out
    --- err
    cc2cc: at a terminal you are `user`, who is in no group
    hint: `--agent NAME` says which session is meant
    ");
    assert_snapshot!(world.run(&["send", "@ok", "hello"]), @"
    exit 3
    --- out
    --- err
    cc2cc: no group named `@ok`
    hint: there is no group yet; `cc2cc join NAME` in a session begins one
    ");
    let session = world.session("calm-owl").started();
    let said = session.shell(&["join", "backend", "--agent", "ann"]);
    assert_eq!((said.code, said.out.as_str()), (Some(4), ""), "{said}");
}

#[test]
fn a_session_is_put_into_the_groups_of_its_variable_and_its_directory_and_told() {
    let world = World::new().agent("ann");
    let dir = world.path("work").display().to_string().replace('\\', "\\\\");
    let config = format!("[groups]\n\"{dir}\" = [\"shop\"]\n\"{dir}-2\" = [\"other\"]\n");
    fs::write(world.home().path().join("config.toml"), config).unwrap();
    let session = world.session("calm-owl").with("CC2CC_GROUPS", "@backend, No");
    let said = session.start_hook("startup").fine();
    assert_eq!(message(&said), "cc2cc: you are calm-owl, in @backend, @shop (No in CC2CC_GROUPS is no group's name)");
    assert!(context(&said).starts_with("This session's name is calm-owl, in @backend, @shop. "), "{said}");

    session.shell(&["leave", "shop"]).fine();
    let said = session.without("CC2CC_GROUPS").start_hook("resume").fine();
    assert_eq!(message(&said), "cc2cc: you are calm-owl, in @backend", "what it left it stays out of");
}
