//! The plugin from a marketplace, which holds everything but the program.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    is_online, post, settled,
    world::{World, binary, client},
};

const CHECKOUT: &str = env!("CARGO_MANIFEST_DIR");

/// A world with places for a marketplace and a session.
fn world() -> World {
    let world = World::new();
    for name in ["home", "ann", "market"] {
        world.project(name);
    }
    world
}

/// A world with a marketplace such as a checkout is.
pub fn with_market() -> World {
    let world = world();
    for folder in [".claude-plugin", "plugin"] {
        copy(&Path::new(CHECKOUT).join(folder), &world.project("market").join(folder));
    }
    world
}

/// Packs a release as the release workflow does and unpacks it; gives the folder that comes out.
fn unpacked_release(world: &World) -> PathBuf {
    let dir = world.project("market");
    fs::create_dir(dir.join("built")).expect("a folder");
    fs::copy(binary(), dir.join("built/cc2cc")).expect("the program");
    let mut pack = Command::new("python3");
    pack.arg(".github/pack.py").arg("here").arg(dir.join("built")).arg(&dir).current_dir(CHECKOUT);
    let packed = pack.env("SOURCE_DATE_EPOCH", "0").output().expect("python3");
    assert!(packed.status.success(), "{}", String::from_utf8_lossy(&packed.stderr));
    let name = format!("cc2cc-{}-here", env!("CARGO_PKG_VERSION"));
    let unpacked = world.command("market", "tar").arg("-xzf").arg(format!("{name}.tar.gz")).status().expect("tar");
    assert!(unpacked.success(), "tar -xzf {name}.tar.gz");
    dir.join(name)
}

/// Copies a folder; links become what they lead to.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, &to).expect("a copy");
        }
    }
}

/// What a person types to have the plugin from there.
pub fn install_from(world: &World, market: &Path) {
    plugin_command(world, &["marketplace", "add", &market.display().to_string()]);
    plugin_command(world, &["install", "--scope=user", "cc2cc@cc2cc"]);
}

/// Runs `claude plugin WORDS`.
pub fn plugin_command(world: &World, words: &[&str]) {
    let mut command = world.command("home", client());
    command.env("DISABLE_AUTOUPDATER", "1").env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1");
    let done = command.arg("plugin").args(words).output().expect("the client");
    assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn install(world: &World) {
    let installed = world.command("home", binary()).arg("install").output().expect("cc2cc install");
    assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
}

#[test]
fn a_session_with_the_plugin_of_a_marketplace_runs_the_program_on_the_path() {
    let world = with_market();
    install_from(&world, &world.project("market"));
    fs::copy(binary(), world.bin().join("cc2cc")).expect("the program");
    let ann = settled(&world, "ann");
    post(&world, "ann", "from a script");
    ann.wait_until_told("from a script");
}

#[test]
fn a_session_with_the_plugin_of_an_unpacked_release_runs_its_program() {
    let world = world();
    let release = unpacked_release(&world);
    install_from(&world, &release);
    let ann = world.session("ann").env("CC2CC_NAME", "ann").start();
    ann.wait_for_screen("cc2cc: you are ann");
    fs::copy(release.join("cc2cc"), world.bin().join("cc2cc")).expect("the program, for a script");
    post(&world, "ann", "from a script");
    ann.wait_until_told("from a script");
}

#[test]
fn a_session_without_the_program_says_what_is_missing() {
    let world = with_market();
    install_from(&world, &world.project("market"));
    let ann = world.session("ann").start();
    ann.wait_for_screen("the plugin is there, but not its program");
}

#[test]
fn a_plugin_beside_that_of_a_marketplace_doubles_nothing() {
    let world = with_market();
    install(&world);
    install_from(&world, &world.project("market"));
    assert!(world.home().join(".claude/skills/cc2cc/hooks/hooks.json").exists(), "both are there");

    let ann = settled(&world, "ann");
    assert!(is_online(&world, "ann"));
    assert_eq!(ann.screen().matches("cc2cc: you are ann").count(), 1, "{}", ann.screen());
    let report = world.cc2cc("home", &["doctor"]);
    let report = String::from_utf8_lossy(&report.stdout).into_owned();
    assert!(report.contains("is not loaded beside it"), "{report}");

    install(&world);
    assert!(!world.home().join(".claude/skills/cc2cc/hooks").exists(), "the program is left");
}
