//! Settling: what became of the letters that were put before the model. Those the session's transcript holds are done,
//! those it shows to be missing go back to the inbox, and those it cannot tell of end as delivered.

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use super::evidence::{Cause, Evidence, Facts, Shows, Turn, Way, Why, weigh};
use crate::{
    agent::{Activity, Record, unproved::Unproved},
    mailbox::{
        Mailbox, State,
        disk::FsError,
        letter::LetterId,
        receipt::{Receipt, Step, since_return},
    },
};

/// How often a letter goes back because a turn went by without it; after that it ends as delivered.
const RETURNS: usize = 2;
/// How long what has come back waits before its session is woken for it: each turn had for nothing doubts the next.
const PAUSES: [SignedDuration; RETURNS] = [SignedDuration::from_secs(5), SignedDuration::from_mins(1)];
/// The same for a letter whose prompt was blocked. That costs no turn, so it may come back as often as it takes.
const PAUSES_WHEN_BLOCKED: [SignedDuration; 5] = [
    SignedDuration::from_secs(5),
    SignedDuration::from_secs(30),
    SignedDuration::from_mins(2),
    SignedDuration::from_mins(10),
    SignedDuration::from_hours(1),
];

/// Who looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// A process of the session, which therefore lives.
    Session,
    /// Somebody else.
    Outside,
}

/// The records that a client keeps of its sessions: they tell whether a letter went before the model.
pub trait Records: Default {
    /// What the record at `path` shows of a letter that was claimed, by one of some ways, when it was `offset` bytes long.
    fn show(&mut self, path: &Path, offset: u64, ways: &[Way], id: &LetterId) -> Shows;

    /// Forgets the records that nobody asks for any more.
    fn keep(&mut self, wanted: impl Fn(&Path, u64) -> bool);
}

/// Looks claims up again and again, and reads of a record only what is new.
#[derive(Debug, Default)]
pub struct Settler<R: Records> {
    records: R,
}

impl<R: Records> Settler<R> {
    /// Looks every claim up: seen ones are done, failed ones go back to the inbox, and those that nothing can tell of
    /// are done as delivered.
    ///
    /// # Errors
    /// A `FsError` when the mailbox cannot be used.
    pub fn settle(&mut self, mailbox: &Mailbox, now: Timestamp, from: From) -> Result<(), FsError> {
        let ids = mailbox.ids(State::Claimed)?;
        if ids.is_empty() {
            self.records = R::default();
            return Ok(());
        }
        let record = Record::of(mailbox);
        let session_is_gone = record.ended.is_some() || from == From::Outside && !mailbox.is_online();
        let cannot_tell = Unproved::of(mailbox, record.session.as_deref()).is_some_and(|found| found.is_enough());
        let mut places: Vec<(PathBuf, u64)> = Vec::new();
        for id in ids {
            let receipts = mailbox.receipts(&id);
            let claim = Claim::among(&receipts);
            places.extend(claim.places(&record));
            let facts = Facts {
                shows: self.shows(&claim, &record, &id),
                turn: if session_is_gone { Turn::Gone } else { claim.turn(&record, now) },
                way: claim.way(),
                delivered: claim.delivered.is_some(),
                age: claim.age(now),
                quiet: claim.quiet(&record, now),
            };
            let evidence = match weigh(&facts) {
                Evidence::No(Why::TurnOver) if cannot_tell && facts.delivered => {
                    Evidence::Unavailable(Cause::UnknownShape)
                }
                evidence => evidence,
            };
            act(mailbox, &record, &id, &receipts, &facts, evidence, now)?;
        }
        self.records.keep(|path, offset| places.iter().any(|place| place.0 == path && place.1 == offset));
        Ok(())
    }

    fn shows(&mut self, claim: &Claim, record: &Record, id: &LetterId) -> Shows {
        let ways = claim.ways();
        let Some(path) = claim.path else { return Shows::NoRecord };
        let shows = self.records.show(Path::new(path), claim.offset, &ways, id);
        let now_at = record.evidence.as_deref().filter(|now_at| *now_at != path);
        match (shows, now_at) {
            // The client has moved it, with all that was in it, and says where it is now.
            (Shows::Moved | Shows::NoRecord, Some(now_at)) => {
                self.records.show(Path::new(now_at), claim.offset, &ways, id)
            }
            _ => shows,
        }
    }
}

/// Moves a letter to where the evidence says that it belongs.
fn act(
    mailbox: &Mailbox,
    record: &Record,
    id: &LetterId,
    receipts: &[Receipt],
    facts: &Facts,
    evidence: Evidence,
    now: Timestamp,
) -> Result<(), FsError> {
    let cause = match evidence {
        Evidence::Queued => return Ok(()),
        Evidence::Seen => return mailbox.finish(id, State::Claimed, Some(&Receipt::at(Step::Seen, now))).map(drop),
        Evidence::No(why)
            if facts.delivered && Why::costs_a_turn(Some(why.as_str())) && returns(receipts) >= RETURNS =>
        {
            Cause::NeverShown
        }
        Evidence::No(why) => return mailbox.give_back_if_still(id, receipts.len(), why.as_str()).map(drop),
        Evidence::Unavailable(cause) => cause,
    };
    let note = Receipt::at(Step::Unproved, now).why(cause.as_str());
    mailbox.finish_if_still(id, receipts.len(), &note)?;
    let session = record.session.as_deref();
    if cause == Cause::NoRecord {
        Unproved::no_record(mailbox, session, record.evidence.as_deref(), cause.as_str())?;
    }
    Unproved::add(mailbox, session, id, cause.as_str(), now)
}

/// How often turns went by without a letter.
fn returns(receipts: &[Receipt]) -> usize {
    let fresh = receipts.iter().rposition(|receipt| matches!(receipt.step, Step::Accepted | Step::Retried));
    let receipts = receipts[fresh.map_or(0, |at| at + 1)..].iter();
    receipts.filter(|receipt| receipt.step == Step::Returned && Why::costs_a_turn(receipt.why.as_deref())).count()
}

/// Until when a letter that came back waits before its session is woken for it; `None` when it did not come back, and
/// [`Timestamp::MAX`] when it waits for a prompt that comes anyway.
#[must_use]
pub fn rests_until(receipts: &[Receipt]) -> Option<Timestamp> {
    let last = receipts
        .iter()
        .rev()
        .find(|receipt| matches!(receipt.step, Step::Returned | Step::Accepted | Step::Retried))?;
    let is_blocked = |receipt: &Receipt| receipt.why.as_deref() == Some(Why::Blocked.as_str());
    let pause = match last.step {
        Step::Returned if Why::costs_a_turn(last.why.as_deref()) => PAUSES.get(returns(receipts) - 1),
        Step::Returned if is_blocked(last) => {
            let blocked = receipts.iter().filter(|receipt| is_blocked(receipt)).count();
            PAUSES_WHEN_BLOCKED.get(blocked.min(PAUSES_WHEN_BLOCKED.len()) - 1)
        }
        _ => return None,
    };
    Some(pause.and_then(|pause| last.at.checked_add(*pause).ok()).unwrap_or(Timestamp::MAX))
}

/// What receipts tell of a letter's claim since it last came to the inbox. Several may have noted one; which of them won
/// cannot be told, so the evidence lies behind the first of one file, and time runs from the last.
struct Claim<'a> {
    notes: Vec<&'a Receipt>,
    path: Option<&'a str>,
    offset: u64,
    delivered: Option<Timestamp>,
}

impl<'a> Claim<'a> {
    fn among(receipts: &'a [Receipt]) -> Self {
        let receipts = since_return(receipts);
        let notes: Vec<&Receipt> = receipts.iter().filter(|receipt| receipt.step == Step::Claimed).collect();
        let path = notes.last().and_then(|note| note.evidence.as_deref());
        let of_file = notes.iter().filter(|note| note.evidence.as_deref() == path);
        let offset = of_file.filter_map(|note| note.offset).min().unwrap_or(0);
        let delivered = receipts.iter().filter(|receipt| receipt.step == Step::Delivered);
        let delivered = delivered.map(|receipt| receipt.at).max();
        Self { notes, path, offset, delivered }
    }

    fn places(&self, record: &Record) -> impl Iterator<Item = (PathBuf, u64)> {
        let paths = [self.path, record.evidence.as_deref()].map(|path| path.map(PathBuf::from));
        let offset = self.offset;
        paths.into_iter().flatten().map(move |path| (path, offset))
    }

    fn ways(&self) -> Vec<Way> {
        self.notes.iter().filter_map(|note| Way::of(note.via.as_deref())).collect()
    }

    fn way(&self) -> Way {
        self.ways().last().copied().unwrap_or(Way::Hook)
    }

    /// Since its delivery, or else its claim. A claim made after this look began is young, too; one a day ahead was made
    /// under another clock.
    fn age(&self, now: Timestamp) -> SignedDuration {
        let latest = self.delivered.or_else(|| self.notes.iter().map(|note| note.at).max());
        latest.map_or(SignedDuration::MAX, |at| now.duration_since(at).abs())
    }

    /// What the session's hooks say of the turn it was delivered to.
    fn turn(&self, record: &Record, now: Timestamp) -> Turn {
        let host = self.notes.last().and_then(|note| note.host.as_deref());
        let has_another_host = host.zip(record.host.as_deref()).is_some_and(|(then, now)| then != now);
        let left = |path: &str| {
            let now_at = record.evidence.as_deref();
            now_at.is_some_and(|now_at| now_at != path && Path::new(now_at).exists()) && Path::new(path).exists()
        };
        if has_another_host || self.path.is_some_and(left) {
            return Turn::Gone;
        }
        match record.state {
            _ if !record.delivers() => Turn::Unheard,
            Activity::Busy | Activity::Deaf => Turn::UnderWay,
            Activity::Idle => {
                let since = record.updated.into_iter().chain(self.delivered).max();
                Turn::Over(since.map_or(SignedDuration::MAX, |since| now.duration_since(since).abs()))
            }
        }
    }

    /// For how long the session's transcript has not changed.
    fn quiet(&self, record: &Record, now: Timestamp) -> SignedDuration {
        let paths = [self.path, record.evidence.as_deref()].into_iter().flatten().map(PathBuf::from);
        let changed = paths.filter_map(|path| path.metadata().ok()?.modified().ok()?.try_into().ok());
        let ages = changed.map(|at: Timestamp| now.duration_since(at).abs());
        ages.min().unwrap_or(SignedDuration::MAX)
    }
}
