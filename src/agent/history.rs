//! The exchange as it was: the letters of all mailboxes, filtered, in the order in which they were written.
//!
//! Every letter is read, each time: there is no index that could disagree with the files. An id's own time is not
//! trusted, since a sender may choose any id, nor a file's time, since a letter carries its writer's.

mod matcher;
mod sweep;

use std::collections::BTreeSet;

use jiff::Timestamp;

pub use self::matcher::Matcher;
use super::status::{self, Found};
use crate::mailbox::{disk::FsError, home::Home, letter::LetterId, name::AgentName};

/// Which letters are meant; by default all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// From or to this agent, under any name it had.
    pub agent: Option<AgentName>,
    /// With this agent at the other end.
    pub with: Option<AgentName>,
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

/// Looks at all letters, and keeps at most `limit` of those that are meant.
///
/// # Errors
/// A `FsError` when the home cannot be listed.
pub fn look(home: &Home, filter: &Filter, limit: usize) -> Result<Looked, FsError> {
    sweep::look(home, filter, limit)
}

/// The letters of [`look`] alone.
///
/// # Errors
/// As [`look`].
pub fn newest(home: &Home, filter: &Filter, limit: usize) -> Result<Vec<Found>, FsError> {
    Ok(look(home, filter, limit)?.letters)
}

/// The conversation that a letter belongs to, by its id; one that nobody has is taken for the conversation's own, since
/// the letter that began it may have been pruned.
///
/// # Errors
/// A `FsError` when the home cannot be listed.
pub fn thread_of(home: &Home, id: &LetterId) -> Result<LetterId, FsError> {
    let copies = status::find(home, id)?;
    Ok(copies.first().map_or_else(|| id.clone(), |found| found.letter.thread_id().clone()))
}

/// The conversation that a letter belongs to, oldest first: of all of them, when copies belong to different ones. Empty
/// when there is no such letter or conversation.
///
/// # Errors
/// As [`newest`].
pub fn conversation(home: &Home, id: &LetterId) -> Result<Vec<Found>, FsError> {
    let copies = status::find(home, id)?;
    let mut threads: BTreeSet<LetterId> = copies.iter().map(|found| found.letter.thread_id().clone()).collect();
    if threads.is_empty() {
        threads.insert(id.clone()); // the letter that began it may have been pruned
    }
    let mut letters = Vec::new();
    for thread in threads {
        letters.extend(newest(home, &Filter { thread: Some(thread), ..Filter::default() }, usize::MAX)?);
    }
    letters.sort_by(|a, b| order(a).cmp(&order(b)));
    Ok(letters)
}

/// Letters of one instant stand in the order of their ids, copies of one letter in that of their recipients.
fn order(found: &Found) -> (Timestamp, &LetterId, &AgentName) {
    (found.letter.timestamp, &found.letter.id, found.mailbox.name())
}
