//! What one waits for with another agent: that it is idle, away or blocked, or that it answers.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

use super::{
    Record,
    reach::{Reach, Standing},
};
use crate::mailbox::{
    Mailbox, State,
    letter::{Kind, LetterId, Priority},
    name::AgentName,
};

/// A letter that a delivery has just claimed begins a turn, of which the record does not tell yet.
const TURN_BEGINS: SignedDuration = SignedDuration::from_secs(10);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// A letter would wake it, and none is about to.
    Idle,
    Away,
    /// It is there and does not go on by itself: it asks its person, its turns fail, or it is deaf.
    Blocked,
    /// It writes to whoever waits.
    Answers,
}

impl Until {
    pub const ALL: [Self; 4] = [Self::Idle, Self::Away, Self::Blocked, Self::Answers];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Away => "away",
            Self::Blocked => "blocked",
            Self::Answers => "answers",
        }
    }

    /// Whether that is so of the agent with this mailbox, as its standing tells; never of [`Until::Answers`], which letters
    /// tell.
    #[must_use]
    pub fn is_so(self, mailbox: &Mailbox, now: Timestamp) -> Option<Standing> {
        let is_busy_soon = self == Self::Idle && is_about_to_be_woken(mailbox, now);
        let standing = Standing::of(mailbox, &Record::of(mailbox), now);
        let is_so = match self {
            Self::Idle => standing.state() == Some("idle") && !is_busy_soon,
            Self::Away => standing.reach == Reach::Away,
            Self::Blocked => matches!(standing.reach, Reach::Asks | Reach::Failing | Reach::Deaf),
            Self::Answers => false,
        };
        is_so.then_some(standing)
    }
}

impl FromStr for Until {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|until| until.as_str() == text);
        found.ok_or_else(|| "one waits for `idle`, `away`, `blocked` or `answers`".to_owned())
    }
}

/// Whether a letter waits that wakes this agent, or was given to it just now.
fn is_about_to_be_woken(mailbox: &Mailbox, now: Timestamp) -> bool {
    let wakes = |id: &LetterId| {
        let letter = mailbox.read(State::Inbox, id);
        letter.is_ok_and(|letter| letter.priority != Priority::Low && !letter.lapsed(now))
    };
    let is_new = |id: &LetterId| {
        let last = mailbox.receipts(id).last().map(|receipt| receipt.at);
        last.is_none_or(|at| now.duration_since(at).abs() < TURN_BEGINS)
    };
    mailbox.ids(State::Inbox).is_ok_and(|ids| ids.iter().any(wakes))
        || mailbox.ids(State::Claimed).is_ok_and(|ids| ids.iter().any(is_new))
}

/// The first letter that `from` wrote to the owner of a mailbox since then, wherever it lies; news of ours are none.
#[must_use]
pub fn written_since(mailbox: &Mailbox, from: &AgentName, since: Timestamp) -> Option<LetterId> {
    let states = [State::Inbox, State::Claimed, State::Done, State::Held];
    states.into_iter().find_map(|state| {
        let ids = mailbox.ids(state).unwrap_or_default();
        let may_be = |id: &LetterId| id.made_at().is_none_or(|at| at + SignedDuration::from_secs(1) >= since);
        ids.into_iter().filter(may_be).find(|id| {
            let letter = mailbox.read(state, id);
            letter.is_ok_and(|letter| letter.from == *from && letter.kind != Kind::Status && letter.timestamp >= since)
        })
    })
}
