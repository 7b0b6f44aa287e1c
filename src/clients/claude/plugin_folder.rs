//! The folder of the plugin may go while sessions run what is in it: a marketplace brings another version, and the old one
//! is cleared away. From then on the client starts none of the session's hooks, until its person types `/reload-plugins`
//! or starts it anew. What runs already goes on, and says so.

use std::{
    env,
    io::{self, Write},
    path::PathBuf,
};

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    agent::{Activity, Record},
    mailbox::{Mailbox, disk::FsError},
};

/// The field of the record's part of this client.
const FIELD: &str = "plugin";

/// What became of the folder that a process was started from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PluginFolder {
    There,
    /// It is gone, and the session has loaded no other: a wake would start a turn that delivers nothing.
    Gone,
    /// It is gone, and the session has loaded the plugin from another one since.
    Replaced,
}

/// Looks what became of the folder of this process, in the session with this mailbox. That the session cannot be woken is
/// noted; what cannot be noted now is noted by a later look.
#[must_use]
pub fn look(mailbox: &Mailbox) -> PluginFolder {
    let Some(gone) = mine().filter(|folder| matches!(folder.try_exists(), Ok(false))) else {
        return PluginFolder::There;
    };
    let record = Record::of(mailbox);
    if record.client.get(FIELD).is_some_and(|loaded| *loaded != gone.display().to_string()) {
        return PluginFolder::Replaced;
    }
    if record.state != Activity::Deaf {
        let _ = Record::change(mailbox, Timestamp::now(), |record| record.state = Activity::Deaf);
    }
    PluginFolder::Gone
}

/// Says in a wake what to do, where no mod shows it to the person: the wake delivers nothing.
pub fn tell() {
    let text = "the folder of this session's plugin is gone, as after an update: no letter arrives until the person has \
                typed /reload-plugins";
    let _ = writeln!(io::stderr(), "cc2cc: {text}");
}

/// Notes, for a waker, that its session can be woken again: a hook that runs has started it, or it has waited for another
/// folder to be loaded.
pub fn note_hearing(mailbox: &Mailbox) {
    if Record::of(mailbox).state == Activity::Deaf {
        let _ = Record::change(mailbox, Timestamp::now(), |record| {
            if record.state == Activity::Deaf {
                record.state = Activity::Idle;
            }
        });
    }
}

/// Notes which folder the session's server was started from, for processes that were started from another.
///
/// # Errors
/// A `FsError` when the record cannot be changed.
pub fn note_server(mailbox: &Mailbox) -> Result<(), FsError> {
    let folder = mine().map(|folder| Value::from(folder.display().to_string()));
    if Record::of(mailbox).client.get(FIELD) != folder.as_ref() {
        Record::change(mailbox, Timestamp::now(), |record| {
            record.client.retain(|name, _| name != FIELD);
            record.client.extend(folder.map(|folder| (FIELD.to_owned(), folder)));
        })?;
    }
    Ok(())
}

fn mine() -> Option<PathBuf> {
    env::var_os("CLAUDE_PLUGIN_ROOT").filter(|root| !root.is_empty()).map(PathBuf::from)
}
