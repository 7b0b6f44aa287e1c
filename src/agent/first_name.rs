//! The name of a session that has none yet and was given none by a variable: what its person calls it in the client, or the
//! name of its directory.

use std::path::Path;

use super::policy::Config;
use crate::mailbox::{Mailbox, disk::FsError, home::Home, name::AgentName};

/// More sessions than anybody has in one directory.
const MOST_IN_A_DIRECTORY: u32 = 999;

/// The mailbox for a session that is `called` so and starts in `cwd`: a new one, or one for which `is_free` says that no live
/// session has it. `None` when nobody has named it.
///
/// # Errors
/// A `FsError` when a mailbox cannot be made.
pub(super) fn choose(
    home: &Home,
    called: Option<&str>,
    cwd: Option<&Path>,
    is_free: impl Fn(&Mailbox) -> bool,
) -> Result<Option<Mailbox>, FsError> {
    let titled = called.and_then(AgentName::made_of);
    if let Some(mailbox) = titled.map(|name| free(home, &name, &is_free)).transpose()?.flatten() {
        return Ok(Some(mailbox));
    }
    // A file that cannot be read keeps letters back, not sessions from having a name.
    let config = Config::load(home).unwrap_or_default();
    let Some(name) = cwd.and_then(|cwd| config.name_of_dir(cwd)) else { return Ok(None) };
    for number in 1..=MOST_IN_A_DIRECTORY {
        let numbered = if number == 1 { Ok(name.clone()) } else { format!("{name}-{number}").parse() };
        let Ok(numbered) = numbered else { break };
        if let Some(mailbox) = free(home, &numbered, &is_free)? {
            return Ok(Some(mailbox));
        }
    }
    Ok(None)
}

/// The mailbox of this name, if no live session has it; made if it is not there.
fn free(home: &Home, name: &AgentName, is_free: impl Fn(&Mailbox) -> bool) -> Result<Option<Mailbox>, FsError> {
    match home.mailbox(name) {
        Some(mailbox) => Ok((mailbox.name() == name && is_free(&mailbox)).then_some(mailbox)),
        None => match home.claim(name) {
            Err(error) if error.is_already_there() => Ok(None),
            claimed => claimed.map(Some),
        },
    }
}
