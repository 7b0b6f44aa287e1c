//! A server without hooks: registered by hand, or the plugin's own where they are off. Nothing wakes the session, tells it
//! its name or delivers its letters. So the server introduces it, and delivers waiting letters with each tool result. It
//! does so, too, where the waker is gone.

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

use anyhow::Result;
use jiff::Timestamp;

use super::{client::Claude, host_process, session_file, settings};
use crate::{
    agent::{
        Record, beside,
        host::HostKey,
        identity::{self, Trust},
        notice,
        obstacle::Obstacle,
        reach,
    },
    delivery::{deliver::deliver_those, evidence::Way, settle},
    mailbox::{
        Mailbox,
        disk::FsError,
        home::Home,
        letter::Letter,
        lock::{self, Lock},
        log,
        scan::Waiting,
    },
};

/// Why the session of such a server is deaf.
const BY_HAND: &str =
    "it has cc2cc's server without the plugin and its hooks; letters go in with the results of its tools";
/// How long the hooks of a session may take to say their first word, on a machine with too much to do.
const HOOKS_SPEAK_WITHIN: Duration = Duration::from_secs(8);
/// Kept by a server that was registered by hand, whether or not the plugin has one in the session.
const LOCK_BY_HAND: &str = "by-hand.lock";
/// Transcripts that changed within this time may be the session's.
const RECENT: Duration = Duration::from_secs(60);

/// Whether no hook takes part in the session of this server, whose mailbox it is. The plugin's own server may start
/// before the first hook has spoken.
#[must_use]
pub fn is_alone(mailbox: &Mailbox) -> bool {
    !host_process::runs_as_plugin() && !Record::of(mailbox).delivers()
}

/// Shows that a server runs in the session which was registered by hand; `None` for the plugin's own, and where another
/// one shows it.
///
/// # Errors
/// A `FsError` when the lock cannot be opened.
pub fn show_by_hand(mailbox: &Mailbox) -> Result<Option<Lock>, FsError> {
    if host_process::runs_as_plugin() {
        return Ok(None);
    }
    lock::try_exclusive(&lock::lasting(mailbox.path(), LOCK_BY_HAND))
}

/// Whether the session has the plugin, and a server that was registered by hand beside the plugin's.
#[must_use]
pub fn has_two_servers(mailbox: &Mailbox, record: &Record) -> bool {
    record.delivers() && lock::is_kept(&lock::lasting(mailbox.path(), LOCK_BY_HAND))
}

/// Whether letters come with the results of this server's tools, since nothing else brings them: no hook takes part, or the
/// session's waker is gone.
#[must_use]
pub fn brings_letters(mailbox: &Mailbox) -> bool {
    let record = Record::of(mailbox);
    is_alone(mailbox) || is_deaf(&record) || reach::lacks_waker(mailbox, &record, Timestamp::now())
}

/// Whether the hooks of a session are known to be silent.
#[must_use]
pub fn is_deaf(record: &Record) -> bool {
    !record.delivers() && record.deaf.is_some()
}

/// Names and lists the session of a plugin's server whose hooks stay silent, once `waited` is long enough or its settings
/// say that they will. A server without a session, as in a client that waits for one, is nobody.
///
/// # Errors
/// A `FsError` when the record cannot be written.
pub fn note_silence(home: &Home, host: &HostKey, waited: Duration) -> Result<()> {
    if !host_process::runs_as_plugin() || host_process::in_background() {
        return Ok(());
    }
    let known = identity::find(home, host);
    let is_settled = |record: &Record| record.delivers() || record.deaf.is_some();
    if known.as_ref().is_some_and(|mailbox| is_settled(&Record::of(mailbox))) {
        return Ok(());
    }
    let silenced = settings::silence(&settings::project());
    if silenced.is_none() && (waited < HOOKS_SPEAK_WITHIN || !session_file::has_session(host)) {
        return Ok(());
    }
    let why = silenced.map_or_else(|| "its hooks are silent".to_owned(), |what| format!("hooks are off: {what}"));
    let Some(claimant) = host_process::claimant(host_process::session(), Trust::Host) else { return Ok(()) };
    let mailbox = identity::claim(home, &claimant)?.mailbox;
    if is_settled(&Record::of(&mailbox)) {
        return Ok(());
    }
    introduce(&mailbox)?;
    let now = Timestamp::now();
    let obstacle = Obstacle::new(now, format!("{why}; letters go in with the results of its tools"));
    Record::change(&mailbox, now, |record| record.deaf = (!record.delivers()).then_some(obstacle))?;
    Ok(())
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
    hand_out_those(home, mailbox, |_| true, |_| true)
}

/// The same, if something is `wanted`, of letters that `may_go` this way.
///
/// # Errors
/// When the home cannot be used.
pub fn hand_out_those(
    home: &Home,
    mailbox: &Mailbox,
    wanted: impl Fn(&Waiting) -> bool,
    may_go: impl Fn(&Letter) -> bool,
) -> Result<Option<String>> {
    let now = Timestamp::now();
    let record = Record::of(mailbox);
    let mut client = Claude::of_server(&record, transcript(&record), Way::Tool);
    settle::settle(&mut client, mailbox, now, settle::From::Session)?;
    let delivery = deliver_those(&client, home, mailbox, now, wanted, may_go)?;
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
        beside::gather(home, mailbox);
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
