//! A private world for one story: a home of its own, an environment that holds nothing else, and the binary.

use std::{
    fs,
    io::Write,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use cc2cc::mailbox::{
    Key, Mailbox, State,
    home::Home,
    letter::{Letter, LetterId},
};
use jiff::Timestamp;
use tempfile::TempDir;

pub struct World {
    dir: TempDir,
}

impl World {
    pub fn new() -> Self {
        let memory = Path::new("/dev/shm");
        Self::below(if memory.is_dir() { memory } else { Path::new(env!("CARGO_TARGET_TMPDIR")) })
    }

    /// A world on a real disk.
    pub fn on_disk() -> Self {
        Self::below(Path::new(env!("CARGO_TARGET_TMPDIR")))
    }

    fn below(place: &Path) -> Self {
        let world = Self { dir: tempfile::tempdir_in(place).expect("a directory for the story") };
        for folder in ["home", "tmp", "work", "mail"] {
            fs::create_dir(world.path(folder)).expect("a folder");
        }
        world
    }

    /// An agent whose session is away; its name and mailbox are there.
    pub fn agent(&self, name: &str) -> &Self {
        self.home().claim(&name.parse().expect("a name")).expect("the name is free");
        self
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    pub fn home(&self) -> Home {
        Home::at(self.path("mail"))
    }

    /// The mailbox an agent has now, whatever its name was.
    #[track_caller]
    pub fn at(&self, name: &str) -> Mailbox {
        self.home().mailbox(&name.parse().expect("a name")).unwrap_or_else(|| panic!("there is no {name}"))
    }

    /// A letter from one agent that waits for another.
    pub fn posted(&self, from: &str, to: &str, text: &str) -> LetterId {
        self.post(&Letter::new(from.parse().expect("a name"), to.parse().expect("a name"), text, Timestamp::now()))
    }

    pub fn post(&self, letter: &Letter) -> LetterId {
        self.at(letter.to.as_str()).publish(letter, Key::Fresh).expect("published");
        letter.id.clone()
    }

    /// The binary in this world, with nothing of the real environment.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(words);
        self.furnish(&mut command);
        command
    }

    pub fn furnish(&self, command: &mut Command) {
        command
            .env_clear()
            .env("HOME", self.path("home"))
            .env("CC2CC_HOME", self.path("mail"))
            .env("TMPDIR", self.path("tmp"))
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .current_dir(self.path("work"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    }

    #[track_caller]
    pub fn run(&self, words: &[&str]) -> Said {
        said(&mut self.command(words), b"")
    }

    /// Every letter there is: whose, in which state, and the letter. A file that is none fails the story.
    #[track_caller]
    pub fn letters(&self) -> Vec<(String, State, Letter)> {
        let mut all = Vec::new();
        for mailbox in self.home().mailboxes().expect("the home can be listed") {
            for state in State::ALL {
                for name in names(&mailbox.dir(state)) {
                    if name.starts_with('.') || name.contains(".json.reason") {
                        continue; // also the draft of a reason whose writer was killed
                    }
                    let id = name.strip_suffix(".json").and_then(|id| id.parse().ok());
                    let id = id.unwrap_or_else(|| panic!("{name} in {} of {}", state.dir(), mailbox.name()));
                    let letter = mailbox.read(state, &id).unwrap_or_else(|error| panic!("{name}: {error}"));
                    all.push((mailbox.name().to_string(), state, letter));
                }
            }
        }
        all
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.path("mail/log")).unwrap_or_default()
    }
}

/// The names in a directory; none when it is not there.
pub fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Every file below a directory, in order.
pub fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for name in names(dir) {
        let path = dir.join(name);
        if path.is_dir() && !path.is_symlink() { found.extend(files_below(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// The binary under test, without its debug information: thousands of starts and some dozens of installs are quicker so.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(given) = std::env::var_os("CC2CC_FAULTS_BINARY") {
            return given.into();
        }
        let built = PathBuf::from(env!("CARGO_BIN_EXE_cc2cc"));
        let lean = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cc2cc");
        let age = |path: &Path| path.metadata().and_then(|facts| facts.modified()).ok();
        if age(&lean) > age(&built) {
            return lean;
        }
        let draft = lean.with_extension(std::process::id().to_string());
        let stripped = Command::new("strip").arg("-o").arg(&draft).arg(&built).status();
        if stripped.is_ok_and(|status| status.success()) && fs::rename(&draft, &lean).is_ok() { lean } else { built }
    })
}

/// How a run ended and what it said.
#[derive(Debug, Clone)]
pub struct Said {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    pub fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            signal: output.status.signal(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    pub fn was_killed(&self) -> bool {
        self.signal == Some(9)
    }

    /// The run succeeded and complained of nothing.
    #[track_caller]
    pub fn fine(self) -> Self {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{self:?}");
        self
    }
}

/// Runs a command to its end.
#[track_caller]
pub fn said(command: &mut Command, input: &[u8]) -> Said {
    Said::of(&start(command, input).wait_with_output().expect("ended"))
}

/// Starts a command and gives it all its input.
#[track_caller]
pub fn start(command: &mut Command, input: &[u8]) -> Child {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    // A process that ends without reading closes its end first; that is its right.
    let _ = child.stdin.take().expect("a pipe").write_all(input);
    child
}

/// Looks until it is so; a story that waits for what never comes fails after a minute.
#[track_caller]
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(2));
    }
}
