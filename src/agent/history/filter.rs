//! What is asked of the exchange and what comes of it.

use jiff::Timestamp;

use crate::{
    agent::status::Found,
    mailbox::{disk::FsError, letter::LetterId, name::AgentName},
};

/// Which letters are meant; by default all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// From or to this agent, under any name it had.
    pub agent: Option<AgentName>,
    /// With this agent at the other end.
    pub with: Option<AgentName>,
    /// Written by this agent, under any name it had.
    pub from: Option<AgentName>,
    /// Of this conversation.
    pub thread: Option<LetterId>,
    /// Written then or later.
    pub since: Option<Timestamp>,
    /// With these words in the text, upper or lower case.
    pub text: Option<String>,
}

/// What a look at all letters found.
#[derive(Debug)]
pub struct Looked {
    /// The newest letters that are meant, oldest first. Files that cannot be read as letters are passed over.
    pub letters: Vec<Found>,
    /// Why directories were left out that could not be listed.
    pub left_out: Vec<FsError>,
}

/// Letters of one instant stand in the order of their ids, copies of one letter in that of their recipients.
pub(super) fn order(found: &Found) -> (Timestamp, &LetterId, &AgentName) {
    (found.letter.timestamp, &found.letter.id, found.mailbox.name())
}
