//! What Codex tells a hook, and is answered. It is much like what Claude Code says, but for what each of them refuses.

use std::{
    io::{self, Read},
    path::PathBuf,
};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    agent::{
        client_program::ClientProgram,
        host::HostKey,
        identity::{Claimant, Trust},
    },
    mailbox::{lenient, name::AgentName},
    output,
    text::terminal::printable,
};

/// More than the client sends; a longer input is cut off, and then refused as incomplete.
const INPUT_LIMIT_BYTES: u64 = 16 * 1024 * 1024;

/// What the client tells a hook; what is not named here is ignored.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CodexEvent {
    pub hook_event_name: String,
    /// The id of the thread.
    pub session_id: Option<String>,
    pub turn_id: Option<String>,
    /// The rollout. It is there from the first prompt on.
    pub transcript_path: Option<String>,
    pub cwd: Option<String>,
    /// `SessionStart`: startup, resume, clear or compact.
    pub source: Option<String>,
    pub prompt: Option<String>,
    pub tool_name: Option<String>,
    /// Only between processes of ours: the process of the client that runs the session, as a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cc2cc_process: Option<String>,
}

impl CodexEvent {
    /// Reads the event from standard input.
    ///
    /// # Errors
    /// When it is not the JSON object a client sends.
    pub fn read() -> anyhow::Result<Self> {
        let mut bytes = Vec::new();
        io::stdin().take(INPUT_LIMIT_BYTES).read_to_end(&mut bytes).context("could not read the hook's input")?;
        lenient::from_slice(&bytes).context("the hook's input is not what a client sends")
    }

    /// The session as its records know it; `None` for an event of none.
    #[must_use]
    pub fn host(&self) -> Option<HostKey> {
        HostKey::of_session(ClientProgram::Codex.word(), self.session_id.as_deref()?)
    }

    /// What is known of the session, for which its person may want a name.
    #[must_use]
    pub fn claimant(&self, wanted: Option<AgentName>) -> Option<Claimant> {
        let cwd = self.cwd.as_ref().map(PathBuf::from);
        Some(Claimant { session: self.session_id.clone(), wanted, cwd, ..Claimant::new(self.host()?, Trust::Host) })
    }
}

/// What a hook answers.
#[derive(Debug, Default)]
pub struct CodexAnswer {
    /// For the model.
    pub context: Option<String>,
    /// For the person.
    pub message: Option<String>,
    /// Stops a prompt from going to the model; the reason is shown to the person.
    pub block: Option<String>,
}

impl CodexAnswer {
    /// Prints the answer and makes sure that it has left this process; nothing when there is nothing to say. The client
    /// refuses an answer that has any other field.
    ///
    /// # Errors
    /// When the client no longer reads.
    pub fn print(&self, event: &str) -> anyhow::Result<()> {
        let mut answer = Map::new();
        if let Some(reason) = &self.block {
            answer.insert("decision".into(), "block".into());
            answer.insert("reason".into(), printable(reason).into());
        }
        if let Some(message) = &self.message {
            answer.insert("systemMessage".into(), printable(message).into());
        }
        if let Some(context) = &self.context {
            let specific = [("hookEventName", event), ("additionalContext", context.as_str())];
            let specific = specific.map(|(name, value)| (name.to_owned(), Value::from(value)));
            answer.insert("hookSpecificOutput".into(), Value::Object(specific.into_iter().collect()));
        }
        if answer.is_empty() {
            return Ok(());
        }
        output::out(&format!("{}\n", Value::Object(answer))).context("could not answer the client")
    }
}
