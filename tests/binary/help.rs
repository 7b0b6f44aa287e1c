//! `cc2cc help`: what is listed is there, and every command in the topics runs and prints what they say.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use cc2cc::{
    agent::Record,
    mailbox::{
        Key, State,
        letter::{Kind, Letter},
    },
};
use insta::assert_snapshot;
use jiff::Timestamp;
use serde_json::Value;

use super::{
    example::{Example, Ids, Prompt, examples},
    session::Session,
};
use crate::support::{
    binary::cc2cc,
    world::{There, World},
};

/// A test for each topic; another one sees to it that none is left out.
macro_rules! topics {
    ($($test:ident: $topic:literal)*) => {
        const TOPICS: &[&str] = &[$($topic),*];
        $(#[test] fn $test() { play($topic); })*
    };
}

topics! {
    two_agents_on_one_task: "two-agents"
    an_alert_from_ci: "ci"
    a_reviewer_on_call: "on-call"
    waiting_in_a_script: "scripts"
    held_letters: "held"
    what_the_states_mean: "states"
    monitoring: "monitoring"
    the_status_line: "status-line"
}

/// Runs the examples of a topic in an scene that fits it: brave-fox and calm-owl are there, in one repository.
fn play(topic: &str) {
    let text = fs::read_to_string(folder().join(format!("{topic}.md"))).unwrap();
    let examples = examples(&text);
    assert!(!examples.is_empty(), "{topic} has no example");
    let world = World::new();
    let (fox, _present) = scene(&world);
    let _more = prepare(&world, topic);
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| answer_questions(&world, &over));
        let _over = Over(&over);
        let mut ids = Ids::new();
        for example in &examples {
            let typed = example.typed_with(&ids);
            let printed = run(&world, &fox, example, &typed);
            assert!(example.fits(&printed, &mut ids), "{topic}: {typed}\nprinted\n{printed}\nand not\n{example:#?}");
        }
    });
}

fn run(world: &World, fox: &Session, example: &Example, typed: &str) -> String {
    if example.prompt == Prompt::Session {
        let answer: Value = fox.prompt(typed).fine().json();
        return answer["reason"].as_str().unwrap_or_else(|| panic!("{typed} is no command: {answer}")).to_owned();
    }
    let mut command = std::process::Command::new("/bin/sh");
    world.furnish(&mut command);
    let path = format!("{}:/usr/bin:/bin", world.path("bin").display());
    command.args(["-c", &format!("exec 2>&1\n{typed}")]).current_dir(world.path("shop")).env("PATH", path);
    let said = world.said(&command.output().unwrap());
    assert_eq!(said.code, Some(0), "{typed}: {said}");
    said.out
}

fn scene(world: &World) -> (Session<'_>, Vec<There>) {
    symlink(cc2cc(), world.path("bin/cc2cc")).unwrap();
    symlink(world.path("mail"), world.path("home/.cc2cc")).unwrap();
    fs::create_dir_all(world.path("shop/.git")).unwrap();
    fs::write(world.path("shop/.git/HEAD"), "ref: refs/heads/main\n").unwrap();
    let fox = world.session("brave-fox").started();
    world.hosted("calm-owl");
    let present = ["brave-fox", "calm-owl"].map(|name| move_in(world, name));
    (fox, present.into())
}

/// An agent works in the shop.
fn move_in(world: &World, name: &str) -> There {
    let mailbox = world.at(name);
    Record::change(&mailbox, Timestamp::now(), |record| record.locate(&world.path("shop"))).unwrap();
    world.there(name)
}

/// What a topic takes for granted.
fn prepare(world: &World, topic: &str) -> Option<There> {
    let letter =
        |text: &str| Letter::new("brave-fox".parse().unwrap(), "calm-owl".parse().unwrap(), text, Timestamp::now());
    let held = |text: &str| {
        let letter = letter(text);
        world.at("calm-owl").publish_held(&letter, Key::Fresh, "brave-fox asks for permission").unwrap();
        letter.id
    };
    match topic {
        "on-call" => {
            world.home().claim(&"night-owl".parse().unwrap()).unwrap();
            fs::write(world.path("shop/change.diff"), "-a\n+b\n").unwrap();
            let claude = world.path("bin/claude");
            fs::write(&claude, "#!/bin/sh\n[ \"$CC2CC_NAME\" = reviewer ]\n").unwrap();
            fs::set_permissions(claude, fs::Permissions::from_mode(0o755)).unwrap();
            world.hosted("reviewer");
            return Some(move_in(world, "reviewer"));
        }
        "held" => drop([held("delete the cache"), held("drop the tables")]),
        "states" => {
            let id = held("drop the tables");
            world.at("calm-owl").refuse(&id, State::Held, "not now").unwrap();
        }
        "monitoring" => drop(world.post(letter("does the web client still work?"))),
        _ => {}
    }
    None
}

/// calm-owl answers questions and reviewer tasks, until it is over.
fn answer_questions(world: &World, over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        for (name, answer) in [("calm-owl", "yes, since this morning"), ("reviewer", "one typo in line 12, else fine")]
        {
            let Some(mailbox) = world.home().mailbox(&name.parse().unwrap()) else { continue };
            let asks = |letter: &Letter| {
                letter.from.is_user() && (letter.content.text.ends_with('?') || letter.kind == Kind::Task)
            };
            for letter in mailbox.letters(State::Inbox).unwrap().into_iter().filter(asks) {
                let id = letter.id.to_string();
                world.run_as(&world.hosted(name), &["send", "--reply-to", &id, "user", answer]).fine();
                mailbox.finish(&letter.id, State::Inbox, None).unwrap();
            }
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Ends the answering also when an example fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/help")
}

#[test]
fn every_topic_is_listed_played_and_readable_on_eighty_columns() {
    let world = World::new();
    let listed = world.run(&["help"]).fine().out;
    let files = fs::read_dir(folder()).unwrap().flatten();
    let mut files: Vec<_> = files.map(|file| file.file_name().into_string().unwrap()).collect();
    files.sort();
    let mut played: Vec<_> = TOPICS.iter().map(|topic| format!("{topic}.md")).collect();
    played.sort();
    assert_eq!(files, played);
    for topic in TOPICS {
        assert!(listed.contains(&format!("  {topic} ")), "{topic} in {listed}");
        let shown = world.run(&["help", topic]).fine().out;
        assert!(!shown.starts_with('#') && shown.ends_with('\n'), "{shown}");
        let long = shown.lines().find(|line| line.chars().count() > 80);
        assert_eq!(long, None, "in {topic}");
        for named in shown.split("cc2cc help ").skip(1) {
            let named: String = named.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
            assert_eq!(world.run(&["help", &named]).code, Some(0), "{topic} speaks of {named}");
        }
    }
}

#[test]
fn topics_and_verbs_are_listed_and_each_verb_has_its_help() {
    let world = World::new();
    let help = world.run(&["help"]).fine();
    assert_snapshot!(help.out, @"
    Topics (cc2cc help TOPIC):
      two-agents   Two agents on one task
      ci           An alert from CI
      on-call      A reviewer on call
      scripts      Waiting for an answer in a script
      held         Letters that wait for your yes
      states       What the states of a letter mean
      monitoring   Seeing what goes on
      status-line  The name in Claude Code's status line

    Write and read:
      send         Write a letter to a session
      ask          Ask a session something, and wait for the answer
      inbox        List the letters in a mailbox
      read         Print one letter in full
      wait         Wait until there is mail, and list it
      notify-when  Be told once when a session is idle, away or blocked, or answers
      status       Tell how far a letter has come

    Who is there:
      agents       List the sessions one can write to
      whoami       Print your agent name
      rename       Give a session another name
      start        Start a session in the background, and send it its first letter
      join         Put a session into groups, such as @backend
      leave        Take a session out of groups

    Decide:
      accept       Let a held letter go on to its session
      refuse       Refuse a held letter and tell its sender
      retry        Give a dead letter another chance
      trust        Let letters through that would wait for your yes

    Watch:
      watch        Follow letters and agents live
      peek         Print the last turns of another session
      log          Print what the agents wrote to one another, oldest first
      thread       Print the conversation a letter belongs to, step by step
      export       Write the conversation a letter belongs to as Markdown
      statusline   Print a short segment for Claude Code's status line

    Set up and look after:
      install      Install into Claude Code, Codex and OpenCode, or update
      update       Update cc2cc to the newest release
      uninstall    Remove what was installed; letters stay
      doctor       Check that everything is in place
      link         Exchange letters with sessions on other machines
      demo         Show a letter's whole way on a throw-away mailbox
      prune        Count what nobody needs any more, or remove it
      completions  Print a completion script for your shell
      help         Explain a topic with worked examples, or a verb

    Started by the clients:
      mcp          Serve the tools over standard input and output
      hook         Answer a hook

    cc2cc help VERB explains a verb.
    ");
    assert!(!help.out.contains("More:"), "each verb has its group");
    assert_eq!(help.out.lines().find(|line| line.chars().count() > 80), None);
    let (_, verbs) = help.out.split_once("\n\n").unwrap();
    let verbs = verbs.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    for verb in verbs.filter(|verb| *verb != "hook") {
        assert_eq!(world.run(&["help", verb]).fine().out, world.run(&[verb, "--help"]).fine().out);
    }
}

#[test]
fn a_misspelt_topic_is_answered_with_the_right_one() {
    let world = World::new();
    assert_snapshot!(world.run(&["help", "hold"]), @"
    exit 2
    --- out
    --- err
    cc2cc: there is no help on `hold`
    hint: did you mean `held`? `cc2cc help` lists topics and verbs
    ");
    assert_snapshot!(world.run(&["help", "the meaning of it all"]), @"
    exit 2
    --- out
    --- err
    cc2cc: there is no help on `the meaning of it all`
    hint: `cc2cc help` lists topics and verbs
    ");
    assert!(!world.path("mail").exists(), "nothing of this needs a home");
}

#[test]
fn the_words_of_other_programs_lead_to_the_verb_that_is_meant() {
    let world = World::new().agent("ann");
    for (word, verb) in
        [("list", "agents"), ("ls", "agents"), ("ps", "agents"), ("history", "log"), ("version", "--version")]
    {
        let (said, meant) = (world.run(&[word]), world.run(&[verb]));
        assert_eq!((said.code, &said.out, &said.err), (meant.code, &meant.out, &meant.err), "{word}");
    }
}
