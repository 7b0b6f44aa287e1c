//! A private world for one story: homes and folders of its own, and an environment that holds nothing else.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use cc2cc::{
    agent::{
        Record,
        host::HostKey,
        identity::{self, Claimant, Trust},
        reach,
    },
    mailbox::{
        Key, Mailbox, State,
        home::Home,
        letter::{Letter, LetterId},
        lock::Lock,
        presence::Presence,
    },
};
use jiff::Timestamp;
use tempfile::TempDir;

use super::{
    binary::{cc2cc, lean},
    said::{Said, start},
};

/// The locks of a session, by which it is there and can be woken.
pub type There = (Presence, Lock);

const SYSTEM_PROGRAMS: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

#[derive(Debug)]
pub struct World {
    dir: TempDir,
    binary: &'static Path,
    /// The programs that may be started by name: those in the world's `bin`, unless the system's are named here.
    programs: Option<&'static str>,
}

impl World {
    pub fn new() -> Self {
        // Wine may not end removing what was watched; there the whole disk goes.
        let dir = tempfile::Builder::new().disable_cleanup(cfg!(windows)).tempdir();
        Self { dir: dir.expect("a directory for the story"), binary: Path::new(cc2cc()), programs: None }.furnished()
    }

    /// A world for thousands of starts: in memory, with the lean binary, and with the system's programs.
    pub fn in_memory() -> Self {
        let memory = Path::new("/dev/shm");
        Self::with_faults(if memory.is_dir() { memory } else { Path::new(env!("CARGO_TARGET_TMPDIR")) })
    }

    /// The same on a real disk.
    pub fn on_disk() -> Self {
        Self::with_faults(Path::new(env!("CARGO_TARGET_TMPDIR")))
    }

    fn with_faults(place: &Path) -> Self {
        let dir = tempfile::tempdir_in(place).expect("a directory for the story");
        let world = Self { dir, binary: lean(), programs: Some(SYSTEM_PROGRAMS) }.furnished();
        fs::create_dir(world.path("mail")).expect("a place to mount disks on");
        world
    }

    fn furnished(self) -> Self {
        for folder in ["home", "tmp", "work", "bin"] {
            fs::create_dir(self.path(folder)).expect("a folder");
        }
        self
    }

    /// The same world, in which the system's programs can be started by name.
    pub fn with_programs(self) -> Self {
        Self { programs: Some(SYSTEM_PROGRAMS), ..self }
    }

    /// An agent whose session is away; its name and mailbox are there.
    pub fn agent(self, name: &str) -> Self {
        self.add(name);
        self
    }

    pub fn add(&self, name: &str) {
        self.home().claim(&name.parse().expect("a name")).expect("the name is free");
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
        let claimant = Claimant { wanted, ..Claimant::new(host.clone(), Trust::Host) };
        identity::claim(&self.home(), &claimant).expect("claimed");
        [("CC2CC_HOST", host.to_string()), ("CLAUDECODE", "1".to_owned())]
    }

    /// An idle session that has an agent's mailbox, with hooks, a server and a waker.
    pub fn there(&self, name: &str) -> There {
        let mailbox = self.at(name);
        Record::change(&mailbox, Timestamp::now(), |record| {
            let host = record.host.get_or_insert_with(|| format!("host-of-{name}")).clone();
            record.delivers_in = Some(host);
        })
        .expect("noted");
        let waker = reach::take_wakers_place(&mailbox).expect("a lock").expect("the place");
        (mailbox.hold_presence().expect("its presence"), waker)
    }

    /// The binary in this world, with nothing of the real environment.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(self.binary);
        command.args(words);
        self.furnish(&mut command);
        command
    }

    pub fn furnish(&self, command: &mut Command) {
        command
            .env_clear()
            .env(if cfg!(windows) { "USERPROFILE" } else { "HOME" }, self.path("home"))
            .env("CC2CC_HOME", self.path("mail"))
            .env(if cfg!(windows) { "TMP" } else { "TMPDIR" }, self.path("tmp"))
            .env("PATH", self.programs.map_or_else(|| self.path("bin"), PathBuf::from))
            .current_dir(self.path("work"))
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
        Said { world: Some(self.path("")), ..Said::of(output) }
    }

    pub fn files(&self, below: &str) -> Vec<PathBuf> {
        files_below(&self.path(below))
    }

    /// Every letter there is: whose, in which state, and the letter. A file that is none fails the story.
    #[track_caller]
    pub fn letters(&self) -> Vec<(String, State, Letter)> {
        let mailboxes = self.home().mailboxes().expect("the home can be listed");
        let of = |mailbox: &Mailbox| {
            let name = mailbox.name().to_string();
            letters_in(mailbox).into_iter().map(move |(state, letter)| (name.clone(), state, letter))
        };
        mailboxes.iter().flat_map(of).collect()
    }

    /// The same of one agent; those of others may move meanwhile.
    #[track_caller]
    pub fn letters_of(&self, agent: &str) -> Vec<(State, Letter)> {
        let mailboxes = self.home().mailboxes().expect("the home can be listed");
        mailboxes.iter().filter(|mailbox| mailbox.name().as_str() == agent).flat_map(letters_in).collect()
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.path("mail/log")).unwrap_or_default()
    }
}

#[track_caller]
fn letters_in(mailbox: &Mailbox) -> Vec<(State, Letter)> {
    let mut all = Vec::new();
    for state in State::ALL {
        for name in names(&mailbox.dir(state)) {
            if name.starts_with('.') || name.contains(".json.reason") {
                continue; // also the draft of a reason whose writer was killed
            }
            let id = name.strip_suffix(".json").and_then(|id| id.parse().ok());
            let id = id.unwrap_or_else(|| panic!("{name} in {} of {}", state.dir(), mailbox.name()));
            let letter = mailbox.read(state, &id).unwrap_or_else(|error| panic!("{name}: {error}"));
            all.push((state, letter));
        }
    }
    all
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
