//! Who is who: names, sessions, the record each agent keeps of itself, and sending from one agent to another.
//!
//! Knows mailboxes, not Claude Code. A "host" here is the process a session lives in; what that is, the caller knows.

pub mod arrival;
pub mod beside;
pub mod client_program;
pub mod decisions;
pub mod directory;
pub mod feed;
pub mod fingerprint;
mod first_name;
pub mod generate;
pub mod group_name;
pub mod groups;
pub mod history;
pub mod host;
pub mod identity;
pub mod link_program;
pub mod link_settings;
pub mod machines;
pub mod naming;
pub mod notice;
pub mod notify;
pub mod obstacle;
pub mod past;
pub mod policy;
pub mod prune;
pub mod question;
pub mod rate_limit;
pub mod reach;
mod recipients;
pub mod record;
pub mod repo;
pub mod send;
pub mod send_error;
pub mod sender;
pub mod status;
pub mod timers;
pub mod trust;
pub mod unproved;
pub mod until;
pub mod which;
pub mod wish;
pub mod work;

use std::{collections::BTreeSet, path::Path};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use self::{client_program::ClientProgram, obstacle::Obstacle};
use crate::mailbox::{Mailbox, letter::Origin, level::Level, name::AgentName};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "String", rename_all = "lowercase")]
pub enum Activity {
    #[default]
    Idle,
    Busy,
    /// It is there and cannot be woken; its next hook that runs says otherwise.
    Deaf,
}

impl From<String> for Activity {
    /// A state of another version is something other than idle.
    fn from(text: String) -> Self {
        match text.as_str() {
            "idle" => Self::Idle,
            "deaf" => Self::Deaf,
            _ => Self::Busy,
        }
    }
}

impl Activity {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Busy => "busy",
            Self::Deaf => "deaf",
        }
    }

    /// Why letters do not arrive although the session is there, and what its person can do.
    #[must_use]
    pub fn why_not(self) -> Option<&'static str> {
        let why = "its plugin's folder is gone, as after an update; what waits arrives once `/reload-plugins` and a prompt \
                   are typed there, or it starts anew";
        (self == Self::Deaf).then_some(why)
    }
}

/// `agent.json`: what an agent's processes say of it. It is read and changed by the functions of [`record`] alone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Record {
    pub v: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The key of the host process; see [`host`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    /// When the session said goodbye; its last processes may hold the presence lock a moment longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    pub state: Activity,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated: Option<Timestamp>,
    /// Where the evidence of letters is found: the session's own record, as its client names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// The host in which letters are delivered without a call of the model, as that host has shown; a server may run
    /// without that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivers_in: Option<String>,
    /// What the person called the session in its client, as far as that was followed or its person told why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub called: Option<String>,
    /// What it works on, as its person or it has said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work: Option<work::Work>,
    /// The groups it is in, with their `@`; see [`groups`].
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub groups: BTreeSet<String>,
    /// What the client's own part keeps here, read by nobody else; it begins anew with each host.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub client: Map<String, Value>,
    /// Letters since a person last spoke in this session: the hops of those in the last delivery, whatever stood here
    /// before. So they grow by one with each letter along any chain of turns, and two conversations in one session do
    /// not add up. A letter that a person has accepted counts 0.
    pub hops: u32,
    /// What will be said in this session and by no person, as far as its last turn said.
    #[serde(skip_serializing_if = "timers::Timers::is_empty")]
    pub timers: timers::Timers,
    /// No terminal is there, so nothing wakes it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub headless: bool,
    /// The dialog that is open, as far as a hook has told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asks: Option<Obstacle>,
    /// The error in which its last turn ended, since the first of several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failing: Option<Obstacle>,
    /// What keeps its hooks silent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deaf: Option<Obstacle>,
    /// What keeps wakes from becoming turns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocked: Option<Obstacle>,
    /// The names of other terminals on its session, which go with them; see [`beside`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<AgentName>,
    /// It stands for a record that cannot be read; see [`Record::unknown`].
    #[serde(skip)]
    pub is_unknown: bool,
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Record {
    /// Notes where the session works.
    pub fn locate(&mut self, cwd: &Path) {
        let repo = repo::at(cwd);
        self.cwd = Some(cwd.display().to_string());
        self.branch = repo.as_ref().and_then(|repo| repo.branch.clone());
        self.repo = repo.map(|repo| repo.root.display().to_string());
    }

    /// The program whose session it is.
    #[must_use]
    pub fn client(&self) -> ClientProgram {
        self.host.as_deref().map_or(ClientProgram::ClaudeCode, ClientProgram::of_text)
    }

    /// Whether a live session has this agent's mailbox.
    #[must_use]
    pub fn is_online(&self, mailbox: &Mailbox) -> bool {
        self.ended.is_none() && mailbox.is_online()
    }

    /// Whether the session's host delivers letters by itself.
    #[must_use]
    pub fn delivers(&self) -> bool {
        self.delivers_in.is_some() && self.delivers_in == self.host
    }

    /// Its client begins anew, or with another conversation: what stood in the way may be gone.
    pub fn forget_obstacles(&mut self) {
        (self.asks, self.failing, self.deaf, self.blocked) = (None, None, None, None);
    }

    /// What travels with the letters this agent sends.
    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin {
            session: self.session.clone(),
            cwd: self.cwd.clone(),
            repo: self.repo.clone(),
            branch: self.branch.clone(),
            level: self.level,
            hops: self.hops.saturating_add(1),
            client: self.client().said().map(str::to_owned),
            ..Origin::default()
        }
    }
}
