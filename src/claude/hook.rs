//! One run of a hook: read the event, let the right part answer, print the answer, never fail.
//!
//! A hook stands between a person and their session. Whatever goes wrong here, the client gets exit code 0; the log
//! gets a line, and the person is told once.

use std::{
    env,
    fs::OpenOptions,
    io::{self, Read},
    panic,
    process::ExitCode,
};

use anyhow::Context;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{client, mailman, session};
use crate::{
    agent::identity::Trust,
    mailbox::{home::Home, lenient, log},
    output,
    text::terminal::printable,
    threads,
};

/// More than a client sends; a longer input is cut off, and then refused as incomplete.
const INPUT_LIMIT_BYTES: u64 = 16 * 1024 * 1024;

/// How the client names the plugin's tool that lists and reads the session's letters.
const READING_TOOL: &str = "mcp__plugin_cc2cc_cc2cc__inbox";

/// What the client tells a hook. Fields grow from version to version; those not named here are ignored.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Input {
    pub hook_event_name: String,
    pub session_id: Option<String>,
    pub transcript_path: Option<String>,
    pub cwd: Option<String>,
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
    /// `PreToolUse`: which tool the model calls.
    pub tool_name: Option<String>,
}

/// What a hook answers.
#[derive(Debug, Default)]
pub struct Answer {
    /// For the model.
    pub context: Option<String>,
    /// For the person.
    pub message: Option<String>,
    pub title: Option<String>,
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
        if let Some(title) = &self.title {
            specific.insert("sessionTitle".into(), title.as_str().into());
        }
        if !specific.is_empty() {
            specific.insert("hookEventName".into(), event.into());
            output.insert("hookSpecificOutput".into(), Value::Object(specific));
        }
        (!output.is_empty()).then(|| Value::Object(output).to_string())
    }
}

/// Reads the event from standard input.
///
/// # Errors
/// When it is not the JSON object a client sends.
pub fn read_input() -> anyhow::Result<Input> {
    let mut bytes = Vec::new();
    io::stdin().take(INPUT_LIMIT_BYTES).read_to_end(&mut bytes).context("could not read the hook's input")?;
    lenient::from_slice(&bytes).context("the hook's input is not what a client sends")
}

/// Runs the hook `event` and always ends well.
#[must_use]
pub fn run(event: &str) -> ExitCode {
    panic::set_hook(Box::new(|_| {})); // the log line below says it
    let complaint = match threads::guarded(|| handle(event)) {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(format!("{error:#}")),
        Err(broken) => Some(broken),
    };
    if let Some(complaint) = complaint {
        let _ = threads::guarded(|| fail_open(event, &complaint));
    }
    ExitCode::SUCCESS
}

fn handle(event: &str) -> anyhow::Result<()> {
    let part = client::part();
    if part == client::Part::None {
        return session::forget_host();
    }
    let input = read_input()?;
    if input.agent_id.is_some() {
        return Ok(());
    }
    let home = Home::from_env()?;
    match event {
        "session-start" => print(&session::start(&home, &input)?, "SessionStart"),
        "user-prompt-submit" => mailman::on_prompt(&home, &input),
        "stop" => mailman::on_stop(&home, &input),
        "session-end" => session::end(&home, &input),
        "pre-tool-use" if input.tool_name.as_deref() == Some(READING_TOOL) => allow(),
        "pre-tool-use" => Ok(()),
        unknown => anyhow::bail!("there is no hook `{unknown}`"),
    }
}

/// Lets the client run the tool without asking its person: the letters it reads are the session's own, and come before
/// the model unasked anyway, but for the rest of a long one.
fn allow() -> anyhow::Result<()> {
    let decision = json!({ "hookEventName": "PreToolUse", "permissionDecision": "allow" });
    output::out(&format!("{}\n", json!({ "hookSpecificOutput": decision }))).context("could not answer the client")
}

/// Prints an answer and makes sure that it has left this process.
///
/// # Errors
/// When the client no longer reads.
pub fn print(answer: &Answer, event: &str) -> anyhow::Result<()> {
    let Some(json) = answer.to_json(event) else { return Ok(()) };
    output::out(&format!("{json}\n")).context("could not answer the client")
}

fn fail_open(event: &str, complaint: &str) {
    if let Ok(home) = Home::from_env() {
        log::line(&home, &format!("hook {event}: {complaint}"));
    }
    if is_first_complaint() {
        let text = format!("cc2cc: mail is off for now: {complaint}. `cc2cc doctor` looks into it.");
        let _ = output::out(&format!("{}\n", json!({ "systemMessage": printable(&text) }))); // the log has it
    }
}

/// Tells a session's person once. The mark lies outside the home, which may be what is broken.
fn is_first_complaint() -> bool {
    // A client that does not name the session is told apart by its process.
    let host = || client::claimant(None, Trust::Host).map(|claimant| claimant.host.to_string()).unwrap_or_default();
    let session: String = client::session()
        .unwrap_or_else(host)
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .take(64)
        .collect();
    let mark = env::temp_dir().join(format!("cc2cc-told-{session}"));
    OpenOptions::new().write(true).create_new(true).open(mark).is_ok()
}
