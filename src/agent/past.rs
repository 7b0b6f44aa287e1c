//! The letters that were there before, a page at a time, the newest first.
//!
//! Where an id tells when it was made, it is believed here, and for other ids the file's time counts: so only the
//! letters of the page are read, however many there are. One that tells a wrong time is found on another page; a search
//! reads all.

use std::fs;

use jiff::Timestamp;

use super::status::{self, Found};
use crate::mailbox::{Mailbox, State, disk::FsError, home::Home, letter::LetterId, name::AgentName};

/// Where a page ended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// In milliseconds since 1970.
    at: i64,
    id: LetterId,
    to: AgentName,
}

/// At most `longest` letters that come before a mark, and the mark for the next page; none after the last page.
///
/// # Errors
/// A `FsError` when the home cannot be listed.
pub fn page(home: &Home, before: Option<&Mark>, longest: usize) -> Result<(Vec<Found>, Option<Mark>), FsError> {
    let mut places = Vec::new();
    for mailbox in home.mailboxes()? {
        for state in State::ALL {
            let ids = mailbox.ids(state).unwrap_or_default(); // renamed or removed just now, or closed to us
            places.extend(ids.into_iter().map(|id| {
                let mark = Mark { at: made_at(&mailbox, state, &id), id, to: mailbox.name().clone() };
                (mark, state)
            }));
        }
    }
    places.retain(|(mark, _)| before.is_none_or(|before| mark < before));
    let complete = places.len() <= longest;
    if !complete {
        places.select_nth_unstable_by(longest, |(a, _), (b, _)| b.cmp(a));
        places.truncate(longest);
    }
    let found = places.iter().filter_map(|(mark, state)| find(home, mark, *state)).collect();
    let end = places.into_iter().map(|(mark, _)| mark).min();
    Ok((found, end.filter(|_| !complete)))
}

fn find(home: &Home, mark: &Mark, state: State) -> Option<Found> {
    let mailbox = home.mailbox(&mark.to)?;
    match mailbox.read(state, &mark.id) {
        Ok(letter) => Some(Found { mailbox, state, letter }),
        Err(_) => status::find_in(&mailbox, &mark.id), // it has moved on
    }
}

fn made_at(mailbox: &Mailbox, state: State, id: &LetterId) -> i64 {
    let told = uuid::Uuid::try_parse(id.as_str()).ok().and_then(|id| id.get_timestamp());
    let written = || {
        let at = fs::symlink_metadata(mailbox.file(state, id)).ok()?.modified().ok()?;
        Timestamp::try_from(at).ok().map(Timestamp::as_millisecond)
    };
    let told = told.and_then(|time| {
        let (seconds, nanos) = time.to_unix();
        i64::try_from(seconds.checked_mul(1_000)? + u64::from(nanos / 1_000_000)).ok()
    });
    told.or_else(written).unwrap_or_default()
}
