//! Who is there: every live process of a session holds a shared lock on `presence.lock` of its mailbox.
//!
//! The system drops the lock when the process ends, so nobody looks at process ids or ages. A renamed mailbox keeps
//! its presence, since the lock belongs to the file and not to its path.

use std::{
    fs::File,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use super::{
    Mailbox,
    disk::FsError,
    lock::{self, Lock},
};
use crate::threads;

const PRESENCE: &str = lock::OF_PRESENCE[0];
/// Held while looking, so that looks take turns.
const TURN: &str = lock::OF_PRESENCE[1];
/// A turn lasts microseconds; only one whose process was stopped lasts longer.
const LONGEST_TURN: Duration = Duration::from_secs(1);

/// How long a process waits for the instant that somebody's look takes, before it goes on without having its place.
const LONGEST_LOOK: Duration = Duration::from_secs(1);
/// How often a process that goes on without its place tries to get it.
const TRY_AGAIN: Duration = Duration::from_millis(100);

/// Says "this agent is here" until dropped.
#[derive(Debug)]
pub struct Presence(#[expect(dead_code, reason = "the lock in it is what is held")] Arc<Mutex<Option<Lock>>>);

impl Mailbox {
    /// Announces this process as part of the agent's session.
    ///
    /// A process that was stopped while it looked keeps the place from everyone, and for everyone who looks the agent is
    /// there. Then the announcement is made up for in the background: nobody's letters wait for a stopped process.
    ///
    /// # Errors
    /// A `FsError` when the lock file cannot be opened or locked.
    pub fn hold_presence(&self) -> Result<Presence, FsError> {
        let path = lock::lasting(self.path(), PRESENCE);
        let lock = lock::shared_within(&path, LONGEST_LOOK)?;
        let is_pending = lock.is_none();
        let place = Arc::new(Mutex::new(lock));
        if is_pending {
            take_later(path, &place);
        }
        Ok(Presence(place))
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

/// Tries to take a place until it is had or no longer wanted.
fn take_later(path: PathBuf, place: &Arc<Mutex<Option<Lock>>>) {
    let place = Arc::downgrade(place);
    let trying = threads::start("presence", move || {
        loop {
            thread::sleep(TRY_AGAIN);
            let Some(place) = place.upgrade() else { return };
            if let Ok(Some(lock)) = lock::shared_within(&path, Duration::ZERO) {
                *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(lock);
                return;
            }
        }
    });
    drop(trying);
}
