//! A marketplace brings another version while a session runs, and the folder of the old one is cleared away.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};

use crate::{
    agent,
    claude::Session,
    marketplace::{install_from, plugin_command, with_market},
    post, settled,
    world::{World, binary, client_is_at_least},
};

/// A world in which the plugin comes from a repository, so that the client keeps a folder for each version.
fn with_repository() -> World {
    let world = with_market();
    let market = world.project("market");
    let repository = market.join("repository");
    fs::rename(market.join("plugin"), &repository).expect("a repository");
    let list = market.join(".claude-plugin/marketplace.json");
    let mut listed: Value = serde_json::from_slice(&fs::read(&list).expect("a list")).expect("JSON");
    listed["plugins"][0]["source"] = json!({ "source": "url", "url": format!("file://{}", repository.display()) });
    fs::write(&list, listed.to_string()).expect("a list");
    git(&world, &["init", "-q", "-b", "main"]);
    commit(&world);
    install_from(&world, &market);
    fs::copy(binary(), world.bin().join("cc2cc")).expect("the program");
    world
}

fn git(world: &World, words: &[&str]) {
    let mut git = world.command("market", "git");
    let done = git.args(["-C", "repository", "-c", "user.name=ann", "-c", "user.email=ann@here"]).args(words).status();
    assert!(done.expect("git").success(), "git {words:?}");
}

fn commit(world: &World) {
    git(world, &["add", "-A"]);
    git(world, &["commit", "-qm", "a version"]);
}

/// Brings version 9.9.9 and clears the one away that sessions run.
fn update(world: &World) {
    let manifest = world.project("market").join("repository/.claude-plugin/plugin.json");
    let text = fs::read_to_string(&manifest).expect("a manifest");
    fs::write(&manifest, text.replace(env!("CARGO_PKG_VERSION"), "9.9.9")).expect("a manifest");
    commit(world);
    plugin_command(world, &["marketplace", "update", "cc2cc"]);
    plugin_command(world, &["update", "cc2cc@cc2cc"]);
    let versions: PathBuf = world.home().join(".claude/plugins/cache/cc2cc/cc2cc");
    assert!(versions.join("9.9.9").exists(), "the new version");
    fs::remove_dir_all(versions.join(env!("CARGO_PKG_VERSION"))).expect("the old version");
}

fn wait_until_deaf(world: &World, session: &Session) {
    session.wait("it is listed as deaf", || (agent(world, "ann")["state"] == "deaf").then_some(()));
}

#[test]
fn a_session_whose_plugin_folder_is_gone_is_deaf_until_it_has_loaded_the_plugin_again_and_nothing_is_lost() {
    let mods = client_is_at_least([2, 1, 292]);
    let world = with_repository();
    let mut ann = settled(&world, "ann");
    update(&world);
    wait_until_deaf(&world, &ann);
    if mods {
        ann.wait_for_screen("/reload-plugins loads what is installed now");
    }
    let first = post(&world, "ann", "the first letter");
    let said = world.cc2cc("home", &["agents"]).stdout;
    assert!(String::from_utf8_lossy(&said).contains("ann is deaf: its plugin's folder is gone"));
    let sent = &world.cc2cc_json(&["send", "ann", "the second letter"])["sent"][0];
    assert_eq!(sent["recipient"], "deaf", "{sent}");
    assert!(
        world.cc2cc_json(&["status", &first])["copies"][0]["recipient"]["why"]
            .as_str()
            .is_some_and(|why| why.contains("is gone"))
    );

    if mods {
        ann.type_text("/send user hello");
        ann.press("\r");
        ann.wait_for_screen_times("the plugin's folder is gone", 2); // the first is the line that stays
        ann.empty_prompt("/send user hello");
        assert!(ann.requests().is_empty(), "no wake in vain");
    } else {
        ann.wait_until_told("until the person has typed /reload-plugins");
        ann.idle();
    }
    ann.type_line("what now?");
    ann.wait_until_told("what now?");
    ann.idle();
    assert_eq!(agent(&world, "ann")["state"], "deaf");

    let requests = ann.requests().len();
    assert_eq!(requests, if mods { 1 } else { 2 });
    // The oldest clients want to be sure: what they have cached of the conversation is lost with it.
    ann.type_line(if mods { "/reload-plugins" } else { "/reload-plugins --force" });
    if !mods {
        ann.wait_for_screen("Reloaded: ");
        ann.type_line("and now?"); // the wake has used the waker up
    }
    let told = ann.wait_until_told("the second letter");
    assert!(told.newest().contains("the first letter"), "{}", told.newest());
    ann.idle();
    ann.wait("it is listed as idle", || (agent(&world, "ann")["state"] == "idle").then_some(()));
    post(&world, "ann", "the third letter");
    ann.wait_until_told("the third letter");
    if mods {
        ann.type_line("/send user hello");
        ann.wait_for_screen("cc2cc: stored for user");
    }
}
