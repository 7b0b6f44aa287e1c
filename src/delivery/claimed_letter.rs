//! What receipts tell of a letter's claim since it last came to the inbox, for the client that is asked about it.

use jiff::{SignedDuration, Timestamp};

use super::evidence::{Turn, Way};
use crate::{
    agent::{Activity, Record},
    mailbox::{
        letter::LetterId,
        receipt::{Receipt, Step, since_return},
    },
};

/// One letter's claim. Several processes may have noted one; which of them won cannot be told, so the evidence lies behind
/// the first that names the same record, and time runs from the last.
#[derive(Debug)]
pub struct ClaimedLetter<'a> {
    pub id: &'a LetterId,
    /// The ways that were noted, the last one last.
    pub ways: Vec<Way>,
    /// The session's record at the claim, as its client named it.
    pub record: Option<&'a str>,
    /// How long that was: the evidence comes after.
    pub offset: u64,
    /// The session's record as its client names it now.
    pub record_now: Option<&'a str>,
    /// Whether the process that claimed it said that it delivered it.
    pub delivered: bool,
    /// Since then, or else since the claim.
    pub age: SignedDuration,
    /// The turn it was delivered to.
    pub turn: Turn,
}

impl<'a> ClaimedLetter<'a> {
    /// The claim that a letter's receipts tell of, in a session with this record. `Turn::Gone` where the session has ended.
    #[must_use]
    pub fn of(id: &'a LetterId, receipts: &'a [Receipt], record: &'a Record, ended: bool, now: Timestamp) -> Self {
        let receipts = since_return(receipts);
        let notes: Vec<&Receipt> = receipts.iter().filter(|receipt| receipt.step == Step::Claimed).collect();
        let last = notes.last();
        let place = last.and_then(|note| note.evidence.as_deref());
        let of_place = notes.iter().filter(|note| note.evidence.as_deref() == place);
        let delivered = receipts.iter().filter(|receipt| receipt.step == Step::Delivered);
        let delivered = delivered.map(|receipt| receipt.at).max();
        // A claim made after this look began is young, too; one a day ahead was made under another clock.
        let latest = delivered.or_else(|| notes.iter().map(|note| note.at).max());
        Self {
            id,
            ways: notes.iter().filter_map(|note| Way::of(note.via.as_deref())).collect(),
            record: place,
            offset: of_place.filter_map(|note| note.offset).min().unwrap_or(0),
            record_now: record.evidence.as_deref(),
            delivered: delivered.is_some(),
            age: latest.map_or(SignedDuration::MAX, |at| now.duration_since(at).abs()),
            turn: if ended {
                Turn::Gone
            } else {
                turn(record, last.and_then(|note| note.host.as_deref()), delivered, now)
            },
        }
    }

    /// The way it most likely took.
    #[must_use]
    pub fn way(&self) -> Way {
        self.ways.last().copied().unwrap_or_default()
    }
}

/// What the session's host says of the turn that a letter was delivered to, when it was given to `host`.
fn turn(record: &Record, host: Option<&str>, delivered: Option<Timestamp>, now: Timestamp) -> Turn {
    if host.zip(record.host.as_deref()).is_some_and(|(then, now)| then != now) {
        return Turn::Gone;
    }
    match record.state {
        _ if !record.delivers() => Turn::Unheard,
        Activity::Busy | Activity::Deaf => Turn::UnderWay,
        Activity::Idle => {
            let since = record.updated.into_iter().chain(delivered).max();
            Turn::Over(since.map_or(SignedDuration::MAX, |since| now.duration_since(since).abs()))
        }
    }
}
