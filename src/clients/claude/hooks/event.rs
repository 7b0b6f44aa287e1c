//! What the client tells a hook, or a waker, on standard input.

use std::{
    io::{self, Read},
    path::PathBuf,
};

use anyhow::Context;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    agent::identity::{Claimant, Trust},
    clients::claude::{host_process, permission_mode},
    mailbox::{lenient, level::Level},
};

/// More than a client sends; a longer input is cut off, and then refused as incomplete.
const INPUT_LIMIT_BYTES: u64 = 16 * 1024 * 1024;

/// What the client tells a hook. Fields grow from version to version; those not named here are ignored.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct HookEvent {
    pub hook_event_name: String,
    pub session_id: Option<String>,
    pub transcript_path: Option<String>,
    pub cwd: Option<String>,
    /// What the person called the session. 2.1.200 says it at the start alone.
    pub session_title: Option<String>,
    pub permission_mode: Option<String>,
    /// Set inside a subagent, where mail has no business.
    pub agent_id: Option<String>,
    /// `SessionStart`: startup, resume, clear, compact or fork. `UserPromptSubmit`: who wrote the prompt, in clients that
    /// say so.
    pub source: Option<String>,
    /// `SessionEnd`: why.
    pub reason: Option<String>,
    /// `UserPromptSubmit`: what was typed, or what woke the session.
    pub prompt: Option<String>,
    /// `Stop`: the timers that will raise a prompt, each with its text in `prompt`.
    pub session_crons: Value,
    /// `PreToolUse`, `PermissionRequest`: which tool the model calls.
    pub tool_name: Option<String>,
    /// `PreToolUse`: the call's id, which a server is told, too.
    pub tool_use_id: Option<String>,
    /// `StopFailure`: the client's word for the error.
    pub error: Value,
    /// `StopFailure`: what its person was told.
    pub last_assistant_message: Option<String>,
}

impl HookEvent {
    /// What this run of a hook knows of its session; `None` when its client is already gone.
    #[must_use]
    pub fn claimant(&self, trust: Trust) -> Option<Claimant> {
        let (called, cwd) = (self.session_title.clone(), self.cwd.as_ref().map(PathBuf::from));
        Some(Claimant { called, cwd, ..host_process::claimant(self.session_id.clone(), trust)? })
    }

    /// How far the session acts without asking, as far as the event says.
    #[must_use]
    pub fn level(&self) -> Option<Level> {
        self.permission_mode.as_deref().map(permission_mode::level)
    }
}

/// Reads the event from standard input.
///
/// # Errors
/// When it is not the JSON object a client sends.
pub fn read() -> anyhow::Result<HookEvent> {
    let mut bytes = Vec::new();
    io::stdin().take(INPUT_LIMIT_BYTES).read_to_end(&mut bytes).context("could not read the hook's input")?;
    lenient::from_slice(&bytes).context("the hook's input is not what a client sends")
}
