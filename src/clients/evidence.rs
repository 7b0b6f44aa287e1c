//! Settling a session's letters from outside: each client reads the record that it keeps of its own sessions.

use jiff::Timestamp;

use super::{claude::client::Claude, codex::client::Codex};
use crate::{
    agent::{Record, client_program::ClientProgram},
    delivery::settle,
    mailbox::{Mailbox, disk::FsError},
};

/// Settles what was delivered to a session, for somebody who is none of its processes.
///
/// # Errors
/// A `FsError` when the mailbox cannot be used.
pub fn settle(mailbox: &Mailbox, now: Timestamp) -> Result<(), FsError> {
    match Record::of(mailbox).client() {
        ClientProgram::Codex => settle::settle(&mut Codex::default(), mailbox, now, settle::From::Outside),
        // Its conversation can be asked only from inside; the process beside it settles.
        ClientProgram::OpenCode => Ok(()),
        ClientProgram::ClaudeCode => settle::settle(&mut Claude::default(), mailbox, now, settle::From::Outside),
    }
}
