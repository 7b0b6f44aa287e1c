//! The waker of a session: a process of ours that waits for letters, holds the session's presence, and puts a wake into
//! the thread's queue.
//!
//! Codex has no hook that wakes, so each hook starts this process where there is none. It ends with the session, as
//! `SessionEnd` has told, and with the process in which Codex runs the session, however that ends.

use std::{
    env,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use jiff::{SignedDuration, Timestamp};

use super::{
    client::Codex,
    event::CodexEvent,
    rollout::{self, LastTurn},
};
use crate::{
    agent::{
        Activity, Record, beside,
        host::{self, HostKey, Life},
        identity, notice,
        obstacle::Obstacle,
        reach, wish,
    },
    clients::claude::{asking, watching},
    delivery::{
        client::Client,
        wake::{self, Calm},
    },
    mailbox::{Mailbox, State, home::Home, log},
};

/// How long the waker of a session that has ended may still hold its place.
const PREDECESSOR_LINGERS: Duration = Duration::from_secs(3);
/// How long a session must have been busy by its hooks, and idle by its rollout: a hook and the row beside it do not come at
/// the same instant.
const FOR_SURE: SignedDuration = SignedDuration::from_secs(2);
/// Why nothing wakes a session whose turn was cut, where only the daemon could make its queue go on.
const STANDS_STILL: &str = "its turn was cut, and without its daemon Codex begins another only for its person";

/// Starts a waker for the session of an event, unless it has one.
///
/// # Errors
/// When the system starts none; the next hook tries again.
pub fn start_unless_there(home: &Home, event: &CodexEvent) -> Result<()> {
    let Some(mailbox) = event.host().and_then(|host| identity::find(home, &host)) else { return Ok(()) };
    if reach::has_waker(&mailbox) {
        return Ok(());
    }
    let mut command = Command::new(env::current_exe().context("could not find this program")?);
    command.args(["hook", "--client", "codex", "waker"]);
    // Whatever it kept open of ours, the client would wait for.
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0); // it must outlive this hook
    let mut waker = command.spawn().context("could not start a waker")?;
    let said = CodexEvent { prompt: None, ..event.clone() };
    let input = waker.stdin.take().context("a waker without input")?;
    serde_json::to_writer(input, &said).context("could not tell the waker whose it is")
}

/// The process in which the client runs this hook's session, as a key.
#[must_use]
pub fn process_of_the_client() -> Option<String> {
    let parent = host::parent_of(std::process::id())?;
    HostKey::of(parent).map(|key| key.to_string())
}

/// Whether the client's daemon has started this process.
#[must_use]
pub fn is_under_the_daemon() -> bool {
    host::parent_of(std::process::id()).is_some_and(is_daemon)
}

fn is_daemon(pid: u32) -> bool {
    host::command_line(pid).iter().any(|word| word == "app-server")
}

/// Waits for letters, through renames of the agent, until the session has ended or another waker is there.
///
/// # Errors
/// When the mailbox cannot be used.
pub fn keep_watch(home: &Home, event: &CodexEvent) -> Result<()> {
    let started = Instant::now();
    loop {
        let mut client = Codex::of_event(event, None);
        // A hook has claimed it. Where it is gone, somebody has removed the mail, and it is not made again.
        let Some(mailbox) = event.host().and_then(|host| identity::find(home, &host)) else { return Ok(()) };
        let place = loop {
            let place = reach::take_wakers_place(&mailbox)?;
            if place.is_some() || started.elapsed() >= PREDECESSOR_LINGERS {
                break place;
            }
            thread::sleep(Duration::from_millis(50));
        };
        let Some(_only_one) = place else { return Ok(()) };
        let _here = identity::move_in(&mailbox)?;
        if watch_over(&mut client, home, &mailbox, event.cc2cc_process.as_deref())? == Watched::Ended {
            return Ok(());
        }
    }
}

/// How a watch over one mailbox came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Watched {
    /// The session has ended.
    Ended,
    /// The session's mailbox is another now.
    Moved,
}

/// What goes wrong is logged once and tried again with the next beat: a waker that gave up would leave its session deaf.
fn watch_over(client: &mut Codex, home: &Home, mailbox: &Mailbox, process: Option<&str>) -> Result<Watched> {
    let host = client.claimant().context("the event is of no session")?.host;
    let (inbox, held) = (mailbox.dir(State::Inbox), mailbox.dir(State::Held));
    let sessions = home.subdir("sessions")?;
    // The record changes with each hook: at the end of a turn it is time to look.
    let directories = [inbox.as_path(), held.as_path(), Path::new(&sessions), mailbox.path()];
    let mut watch = watching::begin(mailbox, directories);
    let (mut swept, mut calm, mut complaint) = (Instant::now(), Calm::default(), None);
    while identity::find(home, &host).as_ref() == Some(mailbox) {
        let record = Record::of(mailbox);
        if record.ended.is_some() || has_gone(process) {
            return Ok(Watched::Ended);
        }
        let now = Timestamp::now();
        if swept.elapsed() >= notice::SWEEP_EVERY {
            notice::sweep(home, mailbox, now);
            beside::gather(home, mailbox);
            swept = Instant::now();
            if watch.refusal().is_some() {
                watch = watching::begin(mailbox, directories);
            }
        }
        let told = wish::look(home, mailbox, now).and_then(|()| wish::look_after(home, mailbox, now));
        let turn = last_turn(&record, now);
        let is_busy = record.state == Activity::Busy && !matches!(turn, Some(LastTurn::Over | LastTurn::Cut));
        let stands_still = match turn {
            Some(turn) => turn == LastTurn::Cut && !is_of_the_daemon(process),
            None => stood_still(&record) && !is_busy,
        };
        let left_to_call = asking::left_to_call(mailbox);
        let round = told
            .map_err(anyhow::Error::from)
            .and_then(|()| correct(mailbox, &record, is_busy, stands_still, now))
            .and_then(|()| {
                let others_first = is_busy || stands_still || !left_to_call.is_zero();
                Ok(wake::round(client, home, mailbox, others_first, None, &mut calm)?)
            });
        let trouble = round.err().map(|error| format!("{error:#}"));
        if let Some(text) = trouble.as_ref().filter(|_| trouble != complaint) {
            log::line(home, &format!("waker: {text}"));
        }
        complaint = trouble;
        watch.sleep(if left_to_call.is_zero() { Duration::MAX } else { left_to_call });
    }
    Ok(Watched::Moved)
}

/// Whether the process of the client has ended.
fn has_gone(process: Option<&str>) -> bool {
    let key = process.and_then(HostKey::from_text);
    key.is_some_and(|key| matches!(key.life(), Some(Life::Ended)))
}

/// Whether the process in which the client runs the session is its daemon.
fn is_of_the_daemon(process: Option<&str>) -> bool {
    let life = process.and_then(HostKey::from_text).and_then(|key| key.life());
    matches!(life, Some(Life::Goes(pid)) if is_daemon(pid))
}

/// Whether it was noted that nothing wakes the session until its person begins a turn.
fn stood_still(record: &Record) -> bool {
    record.blocked.as_ref().is_some_and(|blocked| blocked.why == STANDS_STILL)
}

/// What the rollout says of the last turn, where that may have ended or begun without a word of a hook: one that was cut
/// with Esc, was blocked, or ended in an error is told by none. `None` where a hook has just spoken, or has the last word.
fn last_turn(record: &Record, now: Timestamp) -> Option<LastTurn> {
    let spoke = record.updated.map_or(SignedDuration::MAX, |at| now.duration_since(at).abs());
    let may_differ = spoke >= FOR_SURE && (record.state == Activity::Busy || stood_still(record));
    let rollout = record.evidence.as_deref().map(Path::new).filter(|_| may_differ)?;
    Some(rollout::ending(rollout).turn)
}

/// Notes that a session is idle of which its hooks have said otherwise, and whether anything could wake it.
fn correct(mailbox: &Mailbox, record: &Record, is_busy: bool, stands_still: bool, now: Timestamp) -> Result<()> {
    let stood_still = stood_still(record);
    let is_idle_after_all = record.state == Activity::Busy && !is_busy;
    if !is_idle_after_all && stands_still == stood_still {
        return Ok(());
    }
    Record::change(mailbox, now, |record| {
        if is_idle_after_all {
            record.state = Activity::Idle;
            record.asks = None;
        }
        if stands_still {
            record.blocked = Some(Obstacle::new(now, STANDS_STILL));
        } else if stood_still {
            record.blocked = None;
        }
    })?;
    Ok(())
}
