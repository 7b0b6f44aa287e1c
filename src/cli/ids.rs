//! Letter ids among the words of a command line.

use crate::mailbox::letter::{BadId, LetterId};

/// A letter id among the words; the complaint says how one looks.
pub fn letter_id(text: &str) -> Result<LetterId, String> {
    text.parse().map_err(|error| format!("{error}; {}", BadId::HINT))
}
