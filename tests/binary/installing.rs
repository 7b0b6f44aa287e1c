//! `cc2cc install` and `uninstall`, into a private home.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::PathBuf,
    process::Command,
};

use insta::assert_snapshot;

use crate::world::{CC2CC, World};

fn below_home(world: &World) -> Vec<String> {
    let home = world.path("home");
    world.files("home").iter().map(|path| path.strip_prefix(&home).unwrap().display().to_string()).collect()
}

#[test]
fn installing_writes_the_plugin_with_the_binary_and_a_link() {
    let world = World::new();
    assert_snapshot!(world.run(&["install"]), @"
    exit 0
    --- out
    cc2cc 0.1.0 is installed in /world/home/.claude/skills/cc2cc
    command: /world/home/.local/bin/cc2cc
    /world/home/.local/bin is not on your PATH; add it to use `cc2cc` in a terminal
    sessions that run now keep what they loaded; new ones get this
    --- err
    ");
    assert_snapshot!(below_home(&world).join("\n"), @"
    .claude/skills/cc2cc/.claude-plugin/plugin.json
    .claude/skills/cc2cc/.mcp.json
    .claude/skills/cc2cc/LICENSE-APACHE
    .claude/skills/cc2cc/LICENSE-MIT
    .claude/skills/cc2cc/README.md
    .claude/skills/cc2cc/bin/cc2cc
    .claude/skills/cc2cc/commands/accept.md
    .claude/skills/cc2cc/commands/inbox.md
    .claude/skills/cc2cc/commands/refuse.md
    .claude/skills/cc2cc/commands/send.md
    .claude/skills/cc2cc/commands/who.md
    .claude/skills/cc2cc/hooks/hooks.json
    .claude/skills/cc2cc/hooks/pane.js
    .claude/skills/cc2cc/hooks/register.js
    .claude/skills/cc2cc/icon.png
    .claude/skills/cc2cc/installed.json
    .local/bin/cc2cc
    ");
    let binary = world.path("home/.claude/skills/cc2cc/bin/cc2cc");
    assert_eq!(fs::read(&binary).unwrap(), fs::read(CC2CC).unwrap());
    assert_ne!(fs::metadata(&binary).unwrap().permissions().mode() & 0o100, 0, "it can be started");
    assert_eq!(fs::read_link(world.path("home/.local/bin/cc2cc")).unwrap(), binary);
    assert!(!world.path("mail").exists(), "the mail is made when first used");
}

#[test]
fn installing_again_updates_what_is_there_with_the_old_binary_in_use() {
    let world = World::new();
    world.run(&["install"]).fine();
    let installed = below_home(&world);
    let plugin = world.path("home/.claude/skills/cc2cc");
    fs::write(plugin.join("commands/send.md"), "an older text").unwrap();
    let list = plugin.join("installed.json");
    let old =
        fs::read_to_string(&list).unwrap().replace(env!("CARGO_PKG_VERSION"), "0.0.1").replace("README.md", "OLD.md");
    fs::write(&list, old).unwrap();
    fs::write(plugin.join("OLD.md"), "a file of the older version").unwrap();
    fs::remove_file(plugin.join("README.md")).unwrap();

    let mut running = Command::new(plugin.join("bin/cc2cc"));
    world.furnish(&mut running);
    let mut running = running.args(["wait", "--timeout", "60s"]).spawn().unwrap();
    assert_snapshot!(world.run(&["install"]), @"
    exit 0
    --- out
    cc2cc is updated from 0.0.1 to 0.1.0 in /world/home/.claude/skills/cc2cc
    command: /world/home/.local/bin/cc2cc
    /world/home/.local/bin is not on your PATH; add it to use `cc2cc` in a terminal
    sessions that run now keep what they loaded; new ones get this
    --- err
    ");
    assert!(running.try_wait().unwrap().is_none(), "the old one runs on");
    running.kill().unwrap();
    running.wait().unwrap();

    assert_ne!(fs::read_to_string(plugin.join("commands/send.md")).unwrap(), "an older text");
    assert!(!plugin.join("OLD.md").exists() && plugin.join("README.md").exists());
    assert_snapshot!(world.run(&["install"]), @"
    exit 0
    --- out
    cc2cc 0.1.0 is installed anew in /world/home/.claude/skills/cc2cc
    command: /world/home/.local/bin/cc2cc
    /world/home/.local/bin is not on your PATH; add it to use `cc2cc` in a terminal
    sessions that run now keep what they loaded; new ones get this
    --- err
    ");
    assert_eq!(below_home(&world), installed);
}

#[test]
fn the_installed_binary_can_update_itself() {
    let world = World::new();
    world.run(&["install"]).fine();
    let mut installed = Command::new(world.path("home/.local/bin/cc2cc"));
    world.furnish(&mut installed);
    let said = world.said(&installed.arg("install").output().unwrap()).fine();
    assert!(said.out.contains("is installed anew"), "{said}");
    assert_eq!(fs::read(world.path("home/.claude/skills/cc2cc/bin/cc2cc")).unwrap(), fs::read(CC2CC).unwrap());
}

#[test]
fn a_folder_that_is_not_ours_is_left_untouched() {
    let world = World::new();
    let plugin = world.path("home/.claude/skills/cc2cc");
    fs::create_dir_all(&plugin).unwrap();
    fs::write(plugin.join("SKILL.md"), "mine").unwrap();
    assert_snapshot!(world.run(&["install"]), @"
    exit 1
    --- out
    --- err
    cc2cc: /world/home/.claude/skills/cc2cc is there and was not written by cc2cc; it was left alone
    hint: move it away, or set CLAUDE_CONFIG_DIR to another place
    ");
    assert_eq!(below_home(&world), [".claude/skills/cc2cc/SKILL.md"]);
    assert_snapshot!(world.run(&["uninstall"]), @"
    exit 1
    --- out
    --- err
    cc2cc: nothing is installed in /world/home/.claude/skills/cc2cc
    hint: with CLAUDE_CONFIG_DIR set, it looks there
    ");
    assert_eq!(fs::read_to_string(plugin.join("SKILL.md")).unwrap(), "mine");
}

#[test]
fn a_command_that_is_not_ours_is_left_alone() {
    let world = World::new();
    let link = world.path("home/.local/bin/cc2cc");
    for occupied in [true, false] {
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        let _ = fs::remove_file(&link);
        if occupied {
            fs::write(&link, "mine").unwrap();
        } else {
            symlink("/usr/bin/true", &link).unwrap();
        }
        let said = world.run(&["install"]).fine();
        assert!(said.out.contains("is there already and not ours, so it was left alone"), "{said}");
        world.run(&["uninstall"]).fine();
        assert!(link.symlink_metadata().is_ok());
    }
    assert_eq!(fs::read_link(&link).unwrap(), PathBuf::from("/usr/bin/true"));
}

#[test]
fn uninstalling_takes_exactly_what_was_installed_and_keeps_the_mail() {
    let world = World::new().agent("bob");
    world.posted("bob", "bob", "keep me");
    let before = world.files("mail");
    fs::create_dir_all(world.path("home/.claude/skills/other")).unwrap();
    fs::write(world.path("home/.claude/skills/other/SKILL.md"), "theirs").unwrap();
    world.run(&["install"]).fine();
    fs::write(world.path("home/.claude/skills/cc2cc/commands/mine.md"), "mine").unwrap();

    assert_snapshot!(world.run(&["uninstall"]), @"
    exit 0
    --- out
    cc2cc is removed from /world/home/.claude/skills/cc2cc
    sessions that run now complain of the missing plugin until they are restarted
    not ours, so it stays: /world/home/.claude/skills/cc2cc/commands
    letters stay in /world/mail; `cc2cc uninstall --purge` removes them
    --- err
    ");

    assert_eq!(below_home(&world), [".claude/skills/cc2cc/commands/mine.md", ".claude/skills/other/SKILL.md"]);
    assert_eq!(world.files("mail"), before);
    assert_snapshot!(world.run(&["uninstall"]), @"
    exit 1
    --- out
    --- err
    cc2cc: nothing is installed in /world/home/.claude/skills/cc2cc
    hint: with CLAUDE_CONFIG_DIR set, it looks there
    ");
}

#[test]
fn purging_removes_the_mail_and_nothing_beside_it() {
    let world = World::new().agent("bob").agent("user");
    world.hosted("bob");
    world.run(&["rename", "rob", "--agent", "bob"]).fine();
    world.run(&["install"]).fine();
    fs::write(world.path("mail/notes.txt"), "mine").unwrap();
    assert_snapshot!(world.run(&["uninstall", "--purge"]), @"
    exit 0
    --- out
    cc2cc is removed from /world/home/.claude/skills/cc2cc
    sessions that run now complain of the missing plugin until they are restarted
    the mail in /world/mail is removed
    --- err
    ");
    assert_eq!(world.files("mail"), [world.path("mail/notes.txt")]);
    fs::remove_file(world.path("mail/notes.txt")).unwrap();
    world.run(&["uninstall", "--purge"]).fine();
    assert!(!world.path("mail").exists());
}

#[test]
fn the_clients_own_folder_can_be_elsewhere() {
    let world = World::new();
    let env = [("CLAUDE_CONFIG_DIR", world.path("work/config").display().to_string())];
    world.run_as(&env, &["install"]).fine();
    assert!(world.path("work/config/skills/cc2cc/bin/cc2cc").is_file());
    assert!(!world.path("home/.claude").exists());
    world.run_as(&env, &["uninstall"]).fine();
    assert_eq!(world.files("work"), Vec::<PathBuf>::new());
}
