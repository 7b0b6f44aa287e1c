//! Who is there: every live process of a session holds a shared lock on `presence.lock` of its mailbox.
//!
//! The system drops the lock when the process ends, so nobody looks at process ids or ages. A renamed mailbox keeps
//! its presence, since the lock belongs to the file and not to its path.

use std::{fs::File, thread, time::Duration};

use super::{
    Mailbox,
    disk::{self, FsError},
};

/// Says "this agent is here" until dropped.
#[derive(Debug)]
pub struct Presence(#[expect(dead_code, reason = "the open file is the lock")] File);

impl Mailbox {
    /// Announces this process as part of the agent's session.
    ///
    /// # Errors
    /// A `FsError` when the lock file cannot be opened or locked.
    pub fn hold_presence(&self) -> Result<Presence, FsError> {
        let path = self.path().join("presence.lock");
        let file = disk::open_lock(&path)?;
        // Waits for at most the instant that somebody's look takes.
        file.lock_shared().map_err(|source| FsError { action: "take the lock", path, source })?;
        Ok(Presence(file))
    }

    /// Whether a live process belongs to this agent.
    #[must_use]
    pub fn is_online(&self) -> bool {
        let Ok(file) = File::options().read(true).write(true).open(self.path().join("presence.lock")) else {
            return false;
        };
        // A look is itself a lock for some microseconds; two looks that meet must not take each other for a session.
        for pause in [0, 100, 400] {
            thread::sleep(Duration::from_micros(pause));
            if file.try_lock().is_ok() {
                return false;
            }
        }
        true
    }
}
