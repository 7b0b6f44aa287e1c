//! What files need on Windows, where a file that somebody has open may be in everybody's way.
//!
//! Virus scanners, indexers and backups open what was just written, often without sharing it, and let go after some
//! milliseconds. Until then it can be neither read nor moved, so whatever fails for that reason is tried again.

use std::{
    fs::{DirBuilder, File, OpenOptions},
    hash::{BuildHasher, RandomState},
    io,
    os::windows::fs::OpenOptionsExt,
    path::Path,
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

/// Somebody has it open without sharing. Rust has no error kind for it.
const SHARING_VIOLATION: i32 = 32;
/// Also said of a file that is being removed, or whose place is taken by one that somebody has open.
const ACCESS_DENIED: i32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
/// How long one operation waits for whoever has the file open.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long all of a process's operations wait within one [`WINDOW`]: a hook has ten seconds, and "access denied" may
/// also mean just that.
const PATIENCE_IN_ALL: Duration = Duration::from_secs(4);
const WINDOW: Duration = Duration::from_secs(10);

/// Directories can be opened, so that they can be told from files.
const FILE_FLAG_BACKUP_SEMANTICS: u32 = 0x0200_0000;
/// A link is opened itself, and not what it leads to.
const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;

pub fn private_files() -> OpenOptions {
    OpenOptions::new() // what lies in a person's profile is theirs; Windows has no modes
}

pub fn private_dirs() -> DirBuilder {
    DirBuilder::new()
}

/// Not through a link.
pub fn no_detours(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags(FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT)
}

/// Tries until nobody else has the file open, or patience is over.
pub fn patiently<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let started = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        match attempt() {
            Err(error) if is_in_use(&error) => {
                let waited = started.elapsed();
                if waited >= PATIENCE || !may_wait(pause) {
                    return Err(named(&error));
                }
                thread::sleep(jittered(pause));
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            outcome => return outcome,
        }
    }
}

fn is_in_use(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(SHARING_VIOLATION | ACCESS_DENIED))
}

/// What the system says depends on its language, and on who was first.
fn named(error: &io::Error) -> io::Error {
    let why = match error.raw_os_error() {
        Some(SHARING_VIOLATION) => "another program keeps it open (a virus scanner, a backup, an editor?)",
        _ => "access is denied, or another program keeps it open",
    };
    io::Error::new(error.kind(), why)
}

/// Takes a pause from what the process may still wait in this window.
fn may_wait(pause: Duration) -> bool {
    static SPENT: Mutex<Option<(Instant, Duration)>> = Mutex::new(None);
    let Ok(mut spent) = SPENT.lock() else { return false };
    let (since, waited) =
        spent.filter(|(since, _)| since.elapsed() < WINDOW).unwrap_or((Instant::now(), Duration::ZERO));
    let may = waited < PATIENCE_IN_ALL;
    *spent = Some((since, if may { waited + pause } else { waited }));
    may
}

/// Half to all of a pause, so that two who wait for each other do not go on doing so.
fn jittered(pause: Duration) -> Duration {
    let random = RandomState::new().hash_one(0) % 1024;
    pause.mul_f64(0.5 + f64::from(u32::try_from(random).unwrap_or(0)) / 2048.0)
}

/// Windows syncs only what was opened for writing.
pub fn sync_file(path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).open(path)?.sync_all()
}

/// Asks for what is promised nowhere: NTFS writes its journal when a directory is flushed. Where a file system refuses,
/// renames become durable in its own time.
#[expect(clippy::unnecessary_wraps, reason = "on Unix it can fail")]
pub fn sync_dir(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let _ =
        options.write(true).custom_flags(FILE_FLAG_BACKUP_SEMANTICS).open(path).and_then(|dir: File| dir.sync_all());
    Ok(())
}
