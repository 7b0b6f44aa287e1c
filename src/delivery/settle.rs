//! Settling: what became of the letters that were put before the model. Those that the session's record holds are done,
//! those it shows to be missing go back to the inbox, and those it cannot tell of end as delivered.

use jiff::{SignedDuration, Timestamp};

use super::{
    claimed_letter::ClaimedLetter,
    client::Client,
    evidence::{Cause, Evidence, Turn, Why},
    trace,
};
use crate::{
    agent::{Record, obstacle::Obstacle, unproved::Unproved},
    mailbox::{
        Mailbox, State,
        disk::FsError,
        receipt::{Receipt, Step},
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

/// Why a wake becomes no turn, where it is not the person's doing.
const BLOCKED: &str = "another hook blocks its wakes";
/// How long a session rests after a second error in a row before a letter is tried for the last time.
const SECOND_TRY: SignedDuration = SignedDuration::from_mins(10);

/// Who looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// A process of the session, which therefore lives.
    Session,
    /// Somebody else.
    Outside,
}

/// Looks every claim of a session up: seen ones are done, failed ones go back to the inbox, and those that nothing can tell
/// of are done as delivered.
///
/// # Errors
/// A `FsError` when the mailbox cannot be used.
pub fn settle(client: &mut impl Client, mailbox: &Mailbox, now: Timestamp, from: From) -> Result<(), FsError> {
    let ids = mailbox.ids(State::Claimed)?;
    if ids.is_empty() {
        return Ok(());
    }
    let record = Record::of(mailbox);
    let session_has_ended = record.ended.is_some() || from == From::Outside && !mailbox.is_online();
    let cannot_tell = Unproved::of(mailbox, record.session.as_deref()).is_some_and(|found| found.is_enough());
    for id in ids {
        let receipts = mailbox.receipts(&id);
        let claim = ClaimedLetter::of(&id, &receipts, &record, session_has_ended, now);
        let evidence = match client.evidence(&claim, now) {
            Evidence::No(Why::TurnOver) if cannot_tell && claim.delivered => Evidence::Unavailable(Cause::UnknownShape),
            evidence => evidence,
        };
        act(mailbox, &record, &claim, &receipts, evidence, now)?;
    }
    Ok(())
}

/// Moves a letter to where the evidence says that it belongs.
fn act(
    mailbox: &Mailbox,
    record: &Record,
    claim: &ClaimedLetter<'_>,
    receipts: &[Receipt],
    evidence: Evidence,
    now: Timestamp,
) -> Result<(), FsError> {
    let id = claim.id;
    let decided = |what: &str, becomes: &str| trace::decided("settle", mailbox, id, || format!("{what}: {becomes}"));
    let cause = match evidence {
        Evidence::Queued => {
            decided("it may still come before the model", "it stays where it is");
            return Ok(());
        }
        Evidence::Seen => {
            decided("it is in the session's record", "done");
            note_blocked(mailbox, record, None, now)?;
            return mailbox.finish(id, State::Claimed, Some(&Receipt::at(Step::Seen, now))).map(drop);
        }
        // It is in the conversation, and goes before the model with whatever turn works again.
        Evidence::No(Why::Failed) if !may_try_again(receipts, claim.turn) => {
            decided("its turn failed", "it waits for the next that works");
            return Ok(());
        }
        Evidence::No(why)
            if claim.delivered && Why::costs_a_turn(Some(why.as_str())) && returns(receipts) >= RETURNS =>
        {
            Cause::NeverShown
        }
        Evidence::No(why) => {
            decided(why.as_str(), "back to the inbox");
            if why == Why::Blocked {
                note_blocked(mailbox, record, Some(BLOCKED), now)?;
            }
            return mailbox.give_back_if_still(id, receipts.len(), why.as_str()).map(drop);
        }
        Evidence::Unavailable(cause) => cause,
    };
    decided(cause.as_str(), "it ends as delivered");
    let note = Receipt::at(Step::Unproved, now).why(cause.as_str());
    mailbox.finish_if_still(id, receipts.len(), &note)?;
    let session = record.session.as_deref();
    if cause == Cause::NoRecord {
        Unproved::no_record(mailbox, session, record.evidence.as_deref(), cause.as_str())?;
    }
    Unproved::add(mailbox, session, id, cause.as_str(), now)
}

/// Notes what blocks the session's wakes, since the first one that it blocked; or that one has come through.
fn note_blocked(mailbox: &Mailbox, record: &Record, why: Option<&str>, now: Timestamp) -> Result<(), FsError> {
    if record.blocked.is_none() == why.is_none() {
        return Ok(());
    }
    Record::change(mailbox, now, |record| record.blocked = why.map(|why| Obstacle::new(now, why))).map(drop)
}

/// Whether a turn is worth trying again for a letter whose turn has failed.
fn may_try_again(receipts: &[Receipt], turn: Turn) -> bool {
    let rests = |longer: SignedDuration| matches!(turn, Turn::Over(since) if since >= longer);
    match returns(receipts) {
        0 => true,
        1 => rests(SECOND_TRY),
        _ => false,
    }
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
