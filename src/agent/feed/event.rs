//! What can happen, and when it did.

use jiff::Timestamp;

use super::letter_progress::NewSteps;
use crate::{
    agent::{
        Activity,
        reach::{Reach, Standing},
        status::Found,
    },
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
    /// A session is there; what it does follows as `Idle`, `Busy`, `Deaf` or `Reach`.
    Online(AgentName, Timestamp),
    Offline(AgentName, Timestamp),
    /// It sits idle, and a letter wakes it.
    Idle(AgentName, Timestamp),
    /// It works, and a letter goes into its turn.
    Busy(AgentName, Timestamp),
    /// It is there, and its hooks are silent.
    Deaf(AgentName, Box<Standing>, Timestamp),
    /// It is there, and letters wait: for its next turn, for an answer to its dialog, or until it works again.
    Reach(AgentName, Box<Standing>, Timestamp),
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
            | Self::Deaf(_, _, at)
            | Self::Reach(_, _, at)
            | Self::Renamed { at, .. } => *at,
        }
    }

    /// What an agent that is there does, and how it is reached.
    pub(super) fn standing(agent: AgentName, standing: &Standing, at: Timestamp) -> Self {
        let at = standing.since.unwrap_or(at);
        match (standing.reach, standing.activity) {
            (Reach::Wakes, Activity::Busy) => Self::Busy(agent, at),
            (Reach::Wakes, _) => Self::Idle(agent, at),
            (Reach::Deaf, _) => Self::Deaf(agent, Box::new(standing.clone()), at),
            _ => Self::Reach(agent, Box::new(standing.clone()), at),
        }
    }
}

/// What a look at one letter has to tell.
pub(super) fn reported(found: Found, is_new: bool, news: NewSteps) -> Vec<Event> {
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
