//! What can happen, and when it did.

use jiff::Timestamp;

use super::letter_progress::News;
use crate::{
    agent::{Activity, status::Found},
    mailbox::{name::AgentName, receipt::Receipt},
};

/// Something that has happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// A new letter is in a mailbox: in the inbox, or held, or further already.
    Sent(Box<Found>),
    /// A letter made a step; the receipt says which and when. `claimed` and `reported` are nobody's news.
    Step {
        found: Box<Found>,
        receipt: Receipt,
    },
    /// A letter came to lie in `dead/` and no step says why.
    Dead {
        found: Box<Found>,
        at: Timestamp,
        why: Option<String>,
    },
    /// A session is there; what it does follows as `Idle`, `Busy` or `Deaf`.
    Online(AgentName, Timestamp),
    Offline(AgentName, Timestamp),
    Idle(AgentName, Timestamp),
    Busy(AgentName, Timestamp),
    /// A session that is there cannot be woken.
    Deaf(AgentName, Timestamp),
    /// An agent has another name.
    Renamed {
        agent: AgentName,
        was: AgentName,
        at: Timestamp,
    },
}

impl Event {
    /// When it happened, as far as that was written down; else when it was noticed.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Sent(found) => found.letter.timestamp,
            Self::Step { receipt, .. } => receipt.at,
            Self::Dead { at, .. }
            | Self::Online(_, at)
            | Self::Offline(_, at)
            | Self::Idle(_, at)
            | Self::Busy(_, at)
            | Self::Deaf(_, at)
            | Self::Renamed { at, .. } => *at,
        }
    }

    pub(super) fn activity(agent: AgentName, state: Activity, at: Timestamp) -> Self {
        match state {
            Activity::Idle => Self::Idle(agent, at),
            Activity::Busy => Self::Busy(agent, at),
            Activity::Deaf => Self::Deaf(agent, at),
        }
    }
}

/// What a look at one letter has to tell.
pub(super) fn reported(found: Found, is_new: bool, news: News) -> Vec<Event> {
    let found = Box::new(found);
    let mut events = Vec::with_capacity(news.steps.len() + 1);
    if is_new {
        events.push(Event::Sent(found.clone()));
    }
    events.extend(news.steps.into_iter().map(|receipt| Event::Step { found: found.clone(), receipt }));
    if news.dead {
        let id = &found.letter.id;
        let (at, why) = (found.mailbox.buried_at(id).unwrap_or_else(Timestamp::now), found.mailbox.reason(id));
        events.push(Event::Dead { found, at, why });
    }
    events
}
