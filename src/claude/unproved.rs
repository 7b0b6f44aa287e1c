//! What a session remembers of letters that were delivered and cannot be proved: a small file in its mailbox.
//!
//! After two such letters the session's record counts as one that cannot tell, so that what follows is delivered once and
//! left at that. The person is told once.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::evidence::Cause;
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
    pub since: Option<Timestamp>,
    told: bool,
}

impl Unproved {
    /// What is remembered of the session that has the mailbox now; `None` when all is well.
    #[must_use]
    pub fn of(mailbox: &Mailbox, session: Option<&str>) -> Option<Self> {
        let bytes = disk::read(&mailbox.path().join("unproved.json"), LIMIT_BYTES).ok()?;
        let found: Self = serde_json::from_slice(&bytes).ok()?;
        (found.session.as_deref() == session).then_some(found)
    }

    /// Whether the session's record counts as one that cannot tell.
    #[must_use]
    pub fn is_enough(&self) -> bool {
        self.letters.len() >= ENOUGH || self.why == Cause::NoTranscript.as_str()
    }

    /// Remembers one more.
    ///
    /// # Errors
    /// A `FsError` when it cannot be written.
    pub fn add(
        mailbox: &Mailbox,
        session: Option<&str>,
        id: &LetterId,
        cause: Cause,
        now: Timestamp,
    ) -> Result<(), FsError> {
        let known = Self::of(mailbox, session);
        let mut all = known.unwrap_or_else(|| Self { v: 1, session: session.map(str::to_owned), ..Self::default() });
        if all.is_enough() || all.letters.contains(id) {
            return Ok(());
        }
        all.letters.push(id.clone());
        cause.as_str().clone_into(&mut all.why);
        all.since = Some(now);
        all.save(mailbox)
    }

    /// The line for the person, unless they have had it.
    #[must_use]
    pub fn news(mailbox: &Mailbox, session: Option<&str>) -> Option<String> {
        let found = Self::of(mailbox, session).filter(|found| !found.told)?;
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
