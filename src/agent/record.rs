//! Reading and changing `agent.json`, which hooks, server and waker of a session all write.
//!
//! The only way to change it is a closure that runs under a lock, on what stands there at that moment: of two changes
//! none undoes the other. What cannot be read is never written over; it may hold what no default can stand for.

use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::Value;

use super::{Record, policy::HOPS_UNKNOWN};
use crate::mailbox::{
    Mailbox,
    disk::{self, Durability, FsError},
    home::Home,
    level::Level,
    lock::{self, Lock},
    log,
    reading::Reading,
};

const LIMIT_BYTES: u64 = 64 * 1024;

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    Saved,
    /// The record cannot be read, so it was left as it is. The log says why.
    Unreadable,
}

impl Record {
    /// The record as last written, for those who decide by it.
    #[must_use]
    pub fn read(mailbox: &Mailbox) -> Reading<Self> {
        let mut read = Reading::of(&path(mailbox), LIMIT_BYTES);
        if let Reading::Known(record) = &mut read {
            Self::adopt_earlier(record);
        }
        read
    }

    /// The record for those who only look: an empty one when there is none, and [`Record::unknown`] when it cannot be
    /// read.
    #[must_use]
    pub fn of(mailbox: &Mailbox) -> Self {
        match Self::read(mailbox) {
            Reading::Known(record) => record,
            Reading::Missing => Self::default(),
            Reading::Unreadable(_) => Self::unknown(),
        }
    }

    /// What is to be assumed of an agent whose record cannot be read.
    #[must_use]
    pub fn unknown() -> Self {
        Self { hops: HOPS_UNKNOWN, is_unknown: true, ..Self::default() }
    }

    /// The level by which letters to this agent are judged where its client does not tell the present one. One that
    /// cannot be known is taken for the one that is guarded most.
    #[must_use]
    pub fn level_as_receiver(&self) -> Option<Level> {
        if self.is_unknown { Some(Level::Free) } else { self.level }
    }

    /// Changes the record in one step, stamped with `now`. A record that cannot be read stays as it is.
    ///
    /// # Errors
    /// `TimedOut` when another process keeps the lock for five seconds; a `FsError` when the record cannot be written.
    pub fn change(mailbox: &Mailbox, now: Timestamp, change: impl FnOnce(&mut Self)) -> Result<Changed, FsError> {
        let _lock = lock(mailbox)?;
        let mut record = match Self::read(mailbox) {
            Reading::Known(record) => record,
            Reading::Missing => Self::default(),
            Reading::Unreadable(unreadable) => {
                note(mailbox, &format!("{} is left as it is: {}", unreadable.path.display(), unreadable.why));
                return Ok(Changed::Unreadable);
            }
        };
        change(&mut record);
        record.write(mailbox, now)?;
        Ok(Changed::Saved)
    }

    /// As [`Record::change`], for a session that has just claimed the mailbox: a record that will never be readable is
    /// moved aside, where it stays for whoever wants to look, and a new one begins with an unknown hop count.
    ///
    /// # Errors
    /// As [`Record::change`]; also when the record cannot be read now but may be later.
    pub fn take_over(mailbox: &Mailbox, now: Timestamp, change: impl FnOnce(&mut Self)) -> Result<(), FsError> {
        let _lock = lock(mailbox)?;
        let mut record = match Self::read(mailbox) {
            Reading::Known(record) => record,
            Reading::Missing => Self::default(),
            Reading::Unreadable(unreadable) => {
                let aside = unreadable.move_aside()?;
                note(mailbox, &format!("{} could not be read: {}", aside.display(), unreadable.why));
                Self { hops: HOPS_UNKNOWN, ..Self::default() }
            }
        };
        change(&mut record);
        record.write(mailbox, now)
    }

    /// Takes over what earlier versions called by other names. They write those again, and leave the new ones as they
    /// are, so what stands under an old name is the newer.
    fn adopt_earlier(&mut self) {
        let mut earlier = |name: &str| match self.extra.remove(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let (mode, transcript, hooks) = (earlier("permissionMode"), earlier("transcript"), earlier("hooksOf"));
        self.level = mode.map(Level::from).or(self.level);
        self.evidence = transcript.or_else(|| self.evidence.take());
        self.delivers_in = hooks.or_else(|| self.delivers_in.take());
        for name in ["channel", "plugin"] {
            if let Some(value) = self.extra.remove(name) {
                self.client.insert(name.to_owned(), value);
            }
        }
    }

    fn write(&mut self, mailbox: &Mailbox, now: Timestamp) -> Result<(), FsError> {
        self.v = self.v.max(1); // a newer version's fields stay its own
        self.updated = Some(now);
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        disk::replace(&path(mailbox), &bytes, Durability::Process)
    }
}

fn path(mailbox: &Mailbox) -> PathBuf {
    mailbox.path().join("agent.json")
}

/// Keeps others from changing what an agent's processes note of it.
///
/// # Errors
/// `TimedOut` when another process keeps the lock for five seconds.
pub(super) fn lock(mailbox: &Mailbox) -> Result<Lock, FsError> {
    lock::exclusive(&mailbox.path().join("record.lock"))
}

fn note(mailbox: &Mailbox, text: &str) {
    if let Some(home) = mailbox.path().parent() {
        log::line(&Home::at(home), &format!("record: {text}"));
    }
}
