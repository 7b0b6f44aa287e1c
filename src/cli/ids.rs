//! Letter ids among the words of a command line.

use crate::{
    agent::which,
    failure::Failure,
    mailbox::{
        State,
        home::Home,
        letter::{BadId, LetterId},
    },
};

/// A letter id among the words; the complaint says how one looks.
pub fn letter_id(text: &str) -> Result<LetterId, String> {
    text.parse().map_err(|error| format!("{error}; {}", BadId::HINT))
}

/// The letter that is meant by an id, a part of one, or `last`, of all that lie in these states.
///
/// # Errors
/// When it is part of several ids, or the home cannot be listed.
pub fn meant(home: &Home, id: &LetterId, states: &[State]) -> Result<LetterId, Failure> {
    Ok(which::letter(&home.mailboxes()?, states, id.as_str())?)
}

/// As [`meant`], of all letters there are.
///
/// # Errors
/// As [`meant`].
pub fn any(home: &Home, id: &LetterId) -> Result<LetterId, Failure> {
    meant(home, id, &State::ALL)
}
