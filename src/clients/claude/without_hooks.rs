//! A server that was registered by hand, without the plugin and its hooks: nothing wakes the session, tells it its name
//! or delivers its letters. So the server introduces it, and delivers waiting letters with each tool result.

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

use anyhow::Result;
use jiff::Timestamp;

use super::{client::Claude, host_process};
use crate::{
    agent::{Record, notice, obstacle::Obstacle},
    delivery::{deliver::deliver, evidence::Way, settle},
    mailbox::{Mailbox, home::Home, log},
};

/// Why the session of such a server is deaf.
const BY_HAND: &str =
    "it has cc2cc's server without the plugin and its hooks; letters go in with the results of its tools";
/// Transcripts that changed within this time may be the session's.
const RECENT: Duration = Duration::from_secs(60);

/// Whether no hook takes part in the session of this server, whose mailbox it is. The plugin's own server may start
/// before the first hook has spoken.
#[must_use]
pub fn is_alone(mailbox: &Mailbox) -> bool {
    !host_process::runs_as_plugin() && !Record::of(mailbox).delivers()
}

/// Notes where the session works, which otherwise a hook does.
///
/// # Errors
/// A `FsError` when the record cannot be written.
pub fn introduce(mailbox: &Mailbox) -> Result<()> {
    let project = env::var_os("CLAUDE_PROJECT_DIR").map(PathBuf::from);
    let cwd = project.or_else(|| env::current_dir().ok());
    let now = Timestamp::now();
    Record::change(mailbox, now, |record| {
        if let Some(cwd) = &cwd {
            record.locate(cwd);
        }
        record.session = host_process::session();
        // The hooks of the plugin may only be late.
        if !host_process::runs_as_plugin() {
            record.deaf = Some(Obstacle::new(now, BY_HAND));
        }
        record.evidence = None;
    })?;
    Ok(())
}

/// Claims what waits and gives it in the frame of a delivery, to stand in the result of a tool.
///
/// # Errors
/// When the home cannot be used.
pub fn hand_out(home: &Home, mailbox: &Mailbox) -> Result<Option<String>> {
    let now = Timestamp::now();
    let record = Record::of(mailbox);
    let mut client = Claude::of_server(&record, transcript(&record), Way::Tool);
    settle::settle(&mut client, mailbox, now, settle::From::Session)?;
    let delivery = deliver(&client, home, mailbox, now, |_| true)?;
    if !delivery.is_empty() {
        Record::change(mailbox, now, |record| record.hops = delivery.hops)?;
    }
    delivery.note_delivered(mailbox)?;
    Ok(delivery.context)
}

/// Looks after what was delivered and sent, which otherwise the waker does.
pub fn tend(home: &Home, mailbox: &Mailbox, swept: &mut Instant) {
    let now = Timestamp::now();
    if let Err(error) = settle::settle(&mut Claude::default(), mailbox, now, settle::From::Session) {
        log::line(home, &format!("server: {error}"));
    }
    if swept.elapsed() >= notice::SWEEP_EVERY {
        notice::sweep(home, mailbox, now);
        *swept = Instant::now();
    }
}

/// The session's transcript: the one the hooks named, or else the one that bears the session's id.
#[must_use]
pub fn transcript(record: &Record) -> Option<PathBuf> {
    if let Some(named) = record.evidence.as_ref().filter(|_| record.delivers()) {
        return Some(named.into());
    }
    let file = format!("{}.jsonl", host_process::session()?);
    Some(project()?.join(file))
}

/// The project's transcripts that have changed just now, the session's among them; after `/clear` it is another one than
/// the server was told of.
#[must_use]
pub fn recent_transcripts() -> Vec<PathBuf> {
    let Some(files) = project().and_then(|project| fs::read_dir(project).ok()) else { return Vec::new() };
    let is_recent = |path: &PathBuf| {
        let changed = path.metadata().and_then(|facts| facts.modified());
        let age = changed.map(|at| SystemTime::now().duration_since(at).unwrap_or_default());
        path.extension().is_some_and(|extension| extension == "jsonl") && age.is_ok_and(|age| age < RECENT)
    };
    files.flatten().map(|file| file.path()).filter(is_recent).collect()
}

/// Where the client keeps the transcripts of the directory it works in.
fn project() -> Option<PathBuf> {
    let cwd = env::var("CLAUDE_PROJECT_DIR").ok()?;
    Some(host_process::folder()?.join("projects").join(folder(Path::new(&cwd))))
}

/// The client's name for a directory's folder.
fn folder(cwd: &Path) -> String {
    cwd.display().to_string().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}
