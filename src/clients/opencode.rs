//! OpenCode: what its plugin tells, how far its agents act without asking, and how a session of it is woken.
//!
//! One process of OpenCode serves many sessions, and its plugin starts one process of ours for all of them
//! ([`listen`]). That one holds their presence, wakes them and brings their letters: a letter goes into the conversation as
//! a part of its own, which the client marks as not typed and does not show, and is known again by the part's id.

pub mod listen;
pub mod outline;
pub mod permissions;
pub mod plugin_link;
pub mod served;
pub mod session;

use std::path::Path;

use crate::agent::{client_program::ClientProgram, host::HostKey};

/// Whether a command line is that of OpenCode.
#[must_use]
pub fn is_client(words: &[String]) -> bool {
    let program = words.first().map(|program| Path::new(program).file_stem().unwrap_or_default());
    program.is_some_and(|program| program == ClientProgram::OpenCode.word())
}

/// The key of a session.
#[must_use]
pub fn host(session: &str) -> Option<HostKey> {
    HostKey::of_session(ClientProgram::OpenCode.word(), &session.replace('_', "-"))
}
