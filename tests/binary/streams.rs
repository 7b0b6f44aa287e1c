//! What becomes of a verb, a hook, a waker and a server when nobody reads what they print, the disk is full, a stream is
//! closed, or the system gives no thread. Nothing may end by a signal or a panic, and nothing may count as read that was
//! not printed.

use std::{
    fs::{File, OpenOptions},
    io::{self, pipe},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use cc2cc::mailbox::{State, letter::Letter};
use jiff::Timestamp;
use serde_json::json;

use super::session::Session;
use crate::support::{
    eventually::PATIENCE,
    said::{Said, start},
    world::World,
};

/// What a stream leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    /// Somebody reads it to its end.
    Reader,
    /// Whoever read it has gone.
    Gone,
    /// A disk without room.
    Full,
    /// Nothing: the process was started without the stream.
    Closed,
}

const BROKEN: [(To, To); 9] = [
    (To::Gone, To::Reader),
    (To::Full, To::Reader),
    (To::Closed, To::Reader),
    (To::Reader, To::Gone),
    (To::Reader, To::Full),
    (To::Reader, To::Closed),
    (To::Gone, To::Gone),
    (To::Full, To::Full),
    (To::Closed, To::Closed),
];

/// The command with its streams as they are to be.
fn with_streams(command: &Command, out: To, err: To) -> Command {
    let closing = [(out, ">&-"), (err, "2>&-")].into_iter().filter(|(to, _)| *to == To::Closed).map(|(_, words)| words);
    let script = format!("exec \"$0\" \"$@\" {}", closing.collect::<Vec<_>>().join(" "));
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(script).arg(command.get_program()).args(command.get_args()).env_clear();
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    if let Some(dir) = command.get_current_dir() {
        shell.current_dir(dir);
    }
    shell.stdin(Stdio::null()).stdout(stream(out)).stderr(stream(err));
    shell
}

fn stream(to: To) -> Stdio {
    match to {
        To::Reader => Stdio::piped(),
        To::Closed => Stdio::null(),
        To::Full => OpenOptions::new().write(true).open("/dev/full").expect("a full disk").into(),
        To::Gone => {
            let (reader, writer) = pipe().expect("a pipe");
            drop(reader);
            writer.into()
        }
    }
}

/// The end of a process that could go on for ever, such as a watch that still has its reader.
#[track_caller]
fn end_of(world: &World, mut child: Child) -> Said {
    let deadline = Instant::now() + PATIENCE;
    while child.try_wait().expect("a child").is_none() {
        assert!(Instant::now() < deadline, "it does not end");
        thread::sleep(Duration::from_millis(2));
    }
    world.said(&child.wait_with_output().expect("ended"))
}

#[track_caller]
fn ends_properly(said: &Said, what: &str) {
    assert!(said.code.is_some_and(|code| code < 100), "{what}: {said}");
    assert!(!said.err.contains("panicked"), "{what}: {said}");
}

/// Words for each verb that make it print something; a verb that is not in this table fails the suite.
fn words(verb: &str) -> Vec<Vec<&str>> {
    match verb {
        "ask" => vec![vec!["ask", "bob", "hello"], vec!["ask", "nobody", "hello"]],
        "notify-when" => vec![vec!["notify-when", "bob", "blocked"], vec!["notify-when", "nobody", "idle"]],
        "join" => vec![vec!["join", "backend", "--agent", "ann"], vec!["join", "Backend!"]],
        "leave" => vec![vec!["leave", "backend", "--agent", "ann"]],
        "send" => vec![vec!["send", "bob", "hello"], vec!["send", "nobody", "hello"]],
        "inbox" => vec![
            vec!["inbox", "--agent", "ann"],
            vec!["inbox", "--agent", "ann", "--json"],
            vec!["inbox", "--agent", "ann", "--take"],
            vec!["inbox", "--agent", "ann", "--dead"],
        ],
        "read" => vec![vec!["read", "letter-1"], vec!["read", "nope"]],
        "agents" => vec![vec!["agents", "--all"], vec!["agents", "--all", "--json"]],
        "whoami" => vec![vec!["whoami"]],
        "rename" => vec![vec!["rename", "eve"]],
        "status" => vec![vec!["status", "letter-1"]],
        "log" => vec![vec!["log"], vec!["log", "--agent", "nobody"]],
        "thread" => vec![vec!["thread", "letter-1"]],
        "export" => vec![vec!["export", "letter-1"]],
        "wait" => vec![vec!["wait", "--agent", "ann"], vec!["wait", "--agent", "nobody"]],
        "watch" => vec![vec!["watch"], vec!["watch", "--json", "--agent", "nobody"]],
        "start" => vec![vec!["start", "eve"]], // there is no client on the path
        "peek" => vec![vec!["peek", "ann"], vec!["peek", "nobody"]],
        "accept" => vec![vec!["accept", "letter-1"]],
        "refuse" => vec![vec!["refuse", "letter-1"]],
        "retry" => vec![vec!["retry", "letter-1"]],
        "link" => vec![vec!["link"], vec!["link", "pair"]],
        "trust" => vec![vec!["trust"], vec!["trust", "ann", "bob"], vec!["trust", "ann", "nobody"]],
        "prune" => vec![vec!["prune"]],
        "demo" => vec![vec!["demo"]],
        "doctor" => vec![vec!["doctor"], vec!["doctor", "--json"]],
        "install" => vec![vec!["install"]],
        "update" => vec![vec!["update"]],
        "uninstall" => vec![vec!["uninstall"]],
        "statusline" => vec![vec!["statusline"]],
        "completions" => vec![vec!["completions", "bash"]],
        "help" => vec![vec!["help"], vec!["help", "send"], vec!["help", "nothing-of-the-kind"]],
        "typed" => vec![vec!["typed", "who"]],
        "mcp" => vec![vec!["mcp"]],
        "hook" => vec![vec!["hook", "stop"], vec!["hook", "session-start"], vec!["hook", "no-such-hook"]],
        _ => panic!("the verb {verb} is in no row of this table"),
    }
}

fn all_words() -> Vec<Vec<&'static str>> {
    let command = cc2cc::cli::command();
    let verbs: Vec<String> = command.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    let verbs: Vec<&'static str> = verbs.into_iter().map(|verb| &*verb.leak()).collect();
    let mut all: Vec<_> = verbs.into_iter().flat_map(words).collect();
    all.extend([
        vec!["--help"],
        vec!["--version"],
        vec!["send", "--help"],
        vec!["--nonsense"],
        vec![],
        vec!["nonsense"],
    ]);
    all
}

/// Two agents, and a letter of the id `letter-1` that waits for ann.
fn world() -> World {
    let world = World::new().agent("ann").agent("bob");
    let mut letter = Letter::new("bob".parse().unwrap(), "ann".parse().unwrap(), "hello", Timestamp::now());
    letter.id = "letter-1".parse().unwrap();
    world.post(letter);
    world
}

/// A verb in a world of its own, with its streams as they are to be.
fn run(words: &[&str], out: To, err: To) -> Said {
    let world = world();
    let child = with_streams(&world.command(words), out, err).spawn().expect("started");
    end_of(&world, child)
}

#[test]
fn a_verb_whose_streams_are_broken_ends_as_it_should() {
    const OF_A_VERB: [(To, To); 6] = [BROKEN[0], BROKEN[1], BROKEN[2], BROKEN[3], BROKEN[4], BROKEN[7]];
    for words in all_words() {
        let normal = run(&words, To::Reader, To::Reader);
        ends_properly(&normal, &format!("{words:?}"));
        let is_hook = words.first() == Some(&"hook");
        // These two take long, and print as the others do.
        let takes_long = matches!(words.first(), Some(&("demo" | "install")));
        for (out, err) in OF_A_VERB.into_iter().take(if takes_long { 2 } else { OF_A_VERB.len() }) {
            let what = format!("{words:?} with {out:?} and {err:?}");
            let said = run(&words, out, err);
            ends_properly(&said, &what);
            let is_printed = normal.out.is_empty() || out == To::Reader;
            let waits_on = words.contains(&"--take") && !is_printed;
            let expected = match out {
                _ if is_hook => Some(0),
                To::Full if !is_printed => Some(1),
                To::Closed if words.first() == Some(&"ask") => Some(1), // nobody could read the answer
                _ if waits_on => Some(1),
                _ => normal.code,
            };
            assert_eq!(said.code, expected, "{what}: {said}");
            if expected == Some(1) && normal.code == Some(0) && err == To::Reader {
                assert!(said.err.starts_with("cc2cc: could not print"), "{what}: {said}");
            }
            if out == To::Gone && normal.code == Some(0) && !waits_on && err == To::Reader {
                assert_eq!(said.err, normal.err, "{what}: a reader that has gone is no fault");
            }
        }
    }
}

#[test]
fn letters_that_were_not_printed_are_not_read() {
    for out in [To::Gone, To::Full, To::Closed] {
        for json in [&[][..], &["--json"]] {
            let world = World::new().agent("ann");
            for number in 0..40 {
                world.run(&["send", "ann", &format!("letter {number}")]).fine();
            }
            let words = [&["inbox", "--agent", "ann", "--take"], json].concat();
            let child = with_streams(&world.command(&words), out, To::Reader).spawn().expect("started");
            let said = end_of(&world, child);
            assert_eq!(said.code, Some(1), "{out:?}: {said}");
            assert!(said.err.starts_with("cc2cc: could not print"), "{out:?}: {said}");
            assert_eq!(world.waiting("ann").len(), 40, "{out:?}");
            assert_eq!(world.at("ann").count(State::Done).unwrap(), 0, "{out:?}");
        }
    }
    // What a person asked for is done: they want them read and not shown.
    let world = world();
    let mut quiet = world.command(&["inbox", "--agent", "ann", "--take"]);
    assert!(quiet.stdout(File::create("/dev/null").unwrap()).status().unwrap().success());
    assert_eq!(world.at("ann").count(State::Done).unwrap(), 1);
}

#[test]
fn an_answer_that_cannot_be_printed_is_not_asked_for() {
    let world = world();
    let words = ["send", "bob", "what now?", "--wait-reply", "5s"];
    let child = with_streams(&world.command(&words), To::Closed, To::Reader).spawn().expect("started");
    let said = end_of(&world, child);
    assert_eq!(said.code, Some(1), "{said}");
    assert!(world.waiting("bob").is_empty(), "nothing was sent");
}

/// A letter waits; whatever is said of it, its hook ends with 0 and loses nothing.
#[test]
fn a_hook_whose_streams_are_broken_ends_with_0_and_keeps_the_letters() {
    for (out, err) in BROKEN {
        let world = World::new().agent("ann");
        let session = world.session("calm-owl").started();
        let id = world.posted("ann", "calm-owl", "hello");
        for (event, name) in
            [("user-prompt-submit", "UserPromptSubmit"), ("stop", "Stop"), ("session-end", "SessionEnd")]
        {
            let input = session.input(&json!({ "hook_event_name": name, "prompt": "hello" })).to_string();
            let mut hook = with_streams(&session.command(&["hook", event]), out, err);
            let said = end_of(&world, start(&mut hook, input.as_bytes()));
            assert_eq!(said.code, Some(0), "{event} with {out:?} and {err:?}: {said}");
        }
        let state = session.mailbox().state_of(&id);
        assert!(matches!(state, Some(State::Inbox | State::Claimed)), "{out:?} {err:?}: {state:?}");
    }
}

/// A waker for a letter that waits already, with its streams as they are to be.
fn woken(session: &Session, out: To, err: To, more: &[(&str, &str)]) -> Said {
    let input = session.input(&json!({ "hook_event_name": "Stop" })).to_string();
    let mut waker = with_streams(&session.command(&["wait", "--ring"]), out, err);
    waker.envs(more.iter().copied());
    end_of(session.world, start(&mut waker, input.as_bytes()))
}

#[test]
fn a_waker_whose_streams_are_broken_wakes_its_session() {
    for (out, err) in BROKEN {
        let world = World::new().agent("ann");
        let session = world.session("calm-owl").started();
        world.posted("ann", "calm-owl", "hello");
        let said = woken(&session, out, err, &[]);
        assert_eq!(said.code, Some(2), "{out:?} {err:?}: {said}");
    }
}

#[test]
fn a_server_whose_streams_are_broken_ends_with_its_client() {
    let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } } });
    let call =
        json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": { "name": "agents", "arguments": {} } });
    for (out, err) in BROKEN {
        let world = World::new();
        let session = world.session("calm-owl").started();
        let mut server = with_streams(&session.command(&["mcp"]), out, err);
        let said = end_of(&world, start(&mut server, format!("{hello}\n{call}\n").as_bytes()));
        assert_eq!(said.code, Some(i32::from(out == To::Full)), "{out:?} {err:?}: {said}");
        ends_properly(&said, &format!("{out:?} {err:?}"));
    }
}

/// More than there is: no thread can be started with a stack of this size.
const NO_THREADS: (&str, &str) = ("RUST_MIN_STACK", "70368744177664");

#[test]
fn where_the_system_gives_no_thread_nothing_breaks() {
    for words in all_words() {
        let world = world();
        let normal = world.run(&words);
        let world = self::world();
        let child = world.command(&words).env(NO_THREADS.0, NO_THREADS.1).spawn().expect("started");
        let said = end_of(&world, child);
        ends_properly(&said, &format!("{words:?}"));
        if !matches!(words.first(), Some(&("mcp" | "demo" | "doctor"))) {
            assert_eq!(said.code, normal.code, "{words:?}: {said}");
        }
    }
    let world = World::new().agent("ann");
    let session = world.session("calm-owl").started();
    world.posted("ann", "calm-owl", "hello");
    assert_eq!(woken(&session, To::Reader, To::Reader, &[NO_THREADS]).code, Some(2));
    let mut server = session.command(&["mcp"]);
    let said = end_of(&world, start(server.env(NO_THREADS.0, NO_THREADS.1), b""));
    assert_eq!(said.code, Some(1), "{said}");
    assert!(said.err.starts_with("cc2cc: could not start a thread"), "{said}");
}

/// It has nothing to print yet, and would go on for ever.
#[test]
fn a_watch_ends_when_nobody_can_read_it() {
    for (words, first) in [(&["watch", "--json"][..], "to print"), (&["log", "--follow"], "to follow")] {
        for (out, code) in [(To::Gone, 0), (To::Full, 1), (To::Closed, 1)] {
            let world = world();
            let child = with_streams(&world.command(words), out, To::Reader).spawn().expect("started");
            let said = end_of(&world, child);
            assert_eq!(said.code, Some(code), "{first} {out:?}: {said}");
        }
    }
}

/// Whether a pipe has a reader is known at once, also while there is nothing to print.
#[test]
fn a_complaint_that_nobody_reads_is_none() -> io::Result<()> {
    let world = world();
    let (reader, writer) = pipe()?;
    drop(reader);
    let mut command = world.command(&["read", "nope"]);
    command.stdout(writer.try_clone()?).stderr(writer);
    assert_eq!(command.status()?.code(), Some(3));
    Ok(())
}
