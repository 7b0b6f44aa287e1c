//! The exchange as it was: the letters of all mailboxes, filtered, in the order in which they were written.
//!
//! Every letter is read, each time: there is no index that could disagree with the files. An id's own time is not
//! trusted, since a sender may choose any id, nor a file's time, since a letter carries its writer's.

mod filter;
mod matcher;
mod sweep;

use std::collections::BTreeSet;

use self::filter::order;
pub use self::{
    filter::{Filter, Looked},
    matcher::Matcher,
};
use super::status::{self, Found};
use crate::mailbox::{disk::FsError, home::Home, letter::LetterId};

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
