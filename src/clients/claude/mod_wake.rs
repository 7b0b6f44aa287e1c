//! Waking a session whose waker is gone: killed, timed out, or never started. Nothing starts another until somebody types
//! there, but the mod can submit a prompt, and that wakes the session, too. The prompt is a waker's text and nothing else.

use jiff::Timestamp;

use crate::{
    agent::{
        Record,
        reach::{self, Standing},
    },
    clients::wakes,
    delivery::wake::{self, Calm},
    mailbox::{
        Mailbox,
        disk::FsError,
        home::Home,
        receipt::{Receipt, Step},
    },
};

/// The prompt to submit, if the session has no waker and letters are due; they are noted as notified then.
///
/// # Errors
/// A `FsError` when the mailbox cannot be used.
pub fn due(home: &Home, mailbox: &Mailbox, calm: &mut Calm, now: Timestamp) -> Result<Option<String>, FsError> {
    let standing = Standing::of(mailbox, &Record::of(mailbox), now);
    if standing.why.as_deref() != Some(reach::WAKER_IS_GONE) || calm.holds(mailbox) {
        return Ok(None);
    }
    let due = wake::due(home, mailbox, now, None, calm)?;
    if due.is_empty() {
        return Ok(None);
    }
    for letter in &due {
        mailbox.note(&letter.id, &Receipt::at(Step::Notified, now))?;
    }
    let word = wakes::begin(mailbox)?;
    Ok(Some(wakes::wake(mailbox.name().as_str(), &wakes::senders(&due), &word)))
}
