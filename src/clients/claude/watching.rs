//! The one watch of a session: its waker's. Where the system gives none the waker looks now and then, and what the system
//! said is kept in the mailbox, since a waker has nobody to tell; `cc2cc doctor` shows it.

use std::path::{Path, PathBuf};

use crate::mailbox::{
    Mailbox,
    disk::{self, Durability},
    watch::Watch,
};

/// What the system said; there only while the waker has no watch.
const REFUSAL: &str = "unwatched";
const LIMIT_BYTES: u64 = 4096;

/// Watches directories for the session's waker, and keeps why it could not.
#[must_use]
pub fn begin<'a>(mailbox: &Mailbox, directories: impl IntoIterator<Item = &'a Path>) -> Watch {
    let watch = Watch::over(directories);
    let path = path(mailbox);
    match watch.refusal() {
        // Should this fail, `doctor` says less than it could, and letters come all the same.
        Some(reason) => drop(disk::replace(&path, format!("{reason}\n").as_bytes(), Durability::Process)),
        None if path.exists() => disk::discard(&path),
        None => {}
    }
    watch
}

/// Why the waker of this mailbox has no watch, as far as it has none.
#[must_use]
pub fn refusal(mailbox: &Mailbox) -> Option<String> {
    let bytes = disk::read(&path(mailbox), LIMIT_BYTES).ok()?;
    Some(String::from_utf8_lossy(&bytes).trim().to_owned()).filter(|reason| !reason.is_empty())
}

fn path(mailbox: &Mailbox) -> PathBuf {
    mailbox.path().join(REFUSAL)
}
