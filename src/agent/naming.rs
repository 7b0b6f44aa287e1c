//! Names that people give: the one a session has in its client, those of directories, and that of a session that has ended.
//!
//! Whoever takes the name of a session that has ended gets what lies in its mailbox: that is what a role is. The name of a
//! live session stays with that one.

use jiff::Timestamp;

use super::{
    Record,
    identity::{self, Occupancy, RenameError},
};
use crate::mailbox::{Mailbox, disk::FsError, home::Home, letter::shorten, name::AgentName};

/// How much of what a person calls a session is repeated to them.
pub const SHOWN_CHARS: usize = 40;

/// A name that was taken.
#[derive(Debug)]
pub struct Named {
    pub mailbox: Mailbox,
    /// How many letters waited for whoever has this name.
    pub waiting: usize,
}

/// Gives an agent another name, by its person's word, also that of a session that has ended. Its own letters and old
/// addresses follow.
///
/// # Errors
/// [`RenameError`]; the agent keeps its name then.
pub fn take(home: &Home, mailbox: &Mailbox, new: &AgentName) -> Result<Named, RenameError> {
    let mut waiting = 0;
    {
        let _guard = identity::no_claims(home)?;
        let mailbox = home.mailbox(mailbox.name()).ok_or_else(|| RenameError::Gone(mailbox.name().clone()))?;
        let of_name = home.mailbox(new).filter(|found| found.name() == new && *found != mailbox);
        if let Some(other) = of_name
            && !new.is_reserved()
            && !new.is_elsewhere()
            && !mailbox.name().is_reserved()
        {
            let is_free = matches!(identity::occupancy(&other, None), Occupancy::Free);
            let taken = || RenameError::Taken(new.clone());
            waiting = if is_free { home.absorb(&other, &mailbox)?.ok_or_else(taken)? } else { return Err(taken()) };
        }
    }
    let mailbox = home.mailbox(mailbox.name()).ok_or_else(|| RenameError::Gone(mailbox.name().clone()))?;
    Ok(Named { mailbox: identity::rename(home, &mailbox, new)?, waiting })
}

/// What came of following the name that a session has in its client.
#[derive(Debug)]
pub enum Followed {
    /// It is the agent's name, or was followed before.
    Same,
    Now(Named),
    /// It is that of another agent.
    Taken(AgentName),
    /// No name can be made of it.
    NoName,
}

/// Gives an agent the name that its person gave the session in the client. Each name is followed once: what the person
/// does afterwards by `cc2cc rename` stays.
///
/// # Errors
/// A `FsError` when names or the record cannot be changed.
pub fn follow(home: &Home, mailbox: &Mailbox, called: &str) -> Result<Followed, FsError> {
    if Record::of(mailbox).called.as_deref() == Some(called) {
        return Ok(Followed::Same);
    }
    match AgentName::made_of(called) {
        None => Ok(Followed::NoName),
        Some(name) if name == *mailbox.name() => Ok(Followed::Same),
        Some(name) => match take(home, mailbox, &name) {
            Ok(named) => Ok(Followed::Now(named)),
            Err(RenameError::Fs(error)) => Err(error),
            Err(_) => Ok(Followed::Taken(name)),
        },
    }
}

/// Notes that a name of the client's was followed, so that it is not followed again.
///
/// # Errors
/// A `FsError` when the record cannot be changed.
pub fn note_called(mailbox: &Mailbox, called: &str, now: Timestamp) -> Result<(), FsError> {
    if Record::of(mailbox).called.as_deref() != Some(called) {
        Record::change(mailbox, now, |record| record.called = Some(called.to_owned()))?;
    }
    Ok(())
}

/// Why an agent is called otherwise than its session is in the client, and what makes them one; `None` when they are.
#[must_use]
pub fn differs(mailbox: &Mailbox) -> Option<String> {
    let called = Record::of(mailbox).called?;
    let name = mailbox.name();
    let shown = shorten(&called, SHOWN_CHARS);
    (AgentName::made_of(&called).as_ref() != Some(name)).then(|| {
        format!("the session itself is still called `{shown}`, which cc2cc leaves alone; `/rename {name}` changes it")
    })
}
