//! The one seam to the file system: every operation of the mailbox goes through here, and every error says what was
//! attempted and where.
//!
//! Files are 0600, directories 0700. Contents from elsewhere are read without following links and without waiting on
//! pipes, up to a limit.

use std::{
    ffi::OsString,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

/// A file operation that failed: what was attempted, on which path, and the system's reason.
#[derive(Debug, thiserror::Error)]
#[error("could not {action} {}: {source}", path.display())]
pub struct FsError {
    pub action: &'static str,
    pub path: PathBuf,
    pub source: io::Error,
}

impl FsError {
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }

    #[must_use]
    pub fn is_already_there(&self) -> bool {
        self.source.kind() == io::ErrorKind::AlreadyExists
    }
}

trait Naming<T> {
    fn naming(self, action: &'static str, path: &Path) -> Result<T, FsError>;
}

impl<T> Naming<T> for io::Result<T> {
    fn naming(self, action: &'static str, path: &Path) -> Result<T, FsError> {
        self.map_err(|source| FsError { action, path: path.to_owned(), source })
    }
}

/// How far a write must have got before it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Survives a power cut.
    Disk,
    /// Survives the process; what a power cut takes is only work to repeat.
    Process,
}

/// A suffix that no other writer on any machine sharing the directory uses.
#[must_use]
pub fn unique() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{}-{}", uuid::Uuid::now_v7().simple(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Makes a directory and its missing parents, readable by their owner alone; one that is there is left as it is.
///
/// # Errors
/// A `FsError` naming the path.
pub fn create_dir_all(path: &Path) -> Result<(), FsError> {
    private_dirs().recursive(true).create(path).naming("create the directory", path)
}

/// Writes a new file and waits until it is on the disk; fails if the file exists. Nothing is left behind on failure.
///
/// # Errors
/// A `FsError` naming the path.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<(), FsError> {
    write_file(path, bytes, Durability::Disk)
}

/// Replaces a small file in one step: readers see the old contents or the new, never a part.
///
/// # Errors
/// A `FsError` naming the path.
pub fn replace(path: &Path, bytes: &[u8], durability: Durability) -> Result<(), FsError> {
    let mut draft = path.as_os_str().to_os_string();
    draft.push(format!(".{}.tmp", unique()));
    let draft = PathBuf::from(draft);
    write_file(&draft, bytes, durability)?;
    if let Err(error) = rename(&draft, path) {
        discard(&draft);
        return Err(error);
    }
    match (durability, path.parent()) {
        (Durability::Disk, Some(parent)) => sync_dir(parent),
        _ => Ok(()),
    }
}

fn write_file(path: &Path, bytes: &[u8], durability: Durability) -> Result<(), FsError> {
    let mut file = private_files().write(true).create_new(true).open(path).naming("create", path)?;
    let written = file.write_all(bytes).naming("write", path).and_then(|()| match durability {
        Durability::Disk => file.sync_all().naming("write", path),
        Durability::Process => Ok(()),
    });
    drop(file); // Windows may refuse to rename a file we hold open
    if written.is_err() {
        discard(path);
    }
    written
}

/// Adds one line to a file in one write, so that lines of several processes do not mix.
///
/// # Errors
/// A `FsError` naming the path.
pub fn append_line(path: &Path, line: &str) -> Result<(), FsError> {
    let mut file = private_files().append(true).create(true).open(path).naming("open", path)?;
    file.write_all(format!("{line}\n").as_bytes()).naming("write", path)
}

/// Moves a file or directory in one step, replacing a file of the target's name.
///
/// # Errors
/// A `FsError` naming the source path.
pub fn rename(from: &Path, to: &Path) -> Result<(), FsError> {
    fs::rename(from, to).naming("move", from)
}

/// Makes the entries of a directory survive a power cut.
///
/// # Errors
/// A `FsError`; the entries are in place all the same.
pub fn sync_dir(path: &Path) -> Result<(), FsError> {
    if cfg!(windows) {
        return Ok(()); // no such operation there; the file system's journal orders renames
    }
    File::open(path).and_then(|dir| dir.sync_all()).naming("make durable", path)
}

/// Removes a file we made and no longer need; a failure only leaves litter.
pub fn discard(path: &Path) {
    let _ = fs::remove_file(path);
}

/// Removes a file of ours.
///
/// # Errors
/// A `FsError`; a file that is not there counts as removed.
pub fn remove(path: &Path) -> Result<(), FsError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error).naming("remove", path),
        _ => Ok(()),
    }
}

/// Reads a regular file of at most `limit` bytes. Follows no link, waits on no pipe.
///
/// # Errors
/// `InvalidData` when the path is no regular file, `FileTooLarge` past the limit, else the system's reason.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, FsError> {
    read_regular(path, limit).naming("read", path)
}

fn read_regular(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.custom_flags(i32::try_from(flags.bits()).unwrap_or(0));
    }
    let file = options.open(path)?;
    let facts = file.metadata()?;
    if !facts.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "not a regular file"));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(facts.len().min(limit)).unwrap_or(0));
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("larger than {limit} bytes")));
    }
    Ok(bytes)
}

/// The names in a directory, in no order.
///
/// # Errors
/// A `FsError` naming the directory.
pub fn names(path: &Path) -> Result<Vec<OsString>, FsError> {
    let entries = fs::read_dir(path).naming("list", path)?;
    entries.map(|entry| entry.map(|entry| entry.file_name()).naming("list", path)).collect()
}

/// Opens a lock file, making it if need be. Lock files are never removed and hold no data.
///
/// # Errors
/// A `FsError` naming the path.
pub fn open_lock(path: &Path) -> Result<File, FsError> {
    private_files().read(true).write(true).create(true).truncate(false).open(path).naming("open the lock", path)
}

fn private_files() -> OpenOptions {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has modes"))]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn private_dirs() -> DirBuilder {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has modes"))]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}
