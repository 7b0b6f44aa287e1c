//! What a session remembers of letters that were delivered and cannot be proved: a small file in its mailbox.
//!
//! After two such letters the session's record counts as one that cannot tell, so that what follows is delivered once and
//! left at that. The person is told once.

use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::mailbox::{
    Mailbox,
    disk::{self, Durability, FsError},
    letter::LetterId,
};

/// So many letters that are not proved, and a session's record is not asked any more.
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
    /// Why the last of them is not proved.
    pub why: String,
    /// There is no record to ask.
    no_record: bool,
    /// Where it was missed; once it is there, all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<String>,
    pub since: Option<Timestamp>,
    told: bool,
}

impl Unproved {
    /// What is remembered of the session that has the mailbox now; `None` when all is well.
    #[must_use]
    pub fn of(mailbox: &Mailbox, session: Option<&str>) -> Option<Self> {
        let bytes = disk::read(&mailbox.path().join("unproved.json"), LIMIT_BYTES).ok()?;
        let found: Self = serde_json::from_slice(&bytes).ok()?;
        let is_there = found.missing.as_deref().is_some_and(|missing| Path::new(missing).exists());
        (found.session.as_deref() == session && !is_there).then_some(found)
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
        let known = Self::of(mailbox, session);
        let mut all = known.unwrap_or_else(|| Self { v: 1, session: session.map(str::to_owned), ..Self::default() });
        if all.letters.len() >= ENOUGH || all.letters.contains(id) {
            return Ok(());
        }
        all.letters.push(id.clone());
        why.clone_into(&mut all.why);
        all.since = Some(now);
        all.save(mailbox)
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
        if Self::of(mailbox, session).is_some() {
            return Ok(());
        }
        let why = why.to_owned();
        let (session, missing) = (session.map(str::to_owned), missing.map(str::to_owned));
        Self { v: 1, session, missing, why, no_record: true, ..Self::default() }.save(mailbox)
    }

    /// The line for the person, unless they have had it.
    #[must_use]
    pub fn news(mailbox: &Mailbox, session: Option<&str>) -> Option<String> {
        let found = Self::of(mailbox, session).filter(|found| !found.told && !found.letters.is_empty())?;
        Some(format!("cc2cc: a letter was delivered and cannot be proved: {}; `cc2cc doctor` says more", found.why))
    }

    /// Notes that the person has had the line.
    ///
    /// # Errors
    /// A `FsError` when it cannot be written.
    pub fn told(mailbox: &Mailbox, session: Option<&str>) -> Result<(), FsError> {
        match Self::of(mailbox, session) {
            Some(found) if !found.told => Self { told: true, ..found }.save(mailbox),
            _ => Ok(()),
        }
    }

    fn save(&self, mailbox: &Mailbox) -> Result<(), FsError> {
        let text = serde_json::to_vec(self).unwrap_or_default();
        disk::replace(&mailbox.path().join("unproved.json"), &text, Durability::Process)
    }
}
