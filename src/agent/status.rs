//! The truth about a letter: where it lies, and when each step happened.

use jiff::Timestamp;

use super::{
    Record,
    reach::{Reach, Standing},
};
use crate::mailbox::{
    Mailbox, State,
    disk::FsError,
    home::Home,
    letter::{Letter, LetterId, Unreadable},
    receipt::{Receipt, Step},
};

/// One copy of a letter; a letter to a group has one in each mailbox.
#[derive(Debug, Clone)]
pub struct Found {
    pub mailbox: Mailbox,
    pub state: State,
    pub letter: Letter,
}

/// How far a letter has come. Each stage is claimed only when it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Stored,
    /// On its way to another machine, which has not said yet that it is there.
    Forwarded,
    Notified,
    Delivered,
    Seen,
    Answered,
    Held,
    Expired,
    Refused,
    Dead,
}

impl Stage {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Forwarded => "forwarded",
            Self::Notified => "notified",
            Self::Delivered => "delivered",
            Self::Seen => "seen",
            Self::Answered => "answered",
            Self::Held => "held",
            Self::Expired => "expired",
            Self::Refused => "refused",
            Self::Dead => "dead",
        }
    }
}

/// How far a letter has come and since when.
#[derive(Debug, Clone)]
pub struct Status {
    pub stage: Stage,
    pub since: Timestamp,
    /// Every step noted, oldest first, after the sending itself.
    pub steps: Vec<Receipt>,
    /// Why it is held or dead.
    pub why: Option<String>,
}

/// All copies of a letter, wherever they lie.
///
/// # Errors
/// A `FsError` when the home cannot be listed, or a copy is there and cannot be read.
pub fn find(home: &Home, id: &LetterId) -> Result<Vec<Found>, FsError> {
    let copies = home.mailboxes()?.into_iter().map(|mailbox| read_in(&mailbox, id));
    copies.filter_map(Result::transpose).collect()
}

/// The copy of a letter in one mailbox, if it can be read.
#[must_use]
pub fn find_in(mailbox: &Mailbox, id: &LetterId) -> Option<Found> {
    read_in(mailbox, id).ok().flatten()
}

fn read_in(mailbox: &Mailbox, id: &LetterId) -> Result<Option<Found>, FsError> {
    let Some(state) = mailbox.state_of(id) else { return Ok(None) };
    let read = match mailbox.read(state, id) {
        // It may move on between the two looks; then look again.
        Err(Unreadable::Gone) => mailbox.read(mailbox.state_of(id).unwrap_or(state), id),
        read => read,
    };
    match read {
        Ok(letter) => Ok(Some(Found { mailbox: mailbox.clone(), state, letter })),
        Err(Unreadable::Fs(error)) => Err(error),
        Err(_) => Ok(None),
    }
}

impl Found {
    /// Whether a person keeps it from the session it is for: they are asked about it, or have refused it.
    #[must_use]
    pub fn is_withheld(&self) -> bool {
        self.state == State::Held || self.state == State::Dead && self.status().stage == Stage::Refused
    }

    /// How its recipient is reached, as long as that matters to it.
    #[must_use]
    pub fn recipient(&self, now: Timestamp) -> Option<Standing> {
        let is_under_way = matches!(self.state, State::Inbox | State::Claimed) && !self.mailbox.name().is_user();
        let standing = is_under_way.then(|| Standing::of(&self.mailbox, &Record::of(&self.mailbox), now))?;
        // Nothing of what was delivered waits for a session that is away.
        (self.state == State::Inbox || standing.reach != Reach::Away).then_some(standing)
    }

    /// How far this copy has come.
    #[must_use]
    pub fn status(&self) -> Status {
        let steps = self.mailbox.receipts(&self.letter.id);
        let last = |step: Step| steps.iter().rev().find(|receipt| receipt.step == step);
        let (stage, receipt) = match self.state {
            State::Held => (Stage::Held, last(Step::Held)),
            State::Dead => match steps.last().map(|receipt| receipt.step) {
                Some(Step::Expired) => (Stage::Expired, None),
                Some(Step::Refused) => (Stage::Refused, None),
                _ => (Stage::Dead, None),
            },
            _ if is_held_elsewhere(&steps) => (Stage::Held, last(Step::Held)),
            _ => [(Stage::Answered, Step::Answered), (Stage::Seen, Step::Seen)]
                .into_iter()
                .chain((self.state != State::Inbox).then_some((Stage::Delivered, Step::Delivered)))
                .chain([(Stage::Notified, Step::Notified), (Stage::Forwarded, Step::Forwarded)])
                .find_map(|(stage, step)| last(step).map(|receipt| (stage, Some(receipt))))
                .unwrap_or((Stage::Stored, None)),
        };
        let (since, why) = match self.state {
            State::Dead => (self.mailbox.buried_at(&self.letter.id), self.mailbox.reason(&self.letter.id)),
            _ if stage == Stage::Held => {
                (receipt.map(|receipt| receipt.at), receipt.and_then(|receipt| receipt.why.clone()))
            }
            _ => (receipt.map(|receipt| receipt.at), None),
        };
        Status { stage, since: since.unwrap_or(self.letter.timestamp), steps, why }
    }
}

/// Whether another machine has said last that the letter waits for the person there.
fn is_held_elsewhere(steps: &[Receipt]) -> bool {
    steps.iter().rev().find(|receipt| receipt.is_from_elsewhere()).is_some_and(|receipt| receipt.step == Step::Held)
}
