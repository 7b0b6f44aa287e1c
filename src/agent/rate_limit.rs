//! Rate limits on what a model sends: bursts are fine, more than that waits, and the same letter twice within seconds is
//! one letter.
//!
//! Kept per sender in `outgoing.json`, under a lock that is held while the letter goes out, so that two processes of a
//! session cannot slip through together. The person has no limit.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::fingerprint::fingerprint;
use crate::mailbox::{
    Mailbox, State,
    disk::{self, Durability, FsError},
    letter::{Kind, Letter, LetterId},
    lock::{self, Lock},
    name::AgentName,
    reading::Reading,
};

/// Letters to one recipient that may go out at once.
const BURST: f64 = 30.0;
/// How long it takes until one more may.
const SECONDS_PER_LETTER: f64 = 3.0;
/// Within this time, the same text to the same recipient is the same letter.
const REPEAT_WITHIN: SignedDuration = SignedDuration::from_secs(10);
/// The same of a question that is still open: a session that was killed while it waited for the answer asks again.
const QUESTION_WITHIN: SignedDuration = SignedDuration::from_mins(10);
const LIMIT_BYTES: u64 = 1024 * 1024;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Flow {
    /// Letters that may go out now.
    left: f64,
    at: Timestamp,
    /// What went out last.
    hash: u64,
    id: LetterId,
}

/// Whether a letter may go out now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permit {
    Go,
    /// It went out a moment ago, with this id.
    Repeat(LetterId),
    /// Too many; one more may go after this many seconds.
    Wait(u64),
}

/// One sender's account, locked until dropped.
#[derive(Debug)]
pub struct Account {
    mailbox: Mailbox,
    flows: BTreeMap<AgentName, Flow>,
    _lock: Lock,
}

impl Account {
    /// Opens the account of a sender. One that cannot be read is moved aside, and a new one begins.
    ///
    /// # Errors
    /// A `FsError` when the lock cannot be had, or the account cannot be read now.
    pub fn open(mailbox: &Mailbox) -> Result<Self, FsError> {
        let lock = lock::exclusive(&mailbox.path().join("outgoing.lock"))?;
        let flows = match Reading::of(&mailbox.path().join("outgoing.json"), LIMIT_BYTES) {
            Reading::Known(flows) => flows,
            Reading::Missing => BTreeMap::new(),
            Reading::Unreadable(unreadable) => {
                unreadable.move_aside()?;
                BTreeMap::new() // a full account again: what it had counted was a matter of seconds
            }
        };
        Ok(Self { mailbox: mailbox.clone(), flows, _lock: lock })
    }

    /// Whether a letter may go into a mailbox now.
    #[must_use]
    pub fn permit(&self, to: &Mailbox, letter: &Letter, now: Timestamp) -> Permit {
        let Some(flow) = self.flows.get(to.name()) else { return Permit::Go };
        let age = now.duration_since(flow.at);
        let is_open = || matches!(to.state_of(&flow.id), Some(State::Inbox | State::Claimed | State::Held));
        let is_new = || age < REPEAT_WITHIN || letter.kind == Kind::Question && age < QUESTION_WITHIN && is_open();
        if flow.hash == hash(letter) && !age.is_negative() && is_new() {
            return Permit::Repeat(flow.id.clone());
        }
        let left = flow.left_at(now);
        if left >= 1.0 {
            return Permit::Go;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 3")]
        Permit::Wait(((1.0 - left) * SECONDS_PER_LETTER).ceil() as u64)
    }

    /// Notes that a letter is about to go out.
    ///
    /// # Errors
    /// A `FsError`; the letter may go all the same.
    pub fn sends(&mut self, to: &AgentName, letter: &Letter, now: Timestamp) -> Result<(), FsError> {
        let left = self.flows.get(to).map_or(BURST, |flow| flow.left_at(now)) - 1.0;
        // What is forgotten is a full account that remembers no letter any more that might be repeated.
        self.flows.retain(|_, flow| flow.left_at(now) < BURST || now.duration_since(flow.at).abs() < QUESTION_WITHIN);
        self.flows.insert(to.clone(), Flow { left, at: now, hash: hash(letter), id: letter.id.clone() });
        let bytes = serde_json::to_vec(&self.flows).unwrap_or_default();
        disk::replace(&self.mailbox.path().join("outgoing.json"), &bytes, Durability::Process)
    }
}

/// Whether an agent's model ever sent a letter.
#[must_use]
pub fn has_sent(mailbox: &Mailbox) -> bool {
    mailbox.path().join("outgoing.json").exists()
}

impl Flow {
    fn left_at(&self, now: Timestamp) -> f64 {
        // A clock that was set back neither gives nor takes.
        let seconds = now.duration_since(self.at).as_secs_f64().max(0.0);
        (self.left + seconds / SECONDS_PER_LETTER).min(BURST)
    }
}

fn hash(letter: &Letter) -> u64 {
    let ttl = letter.ttl_seconds.map(|seconds| seconds.to_string());
    let parts = [
        Some(letter.content.text.as_str()),
        letter.reply_to.as_ref().map(LetterId::as_str),
        Some(letter.kind.as_str()),
        Some(letter.priority.as_str()),
        ttl.as_deref(),
    ];
    // No text holds the byte that ends each part, so that none can pass for two.
    fingerprint(parts.iter().flat_map(|part| part.unwrap_or_default().bytes().chain([0xff])))
}
