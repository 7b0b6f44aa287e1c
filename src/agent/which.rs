//! Which letter a person means: its id, whole or short, any part of it that no other letter has, or `last` for the newest.

use jiff::Timestamp;

use crate::mailbox::{
    Mailbox, State,
    disk::FsError,
    letter::{BadId, LetterId},
};

/// The newest letter.
const LAST: &str = "last";
/// How many of several possible letters are named.
const NAMED: usize = 5;

/// Why no single letter is meant.
#[derive(Debug, thiserror::Error)]
pub enum WhichError {
    #[error(transparent)]
    Bad(#[from] BadId),
    #[error("`{part}` is part of more than one id: {}", listed(.ids))]
    Several { part: String, ids: Vec<LetterId> },
    #[error("there is no letter yet that `last` could mean")]
    NoLast,
    #[error(transparent)]
    Fs(#[from] FsError),
}

/// Finds the letter in these states of these mailboxes that `text` means. One that nobody has is given as it is written, for
/// whoever looks it up to say so.
///
/// # Errors
/// [`WhichError`] when the text is no id, is part of several, or the mailboxes cannot be listed.
pub fn letter(mailboxes: &[Mailbox], states: &[State], text: &str) -> Result<LetterId, WhichError> {
    let whole: LetterId = text.parse()?;
    let has = |id: &LetterId| mailboxes.iter().any(|mailbox| mailbox.state_of(id).is_some());
    if has(&whole) {
        return Ok(whole);
    }
    let mut found = Vec::new();
    for mailbox in mailboxes {
        for state in states {
            found.extend(mailbox.ids(*state)?.into_iter().map(|id| (id, mailbox, *state)));
        }
    }
    if text == LAST {
        let newest = found.into_iter().max_by_key(|(id, mailbox, state)| (sent(id, mailbox, *state), id.clone()));
        return newest.map(|(id, ..)| id).ok_or(WhichError::NoLast);
    }
    let all = found.into_iter().map(|(id, ..)| id);
    let mut ids: Vec<LetterId> = all.filter(|id| id.as_str().contains(text)).collect();
    ids.sort();
    ids.dedup(); // a letter to a group is one letter
    // What is shown leads to its letter, also where a long key happens to have it in it.
    if ids.iter().any(|id| id.short() == text) {
        ids.retain(|id| id.short() == text);
    }
    match ids.len() {
        0 => Ok(whole),
        1 => Ok(ids.remove(0)),
        _ => Err(WhichError::Several { part: text.to_owned(), ids }),
    }
}

/// When a letter was sent, as its id tells or else the letter itself.
fn sent(id: &LetterId, mailbox: &Mailbox, state: State) -> Option<Timestamp> {
    let by_id = uuid::Uuid::parse_str(id.as_str()).ok().and_then(|id| id.get_timestamp()).map(|at| at.to_unix());
    let by_id = by_id
        .and_then(|(seconds, nanos)| Timestamp::new(i64::try_from(seconds).ok()?, i32::try_from(nanos).ok()?).ok());
    by_id.or_else(|| Some(mailbox.read(state, id).ok()?.timestamp))
}

/// The candidates as a person would type them: whole where their short forms are the same.
fn listed(ids: &[LetterId]) -> String {
    let is_alone = |id: &LetterId| ids.iter().filter(|other| other.short() == id.short()).count() == 1;
    let name = |id: &LetterId| if is_alone(id) { id.short().to_owned() } else { id.to_string() };
    let mut names: Vec<String> = ids.iter().take(NAMED).map(name).collect();
    if ids.len() > NAMED {
        names.push(format!("and {} more", ids.len() - NAMED));
    }
    names.join(", ")
}
