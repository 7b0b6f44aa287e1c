//! The id of a letter, whole and as a person reads it.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::mailbox::plain_name::is_device;

/// How many characters of a UUID a person reads and types.
const SHORT: usize = 8;

/// A letter's id: a UUID (version 7), or a key chosen by the sender. Always a safe file name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LetterId(String);

/// Why a text is not a letter id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a letter id", .0.escape_debug())]
pub struct BadId(pub String);

impl BadId {
    pub const HINT: &'static str =
        "an id is up to 64 lower-case letters, digits, `.`, `_` and `-`, beginning with a letter or digit";
}

impl LetterId {
    /// An id that nobody else has.
    #[must_use]
    pub fn fresh() -> Self {
        Self(Uuid::now_v7().to_string())
    }

    /// An id made from these bytes: always the same one, with the length of others.
    #[must_use]
    pub fn made_from(bytes: [u8; 16]) -> Self {
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as a person reads and types it: the end of a UUID, since that is random while its head is the time, which letters
    /// of one day share; of a key chosen by the sender all of it. `agent::which` finds the letter again.
    #[must_use]
    pub fn short(&self) -> &str {
        let is_uuid = self.0.len() == uuid::fmt::Hyphenated::LENGTH && Uuid::try_parse(&self.0).is_ok();
        if is_uuid { &self.0[self.0.len() - SHORT..] } else { &self.0 }
    }

    /// When it was made, as far as it tells: one that a sender chose does not.
    #[must_use]
    pub fn made_at(&self) -> Option<Timestamp> {
        let (seconds, nanoseconds) = Uuid::try_parse(&self.0).ok()?.get_timestamp()?.to_unix();
        Timestamp::new(i64::try_from(seconds).ok()?, i32::try_from(nanoseconds).ok()?).ok()
    }

    /// Stands for the id of a letter that names none, while it is read: no id is empty.
    pub(super) fn missing() -> Self {
        Self(String::new())
    }
}

impl FromStr for LetterId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let fine = (1..=64).contains(&text.len())
            && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'))
            && text.as_bytes()[0].is_ascii_alphanumeric()
            && !text.ends_with('.')
            && !is_device(text.split('.').next().unwrap_or_default());
        if fine { Ok(Self(text.to_owned())) } else { Err(BadId(text.to_owned())) }
    }
}

impl TryFrom<String> for LetterId {
    type Error = BadId;

    fn try_from(text: String) -> Result<Self, BadId> {
        text.parse()
    }
}

impl From<LetterId> for String {
    fn from(id: LetterId) -> Self {
        id.0
    }
}

impl fmt::Display for LetterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_reads_the_end_of_a_uuid_and_all_of_a_key() {
        let short = |id: &str| id.parse::<LetterId>().unwrap().short().to_owned();
        assert_eq!(short("01a2029a-0a1c-72c4-bf92-ac868d7f4d2c"), "8d7f4d2c");
        assert_eq!(short("build-4711"), "build-4711");
        assert_eq!(short("01a2029a-0a1c-72c4-bf92-ac868d7f4d2x"), "01a2029a-0a1c-72c4-bf92-ac868d7f4d2x");
    }

    #[test]
    fn ids_of_one_instant_differ_in_what_a_person_reads() {
        let short: std::collections::HashSet<String> =
            (0..1_000).map(|_| LetterId::fresh().short().to_owned()).collect();
        assert!(short.len() >= 999, "{}", short.len());
    }

    #[test]
    fn an_id_made_from_bytes_is_always_the_same_and_a_uuid() {
        let id = LetterId::made_from([7; 16]);
        assert_eq!(id.as_str(), "07070707-0707-8707-8707-070707070707");
        assert_eq!(id.as_str().parse(), Ok(id.clone()));
        assert_eq!(id.short(), "07070707");
    }
}
