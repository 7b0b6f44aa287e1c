//! What a session remembers of letters that were delivered and have no evidence: a small file in its mailbox.
//!
//! After two such letters the session's record counts as one that cannot tell, so that what follows is delivered once and
//! left at that. The person is shown it once.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::record;
use crate::mailbox::{
    Mailbox,
    disk::{self, Durability, FsError},
    letter::LetterId,
    reading::Reading,
};

/// So many letters without evidence, and a session's record is not asked any more.
const ENOUGH: usize = 2;
const LIMIT_BYTES: u64 = 64 * 1024;

/// `unproved.json`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Unproved {
    pub v: u64,
    /// The session all of it is about; another one begins anew.
    session: Option<String>,
    /// The letters, up to the number that decides.
    pub letters: Vec<LetterId>,
    /// Why there is no evidence of the last of them.
    pub why: String,
    /// There is no record to ask.
    no_record: bool,
    /// Where it was missed; once it is there, all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<String>,
    pub since: Option<Timestamp>,
    #[serde(alias = "told")]
    shown: bool,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl Unproved {
    /// What is remembered of the session that has the mailbox now; `None` when all is well.
    #[must_use]
    pub fn of(mailbox: &Mailbox, session: Option<&str>) -> Option<Self> {
        match Reading::of(&file(mailbox), LIMIT_BYTES) {
            Reading::Known(found) => Some(found).filter(|found: &Self| found.is_about(session)),
            Reading::Missing | Reading::Unreadable(_) => None,
        }
    }

    /// Whether the session's record counts as one that cannot tell.
    #[must_use]
    pub fn is_enough(&self) -> bool {
        self.letters.len() >= ENOUGH || self.no_record
    }

    /// Remembers one more.
    ///
    /// # Errors
    /// A `FsError` when it cannot be written.
    pub fn add(
        mailbox: &Mailbox,
        session: Option<&str>,
        id: &LetterId,
        why: &str,
        now: Timestamp,
    ) -> Result<(), FsError> {
        Self::change(mailbox, session, |known| {
            let mut all = known.unwrap_or_else(|| Self::about(session));
            if all.letters.len() >= ENOUGH || all.letters.contains(id) {
                return None;
            }
            all.letters.push(id.clone());
            why.clone_into(&mut all.why);
            all.since = Some(now);
            Some(all)
        })
    }

    /// Remembers that there is no record where the client said it would be, although a turn has ended.
    ///
    /// # Errors
    /// A `FsError` when it cannot be written.
    pub fn no_record(
        mailbox: &Mailbox,
        session: Option<&str>,
        missing: Option<&str>,
        why: &str,
    ) -> Result<(), FsError> {
        Self::change(mailbox, session, |known| {
            let missing = missing.map(str::to_owned);
            let unknown = || Self { missing, why: why.to_owned(), no_record: true, ..Self::about(session) };
            known.is_none().then(unknown)
        })
    }

    /// The line for the person, unless they have had it.
    #[must_use]
    pub fn news(mailbox: &Mailbox, session: Option<&str>) -> Option<String> {
        let found = Self::of(mailbox, session).filter(|found| !found.shown && !found.letters.is_empty())?;
        Some(format!("cc2cc: a letter was delivered and cannot be proved: {}; `cc2cc doctor` says more", found.why))
    }

    /// Notes that the person has had the line.
    ///
    /// # Errors
    /// A `FsError` when it cannot be written.
    pub fn note_shown(mailbox: &Mailbox, session: Option<&str>) -> Result<(), FsError> {
        if Self::of(mailbox, session).is_none_or(|found| found.shown) {
            return Ok(());
        }
        Self::change(mailbox, session, |known| Some(Self { shown: true, ..known? }))
    }

    fn about(session: Option<&str>) -> Self {
        Self { v: 1, session: session.map(str::to_owned), ..Self::default() }
    }

    /// Writes what the closure makes of what is known, under the lock of the agent's record. A file that cannot be read is
    /// moved aside.
    fn change(
        mailbox: &Mailbox,
        session: Option<&str>,
        change: impl FnOnce(Option<Self>) -> Option<Self>,
    ) -> Result<(), FsError> {
        let _lock = record::lock(mailbox)?;
        let known = match Reading::of(&file(mailbox), LIMIT_BYTES) {
            Reading::Known(found) => Some(found),
            Reading::Missing => None,
            Reading::Unreadable(unreadable) => {
                unreadable.move_aside()?;
                None
            }
        };
        match change(known.filter(|found: &Self| found.is_about(session))) {
            Some(changed) => {
                let text = serde_json::to_vec(&changed).unwrap_or_default();
                disk::replace(&file(mailbox), &text, Durability::Process)
            }
            None => Ok(()),
        }
    }

    /// Whether it is about this session, and still so.
    fn is_about(&self, session: Option<&str>) -> bool {
        let is_there = self.missing.as_deref().is_some_and(|missing| Path::new(missing).exists());
        self.session.as_deref() == session && !is_there
    }
}

fn file(mailbox: &Mailbox) -> PathBuf {
    mailbox.path().join("unproved.json")
}
