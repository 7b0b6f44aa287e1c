//! A scene whose letters are counted: who sent what, what the model of its one session was told, what lies where.
//!
//! This test process plays the client of the session: it starts the hooks and keeps the transcript.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::Write,
    path::PathBuf,
    process::Command,
};

use cc2cc::{
    agent::{host::HostKey, identity},
    mailbox::{Mailbox, State, letter::LetterId},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    hearing::{context, letters_in, printed_letters, results, turn, turn_with_a_tool},
    table::Tally,
};
use crate::support::{
    said::{Said, said},
    world::{World, files_below, names},
};

/// A process to start, and the letters it promises to store if it ends well.
pub struct Run {
    pub command: Command,
    pub input: Vec<u8>,
    pub sends: Vec<(String, String)>,
}

impl Run {
    pub fn sending(mut self, to: &str, text: &str) -> Self {
        self.sends.push((to.to_owned(), text.to_owned()));
        self
    }
}

pub struct Scene {
    pub world: World,
    /// The name the session asks for; none when empty.
    pub name: RefCell<String>,
    pub permission_mode: RefCell<&'static str>,
    /// Recipient and text of letters whose sender was told that they are stored.
    acknowledged: RefCell<Vec<(String, String)>>,
    /// The same of letters that somebody tried to send.
    tried: RefCell<Vec<(String, String)>>,
    /// Every time a letter came before the model or the person, and whether it was marked as coming again.
    pub heard: RefCell<Vec<(LetterId, bool)>>,
    /// The mailbox that the session takes over: its letters are the session's, wherever they lie meanwhile.
    pub taken_over: RefCell<&'static str>,
}

impl Scene {
    /// `calm-owl` is the session; the others are away.
    pub fn new() -> Self {
        Self::on(|_| {})
    }

    /// A scene whose ground is prepared before anything stands on it.
    pub fn on(ground: impl FnOnce(&World)) -> Self {
        let world = World::in_memory();
        ground(&world);
        let world = world.agent("ann").agent("bob").agent("calm-owl");
        fs::write(world.path("transcript.jsonl"), "{\"type\":\"mode\"}\n").expect("a transcript");
        Self {
            world,
            name: RefCell::new("calm-owl".to_owned()),
            permission_mode: RefCell::new("default"),
            acknowledged: RefCell::default(),
            taken_over: RefCell::default(),
            tried: RefCell::default(),
            heard: RefCell::default(),
        }
    }

    /// A letter that waits already.
    pub fn posted(&self, from: &str, to: &str, text: &str) -> LetterId {
        self.stored(to, text);
        self.world.posted(from, to, text)
    }

    /// A letter that was stored by other means.
    pub fn stored(&self, to: &str, text: &str) {
        self.tried.borrow_mut().push((to.to_owned(), text.to_owned()));
        self.acknowledged.borrow_mut().push((to.to_owned(), text.to_owned()));
    }

    /// Somebody removed the letters themselves; those count no longer.
    pub fn forgets_all(&self) {
        self.acknowledged.borrow_mut().clear();
        self.heard.borrow_mut().clear();
    }

    /// Recipient and text of the letters whose sender was told that they are stored.
    pub fn acknowledged(&self) -> Vec<(String, String)> {
        self.acknowledged.borrow().clone()
    }

    /// Letters of a process that was watched by other means: stored if it said so, else perhaps.
    pub fn may_be_stored(&self, sends: &[(String, String)], said_so: bool) {
        self.tried.borrow_mut().extend_from_slice(sends);
        if said_so {
            self.acknowledged.borrow_mut().extend_from_slice(sends);
        }
    }

    pub fn run(&self, words: &[&str]) -> Run {
        Run { command: self.world.command(words), input: Vec::new(), sends: Vec::new() }
    }

    /// A hook of the session, with the environment and input measured on Claude Code 2.1.330.
    pub fn hook(&self, event: &str, more: &Value) -> Run {
        self.session_process(&["hook", event], more)
    }

    pub fn session_process(&self, words: &[&str], more: &Value) -> Run {
        let mut command = self.world.command(words);
        command
            .env("CLAUDECODE", "1")
            .env("CLAUDE_CODE_ENTRYPOINT", "cli")
            .env("CLAUDE_CODE_SESSION_ATTENDED", "1")
            .env("CLAUDE_CODE_SESSION_ID", "c8f4")
            .env("CLAUDE_PID", std::process::id().to_string())
            .env("CLAUDE_ENV_FILE", self.world.path("env.sh"));
        if !self.name.borrow().is_empty() {
            command.env("CC2CC_NAME", self.name.borrow().as_str());
        }
        let mut input = json!({
            "session_id": "c8f4", "transcript_path": self.transcript(), "cwd": self.world.path("work"),
            "permission_mode": *self.permission_mode.borrow(),
        });
        input.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        Run { command, input: input.to_string().into_bytes(), sends: Vec::new() }
    }

    /// The session's server, with a client that says hello and then calls tools.
    pub fn server(&self, calls: &[Value]) -> Run {
        let hello = json!({
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "tests", "version": "1" },
        });
        let mut messages = vec![
            json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello }),
            json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
        ];
        messages.extend(
            calls
                .iter()
                .zip(1..)
                .map(|(call, id)| json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": call })),
        );
        let mut run = self.session_process(&["mcp"], &Value::Null);
        run.input = messages.iter().flat_map(|message| format!("{message}\n").into_bytes()).collect();
        run
    }

    pub fn start(&self, source: &str) -> Run {
        self.hook("session-start", &json!({ "hook_event_name": "SessionStart", "source": source }))
    }

    pub fn prompt(&self) -> Run {
        self.hook("user-prompt-submit", &json!({ "hook_event_name": "UserPromptSubmit", "prompt": "go on" }))
    }

    pub fn stop(&self) -> Run {
        self.hook("stop", &json!({ "hook_event_name": "Stop" }))
    }

    /// Runs it to its end, whatever that is; what it sends counts as stored if it says so.
    pub fn watch(&self, mut run: Run) -> Said {
        self.tried.borrow_mut().extend(run.sends.iter().cloned());
        let said = said(&mut run.command, &run.input);
        if said.code == Some(0) {
            self.acknowledged.borrow_mut().extend(run.sends);
        }
        said
    }

    /// The client puts what a hook said before the model, and into the transcript. What a verb prints, a person hears.
    pub fn hear(&self, said: &Said) -> usize {
        let printed = printed_letters(&said.out);
        self.heard.borrow_mut().extend(printed);
        let result = results(&said.out);
        if !result.is_empty() {
            self.heard.borrow_mut().extend(letters_in(&result));
            self.writes_down(&turn_with_a_tool(&result));
            return letters_in(&result).len();
        }
        let context = context(&said.out);
        self.has_a_turn(&context);
        if context.is_empty() {
            return 0;
        }
        let letters = letters_in(&context);
        self.heard.borrow_mut().extend(letters.iter().cloned());
        letters.len()
    }

    /// The client has a turn, in which the model is given this beside its prompt.
    pub fn has_a_turn(&self, context: &str) {
        self.writes_down(&turn(context));
    }

    fn writes_down(&self, rows: &[Value]) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.transcript()).expect("opened");
        for row in rows {
            writeln!(file, "{row}").expect("written");
        }
    }

    pub fn transcript(&self) -> PathBuf {
        self.world.path("transcript.jsonl")
    }

    /// The mailbox of the session in this process.
    #[track_caller]
    pub fn mine(&self) -> Mailbox {
        let me = HostKey::of(std::process::id()).expect("this process runs");
        identity::find(&self.world.home(), &me).expect("the session has a mailbox")
    }

    /// Lets an hour go by for everything that was noted.
    pub fn an_hour_passes(&self) {
        for mailbox in self.world.home().mailboxes().expect("listed") {
            for path in files_below(&mailbox.path().join("receipts")) {
                let text = fs::read_to_string(&path).expect("receipts");
                fs::write(&path, text.lines().map(an_hour_older).collect::<String>()).expect("written");
            }
        }
    }

    /// The session goes on until nothing waits any more; everything it was brought is proved.
    #[track_caller]
    pub fn goes_on(&self) {
        self.watch(self.start("resume")).fine();
        for turn in 0.. {
            assert!(turn < 20, "letters come without end");
            self.an_hour_passes();
            let heard = self.hear(&self.watch(self.prompt()).fine());
            if heard == 0
                && [State::Inbox, State::Claimed].iter().all(|state| names(&self.mine().dir(*state)).is_empty())
            {
                break;
            }
        }
        self.hear(&self.watch(self.stop()).fine());
        let mine = self.mine();
        for state in [State::Inbox, State::Claimed] {
            assert_eq!(names(&mine.dir(state)), Vec::<String>::new(), "{} of {}", state.dir(), mine.name());
        }
    }

    /// Whatever has happened, no mailbox is half made, each file in a state is one whole letter and lies there once.
    #[track_caller]
    pub fn intact(&self) {
        for mailbox in self.world.home().mailboxes().expect("the home can be listed") {
            for directory in ["tmp", "receipts"].into_iter().chain(State::ALL.map(State::dir)) {
                assert!(mailbox.path().join(directory).is_dir(), "{} has no {directory}", mailbox.name());
            }
        }
        let mut places = BTreeMap::<_, Vec<State>>::new();
        for (whose, state, letter) in self.world.letters() {
            places.entry((whose, letter.id)).or_default().push(state);
        }
        assert!(places.values().all(|states| states.len() == 1), "in two states at once: {places:?}");
        let tally = self.tally(Heard::NotYet);
        assert_eq!((tally.lost, tally.invented), (0, 0), "{tally:?}");
    }

    /// Counts letters. A notice of cc2cc itself is no letter that anybody sent.
    pub fn tally(&self, heard: Heard) -> Tally {
        let mut tally = Tally::default();
        let mut there = BTreeMap::<(String, String), usize>::new();
        for (whose, state, letter) in self.world.letters() {
            if letter.from.as_str() == "system" {
                continue;
            }
            let address = if whose == self.own_name() || whose == *self.taken_over.borrow() {
                "calm-owl".to_owned()
            } else {
                whose
            };
            if heard == Heard::All && address == "calm-owl" && state == State::Done {
                let times: Vec<bool> =
                    self.heard.borrow().iter().filter(|(id, _)| *id == letter.id).map(|(_, again)| *again).collect();
                tally.lost += usize::from(times.is_empty());
                let again = times.len().saturating_sub(1);
                tally.duplicated += again;
                // The first delivery may come in late, after the one that says that it comes again.
                tally.unmarked += again.saturating_sub(times.iter().filter(|marked| **marked).count());
            }
            *there.entry((address, letter.content.text)).or_default() += 1;
        }
        tally.letters = there.values().sum();
        let (tried, acknowledged) = (self.tried.borrow(), self.acknowledged.borrow());
        tally.invented = there.keys().filter(|letter| !tried.contains(letter)).count();
        tally.lost += acknowledged.iter().filter(|letter| !there.contains_key(letter)).count();
        let copies: usize = there.values().map(|count| count - 1).sum();
        (tally.duplicated, tally.unmarked) = (tally.duplicated + copies, tally.unmarked + copies);
        tally
    }

    fn own_name(&self) -> String {
        let me = HostKey::of(std::process::id()).expect("this process runs");
        identity::find(&self.world.home(), &me).map_or("calm-owl".to_owned(), |mailbox| mailbox.name().to_string())
    }
}

/// Whether every letter of the session must have come before its model by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    NotYet,
    All,
}

fn an_hour_older(line: &str) -> String {
    let Ok(mut receipt) = serde_json::from_str::<Value>(line) else { return format!("{line}\n") };
    if let Some(at) = receipt["at"].as_str().and_then(|at| at.parse::<Timestamp>().ok()) {
        receipt["at"] = json!(at - SignedDuration::from_hours(1));
    }
    format!("{receipt}\n")
}
