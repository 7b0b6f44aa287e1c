//! What the reader of a verb gets. Verbs print nothing else, so none can forget whose words it holds.

use serde_json::Value;

use super::caller;
use crate::{
    report::json,
    text::{sanitize::neutralise, terminal},
};

/// A text that whoever runs us may read.
#[derive(Debug)]
pub(super) struct Shown(String);

impl Shown {
    /// A text that may hold the words of others: for a model harmless as in the frame, for a terminal without anything
    /// that it obeys but our own colours.
    pub(super) fn text(text: &str) -> Self {
        Self(if caller::in_a_session() { neutralise(text) } else { terminal::printable_with_styles(text) })
    }

    /// A line of JSON: for a model its texts are harmless, for a program they are what was written.
    pub(super) fn json(value: Value) -> Self {
        Self(json::line(&if caller::in_a_session() { json::harmless(value) } else { value }))
    }

    /// Lines of JSON, or other texts, one after another.
    pub(super) fn joined(all: impl IntoIterator<Item = Self>, between: &str) -> Self {
        Self(all.into_iter().map(|Self(text)| text).collect::<Vec<_>>().join(between))
    }

    /// A text of which every word is ours, such as a script, or that was cleaned for its own purpose.
    pub(super) fn as_it_is(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Shown {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Shown {
    fn from(text: String) -> Self {
        Self::text(&text)
    }
}

impl From<Value> for Shown {
    fn from(value: Value) -> Self {
        Self::json(value)
    }
}
