//! What a hook answers, as the JSON that the client reads.

use anyhow::Context;
use serde_json::{Map, Value};

use crate::{output, text::terminal::printable};

/// What a hook answers.
#[derive(Debug, Default)]
pub struct Answer {
    /// For the model.
    pub context: Option<String>,
    /// For the person.
    pub message: Option<String>,
    /// Stops a prompt from going to the model; the reason is shown to the person.
    pub block: Option<String>,
}

impl Answer {
    /// The JSON the client reads; nothing at all when there is nothing to say.
    #[must_use]
    pub fn to_json(&self, event: &str) -> Option<String> {
        let mut output = Map::new();
        let mut specific = Map::new();
        if let Some(reason) = &self.block {
            output.insert("decision".into(), "block".into());
            output.insert("reason".into(), printable(reason).into());
            specific.insert("suppressOriginalPrompt".into(), true.into());
        }
        if let Some(message) = &self.message {
            output.insert("systemMessage".into(), printable(message).into());
        }
        if let Some(context) = &self.context {
            specific.insert("additionalContext".into(), context.as_str().into());
        }
        if !specific.is_empty() {
            specific.insert("hookEventName".into(), event.into());
            output.insert("hookSpecificOutput".into(), Value::Object(specific));
        }
        (!output.is_empty()).then(|| Value::Object(output).to_string())
    }
}

/// Prints an answer and makes sure that it has left this process.
///
/// # Errors
/// When the client no longer reads.
pub fn print(answer: &Answer, event: &str) -> anyhow::Result<()> {
    let Some(json) = answer.to_json(event) else { return Ok(()) };
    output::out(&format!("{json}\n")).context("could not answer the client")
}
