//! `cc2cc install` and `uninstall`, into a private home.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, SystemTime},
};

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{binary::cc2cc, eventually::until, said::Said, world::World};

const BINARY: &str =
    if cfg!(windows) { "home/.claude/skills/cc2cc/bin/cc2cc.exe" } else { "home/.claude/skills/cc2cc/bin/cc2cc" };
const COMMAND: &str = if cfg!(windows) { "home/.local/bin/cc2cc.exe" } else { "home/.local/bin/cc2cc" };

fn below_home(world: &World) -> Vec<String> {
    let home = world.path("home");
    let below = |path: &PathBuf| path.strip_prefix(&home).unwrap().display().to_string();
    let as_on_unix = |path: String| if cfg!(windows) { path.replace('\\', "/").replace(".exe", "") } else { path };
    let mut found: Vec<String> = world.files("home").iter().map(below).map(as_on_unix).collect();
    found.sort();
    found
}

/// `cc2cc install`, run by a copy of the program.
fn install_by(world: &World, program: &str) -> Said {
    let mut program = Command::new(world.path(program));
    world.furnish(program.arg("install"));
    // What was copied just now is still open for writing in a process that another story is about to start.
    let ended = until("it can be started", || match program.output() {
        Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => None,
        ended => Some(ended.unwrap()),
    });
    world.said(&ended).fine()
}

/// What installing says, with the words for the PATH that it has on Unix.
fn said_installing(world: &World) -> String {
    let said = world.run(&["install"]).to_string();
    said.replace("your PowerShell profile", "the start file of your shell, such as ~/.bashrc")
        .replace("$env:Path = '/world/home/.local/bin;' + $env:Path", r#"export PATH="/world/home/.local/bin:$PATH""#)
}

#[test]
fn installing_writes_the_plugin_with_the_binary_and_a_link() {
    let world = World::new();
    assert_snapshot!(said_installing(&world), @r#"
    exit 0
    --- out
    cc2cc 0.1.0 is installed in /world/home/.claude/skills/cc2cc
    command: /world/home/.local/bin/cc2cc
    /world/home/.local/bin is not on your PATH; to use `cc2cc` in a terminal, put this line into the start file of your shell, such as ~/.bashrc:
        export PATH="/world/home/.local/bin:$PATH"
    sessions that run now keep what they loaded; new ones get this
    --- err
    "#);
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
    let binary = world.path(BINARY);
    assert_eq!(fs::read(&binary).unwrap(), fs::read(cc2cc()).unwrap());
    let mut command = Command::new(world.path(COMMAND));
    world.furnish(&mut command);
    assert_eq!(world.said(&command.arg("whoami").output().unwrap()).fine().out, "user\n", "it can be started");
    #[cfg(unix)] // Windows keeps links to those who may make them, so there it is a copy
    assert_eq!(fs::read_link(world.path(COMMAND)).unwrap(), binary);
    for file in ["hooks/hooks.json", ".mcp.json"] {
        let text = fs::read_to_string(world.path("home/.claude/skills/cc2cc").join(file)).unwrap();
        let named = text.matches("/bin/cc2cc").count();
        assert_eq!(text.matches("/bin/cc2cc.exe\"").count(), if cfg!(windows) { named } else { 0 }, "{text}");
    }
    assert!(!world.path("mail").exists(), "the mail is made when first used");
    let manifest = fs::read_to_string(world.path("home/.claude/skills/cc2cc/.claude-plugin/plugin.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"), "else every session would say that they differ");
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

    let mut running = Command::new(world.path(BINARY));
    world.furnish(&mut running);
    let mut running = running.args(["wait", "--timeout", "60s"]).spawn().unwrap();
    assert_snapshot!(said_installing(&world), @r#"
    exit 0
    --- out
    cc2cc is updated from 0.0.1 to 0.1.0 in /world/home/.claude/skills/cc2cc
    command: /world/home/.local/bin/cc2cc
    /world/home/.local/bin is not on your PATH; to use `cc2cc` in a terminal, put this line into the start file of your shell, such as ~/.bashrc:
        export PATH="/world/home/.local/bin:$PATH"
    sessions that run now keep what they loaded; new ones get this
    --- err
    "#);
    assert!(running.try_wait().unwrap().is_none(), "the old one runs on");
    running.kill().unwrap();
    running.wait().unwrap();

    assert_ne!(fs::read_to_string(plugin.join("commands/send.md")).unwrap(), "an older text");
    assert!(!plugin.join("OLD.md").exists() && plugin.join("README.md").exists());
    assert_snapshot!(said_installing(&world), @r#"
    exit 0
    --- out
    cc2cc 0.1.0 is installed anew in /world/home/.claude/skills/cc2cc
    command: /world/home/.local/bin/cc2cc
    /world/home/.local/bin is not on your PATH; to use `cc2cc` in a terminal, put this line into the start file of your shell, such as ~/.bashrc:
        export PATH="/world/home/.local/bin:$PATH"
    sessions that run now keep what they loaded; new ones get this
    --- err
    "#);
    assert_eq!(below_home(&world), installed);
}

#[test]
fn only_what_has_changed_is_written_again_since_running_clients_watch_it() {
    let world = World::new();
    world.run(&["install"]).fine();
    let plugin = world.path("home/.claude/skills/cc2cc");
    let files: Vec<PathBuf> =
        world.files("home/.claude/skills/cc2cc").into_iter().filter(|file| is_text(file)).collect();
    assert!(files.len() > 10, "{files:?}");
    fs::write(plugin.join("hooks/register.js"), "an older mod").unwrap();
    let before = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for file in &files {
        fs::OpenOptions::new().write(true).open(file).unwrap().set_modified(before).unwrap();
    }
    world.run(&["install"]).fine();
    let written = files.iter().filter(|file| file.metadata().unwrap().modified().unwrap() != before);
    assert_eq!(written.collect::<Vec<_>>(), [&plugin.join("hooks/register.js")]);
}

/// Whether it is a file of the plugin that is neither the program nor the list of what was installed.
fn is_text(file: &Path) -> bool {
    !file.ends_with("installed.json") && !file.parent().is_some_and(|dir| dir.ends_with("bin"))
}

#[test]
fn the_installed_binary_can_update_itself() {
    let world = World::new();
    world.run(&["install"]).fine();
    let said = install_by(&world, COMMAND);
    assert!(said.out.contains("is installed anew"), "{said}");
    assert_eq!(fs::read(world.path(BINARY)).unwrap(), fs::read(cc2cc()).unwrap());
}

#[test]
fn a_folder_that_is_not_ours_is_left_untouched() {
    let world = World::new();
    let plugin = world.path("home/.claude/skills/cc2cc");
    fs::create_dir_all(&plugin).unwrap();
    fs::write(plugin.join("SKILL.md"), "mine").unwrap();
    assert_snapshot!(said_installing(&world), @"
    exit 1
    --- out
    --- err
    cc2cc: /world/home/.claude/skills/cc2cc is there and was not written by cc2cc; it was left alone
    hint: move it away, or set `CLAUDE_CONFIG_DIR` to another place
    ");
    assert_eq!(below_home(&world), [".claude/skills/cc2cc/SKILL.md"]);
    assert_snapshot!(world.run(&["uninstall"]), @"
    exit 1
    --- out
    --- err
    cc2cc: nothing is installed in /world/home/.claude/skills/cc2cc
    hint: `cc2cc install` installs it; with `CLAUDE_CONFIG_DIR` set, it looks there
    ");
    assert_eq!(fs::read_to_string(plugin.join("SKILL.md")).unwrap(), "mine");
}

#[test]
#[cfg(unix)]
fn the_line_for_the_path_is_one_that_a_shell_takes() {
    let world = World::new();
    let home = world.path("home of \"$HOME\" it's");
    fs::create_dir(&home).unwrap();
    let said = world.said(&world.command(&["install"]).env("HOME", &home).output().unwrap()).fine().out;
    let line = said.lines().find(|line| line.contains("export PATH")).unwrap();
    let script = format!("PATH=/usr/bin:/bin; {line}; command -v cc2cc");
    let found = Command::new("/bin/sh").args(["-c", &script]).env_clear().output().unwrap();
    assert_eq!(String::from_utf8_lossy(&found.stdout).trim(), home.join(".local/bin/cc2cc").display().to_string());
}

#[test]
fn a_command_that_is_not_ours_is_left_alone() {
    let world = World::new();
    let link = world.path(COMMAND);
    fs::create_dir_all(link.parent().unwrap()).unwrap();
    let is_left_alone = || {
        let said = world.run(&["install"]).fine();
        assert!(said.out.contains("is there already and not ours, so it was left alone"), "{said}");
        world.run(&["uninstall"]).fine();
    };
    fs::write(&link, "mine").unwrap();
    is_left_alone();
    assert_eq!(fs::read_to_string(&link).unwrap(), "mine");
    #[cfg(unix)] // only there the command is a link itself
    {
        fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink("/usr/bin/true", &link).unwrap();
        is_left_alone();
        assert_eq!(fs::read_link(&link).unwrap(), PathBuf::from("/usr/bin/true"));
    }
}

#[test]
fn without_a_place_for_the_command_nothing_is_installed() {
    let world = World::new();
    fs::create_dir_all(world.path("home")).unwrap();
    fs::write(world.path("home/.local"), "a file").unwrap();
    let said = world.run(&["install"]);
    assert_eq!(said.code, Some(1), "{said}");
    assert!(said.err.contains("there is no place for the command cc2cc: "), "{said}");
    assert!(said.err.contains("make that directory yours and writable; nothing was installed"), "{said}");
    assert_eq!(below_home(&world), [".local"]);
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
    the command /world/home/.local/bin/cc2cc is removed
    sessions that run now complain of the missing plugin until they are restarted
    not ours, so it stays: /world/home/.claude/skills/cc2cc/commands
    letters stay in /world/mail; remove that directory if you want them gone, too
    --- err
    ");

    assert_eq!(below_home(&world), [".claude/skills/cc2cc/commands/mine.md", ".claude/skills/other/SKILL.md"]);
    assert_eq!(world.files("mail"), before);
    assert_snapshot!(world.run(&["uninstall"]), @"
    exit 1
    --- out
    --- err
    cc2cc: nothing is installed in /world/home/.claude/skills/cc2cc
    hint: `cc2cc install` installs it; with `CLAUDE_CONFIG_DIR` set, it looks there
    ");
}

#[test]
fn purging_removes_the_mail_and_nothing_beside_it() {
    let world = World::new().agent("bob").agent("user");
    world.hosted("bob");
    world.run(&["rename", "rob", "--agent", "bob"]).fine();
    world.run(&["install"]).fine();
    fs::write(world.path("mail/notes.txt"), "mine").unwrap();
    let there = world.there("rob");
    let before = world.files("mail");
    assert_snapshot!(world.run(&["uninstall", "--purge"]), @"
    exit 1
    --- out
    --- err
    cc2cc: the mail is in use by rob; nothing was removed
    hint: end these sessions first; `cc2cc uninstall` without --purge leaves the mail
    ");
    assert_eq!(world.files("mail"), before);
    assert!(world.path(COMMAND).exists(), "nothing else is removed either");
    drop(there);
    assert_snapshot!(world.run(&["uninstall", "--purge"]), @"
    exit 0
    --- out
    cc2cc is removed from /world/home/.claude/skills/cc2cc
    the command /world/home/.local/bin/cc2cc is removed
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
    assert!(world.path(&BINARY.replace("home/.claude", "work/config")).is_file());
    assert!(!world.path("home/.claude").exists());
    world.run_as(&env, &["uninstall"]).fine();
    assert_eq!(world.files("work"), Vec::<PathBuf>::new());
}

/// A plugin of ours as Claude Code notes it when it comes from a marketplace.
fn from_marketplace(world: &World, version: &str) {
    let config = world.path("home/.claude");
    fs::create_dir_all(config.join("plugins")).unwrap();
    let copy = json!({ "scope": "user", "installPath": "/elsewhere", "version": version });
    let installed = json!({ "version": 2, "plugins": { "cc2cc@cc2cc": [copy] } });
    fs::write(config.join("plugins/installed_plugins.json"), installed.to_string()).unwrap();
    fs::write(config.join("settings.json"), json!({ "enabledPlugins": { "cc2cc@cc2cc": true } }).to_string()).unwrap();
}

#[test]
fn beside_the_plugin_of_a_marketplace_only_the_program_is_installed() {
    let world = World::new();
    world.run(&["install"]).fine();
    from_marketplace(&world, env!("CARGO_PKG_VERSION"));
    let said = world.run(&["doctor"]).to_string();
    assert_snapshot!(said.lines().find(|line| line.contains("plugin")).unwrap(), @"note    plugin    0.1.0 as cc2cc@cc2cc; the one in /world/home/.claude/skills/cc2cc is not loaded beside it: `cc2cc install` clears that up");
    assert_snapshot!(said_installing(&world), @r#"
    exit 0
    --- out
    cc2cc 0.1.0 is installed anew in /world/home/.claude/skills/cc2cc
    Claude Code has the plugin as cc2cc@cc2cc, so this is only its program
    command: /world/home/.local/bin/cc2cc
    /world/home/.local/bin is not on your PATH; to use `cc2cc` in a terminal, put this line into the start file of your shell, such as ~/.bashrc:
        export PATH="/world/home/.local/bin:$PATH"
    sessions that run now keep what they loaded; new ones get this
    --- err
    "#);
    assert_snapshot!(below_home(&world).join("\n"), @"
    .claude/plugins/installed_plugins.json
    .claude/settings.json
    .claude/skills/cc2cc/bin/cc2cc
    .claude/skills/cc2cc/installed.json
    .local/bin/cc2cc
    ");
    assert!(world.run(&["doctor"]).out.starts_with("ok      plugin    0.1.0 as cc2cc@cc2cc\n"));
    assert_snapshot!(world.run(&["uninstall"]), @"
    exit 0
    --- out
    cc2cc is removed from /world/home/.claude/skills/cc2cc
    the command /world/home/.local/bin/cc2cc is removed
    sessions that run now complain of the missing plugin until they are restarted
    the plugin cc2cc@cc2cc is Claude Code's to remove: `claude plugin uninstall cc2cc@cc2cc`
    letters stay in /world/mail; remove that directory if you want them gone, too
    --- err
    ");

    let settings = json!({ "enabledPlugins": { "cc2cc@cc2cc": false } });
    fs::write(world.path("home/.claude/settings.json"), settings.to_string()).unwrap();
    world.run(&["install"]).fine();
    assert!(
        world.path("home/.claude/skills/cc2cc/hooks/hooks.json").exists(),
        "one that is switched off does not count"
    );
}

#[test]
fn the_plugin_of_a_marketplace_may_be_of_another_version() {
    let world = World::new();
    from_marketplace(&world, "99.0.0");
    assert_snapshot!(world.run(&["doctor"]).out.lines().take(2).collect::<Vec<_>>().join("\n"), @"
    broken  plugin    cc2cc@cc2cc is version 99.0.0 and this binary 0.1.0
                      fix: run `cc2cc update`
    ");
    from_marketplace(&world, "0.0.9");
    assert_snapshot!(world.run(&["doctor"]).out.lines().take(2).collect::<Vec<_>>().join("\n"), @"
    broken  plugin    cc2cc@cc2cc is version 0.0.9 and this binary 0.1.0
                      fix: run `claude plugin update cc2cc@cc2cc`
    ");
}

#[cfg(unix)] // what it prints are commands for shells of Unix
#[test]
fn what_was_not_installed_from_a_release_is_updated_the_way_it_came() {
    let world = World::new();
    assert_snapshot!(world.run(&["update"]), @"
    exit 1
    --- out
    --- err
    cc2cc: nothing is installed in /world/home/.claude/skills/cc2cc
    hint: `cc2cc install` installs it; with `CLAUDE_CONFIG_DIR` set, it looks there
    ");
    world.run(&["install"]).fine();
    assert_snapshot!(world.run(&["update"]), @"
    exit 1
    --- out
    --- err
    cc2cc: it is not known how cc2cc 0.1.0 was installed
    hint: `curl -fsSL https://github.com/cc2cc/cc2cc/releases/latest/download/install.sh | sh` installs the newest release in its place
    ");

    let from = |origin: &str| {
        world.run_as(&[("CC2CC_INSTALLED_FROM", origin.to_owned())], &["install"]).fine();
    };
    from("checkout:/src/cc2cc");
    assert_snapshot!(world.run(&["update"]), @"
    exit 1
    --- out
    --- err
    cc2cc: cc2cc 0.1.0 was built from the checkout in /src/cc2cc
    hint: `git -C /src/cc2cc pull && /src/cc2cc/install.sh`
    ");
    from("source");
    assert_snapshot!(world.run(&["update"]), @"
    exit 1
    --- out
    --- err
    cc2cc: cc2cc 0.1.0 was built by the install script, as there was no release for this machine
    hint: run it again: `curl -fsSL https://github.com/cc2cc/cc2cc/releases/latest/download/install.sh | sh`
    ");

    // Installed anew by itself, it came from where it came from.
    install_by(&world, "home/.local/bin/cc2cc");
    assert!(world.run(&["update"]).err.contains("built by the install script"));

    let cargo = world.path("work/cargo");
    fs::create_dir_all(cargo.join("bin")).unwrap();
    fs::write(cargo.join(".crates.toml"), "").unwrap();
    fs::copy(cc2cc(), cargo.join("bin/cc2cc")).unwrap();
    install_by(&world, "work/cargo/bin/cc2cc");
    assert_snapshot!(world.run(&["update"]), @"
    exit 1
    --- out
    --- err
    cc2cc: cc2cc 0.1.0 was installed by cargo
    hint: `cargo install --locked cc2cc && cc2cc install`
    ");
}

#[test]
#[cfg(unix)] // other clients are tried on Linux alone
fn opencode_is_given_its_plugin_where_it_is_used_and_nothing_else_is_touched() {
    let world = World::new();
    let folder = world.path("home/.config/opencode");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("opencode.json"), "{}").unwrap();
    let doctor = || world.run(&["doctor", "--json"]).json()["findings"].clone();
    let says = || doctor().as_array().unwrap().iter().find(|finding| finding["what"] == "opencode").cloned();
    assert!(says().unwrap().to_string().contains("its sessions take no part"));

    let said = world.run(&["install"]).fine().out;
    let plugin = folder.join("plugins").join("cc2cc.js");
    assert!(said.contains(&format!("OpenCode: the plugin is {}\n", plugin.display())), "{said}");
    let text = fs::read_to_string(&plugin).unwrap();
    let command = Value::from(world.path(BINARY).display().to_string());
    assert!(text.contains(&format!("const COMMAND = {command}\n")), "{text}");
    assert_eq!(says().unwrap()["verdict"], "ok", "{:?}", says());

    // One of another version is replaced, and goes with the rest.
    fs::write(&plugin, "// cc2cc's part inside OpenCode. It was otherwise once.\n").unwrap();
    assert!(says().unwrap().to_string().contains("another version"));
    world.run(&["install"]).fine();
    assert_eq!(fs::read_to_string(&plugin).unwrap(), text);
    world.run(&["uninstall"]).fine();
    assert_eq!(world.files("home/.config"), [folder.join("opencode.json")]);
    assert!(!folder.join("plugins").exists());
}

#[test]
#[cfg(unix)] // other clients are tried on Linux alone
fn one_client_alone_is_installed_into_and_out_of() {
    let world = World::new();
    let plugin = world.path("home/.config/opencode/plugins/cc2cc.js");
    let said = world.run(&["install", "--client", "opencode"]).fine().out;
    assert!(said.starts_with(&format!("OpenCode: the plugin is {}\n", plugin.display())), "{said}");
    let found = world.run(&["doctor", "--json"]).json();
    let verdicts = |found: &Value| {
        let of = |finding: &Value| ["what", "verdict"].map(|field| finding[field].as_str().unwrap().to_owned());
        found["findings"].as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    let has = |found: &Value, what: &str, verdict: &str| verdicts(found).contains(&[what.into(), verdict.into()]);
    assert!(has(&found, "opencode", "ok") && has(&found, "plugin", "note"), "{found}");
    assert_eq!(found["ok"], true, "without Claude Code nothing is broken: {found}");
    assert!(!world.path("home/.claude").exists() && !world.path("home/.codex").exists());
    let said = world.run(&["uninstall"]).fine().out;
    assert!(said.starts_with(&format!("OpenCode: the plugin {} is removed\n", plugin.display())), "{said}");
    assert!(!plugin.exists());

    // Installed into all that is there, which Claude Code is not.
    fs::create_dir_all(plugin.parent().unwrap()).unwrap();
    world.run(&["install"]).fine();
    let found = world.run(&["doctor", "--json"]).json();
    assert!(has(&found, "plugin", "ok") && has(&found, "claude", "note"), "{found}");
    assert_eq!(found["ok"], true, "{found}");
}

#[test]
#[cfg(unix)] // other clients are tried on Linux alone
fn a_plugin_of_somebody_elses_stays_as_it_is() {
    let world = World::new();
    let plugins = world.path("home/.config/opencode/plugins");
    fs::create_dir_all(&plugins).unwrap();
    let plugin = plugins.join("cc2cc.js");
    fs::write(&plugin, "export const Mine = async () => ({})\n").unwrap();
    let said = world.run(&["install"]).fine().out;
    assert!(said.contains("was not written by cc2cc, so it was left alone"), "{said}");
    world.run(&["uninstall"]).fine();
    assert_eq!(fs::read_to_string(&plugin).unwrap(), "export const Mine = async () => ({})\n");
}
