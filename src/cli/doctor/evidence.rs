//! Sessions whose letters are delivered and can have no evidence, and why.

use super::finding::{Finding, Outcome, finding};
use crate::{
    agent::{client_program::ClientProgram, directory, unproved::Unproved},
    delivery::evidence::Cause,
    mailbox::home::Home,
};

/// Nothing where every session's transcript tells what it should.
pub(super) fn unproved(home: &Home) -> Vec<Finding> {
    let online = directory::list(home).unwrap_or_default().into_iter().filter(directory::Listed::is_online);
    let outcome = |agent: directory::Listed| {
        let found = Unproved::of(&agent.mailbox, agent.record.session.as_deref())?;
        let (name, why) = (agent.mailbox.name(), &found.why);
        let record = agent.record.evidence.as_deref().unwrap_or("none named");
        let hint = hint(why, agent.record.client());
        let until =
            if found.is_enough() { "its letters are delivered once and end as delivered" } else { "one letter" };
        Some(Outcome::Note(format!(
            "{name} cannot be proved to have seen what it was given ({until}): {why}: {record}; {hint}"
        )))
    };
    online.filter_map(outcome).map(|outcome| finding("evidence", outcome)).collect()
}

fn hint(why: &str, client: ClientProgram) -> String {
    let title = client.title();
    let is = |cause: Cause| why == cause.as_str();
    if is(Cause::NotWritten) {
        "make it writable, or make room on its disk".to_owned()
    } else if is(Cause::NoRecord) && client == ClientProgram::ClaudeCode {
        format!("{title} was started so that it keeps none (--no-session-persistence, or from within another session)")
    } else if is(Cause::NoRecord) {
        format!("{title} keeps none that can be asked")
    } else {
        format!("`cc2cc update` may know this version of {title}")
    }
}
