//! A letter: one JSON object in one file. docs/format.md documents the fields.
//!
//! Reading is lenient, so that letters of other versions and of scripts get through; what cannot be a letter is
//! refused with a reason a person understands.

mod id;

use std::{io, path::Path, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::id::{BadId, LetterId};
use super::{
    disk::{self, FsError},
    lenient,
    level::Level,
    name::AgentName,
};

/// The format written by this version.
pub const FORMAT: u64 = 1;
/// Text longer than this is refused when sent and when read.
pub const TEXT_LIMIT_BYTES: usize = 1024 * 1024;
/// JSON can need six bytes for one of text; beyond that a file is not read at all.
pub(super) const FILE_LIMIT_BYTES: u64 = 7 * 1024 * 1024;

/// What a letter is for. A kind this version does not know is kept as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Kind {
    #[default]
    Message,
    Task,
    Response,
    Status,
    /// Its sender waits for the answer.
    Question,
    Other(String),
}

impl From<String> for Kind {
    fn from(text: String) -> Self {
        match text.as_str() {
            "message" => Self::Message,
            "task" => Self::Task,
            "response" => Self::Response,
            "status" => Self::Status,
            "question" => Self::Question,
            _ => Self::Other(text),
        }
    }
}

impl From<Kind> for String {
    fn from(kind: Kind) -> Self {
        kind.as_str().to_owned()
    }
}

impl Kind {
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Message => "message",
            Self::Task => "task",
            Self::Response => "response",
            Self::Status => "status",
            Self::Question => "question",
            Self::Other(text) => text,
        }
    }
}

/// `Low` never wakes a session; `High` goes in before the rest. One this version does not know counts as normal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(from = "String", rename_all = "lowercase")]
pub enum Priority {
    Low,
    #[default]
    Normal,
    High,
}

impl From<String> for Priority {
    fn from(text: String) -> Self {
        match text.as_str() {
            "low" => Self::Low,
            "high" => Self::High,
            _ => Self::Normal,
        }
    }
}

impl Priority {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        }
    }
}

/// Who wrote a letter, where it was not the model of the session it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Author {
    /// The person at this machine, in a terminal of their own or by hand in a session.
    Person,
    /// A program that runs under the person's account, with no terminal and no session around it.
    Script,
    /// A subagent of the sender's session.
    Subagent,
    /// What another version knows; it counts for nobody in particular.
    Other(String),
}

impl From<String> for Author {
    fn from(text: String) -> Self {
        match text.as_str() {
            "person" => Self::Person,
            "script" => Self::Script,
            "subagent" => Self::Subagent,
            _ => Self::Other(text),
        }
    }
}

impl From<Author> for String {
    fn from(author: Author) -> Self {
        author.as_str().to_owned()
    }
}

impl Author {
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Person => "person",
            Self::Script => "script",
            Self::Subagent => "subagent",
            Self::Other(text) => text,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    pub text: String,
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// What cc2cc itself knows of the sender. Never taken from the text of a letter.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Origin {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// Who wrote it, if not the model of the sender's session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<Author>,
    /// The program of the sender's session, where that is not Claude Code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// Letters since a person last spoke in this exchange.
    pub hops: u32,
    /// The address as written, when it named more than one agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_to: Option<String>,
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Origin {
    /// Takes over what earlier versions called by other names.
    fn adopt_earlier(&mut self) {
        if let Some(Value::String(mode)) = self.extra.remove("permissionMode") {
            self.level = Some(mode.into());
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Letter {
    #[serde(default = "format")]
    pub v: u64,
    #[serde(default = "LetterId::missing")]
    pub id: LetterId,
    #[serde(default = "missing_time")]
    pub timestamp: Timestamp,
    pub from: AgentName,
    pub to: AgentName,
    #[serde(rename = "type", default)]
    pub kind: Kind,
    #[serde(default)]
    pub priority: Priority,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<LetterId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<LetterId>,
    /// Seconds from `timestamp` after which the letter is no longer delivered.
    #[serde(rename = "ttl", skip_serializing_if = "Option::is_none")]
    pub ttl_seconds: Option<u64>,
    pub content: Content,
    #[serde(default)]
    pub origin: Origin,
    /// Fields of other versions, kept through any rewrite.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

fn format() -> u64 {
    FORMAT
}

/// Stands for the time of a letter that names none, while it is read.
fn missing_time() -> Timestamp {
    Timestamp::MIN
}

impl Letter {
    /// A plain message; the caller sets what differs.
    #[must_use]
    pub fn new(from: AgentName, to: AgentName, text: impl Into<String>, now: Timestamp) -> Self {
        Self {
            v: FORMAT,
            id: LetterId::fresh(),
            timestamp: now,
            from,
            to,
            kind: Kind::default(),
            priority: Priority::default(),
            thread: None,
            reply_to: None,
            ttl_seconds: None,
            content: Content { text: text.into(), extra: Map::new() },
            origin: Origin::default(),
            extra: Map::new(),
        }
    }

    /// Whether the person wrote it, in whichever name. Nobody at another machine is the person.
    #[must_use]
    pub fn is_by_person(&self) -> bool {
        self.origin.author == Some(Author::Person) && !self.from.is_elsewhere()
    }

    /// The conversation this letter belongs to: its own id when it began one.
    #[must_use]
    pub fn thread_id(&self) -> &LetterId {
        self.thread.as_ref().unwrap_or(&self.id)
    }

    /// Whether its time to live is over. One past all reckoning never is.
    #[must_use]
    pub fn lapsed(&self, now: Timestamp) -> bool {
        let ttl = self.ttl_seconds.and_then(|ttl| i64::try_from(ttl).ok()).map(SignedDuration::from_secs);
        ttl.and_then(|ttl| self.timestamp.checked_add(ttl).ok()).is_some_and(|end| now >= end)
    }

    /// The first line of the text, at most `width` characters.
    #[must_use]
    pub fn first_line(&self, width: usize) -> String {
        shorten(&self.content.text, width)
    }

    /// The file's contents: JSON for people and programs, ending in a newline.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}

/// The first line of a text without control characters, at most `width` characters long.
#[must_use]
pub fn shorten(text: &str, width: usize) -> String {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    let more = line.chars().count() > width || text.trim().contains('\n');
    let mut short: String =
        line.chars().filter(|c| !c.is_control()).take(width.saturating_sub(usize::from(more))).collect();
    if more {
        short.push('…');
    }
    short
}

/// Why a file could not be read as a letter.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("it is gone")]
    Gone,
    /// Perhaps still being written by a script; try again later.
    #[error("it is not complete yet")]
    Unsettled,
    /// It will never be a letter.
    #[error("{0}")]
    NotALetter(String),
    #[error(transparent)]
    Fs(#[from] FsError),
}

/// A file younger than this may still be in the hands of whoever writes it.
const SETTLED_AFTER: Duration = Duration::from_secs(2);

/// Reads the letter `id` from a file. What a script left out is filled in; what contradicts itself is refused.
///
/// # Errors
/// [`Unreadable`] says which.
pub fn read(path: &Path, id: &LetterId, now: Timestamp) -> Result<Letter, Unreadable> {
    let bytes = match disk::read(path, FILE_LIMIT_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.is_not_found() => return Err(Unreadable::Gone),
        Err(error) if error.reason.kind() == io::ErrorKind::FileTooLarge => {
            return Err(Unreadable::NotALetter("its text is longer than 1 MiB".into()));
        }
        Err(_) if path.symlink_metadata().is_ok_and(|facts| !facts.is_file()) => {
            return Err(Unreadable::NotALetter("it is not a regular file".into()));
        }
        Err(error) => return Err(error.into()),
    };
    parse_written(&bytes, id, || written_at(path)).map_err(|reason| {
        let reason = shorten(&reason, 200); // it may quote the file
        let fresh = written_at(path).is_some_and(|at| {
            let age = now.duration_since(at);
            !age.is_negative() && age.unsigned_abs() < SETTLED_AFTER
        });
        if fresh { Unreadable::Unsettled } else { Unreadable::NotALetter(reason) }
    })
}

fn written_at(path: &Path) -> Option<Timestamp> {
    path.metadata().ok()?.modified().ok()?.try_into().ok()
}

/// Reads a letter from the bytes of the file named after `id`; `written` stands in for a missing timestamp.
///
/// # Errors
/// One line that says what is wrong with it.
pub fn parse(bytes: &[u8], id: &LetterId, written: Option<Timestamp>) -> Result<Letter, String> {
    parse_written(bytes, id, || written)
}

/// As [`parse`], for a file that is only asked when it was written if it says nothing of that itself.
fn parse_written(bytes: &[u8], id: &LetterId, written: impl FnOnce() -> Option<Timestamp>) -> Result<Letter, String> {
    let mut letter: Letter = lenient::from_slice(bytes).map_err(|_| why_not(bytes))?;
    letter.origin.adopt_earlier();
    if letter.id == LetterId::missing() {
        letter.id = id.clone();
    }
    if letter.timestamp == missing_time() {
        letter.timestamp = written().ok_or("it is not a letter: missing field `timestamp`")?;
    }
    if letter.id != *id {
        return Err(format!("the id inside, {}, is not the file's name", letter.id));
    }
    if letter.content.text.len() > TEXT_LIMIT_BYTES {
        return Err("its text is longer than 1 MiB".into());
    }
    Ok(letter)
}

/// What is wrong with bytes that could not be read as a letter.
fn why_not(bytes: &[u8]) -> String {
    let value = match lenient::from_slice::<Value>(bytes) {
        Err(error) => return format!("it is not JSON: {error}"),
        Ok(value) if !value.is_object() => return "it is not a JSON object".to_owned(),
        Ok(value) => value,
    };
    let format = value["v"].as_u64().filter(|format| *format > FORMAT);
    let error = serde_json::from_value::<Letter>(value).map(drop).map_err(|error| error.to_string());
    let error = error.err().unwrap_or_default();
    match format {
        Some(format) => {
            format!("it was written by a newer cc2cc (format {format}); update cc2cc to read it ({error})")
        }
        None => format!("it is not a letter: {error}"),
    }
}
