//! Whether a client has a session at all: one that waits to be given one starts servers, too, and nobody is to be listed.

use serde_json::Value;

use super::host_process;
use crate::{
    agent::host::HostKey,
    mailbox::{disk, lenient},
};

const LIMIT_BYTES: u64 = 64 * 1024;

/// Whether the client that a host is says that it has a session.
#[must_use]
pub fn has_session(host: &HostKey) -> bool {
    let file = || {
        let pid = host.as_str().split('-').next().filter(|pid| pid.bytes().all(|byte| byte.is_ascii_digit()))?;
        let path = host_process::folder()?.join("sessions").join(format!("{pid}.json"));
        lenient::from_slice::<Value>(&disk::read(&path, LIMIT_BYTES).ok()?).ok()
    };
    file().is_some_and(|file| file["sessionId"].is_string())
}
