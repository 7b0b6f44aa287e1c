//! Permission for the plugin's own tools that only write or read mail. A session that a letter has woken would otherwise
//! stop at a question, with nobody there to answer it. What the tools do is bounded elsewhere: each letter is judged, and
//! what is read is the session's own.

use serde_json::{Value, json};

use super::event::HookEvent;
use crate::{
    agent::policy::{Config, Tools},
    mailbox::home::Home,
    output,
};

/// How the client begins the names of the plugin's tools.
const OURS: &str = "mcp__plugin_cc2cc_cc2cc__";
/// Those that only write or read mail; `rename` is not one of them. The hooks of the plugin are matched to these.
const MAIL: [&str; 6] = ["send", "ask", "inbox", "agents", "notify_when", "status"];

/// Whether the client was given an answer, or asks its person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PermissionAnswer {
    Yes,
    No,
}

/// Answers `PreToolUse`: the client need not ask for a tool of ours.
///
/// # Errors
/// When the client no longer reads.
pub fn before_a_tool(home: &Home, input: &HookEvent) -> anyhow::Result<()> {
    answer(home, input, || json!({ "hookEventName": "PreToolUse", "permissionDecision": "allow" })).map(drop)
}

/// Answers `PermissionRequest`, which comes in plan mode all the same (2.1.332): the person need not be asked. In other
/// modes a question that comes in spite of the answer above is one that the person's own settings ask for.
///
/// # Errors
/// When the client no longer reads.
pub fn before_a_question(home: &Home, input: &HookEvent) -> anyhow::Result<PermissionAnswer> {
    if input.permission_mode.as_deref() != Some("plan") {
        return Ok(PermissionAnswer::No);
    }
    answer(home, input, || json!({ "hookEventName": "PermissionRequest", "decision": { "behavior": "allow" } }))
}

/// Says yes to a tool that only writes or reads mail, unless the person wants to be asked.
fn answer(home: &Home, input: &HookEvent, yes: impl FnOnce() -> Value) -> anyhow::Result<PermissionAnswer> {
    let tool = input.tool_name.as_deref().and_then(|name| name.strip_prefix(OURS));
    // Where the rules cannot be read, the question may be one of them.
    let allowed = || Config::load(home).is_ok_and(|config| config.tools() == Tools::Allow);
    if tool.is_some_and(|tool| MAIL.contains(&tool)) && allowed() {
        output::out(&format!("{}\n", json!({ "hookSpecificOutput": yes() })))?;
        return Ok(PermissionAnswer::Yes);
    }
    Ok(PermissionAnswer::No)
}
