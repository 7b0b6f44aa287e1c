//! What an agent works on, in a line: what it has said itself, or else the beginning of what its person asked for last.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::mailbox::letter::shorten;

/// How much is noted, in columns.
const NOTED_COLUMNS: usize = 80;

/// What an agent works on. It is another's words wherever it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    pub text: String,
    pub since: Timestamp,
    /// The agent has said so; a prompt does not change it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub said: bool,
}

impl Work {
    /// What a person asked for; `None` where the prompt asks for nothing: one that begins with a slash is a command to the
    /// client.
    #[must_use]
    pub fn asked(prompt: &str, now: Timestamp) -> Option<Self> {
        let text = shorten(prompt.trim(), NOTED_COLUMNS);
        (!text.is_empty() && !text.starts_with('/')).then_some(Self { text, since: now, said: false })
    }

    /// What the agent says of itself; `None` for an empty text, which takes it back.
    #[must_use]
    pub fn said(text: &str, now: Timestamp) -> Option<Self> {
        let text = shorten(text.trim(), NOTED_COLUMNS);
        (!text.is_empty()).then_some(Self { text, since: now, said: true })
    }
}
