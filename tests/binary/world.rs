//! A private world for one story: homes and folders of its own, and an environment that holds nothing else.

use std::{
    fmt, fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::LazyLock,
    thread,
    time::{Duration, Instant},
};

use cc2cc::{
    agent::{
        host::HostKey,
        identity::{self, Claimant, Trust},
    },
    mailbox::{
        Key, Mailbox, State,
        home::Home,
        letter::{Letter, LetterId},
    },
};
use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;

use crate::redact::redact;

/// The `cc2cc` to test: the one just built, unless `CC2CC_TEST_BINARY` names another, such as the one that ships.
pub fn cc2cc() -> &'static str {
    static BINARY: LazyLock<String> =
        LazyLock::new(|| std::env::var("CC2CC_TEST_BINARY").unwrap_or_else(|_| env!("CARGO_BIN_EXE_cc2cc").to_owned()));
    &BINARY
}

pub struct World {
    dir: TempDir,
}

impl World {
    pub fn new() -> Self {
        // Wine may not end removing what was watched; there the whole disk goes.
        let dir = tempfile::Builder::new().disable_cleanup(cfg!(windows)).tempdir();
        let world = Self { dir: dir.expect("a directory for the story") };
        for folder in ["home", "tmp", "work", "bin"] {
            fs::create_dir(world.path(folder)).expect("a folder");
        }
        world
    }

    /// An agent whose session is away; its name and mailbox are there.
    pub fn agent(self, name: &str) -> Self {
        self.home().claim(&name.parse().expect("a name")).expect("the name is free");
        self
    }

    pub fn path(&self, below: &str) -> PathBuf {
        let dir = dunce::canonicalize(self.dir.path()).expect("the story's directory");
        below.split('/').fold(dir, |path, part| path.join(part))
    }

    /// Where the mail is kept; made when first used.
    pub fn home(&self) -> Home {
        Home::at(self.path("mail"))
    }

    /// The mailbox an agent has now, whatever its name was.
    pub fn at(&self, name: &str) -> Mailbox {
        self.home().mailbox(&name.parse().expect("a name")).expect("there is such an agent")
    }

    /// A letter from one agent that waits for another.
    pub fn posted(&self, from: &str, to: &str, text: &str) -> LetterId {
        self.post(Letter::new(from.parse().expect("a name"), to.parse().expect("a name"), text, Timestamp::now()))
    }

    pub fn post(&self, letter: Letter) -> LetterId {
        self.at(letter.to.as_str()).publish(&letter, Key::Fresh).expect("published");
        letter.id
    }

    /// The letters that wait for an agent, in full.
    pub fn waiting(&self, name: &str) -> Vec<Letter> {
        let mailbox = self.at(name);
        let look = mailbox.look(jiff::Timestamp::now()).expect("looked");
        look.letters.iter().map(|letter| mailbox.read(State::Inbox, &letter.id).expect("read")).collect()
    }

    /// Makes an agent the one of some host, and says what its shell commands have in their environment.
    pub fn hosted(&self, name: &str) -> [(&'static str, String); 2] {
        let host = HostKey::from_text(&format!("host-of-{name}")).expect("a key");
        let wanted = Some(name.parse().expect("a name"));
        let claimant = Claimant { host: host.clone(), session: None, wanted, trust: Trust::Host };
        identity::claim(&self.home(), &claimant).expect("claimed");
        [("CC2CC_HOST", host.to_string()), ("CLAUDECODE", "1".to_owned())]
    }

    /// The binary in this world, with nothing of the real environment.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(cc2cc());
        command.args(words).current_dir(self.path("work"));
        self.furnish(&mut command);
        command
    }

    pub fn furnish(&self, command: &mut Command) {
        command
            .env_clear()
            .env(if cfg!(windows) { "USERPROFILE" } else { "HOME" }, self.path("home"))
            .env("CC2CC_HOME", self.path("mail"))
            .env(if cfg!(windows) { "TMP" } else { "TMPDIR" }, self.path("tmp"))
            .env("PATH", self.path("bin"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        #[cfg(windows)] // without it hardly anything starts
        command.env("SystemRoot", std::env::var_os("SystemRoot").expect("a system"));
    }

    /// A program on the path that says this and no more.
    pub fn program(&self, name: &str, says: &str) {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let program = self.path("bin").join(name);
            fs::write(&program, format!("#!/bin/sh\necho '{says}'\n")).expect("a program");
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a program");
        }
        #[cfg(windows)] // as npm leaves it there
        fs::write(self.path("bin").join(format!("{name}.cmd")), format!("@echo {says}\r\n")).expect("a program");
    }

    pub fn run(&self, words: &[&str]) -> Said {
        self.said(&self.command(words).output().expect("started"))
    }

    pub fn run_as(&self, env: &[(&str, String)], words: &[&str]) -> Said {
        self.said(&self.command(words).envs(env.iter().cloned()).output().expect("started"))
    }

    pub fn run_with_input(&self, words: &[&str], input: &[u8]) -> Said {
        let child = start(&mut self.command(words), input);
        self.said(&child.wait_with_output().expect("ended"))
    }

    pub fn said(&self, output: &Output) -> Said {
        Said {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
            world: self.path(""),
        }
    }

    pub fn files(&self, below: &str) -> Vec<PathBuf> {
        let mut found = files_below(&self.path(below));
        found.sort();
        found
    }
}

/// Starts a command and gives it all its input.
pub fn start(command: &mut Command, input: &[u8]) -> Child {
    let mut child = command.stdin(Stdio::piped()).spawn().expect("started");
    // A process that ends without reading closes its end first; that is its right.
    let _ = child.stdin.take().expect("a pipe").write_all(input);
    child
}

fn files_below(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(path) else { return Vec::new() };
    let below = |path: PathBuf| if path.is_dir() && !path.is_symlink() { files_below(&path) } else { vec![path] };
    entries.flatten().flat_map(|entry| below(entry.path())).collect()
}

/// How a run ended and what it said.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
    world: PathBuf,
}

impl Said {
    /// The run succeeded and complained of nothing.
    #[track_caller]
    pub fn fine(self) -> Self {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{self}");
        self
    }

    /// The one JSON value it printed.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error} in {self}"))
    }
}

/// Status, standard output and standard error, without what differs from run to run.
impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.map_or("killed".to_owned(), |code| code.to_string());
        let text = format!("exit {code}\n--- out\n{}--- err\n{}", self.out, self.err);
        f.write_str(&redact(&text, &self.world))
    }
}

/// Whether a value has at least these fields: output grows, and what was there stays.
pub fn has(value: &Value, fields: &Value) -> bool {
    match (value, fields) {
        (Value::Object(value), Value::Object(fields)) => {
            fields.iter().all(|(name, field)| value.get(name).is_some_and(|value| has(value, field)))
        }
        (Value::Array(value), Value::Array(fields)) => {
            value.len() == fields.len() && value.iter().zip(fields).all(|(value, fields)| has(value, fields))
        }
        _ => value == fields,
    }
}

/// Looks until it is so; a story that waits for what never comes fails after half a minute.
#[track_caller]
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
