//! A TAB in the shells people use: names of those who are there, letters that are held, topics; and never a complaint.

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Stdio},
};

use cc2cc::{
    agent::Record,
    mailbox::{
        Key, State,
        letter::{Letter, LetterId},
    },
};
use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};
use portable_pty::CommandBuilder;

use crate::support::{
    binary::cc2cc,
    eventually::{PATIENCE, within},
    terminal::{COLUMNS, Terminal},
    world::{There, World},
};

/// calm-owl and brave-fox are there, night-owl is away, and a letter is held for calm-owl.
fn scene() -> (World, [There; 2], LetterId) {
    let world = World::new().agent("calm-owl").agent("brave-fox").agent("night-owl").agent("user");
    symlink(cc2cc(), world.path("bin/cc2cc")).unwrap();
    let there = ["calm-owl", "brave-fox"].map(|name| world.there(name));
    let place = "/srv/\u{1b}[2Jshop".to_owned();
    Record::change(&world.at("calm-owl"), Timestamp::now(), |record| record.cwd = Some(place)).unwrap();
    let then = Timestamp::now() - SignedDuration::from_hours(80);
    let (fox, owl) = ("brave-fox".parse().unwrap(), "calm-owl".parse().unwrap());
    let letter = Letter::new(fox, owl, "delete: the $(touch cache) \u{1b}[2J `now`", then);
    world.at("calm-owl").publish_held(&letter, Key::Fresh, "a rule").unwrap();
    (world, there, letter.id)
}

/// A shell at its prompt, with the completions read as its help says.
struct Shell(Terminal);

impl Shell {
    const PROMPT: &str = "ready>";

    fn start(world: &World, program: &str, args: &[&str], setup: &[&str]) -> Self {
        let path = format!("/usr/bin/{program}");
        assert!(Path::new(&path).exists(), "{program} is not installed; on Debian: apt-get install {program}");
        let mut command = CommandBuilder::new(path);
        command.args(args);
        command.env_clear();
        command.cwd(world.path("work"));
        command.env("HOME", world.path("home"));
        command.env("CC2CC_HOME", world.path("mail"));
        command.env("PATH", format!("{}:/usr/bin:/bin", world.path("bin").display()));
        command.env("PS1", Self::PROMPT);
        command.env("TERM", "xterm");
        command.env("LANG", "C.UTF-8");
        let mut shell = Self(Terminal::run(command, COLUMNS));
        shell.shows(Self::PROMPT);
        for line in setup {
            shell.0.press(&format!("{line}\r"));
        }
        shell.0.press("clear; echo begin\r");
        shell.shows("begin\n");
        shell
    }

    #[track_caller]
    fn shows(&mut self, text: &str) {
        let shown = within(PATIENCE, || self.0.screen().contains(text).then_some(()));
        assert!(shown.is_some(), "{text:?} is not on the screen\n{}", self.0.screen());
    }

    /// Types up to a TAB, sees what it becomes, and clears the line.
    #[track_caller]
    fn completes(&mut self, begun: &str, to: &str) {
        self.0.press(&format!("{begun}\t"));
        self.shows(&format!("{}{to}", Self::PROMPT));
        self.0.press("\x15");
        self.0.press("clear; echo begin\r");
        self.shows("begin\n");
    }
}

fn tabs(shell: &mut Shell, id: &LetterId) {
    shell.completes("cc2cc who", "cc2cc whoami ");
    shell.completes("cc2cc send ca", "cc2cc send calm-owl ");
    shell.completes("cc2cc send ni", "cc2cc send night-owl ");
    shell.completes("cc2cc inbox --agent br", "cc2cc inbox --agent brave-fox ");
    shell.completes("cc2cc inbox --ta", "cc2cc inbox --take ");
    shell.completes("cc2cc accept ", &format!("cc2cc accept {} ", id.short()));
    shell.completes(&format!("cc2cc refuse {}", &id.as_str()[..9]), &format!("cc2cc refuse {id} "));
    shell.completes("cc2cc help two", "cc2cc help two-agents ");
    shell.completes("cc2cc completions po", "cc2cc completions powershell ");
}

/// Nothing is said of a broken home after a TAB, and typing goes on.
#[track_caller]
fn is_silent(world: &World, shell: &mut Shell) {
    fs::rename(world.path("mail"), world.path("away")).unwrap();
    fs::write(world.path("mail"), "").unwrap();
    shell.0.press("cc2cc accept \t0 # typed on");
    shell.shows("# typed on");
    let screen = shell.0.screen(); // how a shell lays out what was typed ahead of it is its own affair
    assert!(!["cc2cc:", "hint", "mail"].iter().any(|word| screen.contains(word)), "{screen}");
}

#[test]
fn bash_completes() {
    let (world, _there, id) = scene();
    let setup = ["source <(cc2cc completions bash)"];
    let mut shell = Shell::start(&world, "bash", &["--norc", "--noprofile", "-i"], &setup);
    tabs(&mut shell, &id);
    assert!(!world.path("work/cache").exists(), "no text of a letter is run");
    is_silent(&world, &mut shell);
}

#[test]
fn zsh_completes() {
    let (world, _there, id) = scene();
    let setup = ["autoload -U compinit; compinit -u -D", "source <(cc2cc completions zsh)"];
    let mut shell = Shell::start(&world, "zsh", &["-f", "-i"], &setup);
    tabs(&mut shell, &id);
    assert!(!world.path("work/cache").exists(), "no text of a letter is run");
    is_silent(&world, &mut shell);
}

#[test]
fn fish_completes() {
    let (world, _there, id) = scene();
    assert!(Path::new("/usr/bin/fish").exists(), "fish is not installed; on Debian: apt-get install fish");
    let complete = |begun: &str| {
        let script = format!("cc2cc completions fish | source; complete -C '{begun}'");
        let mut command = Command::new("/usr/bin/fish");
        command.args(["--no-config", "-c", &script]).current_dir(world.path("work"));
        world.furnish(&mut command);
        command.env("PATH", format!("{}:/usr/bin:/bin", world.path("bin").display()));
        let said = world.said(&command.stdout(Stdio::piped()).output().unwrap()).fine();
        said.to_string().replace('\t', " | ")
    };
    assert_snapshot!(complete("cc2cc send "), @"
    exit 0
    --- out
    brave-fox | idle
    calm-owl | idle in /srv/␛[2Jshop
    @all | everyone online
    @repo | in this repository
    @dir | in this directory
    --- err
    ");
    assert_snapshot!(complete("cc2cc send --pri"), @"
    exit 0
    --- out
    --priority | Low does not wake the session, high goes in first
    --- err
    ");
    assert_snapshot!(complete("cc2cc help st"), @"
    exit 0
    --- out
    states | What the states of a letter mean
    status-line | The name in Claude Code's status line
    start | Start a session in the background, and send it its first letter
    status | Tell how far a letter has come
    statusline | Print a short segment for Claude Code's status line
    --- err
    ");
    let accept = complete("cc2cc accept ");
    assert_snapshot!(accept, @"
    exit 0
    --- out
    SHORT | brave-fox → calm-owl, 3 d ago: delete: the $(touch cache) [2J `now`
    --- err
    ");
    world.at("calm-owl").refuse(&id, State::Held, "no").unwrap();
    assert_snapshot!(complete("cc2cc retry "), @"
    exit 0
    --- out
    SHORT | brave-fox → calm-owl, 3 d ago: delete: the $(touch cache) [2J `now`
    --- err
    ");
    assert_snapshot!(complete("cc2cc accept "), @"
    exit 0
    --- out
    --- err
    ");
}

#[test]
fn a_script_is_printed_for_each_shell_and_asks_the_command_on_the_path() {
    let world = World::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let said = world.run(&["completions", shell]).fine();
        assert!(said.out.contains("CC2CC_COMPLETE") && !said.out.contains("/world/"), "{said}");
    }
    assert_eq!(world.run(&["completions", "cobol"]).code, Some(2));
    assert!(!world.path("mail").exists(), "nothing of this needs a home");
}

#[test]
fn whatever_is_asked_only_candidates_are_printed() {
    let (world, _there, _) = scene();
    let ask = |shell: &str, words: &[&str]| {
        let env = [("CC2CC_COMPLETE", shell.to_owned())];
        world.run_as(&env, &[&["--", "cc2cc"], words].concat())
    };
    assert_eq!(ask("fish", &["send", "calm"]).fine().out.lines().count(), 1);
    assert_eq!(ask("cobol", &["send", ""]).fine().out, "");
    assert_eq!(ask("bash", &["no-such-verb", "x", ""]).fine().out, "");
    let mut session = world.hosted("calm-owl").to_vec();
    session.push(("CC2CC_COMPLETE", "fish".to_owned()));
    let held = world.run_as(&session, &["--", "cc2cc", "accept", ""]).fine();
    assert!(!held.out.contains("delete"), "a model is not shown what its person is asked: {held}");
    fs::write(world.path("mail/config.toml"), "policy = 7").unwrap();
    assert_eq!(ask("fish", &["send", "calm"]).fine().out.lines().count(), 1);
}
