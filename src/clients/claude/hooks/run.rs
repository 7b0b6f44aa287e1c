//! One run of a hook: read the event, let the right part answer, print the answer, never fail.
//!
//! A hook stands between a person and their session. Whatever goes wrong here, the client gets exit code 0; the log
//! gets a line, and the person is shown it once.

use std::{env, fs::OpenOptions, panic, process::ExitCode};

use serde_json::json;

use super::{
    answer, event, mail, obstacles,
    permission::{self, PermissionAnswer},
    session,
};
use crate::{
    agent::identity::Trust,
    clients::claude::{background, host_process, subagents},
    mailbox::log,
    output,
    text::terminal::printable,
    threads,
};

/// Runs the hook `name` and always ends well.
#[must_use]
pub fn run(name: &str) -> ExitCode {
    panic::set_hook(Box::new(|_| {})); // the log line below says it
    let complaint = match threads::guarded(|| handle(name)) {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(format!("{error:#}")),
        Err(broken) => Some(broken),
    };
    if let Some(complaint) = complaint {
        let _ = threads::guarded(|| fail_open(name, &complaint));
    }
    ExitCode::SUCCESS
}

fn handle(name: &str) -> anyhow::Result<()> {
    let part = host_process::part();
    if part == host_process::Part::None {
        return session::forget_host();
    }
    let input = event::read()?;
    let is_of_a_tool = matches!(name, "pre-tool-use" | "permission-request");
    if input.agent_id.is_some() && !is_of_a_tool {
        return Ok(()); // a subagent has the tools of its session, and no letters of its own
    }
    let home = background::home()?;
    match name {
        "session-start" => answer::print(&session::start(&home, &input)?, "SessionStart"),
        "user-prompt-submit" => mail::on_prompt(&home, &input),
        "stop" => mail::on_stop(&home, &input),
        "session-end" => session::end(&home, &input),
        "pre-tool-use" => {
            permission::before_a_tool(&home, &input)?;
            Ok(subagents::note(&home, &input)?)
        }
        "permission-request" => match permission::before_a_question(&home, &input)? {
            PermissionAnswer::Yes => Ok(()),
            PermissionAnswer::No => obstacles::on_dialog(&home, &input),
        },
        "stop-failure" => obstacles::on_failure(&home, &input),
        unknown => anyhow::bail!("there is no hook `{unknown}`"),
    }
}

fn fail_open(name: &str, complaint: &str) {
    if let Ok(home) = background::home() {
        log::line(&home, &format!("hook {name}: {complaint}"));
    }
    if is_first_complaint() {
        let text = format!("cc2cc: mail is off for now: {complaint}. `cc2cc doctor` looks into it.");
        let _ = output::out(&format!("{}\n", json!({ "systemMessage": printable(&text) }))); // the log has it
    }
}

/// Whether the person of this session has seen no complaint yet. The mark lies outside the home, which may be what is
/// broken.
fn is_first_complaint() -> bool {
    // A client that does not name the session is told apart by its process.
    let host =
        || host_process::claimant(None, Trust::Host).map(|claimant| claimant.host.to_string()).unwrap_or_default();
    let session: String = host_process::session()
        .unwrap_or_else(host)
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .take(64)
        .collect();
    let mark = env::temp_dir().join(format!("cc2cc-told-{session}"));
    OpenOptions::new().write(true).create_new(true).open(mark).is_ok()
}
