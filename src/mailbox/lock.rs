//! Short exclusive locks between processes, by the operating system: they end with their holder, however it ends.

use std::{
    fs::{File, TryLockError},
    io,
    path::Path,
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
    let deadline = Instant::now() + PATIENCE;
    let mut pause = Duration::from_micros(200);
    loop {
        if let Some(lock) = try_exclusive(path)? {
            return Ok(lock);
        }
        if Instant::now() >= deadline {
            let reason = io::Error::new(io::ErrorKind::TimedOut, "another process keeps it");
            return Err(FsError { action: "take the lock", path: path.to_owned(), reason });
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
    let file = disk::open_lock(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(reason)) => Err(FsError { action: "take the lock", path: path.to_owned(), reason }),
    }
}
