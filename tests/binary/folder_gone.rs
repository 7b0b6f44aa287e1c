//! The folder of the plugin is gone while a session runs what was in it, so that no hook of the session can start.

use std::{
    fs,
    process::{Child, Stdio},
};

use cc2cc::agent::{Activity, Record};
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{mcp::Server, session::Session};
use crate::support::{eventually::until, world::World};

/// A world with two folders of the plugin, and sessions in it.
fn scene() -> World {
    let world = World::new().agent("ann");
    for folder in ["old", "new"] {
        fs::create_dir(world.path(folder)).unwrap();
    }
    world
}

fn session<'a>(world: &'a World, folder: &str) -> Session<'a> {
    let session = world.session("calm-owl").with("CLAUDE_PLUGIN_ROOT", &world.path(folder).display().to_string());
    session.with("AI_AGENT", "claude-code_2-1-332_hook")
}

fn listed(world: &World) -> Value {
    let agents = world.run(&["agents", "--json"]).fine().json()["agents"].take();
    agents.as_array().unwrap().iter().find(|agent| agent["name"] == "calm-owl").unwrap().clone()
}

fn wait_until_it_is(world: &World, state: &str) {
    until(&format!("it is {state}"), || (listed(world)["state"] == state).then_some(()));
}

/// A server that was started from a folder; it has not been greeted yet, and ends with its input.
fn server(session: &Session) -> Child {
    session.command(&["mcp"]).stdin(Stdio::piped()).spawn().unwrap()
}

fn end(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn such_a_session_is_not_woken_in_vain_and_is_listed_as_what_it_is() {
    let world = scene();
    let session = session(&world, "old").started();
    let mut waker = session.placed_waker("Stop");
    fs::remove_dir(world.path("old")).unwrap();
    wait_until_it_is(&world, "deaf");
    assert_snapshot!(world.run(&["send", "calm-owl", "hello"]), @"
    exit 0
    --- out
    stored for calm-owl (deaf: its plugin's folder is gone, as after an update; what waits arrives once `/reload-plugins` and a prompt are typed there, or it starts anew) · SHORT
    --- err
    ");
    assert_snapshot!(world.run(&["agents"]), @"
    exit 0
    --- out
    calm-owl  deaf  1 unread  /world/work  just now
    calm-owl is deaf: its plugin's folder is gone, as after an update; what waits arrives once `/reload-plugins` and a prompt are typed there, or it starts anew
    --- err
    ");
    let sent = world.run(&["send", "--json", "calm-owl", "hello again"]).fine().json()["sent"][0].take();
    assert_eq!((&sent["state"], &sent["recipient"]), (&json!("stored"), &json!("deaf")), "{sent}");
    assert_eq!(sent["why"], listed(&world)["why"]);
    let status = world.run(&["status", "--json", sent["id"].as_str().unwrap()]).fine().json()["copies"][0].take();
    assert_eq!((&status["status"], &status["recipient"]["why"]), (&json!("stored"), &sent["why"]), "{status}");
    let status = world.run(&["status", sent["id"].as_str().unwrap()]).fine().out;
    assert!(status.contains("  calm-owl: deaf: its plugin's folder is gone"), "{status}");
    assert!(world.run(&["doctor"]).out.contains("calm-owl is deaf: "));
    let doctor = session.shell(&["doctor"]);
    assert!(doctor.code != Some(0) && doctor.out.contains("calm-owl is deaf: its plugin's folder is gone"), "{doctor}");
    let status_line = session.command(&["statusline"]).output().unwrap();
    assert_eq!(world.said(&status_line).fine().out, "✉ calm-owl · 2 waiting · deaf: /reload-plugins\n");
    assert!(waker.try_wait().unwrap().is_none(), "it waits");

    let server = server(&self::session(&world, "new"));
    let woke = world.said(&waker.wait_with_output().unwrap());
    assert_eq!(woke.code, Some(2), "{woke}");
    assert_eq!(Record::of(&session.mailbox()).state, Activity::Idle);
    end(server);
}

#[test]
fn a_hook_that_runs_shows_that_it_hears() {
    let world = scene();
    let session = session(&world, "old").started();
    let waker = session.placed_waker("Stop");
    fs::remove_dir(world.path("old")).unwrap();
    wait_until_it_is(&world, "deaf");
    self::session(&world, "new").prompt("hello").fine();
    assert_eq!(listed(&world)["state"], "busy");
    end(waker);
}

#[test]
fn a_waker_that_runs_shows_that_it_hears() {
    let world = scene();
    let session = session(&world, "old").started();
    let waker = session.placed_waker("Stop");
    fs::remove_dir(world.path("old")).unwrap();
    wait_until_it_is(&world, "deaf");
    end(waker);
    let waker = self::session(&world, "new").placed_waker("Stop");
    wait_until_it_is(&world, "idle");
    end(waker);
}

#[test]
fn the_server_tells_of_a_session_without_a_waker() {
    let world = scene();
    let session = session(&world, "old").started();
    session.prompt("hello").fine();
    let _server = Server::greeted(&session);
    assert_eq!(listed(&world)["state"], "busy");
    fs::remove_dir(world.path("old")).unwrap();
    wait_until_it_is(&world, "deaf");
}

#[test]
fn where_no_mod_tells_the_person_a_wake_does() {
    let world = scene();
    let session = session(&world, "old").with("AI_AGENT", "claude-code_2-1-240_hook").started();
    let waker = session.placed_waker("Stop");
    fs::remove_dir(world.path("old")).unwrap();
    wait_until_it_is(&world, "deaf");
    world.posted("ann", "calm-owl", "hello");
    let woke = world.said(&waker.wait_with_output().unwrap());
    assert_eq!(woke.code, Some(2), "{woke}");
    assert!(woke.err.contains("until the person has typed /reload-plugins"), "{woke}");
}
