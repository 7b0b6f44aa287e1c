//! cc2cc is updated while sessions run.

use std::fs;

use crate::{
    claude::Session,
    settled,
    world::{World, binary},
};

/// Makes the mod that is installed one of another version, in one step as an install does.
fn make_other_version(world: &World, version: usize) {
    let module = world.home().join(".claude/skills/cc2cc/hooks/register.js");
    let text = fs::read_to_string(&module).expect("the mod");
    let draft = module.with_extension("draft");
    fs::write(&draft, format!("{text}// version {version}\n")).expect("a draft");
    fs::rename(draft, module).expect("the mod replaced");
}

fn install(world: &World) {
    let installed = world.command("home", binary()).arg("install").output().expect("cc2cc install");
    assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
}

/// How often the session's client has been given the last of the mod's commands: once for each time it loaded the mod.
fn times_registered(world: &World, name: &str) -> usize {
    let log = fs::read_to_string(world.log(name)).unwrap_or_default();
    log.matches("$.command.register (cc2cc): /who listed").count()
}

#[test]
fn the_commands_of_running_sessions_outlive_updates() {
    let world = World::with_cc2cc();
    make_other_version(&world, 0);
    let names = ["ann", "bob", "one", "two"];
    let mut sessions: Vec<Session> = names.iter().map(|name| settled(&world, name)).collect();
    for round in 1..=4 {
        let before = names.map(|name| times_registered(&world, name));
        if round % 2 == 1 {
            install(&world);
        } else {
            make_other_version(&world, round);
        }
        for ((name, session), before) in names.iter().zip(&mut sessions).zip(before) {
            let again = || (times_registered(&world, name) > before).then_some(());
            session.wait("the commands of the mod that came", again);
            session.type_line(&format!("/send user round {round}"));
            let sent = || (session.screen().matches("cc2cc: stored for user").count() == round).then_some(());
            session.wait("the letter sent", sent);
        }
    }
    for (name, session) in names.iter().zip(&sessions) {
        let screen = session.screen();
        assert!(!screen.contains("somebody else's") && !screen.contains("could not be had"), "{screen}");
        world.cc2cc_json(&["send", "--priority", "low", name, "tests pass"]);
        session.wait_for_screen("✉ user: tests pass");
        assert!(session.requests().is_empty(), "nothing of it went to the model");
    }
    let watching = || world.processes().iter().filter(|(_, line)| line.contains("watch --json")).count();
    sessions[0].wait("one watch for each session", || (watching() == names.len()).then_some(()));
}
