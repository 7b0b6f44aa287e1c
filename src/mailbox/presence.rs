//! Who is there: every live process of a session holds a shared lock on `presence.lock` of its mailbox.
//!
//! The system drops the lock when the process ends, so nobody looks at process ids or ages. A renamed mailbox keeps
//! its presence, since the lock belongs to the file and not to its path.

use std::{
    fs::File,
    thread,
    time::{Duration, Instant},
};

use super::{
    Mailbox,
    disk::{self, FsError},
    lock,
};

const PRESENCE: &str = "presence.lock";
/// Held while looking, so that looks take turns.
const TURN: &str = "presence.turn.lock";
pub(in crate::mailbox) const LOCKS: [&str; 2] = [PRESENCE, TURN];
/// A turn lasts microseconds; only one whose process was stopped lasts longer.
const LONGEST_TURN: Duration = Duration::from_secs(1);

/// Says "this agent is here" until dropped.
#[derive(Debug)]
pub struct Presence(#[expect(dead_code, reason = "the open file is the lock")] File);

impl Mailbox {
    /// Announces this process as part of the agent's session.
    ///
    /// # Errors
    /// A `FsError` when the lock file cannot be opened or locked.
    pub fn hold_presence(&self) -> Result<Presence, FsError> {
        let path = lock::lasting(self.path(), PRESENCE);
        let file = disk::open_lock(&path)?;
        // Waits for at most the instant that somebody's look takes.
        file.lock_shared().map_err(|reason| FsError { action: "take the lock", path, reason })?;
        Ok(Presence(file))
    }

    /// Whether a live process belongs to this agent.
    #[must_use]
    pub fn is_online(&self) -> bool {
        let open = |name: &str| File::open(lock::lasting(self.path(), name));
        // A look is itself a lock for an instant; without turns, two looks would take each other for a session.
        let turn = open(TURN);
        let Ok(file) = open(PRESENCE) else { return false }; // opened after the turn, so that it closes before
        let give_up = Instant::now() + LONGEST_TURN;
        while turn.as_ref().is_ok_and(|turn| turn.try_lock().is_err()) && Instant::now() < give_up {
            thread::sleep(Duration::from_micros(200));
        }
        file.try_lock().is_err()
    }
}
