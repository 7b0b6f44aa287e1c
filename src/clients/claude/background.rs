//! Background sessions: `claude --bg`, `/background`, the agents view. A service of the client hosts them, each on a
//! terminal that nobody need look at.
//!
//! They are sessions like others, but for two things. The service hands every session the environment of the terminal that
//! started the service, so a name or a home of the mail that stands there is some other session's. And a session that goes
//! on in the background gets another process, and mostly another id, while what it was ends.

use std::{
    env,
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::{hooks::event::HookEvent, host_process};
use crate::{
    agent::{Record, identity},
    mailbox::{
        disk,
        home::{HOME_VARIABLE, Home, HomeError},
        lenient,
    },
};

const LIMIT_BYTES: u64 = 1024 * 1024;
/// How much of a growing file is read, from its end.
const TAIL_BYTES: u64 = 64 * 1024;
/// How long before a job begins the session that goes on in it may have ended, and its person have said so.
const SHORTLY: SignedDuration = SignedDuration::from_secs(10);

/// The home of this process's session: what the variable says, unless the variable is that of another terminal.
///
/// # Errors
/// As [`Home::from_env`].
pub fn home() -> Result<Home, HomeError> {
    if foreign_home().is_some() { Home::of_person() } else { Home::from_env() }
}

/// The home that this process's environment names and that is not this session's.
#[must_use]
pub fn foreign_home() -> Option<PathBuf> {
    let named = env::var_os(HOME_VARIABLE).filter(|dir| !dir.is_empty()).map(PathBuf::from)?;
    (host_process::in_background() && !is_own_home(&named)).then_some(named)
}

/// Whether the person's settings name this home for every session, or this session was there before it went into the
/// background.
fn is_own_home(named: &Path) -> bool {
    let by_session = || {
        let home = Home::at(named);
        let is_known = |session: &str| identity::of_session(&home, session).is_some();
        let job = Job::read();
        let own = host_process::session().into_iter().chain(job.as_ref().map(|job| job.session_id.clone()));
        own.into_iter().any(|session| is_known(&session))
            || job.and_then(|job| job.predecessor(&home)).is_some_and(|session| is_known(&session))
    };
    is_home_by_settings(named) || by_session()
}

/// Whether a session that is started in the background uses this home.
#[must_use]
pub fn reaches(home: &Home) -> bool {
    Home::of_person().is_ok_and(|own| own == *home) || is_home_by_settings(home.path())
}

/// Whether the person's settings name this home for every session.
fn is_home_by_settings(named: &Path) -> bool {
    let settings = host_process::folder().map(|folder| folder.join("settings.json"));
    let text = settings.and_then(|file| disk::read(&file, LIMIT_BYTES).ok()).unwrap_or_default();
    let settings: Value = lenient::from_slice(&text).unwrap_or_default();
    settings["env"][HOME_VARIABLE].as_str().is_some_and(|home| Path::new(home) == named)
}

/// The session that the one of this `SessionStart` was until its person sent it to the background, which ends about now.
/// `None` for a session of its own, a copy among them, whose original goes on.
#[must_use]
pub fn predecessor(home: &Home, input: &HookEvent) -> Option<String> {
    let job = host_process::in_background().then(Job::read).flatten()?;
    match input.source.as_deref() {
        Some("fork") => job.predecessor(home),
        // Older clients go on with the old id until the first prompt.
        Some("resume") => input.session_id.clone().filter(|session| *session != job.session_id),
        _ => None,
    }
}

/// What the client notes of a job, as far as it concerns us. The file is nobody's promise: without it a session that goes
/// on in the background gets a new name.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Job {
    session_id: String,
    created_at: Timestamp,
    cwd: String,
    /// The session is a copy, and the original goes on.
    #[serde(default)]
    fork_source_alive: bool,
}

impl Job {
    fn read() -> Option<Self> {
        let text = disk::read(&host_process::job_folder()?.join("state.json"), LIMIT_BYTES).ok()?;
        lenient::from_slice(&text).ok()
    }

    fn predecessor(&self, home: &Home) -> Option<String> {
        if self.fork_source_alive {
            return None;
        }
        self.by_transcripts(home).or_else(|| self.by_typing())
    }

    /// The session whose transcript says that it goes on in this one.
    fn by_transcripts(&self, home: &Home) -> Option<String> {
        let goes_on_here = |record: &Record| {
            let is_over = record.ended.is_some_and(|ended| self.created_at.duration_since(ended) > SHORTLY);
            let transcript = record.evidence.as_deref().filter(|_| !is_over)?;
            let session = record.session.as_ref()?;
            let says_so = rows(Path::new(transcript)).any(|row| {
                row["type"] == "continued-in" && row["continuedInSessionId"].as_str() == Some(&self.session_id)
            });
            says_so.then(|| session.clone())
        };
        home.mailboxes().unwrap_or_default().iter().find_map(|mailbox| goes_on_here(&Record::of(mailbox)))
    }

    /// The session in which its person has just sent it to the background, for clients whose transcripts do not say.
    fn by_typing(&self) -> Option<String> {
        let history = host_process::folder()?.join("history.jsonl");
        let is_command = |row: &Value| {
            let command = row["display"].as_str().and_then(|typed| typed.split_whitespace().next());
            matches!(command, Some("/background" | "/bg"))
        };
        let is_here = |row: &Value| row["project"].as_str() == Some(&self.cwd);
        let typed = rows(&history).filter(is_here).last().filter(is_command)?;
        let at = Timestamp::from_millisecond(typed["timestamp"].as_i64()?).ok()?;
        let lag = self.created_at.duration_since(at);
        ((SignedDuration::ZERO..SHORTLY).contains(&lag)).then(|| typed["sessionId"].as_str().map(str::to_owned))?
    }
}

/// The last rows of a file of JSON lines; none when it cannot be read.
fn rows(file: &Path) -> impl Iterator<Item = Value> {
    let mut bytes = Vec::new();
    if let Ok(mut file) = File::open(file) {
        let length = file.metadata().map_or(0, |facts| facts.len());
        let _ = file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)));
        let _ = file.take(TAIL_BYTES).read_to_end(&mut bytes); // what could not be read says nothing
    }
    let rows: Vec<Value> = bytes.split(|byte| *byte == b'\n').filter_map(|row| lenient::from_slice(row).ok()).collect();
    rows.into_iter()
}
