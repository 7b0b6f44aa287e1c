//! The status line that Claude Code shows below its prompt, with cc2cc's segment in it.

use std::fs;

use serde_json::json;

use crate::{claude::Session, letter, post, settled, world::World};

/// A world whose clients have a status line; it is drawn anew each second, so that a quiet session is not asked to stir.
fn world_with(command: &str) -> World {
    let world = World::with_cc2cc();
    let line = json!({ "type": "command", "command": command, "refreshInterval": 1 });
    fs::write(world.home().join(".claude/settings.json"), json!({ "statusLine": line }).to_string()).expect("settings");
    world
}

/// The lines below the prompt box.
fn below(session: &Session) -> String {
    let screen = session.screen();
    screen.rsplit_once('─').map(|(_, below)| below.to_owned()).unwrap_or_default()
}

#[track_caller]
fn shows(session: &Session, line: &str) {
    session.wait(&format!("{line:?} below the prompt"), || {
        below(session).lines().any(|shown| shown.trim() == line).then_some(())
    });
}

#[test]
fn the_status_line_shows_the_name_and_what_waits_and_is_held() {
    let world = world_with("cc2cc statusline");
    let mut ann = settled(&world, "ann");
    shows(&ann, "✉ ann");
    fs::write(world.home().join(".cc2cc/config.toml"), "[agents.ann]\npolicy = \"hold\"\n").expect("a rule");
    let bob = settled(&world, "bob");
    bob.api.when("tell ann").reply(letter("ann", "look at this"));
    let mut bob = bob;
    bob.type_line("tell ann");
    shows(&ann, "✉ ann · 1 held");
    ann.wait_for_screen("held: bob: look at this"); // its ring would bring the next one, too
    ann.idle();
    let quiet = world.cc2cc("home", &["send", "--priority", "low", "ann", "whenever you like"]);
    assert!(quiet.status.success(), "{}", String::from_utf8_lossy(&quiet.stderr));
    shows(&ann, "✉ ann · 1 waiting · 1 held");

    // The prompt takes the letter along; then the name is another.
    ann.type_line("hello");
    ann.wait_until_told("whenever you like");
    shows(&ann, "✉ ann · 1 held");
    world.cc2cc("home", &["rename", "eve", "--agent", "ann"]);
    shows(&ann, "✉ eve · 1 held");
    ann.idle();
    ann.type_line("/clear");
    shows(&ann, "✉ eve · 1 held");
}

#[test]
fn a_script_around_it_shows_it_among_other_things_and_no_error_when_the_mail_is_broken() {
    let world = world_with("printf '[%s] %s' here \"$(cc2cc statusline)\"");
    let ann = settled(&world, "ann");
    shows(&ann, "[here] ✉ ann");
    post(&world, "ann", "hello");
    ann.wait_until_told("hello");
    let mail = world.home().join(".cc2cc");
    fs::rename(&mail, world.home().join("away")).expect("moved");
    fs::write(&mail, "").expect("no directory");
    shows(&ann, "[here]");
}
