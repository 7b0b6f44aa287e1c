//! Which calls of the plugin's tools a subagent makes. The server cannot tell: a subagent shares the tools of its session,
//! and writes in its name. The hook before the call can, and leaves the call's id in the mailbox.

use std::path::PathBuf;

use super::{hooks::event::HookEvent, host_process};
use crate::{
    agent::identity::{self, Trust},
    clients::marks,
    mailbox::{
        Mailbox,
        disk::{self, FsError},
        home::Home,
    },
};

/// More calls than are made at one time.
const KEPT: usize = 64;
const LONGEST_ID: usize = 80;

/// Notes that a call which is about to be made is a subagent's.
///
/// # Errors
/// A `FsError` when it cannot be noted; the letter then is one of the session's.
pub fn note(home: &Home, input: &HookEvent) -> Result<(), FsError> {
    let call = input.tool_use_id.as_deref().filter(|call| is_id(call) && input.agent_id.is_some());
    let claimant = || host_process::claimant(input.session_id.clone(), Trust::Host);
    match call.zip(claimant().and_then(|claimant| identity::find(home, &claimant.host))) {
        Some((call, mailbox)) => marks::leave(&directory(&mailbox), call, KEPT),
        None => Ok(()),
    }
}

/// Whether a call of this session is a subagent's; it is asked once.
#[must_use]
pub fn made(mailbox: &Mailbox, call: &str) -> bool {
    let noted = directory(mailbox).join(call);
    let is_noted = is_id(call) && noted.is_file();
    if is_noted {
        disk::discard(&noted);
    }
    is_noted
}

fn directory(mailbox: &Mailbox) -> PathBuf {
    mailbox.path().join("subagents")
}

/// Safe as a file name.
fn is_id(call: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=LONGEST_ID).contains(&call.len()) && call.bytes().all(is_plain)
}
