//! Locks between processes, by the operating system: they end with their holder, however it ends.
//!
//! A holder may be stopped for as long as somebody likes. So every wait has a deadline, and only here anybody waits: the
//! system's own waiting calls are not allowed in this crate. Most are held for an instant. Those that a process keeps for
//! life lie where [`lasting`] says.

use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use super::disk::{self, FsError};

/// How long anyone waits for a lock whose holders all work in milliseconds; only a stopped holder makes it run out.
const PATIENCE: Duration = Duration::from_secs(5);

/// Held until dropped.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "the open file is the lock")] File);

/// Takes the lock at `path`, waiting up to five seconds.
///
/// # Errors
/// `TimedOut` when another process keeps it longer, else the system's reason.
pub fn exclusive(path: &Path) -> Result<Lock, FsError> {
    within(path, PATIENCE)?.ok_or_else(|| {
        let reason = io::Error::new(io::ErrorKind::TimedOut, "another process keeps it");
        FsError { action: "take the lock", path: path.to_owned(), reason }
    })
}

/// Takes the lock at `path`, waiting at most `longest`; `None` when another process keeps it longer.
///
/// # Errors
/// A `FsError` when the file cannot be opened or locked at all.
pub fn within(path: &Path, longest: Duration) -> Result<Option<Lock>, FsError> {
    until(longest, || try_exclusive(path))
}

/// As [`within`], for a lock that others may hold as well.
///
/// # Errors
/// As [`within`].
pub fn shared_within(path: &Path, longest: Duration) -> Result<Option<Lock>, FsError> {
    until(longest, || try_lock(path, File::try_lock_shared))
}

fn until(
    longest: Duration,
    mut attempt: impl FnMut() -> Result<Option<Lock>, FsError>,
) -> Result<Option<Lock>, FsError> {
    let deadline = Instant::now() + longest;
    let mut pause = Duration::from_micros(200);
    loop {
        let taken = attempt()?;
        if taken.is_some() || Instant::now() >= deadline {
            return Ok(taken);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(10));
    }
}

/// Takes the lock if nobody has it.
///
/// # Errors
/// A `FsError` when the file cannot be opened or locked at all.
pub fn try_exclusive(path: &Path) -> Result<Option<Lock>, FsError> {
    try_lock(path, File::try_lock)
}

/// Whether another process keeps the lock at `path`. Makes and writes nothing, so it also tells where nothing can be written.
#[must_use]
pub fn is_kept(path: &Path) -> bool {
    // Shared, so that two who look do not take each other for a keeper.
    File::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

fn try_lock(path: &Path, attempt: impl Fn(&File) -> Result<(), TryLockError>) -> Result<Option<Lock>, FsError> {
    let file = disk::open_lock(path)?;
    match attempt(&file) {
        Ok(()) => Ok(Some(Lock(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(reason)) => Err(FsError { action: "take the lock", path: path.to_owned(), reason }),
    }
}

/// Names the locks of a mailbox on Windows; written once and never changed.
const KEY: &str = "locks.key";

/// The locks by which a mailbox shows that somebody is there; made with it.
pub(in crate::mailbox) const OF_PRESENCE: [&str; 2] = ["presence.lock", "presence.turn.lock"];

/// Where the lock `name` of a mailbox lies, if a process is to keep it for life.
///
/// Windows renames no directory in which anything is open, and a mailbox is renamed while its session lives. So there
/// these locks lie in `locks/` beside the mailboxes, under a key that stays with the mailbox.
#[must_use]
pub fn lasting(mailbox: &Path, name: &str) -> PathBuf {
    if cfg!(windows)
        && let (Some(home), Some(key)) = (mailbox.parent(), key(mailbox))
    {
        return home.join("locks").join(format!("{key}.{name}"));
    }
    mailbox.join(name)
}

/// Makes what [`lasting`] needs.
///
/// # Errors
/// A `FsError` naming the path.
pub fn make_lasting(mailbox: &Path) -> Result<(), FsError> {
    let Some(home) = mailbox.parent().filter(|_| cfg!(windows)) else { return Ok(()) };
    disk::create_dir(&home.join("locks"))?;
    if key(mailbox).is_some() {
        return Ok(());
    }
    let _turn = exclusive(&mailbox.join("keys.lock"))?;
    if key(mailbox).is_some() {
        return Ok(()); // another process was first
    }
    disk::replace(&mailbox.join(KEY), disk::unique().as_bytes(), disk::Durability::Disk)
}

/// Removes the lasting locks of a mailbox that is being removed itself.
pub fn remove_lasting(mailbox: &Path) {
    let (Some(home), Some(key)) = (mailbox.parent(), key(mailbox)) else { return };
    let locks = home.join("locks");
    for name in disk::names(&locks).unwrap_or_default() {
        if name.to_string_lossy().starts_with(&key) {
            disk::discard(&locks.join(name));
        }
    }
}

fn key(mailbox: &Path) -> Option<String> {
    let text = String::from_utf8(disk::read(&mailbox.join(KEY), 128).ok()?).ok()?;
    Some(text).filter(|text| disk::is_unique(text))
}
