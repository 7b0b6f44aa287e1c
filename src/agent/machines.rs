//! The machines whose letters come and go: which of them a person has paired, and what was last heard of each.
//!
//! `cc2cc-link` writes these files, everything else reads them. An agent of another machine has a mailbox here as well, named
//! `to-NAME@MACHINE`: what waits in it has yet to go out, and the receipts in it tell how far a letter has come there.

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::mailbox::{
    disk::{self, Durability, FsError},
    home::Home,
    lock,
    machine_name::MachineName,
    name::AgentName,
    reading::Reading,
};

/// Everything about other machines lies below it.
const LINK: &str = "link";
/// Held by the one program that carries the letters of this home.
const RUNS: &str = "run.lock";
/// What the running link says of itself.
pub const STATE: &str = "state.json";
/// For how long what a machine has said of its agents counts. It says so every 30 s.
pub const FRESH: SignedDuration = SignedDuration::from_secs(90);

const LIMIT_BYTES: u64 = 1024 * 1024;

/// What a person has agreed on with another machine: `link/machines/NAME.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pairing {
    /// Its public key.
    pub key: String,
    pub paired: Timestamp,
}

/// What was last heard of a machine: `link/heard/NAME.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// When, by the clock here.
    pub at: Timestamp,
    /// The same by the clock there: what is older than this was said before.
    pub said: Timestamp,
    pub agents: Vec<AgentThere>,
}

/// What another machine says of one of its agents, and no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentThere {
    pub name: AgentName,
    /// What it does, or how it is reached.
    pub reach: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The last part of its repository's path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repo: Option<String>,
}

/// Whether letters go out and come in, as the link has last said: `link/state.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkState {
    pub connected: bool,
    pub since: Timestamp,
    /// What is in the way, of everything or of what goes out.
    pub why: Option<String>,
}

impl LinkState {
    /// What the link has last said; nothing of a home that never had one.
    #[must_use]
    pub fn read(home: &Path) -> Option<Self> {
        match Reading::of(&place(home, STATE), LIMIT_BYTES) {
            Reading::Known(state) => Some(state),
            Reading::Missing | Reading::Unreadable(_) => None,
        }
    }
}

/// A place below `link/`; nothing is made.
#[must_use]
pub fn place(home: &Path, below: &str) -> PathBuf {
    below.split('/').fold(home.join(LINK), |path, part| path.join(part))
}

/// A directory below `link/`, made where it is missing.
///
/// # Errors
/// A `FsError` naming the directory.
pub fn subdir(home: &Home, below: &str) -> Result<PathBuf, FsError> {
    let mut path = home.subdir(LINK)?;
    for part in below.split('/') {
        path = path.join(part);
        disk::create_dir(&path)?;
        disk::real_dir(&path)?;
    }
    Ok(path)
}

/// The machines that are paired with this one, by name.
#[must_use]
pub fn known(home: &Home) -> Vec<MachineName> {
    named_in(&place(home.path(), "machines"))
}

/// The machines of which there is a file in a directory, by name.
#[must_use]
pub fn named_in(directory: &Path) -> Vec<MachineName> {
    let names = disk::names(directory).unwrap_or_default();
    let machine = |name: &std::ffi::OsString| name.to_str()?.strip_suffix(".json")?.parse().ok();
    let mut known: Vec<MachineName> = names.iter().filter_map(machine).collect();
    known.sort();
    known
}

/// What is written of a machine in one of the directories below `link/`, if it can be read.
#[must_use]
pub fn read<T: serde::de::DeserializeOwned>(home: &Path, below: &str, machine: &MachineName) -> Option<T> {
    match Reading::of(&place(home, below).join(format!("{machine}.json")), LIMIT_BYTES) {
        Reading::Known(known) => Some(known),
        Reading::Missing | Reading::Unreadable(_) => None,
    }
}

/// Writes what is known of a machine.
///
/// # Errors
/// A `FsError` naming the file.
pub fn write<T: Serialize>(home: &Home, below: &str, machine: &MachineName, known: &T) -> Result<(), FsError> {
    let bytes = serde_json::to_vec_pretty(known).unwrap_or_default();
    let lasts = if below == "machines" { Durability::Disk } else { Durability::Process };
    disk::replace(&subdir(home, below)?.join(format!("{machine}.json")), &bytes, lasts)
}

/// What was last heard of a machine.
#[must_use]
pub fn heard(home: &Path, machine: &MachineName) -> Option<Heard> {
    read(home, "heard", machine)
}

/// The lock of the program that carries letters; it is held while that runs.
#[must_use]
pub fn run_lock(home: &Path) -> PathBuf {
    place(home, RUNS)
}

/// Whether letters are carried at this moment.
#[must_use]
pub fn is_running(home: &Path) -> bool {
    lock::is_kept(&run_lock(home))
}

impl Heard {
    /// Whether it is recent enough to count as contact.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now.duration_since(self.at) < FRESH
    }

    /// What was said of one agent, under its name there.
    #[must_use]
    pub fn of(&self, name: &AgentName) -> Option<&AgentThere> {
        self.agents.iter().find(|agent| agent.name == *name)
    }
}
