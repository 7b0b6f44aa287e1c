//! The name that a person wants for a session of Codex.

use std::env;

use super::waker;
use crate::{clients::claude::host_process::NAME_VARIABLE, mailbox::name::AgentName};

/// What `CC2CC_NAME` says, where this session's own process has it. That of the daemon is some other terminal's, for the
/// daemon serves all and has the environment of whoever started it.
#[must_use]
pub fn wanted() -> Option<AgentName> {
    let text = env::var(NAME_VARIABLE).ok().filter(|text| !text.is_empty() && !waker::is_under_the_daemon())?;
    AgentName::made_of(&text)
}
