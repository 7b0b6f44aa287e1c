//! What the view is told: what happened in the home, and what became of what the person asked for.

use super::{action::Query, agents::Agent, letter::Entry};
use crate::{agent::past::Mark, failure::Failure, mailbox::name::AgentName};

/// Something that the view is to know.
#[derive(Debug)]
pub enum News {
    /// All agents there are.
    Everyone(Vec<Agent>),
    Agents(Vec<Agent>),
    Gone(AgentName),
    /// Letters as they are now.
    Letters(Vec<Entry>),
    Renamed {
        was: AgentName,
        new: AgentName,
    },
    /// Letters from further back; without a mark there are no more.
    Older {
        entries: Vec<Entry>,
        before: Option<Mark>,
    },
    /// What a search found.
    Hits {
        query: Query,
        entries: Vec<Entry>,
    },
    Trouble(Failure),
}

/// What was done, in a line.
#[derive(Debug)]
pub enum Done {
    Sent(String),
    Decided(String),
}
