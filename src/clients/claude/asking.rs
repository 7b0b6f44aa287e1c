//! A call of the tool `ask` in which a session waits for answers. What comes meanwhile goes before its model in the call's
//! result, so the waker and the channel leave it to the call; a lock says that one waits, and ends with whoever holds it.
//!
//! A letter goes one way here, too: the call claims what it gives, as every delivery does. What it does not take, and what
//! comes when it is over, goes the ordinary way.

use std::{env, time::Duration};

use anyhow::Result;

use super::{host_process, permission_mode, without_hooks};
use crate::{
    agent::{
        Record,
        policy::{Config, Verdict},
        question,
    },
    mailbox::{
        Mailbox, State,
        disk::FsError,
        home::Home,
        letter::{Letter, Priority},
        level::Level,
        lock::{self, Lock},
    },
};

const LOCK: &str = "asking.lock";
const COMMAND_LOCK: &str = "awaiting.lock";
/// A command that watches has read a letter long before; where it only looks now and then, the session is woken.
const COMMAND_FIRST: Duration = Duration::from_secs(1);
/// How long a look at the lock may keep it from whoever begins to wait.
const LONGEST_LOOK: Duration = Duration::from_secs(1);

/// A client moves a call that takes longer to the background (2.1.332). Its result is then news of a task, for which there
/// is no evidence, and costs a turn of its own.
const CLIENT_WAITS: Duration = Duration::from_secs(120);
/// How long before that a call ends by itself, on a machine with too much to do.
const BEFORE: Duration = Duration::from_secs(8);

/// Begins to wait, until the lock is dropped; `None` while another call of this session waits.
///
/// # Errors
/// A `FsError` when the lock cannot be opened.
pub fn begin(mailbox: &Mailbox) -> Result<Option<Lock>, FsError> {
    lock::within(&lock::lasting(mailbox.path(), LOCK), LONGEST_LOOK)
}

/// Whether a call waits.
#[must_use]
pub fn is_under_way(mailbox: &Mailbox) -> bool {
    lock::is_kept(&lock::lasting(mailbox.path(), LOCK))
}

/// How long what waits in the inbox is left to a call: as long as it may wait, should its process stand still.
#[must_use]
pub fn left_to_call(mailbox: &Mailbox) -> Duration {
    match is_under_way(mailbox).then(|| since_change(mailbox)).flatten() {
        Some(age) => question::LONGEST.saturating_sub(age),
        None => Duration::ZERO,
    }
}

/// Begins to wait in a command of the session's shell, which reads its answers itself; until the lock is dropped. `None` while
/// another command has the place, which serves for both.
///
/// # Errors
/// A `FsError` when the lock cannot be opened.
pub fn begin_in_a_command(mailbox: &Mailbox) -> Result<Option<Lock>, FsError> {
    lock::try_exclusive(&lock::lasting(mailbox.path(), COMMAND_LOCK))
}

/// How long what has come just now is left to such a command. A wake that finds nothing costs more than the two lines that
/// are shown of it: the client gives the model no turn for what comes with it, such as the end of that very command.
#[must_use]
pub fn left_to_command(mailbox: &Mailbox) -> Duration {
    let is_waited = lock::is_kept(&lock::lasting(mailbox.path(), COMMAND_LOCK));
    let age = is_waited.then(|| since_change(mailbox)).flatten();
    age.map_or(Duration::ZERO, |age| COMMAND_FIRST.saturating_sub(age))
}

/// How long ago a letter came or went.
fn since_change(mailbox: &Mailbox) -> Option<Duration> {
    mailbox.dir(State::Inbox).metadata().and_then(|facts| facts.modified()).ok()?.elapsed().ok()
}

/// How long a call can wait in this client; `None` where it may take any time.
#[must_use]
pub fn longest() -> Option<Duration> {
    let milliseconds = env::var("CLAUDE_CODE_MCP_AUTO_BACKGROUND_MS").ok().and_then(|text| text.parse().ok());
    let waits = match milliseconds.map(Duration::from_millis) {
        Some(Duration::ZERO) => return None,
        Some(waits) => waits,
        None if host_process::part() == host_process::Part::Headless => return None,
        None => CLIENT_WAITS,
    };
    Some(waits.saturating_sub(BEFORE).max(waits / 2))
}

/// Claims what waits and gives it in the frame of a delivery, for the result of the call.
///
/// Only a hook knows the session's mode as it is now. Where it might bypass permissions by now, what such a session would
/// not be given stays for the hooks.
///
/// # Errors
/// When the home cannot be used.
pub fn hand_out(home: &Home, mailbox: &Mailbox) -> Result<Option<String>> {
    let is_known =
        Record::of(mailbox).level == Some(Level::Free) || !permission_mode::may_bypass(&host_process::command_line());
    let config = Config::load(home)?;
    let would_pass = |letter: &Letter| config.judge(letter, mailbox.name(), Some(Level::Free)) == Verdict::Accept;
    let brings_all = without_hooks::brings_letters(mailbox);
    without_hooks::hand_out_those(
        home,
        mailbox,
        |waiting| brings_all || waiting.priority != Priority::Low,
        |letter| is_known || would_pass(letter),
    )
}
