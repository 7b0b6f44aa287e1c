//! What stands in the way of a session's letters, as its client tells of it when it happens: a dialog before its person, a
//! turn that ends in an error. Neither hook answers anything: the dialog is the person's, and the error is the client's.

use anyhow::Result;
use jiff::Timestamp;

use super::event::HookEvent;
use crate::{
    agent::{
        Activity, Record,
        identity::{self, Trust},
        notice,
        obstacle::Obstacle,
    },
    clients::claude::{client::Claude, host_process},
    delivery::settle,
    mailbox::{Mailbox, home::Home, letter::shorten},
};

/// A complaint of the client may be long; a listing has room for its beginning.
const LONGEST_COMPLAINT_CHARS: usize = 80;

/// Notes that a dialog is open, at `PermissionRequest`. When it is answered no hook tells; the client's own file does.
///
/// # Errors
/// When the record cannot be written.
pub fn on_dialog(home: &Home, input: &HookEvent) -> Result<()> {
    let Some(mailbox) = mine(home) else { return Ok(()) };
    let what = match input.tool_name.as_deref() {
        Some("AskUserQuestion") => "a question".to_owned(),
        Some("ExitPlanMode") => "a plan".to_owned(),
        Some(tool) => format!("permission for {}", shorten(tool, LONGEST_COMPLAINT_CHARS)),
        None => "a permission".to_owned(),
    };
    let now = Timestamp::now();
    Record::change(&mailbox, now, |record| {
        record.state = Activity::Busy;
        record.asks = Some(Obstacle::new(now, what));
    })?;
    Ok(())
}

/// Notes that a turn has ended in an error, at `StopFailure`, and tells those whose letters were in it.
///
/// # Errors
/// When the record cannot be written.
pub fn on_failure(home: &Home, input: &HookEvent) -> Result<()> {
    let Some(mailbox) = mine(home) else { return Ok(()) };
    let (now, why) = (Timestamp::now(), why(input));
    Record::change(&mailbox, now, |record| {
        let since = record.failing.as_ref().map_or(now, |failing| failing.since);
        record.state = Activity::Idle;
        record.asks = None;
        record.failing = Some(Obstacle::new(since, why.as_str()));
    })?;
    let mut client = Claude::of_event(input, Trust::Host);
    settle::settle(&mut client, &mailbox, now, settle::From::Session)?; // one that was answered before is not among them
    notice::failed(home, &mailbox, &why, now)?;
    Ok(())
}

/// The client's word for the error, and until when that holds if it says so; or else what it told its person.
fn why(input: &HookEvent) -> String {
    let said = input.last_assistant_message.as_deref();
    let why = match input.error.as_str() {
        None | Some("" | "unknown") => said.unwrap_or("an error").to_owned(),
        Some(word) => {
            let until = said.and_then(until).map(|until| format!(", {until}")).unwrap_or_default();
            format!("{}{until}", word.replace('_', " "))
        }
    };
    shorten(&why, LONGEST_COMPLAINT_CHARS)
}

/// When a limit is over, in the client's words: those of "You've hit your 5-hour limit · resets 2:24pm (UTC)", which
/// 2.1.332 says of a plan's limit. Of a key's limit it says no time.
fn until(said: &str) -> Option<&str> {
    said.split(['·', '∙']).map(str::trim).find(|part| part.starts_with("resets "))
}

fn mine(home: &Home) -> Option<Mailbox> {
    identity::find(home, &host_process::claimant(None, Trust::Host)?.host)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_error_is_named_by_the_client_s_word_for_it() {
        let told = |input: serde_json::Value| why(&serde_json::from_value(input).unwrap());
        assert_eq!(told(json!({ "error": "rate_limit", "last_assistant_message": "API Error: 429" })), "rate limit");
        assert_eq!(
            told(json!({ "error": "unknown", "last_assistant_message": "API Error: 400 no" })),
            "API Error: 400 no"
        );
        let plan = "You've hit your 5-hour limit · resets Nov 30, 2:24pm (UTC) · /upgrade to get more";
        assert_eq!(
            told(json!({ "error": "rate_limit", "last_assistant_message": plan })),
            "rate limit, resets Nov 30, 2:24pm (UTC)"
        );
        assert_eq!(told(json!({})), "an error");
        assert_eq!(told(json!({ "error": { "status": 429 } })), "an error", "not a word");
    }
}
