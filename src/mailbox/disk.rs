//! The one seam to the file system: every operation of the mailbox goes through here, and every error says what was
//! attempted and where.
//!
//! Files are 0600, directories 0700. Contents from elsewhere are read without following links and without waiting on
//! pipes, up to a limit. On Windows what another program has open is waited for, two seconds at most.

#[cfg_attr(unix, path = "disk/unix.rs")]
#[cfg_attr(windows, path = "disk/windows.rs")]
mod system;

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use system::{no_detours, patiently, private_dirs, private_files};

/// A file operation that failed: what was attempted, on which path, and the system's reason.
#[derive(Debug, thiserror::Error)]
#[error("could not {action} {}: {reason}", path.display())]
pub struct FsError {
    pub action: &'static str,
    pub path: PathBuf,
    pub reason: io::Error,
}

impl FsError {
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.reason.kind() == io::ErrorKind::NotFound
    }

    #[must_use]
    pub fn is_already_there(&self) -> bool {
        self.reason.kind() == io::ErrorKind::AlreadyExists
    }

    /// Whether the disk, or the person's part of it, has no room.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self.reason.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }

    /// Whether nobody may write there, whatever the permissions say: a read-only mount, or what sandboxes answer.
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        let not_permitted = cfg!(unix) && self.reason.raw_os_error() == Some(1);
        self.reason.kind() == io::ErrorKind::ReadOnlyFilesystem || not_permitted
    }
}

trait Naming<T> {
    fn naming(self, action: &'static str, path: &Path) -> Result<T, FsError>;
}

impl<T> Naming<T> for io::Result<T> {
    fn naming(self, action: &'static str, path: &Path) -> Result<T, FsError> {
        self.map_err(|reason| FsError { action, path: path.to_owned(), reason })
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

/// Whether a text is a suffix made by [`unique`].
#[must_use]
pub fn is_unique(text: &str) -> bool {
    let Some((id, count)) = text.split_once('-') else { return false };
    id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()) && count.parse::<u32>().is_ok()
}

/// Where a file is written before it takes the place of `path`.
#[must_use]
pub fn draft_of(path: &Path) -> PathBuf {
    let mut draft = path.as_os_str().to_os_string();
    draft.push(format!(".{}.tmp", unique()));
    draft.into()
}

/// Stands before every operation that changes something. With the test-only feature `fail-points` the process can be
/// killed or stopped there; see `tests/faults`.
fn step(action: &'static str, path: &Path) {
    #[cfg(feature = "fail-points")]
    super::fail::point(action, path);
    #[cfg(not(feature = "fail-points"))]
    let _ = (action, path);
}

/// Makes one directory, readable by its owner alone; one that is there is left as it is.
///
/// # Errors
/// A `FsError` naming the path.
pub fn create_dir(path: &Path) -> Result<(), FsError> {
    if path.is_dir() {
        return Ok(());
    }
    step("create the directory", path);
    match private_dirs().create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made.naming("create the directory", path),
    }
}

/// Makes a directory and its missing parents, readable by their owner alone; one that is there is left as it is.
///
/// # Errors
/// A `FsError` naming the path.
pub fn create_dir_all(path: &Path) -> Result<(), FsError> {
    step("create the directory", path);
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
    let draft = draft_of(path);
    write_file(&draft, bytes, durability)?;
    if let Err(FsError { reason, .. }) = rename(&draft, path) {
        discard(&draft);
        return Err(reason).naming("replace", path);
    }
    match (durability, path.parent()) {
        (Durability::Disk, Some(parent)) => sync_dir(parent),
        _ => Ok(()),
    }
}

fn write_file(path: &Path, bytes: &[u8], durability: Durability) -> Result<(), FsError> {
    step("create", path);
    let mut file = private_files().write(true).create_new(true).open(path).naming("create", path)?;
    step("write", path);
    let written = file.write_all(bytes).naming("write", path).and_then(|()| match durability {
        Durability::Disk => {
            step("sync", path);
            file.sync_all().naming("write", path)
        }
        Durability::Process => Ok(()),
    });
    drop(file); // Windows may refuse to rename a file we hold open
    if written.is_err() {
        discard(path);
    }
    written
}

/// Adds one line to a file in one write, so that lines of several processes do not mix. A line that was cut off before
/// does not take this one with it.
///
/// # Errors
/// A `FsError` naming the path.
pub fn append_line(path: &Path, line: &str) -> Result<(), FsError> {
    append(path, line).map(drop)
}

/// As [`append_line`], and the line survives a power cut; the file's entry in its directory need not.
///
/// # Errors
/// A `FsError` naming the path.
pub fn append_line_durably(path: &Path, line: &str) -> Result<(), FsError> {
    append(path, line)?.sync_data().naming("make durable", path)
}

fn append(path: &Path, line: &str) -> Result<File, FsError> {
    step("append to", path);
    let mut options = private_files();
    no_detours(options.read(true).append(true).create(true));
    let mut file = patiently(|| options.open(path)).naming("open", path)?;
    if !file.metadata().is_ok_and(|facts| facts.is_file()) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "not a regular file")).naming("write", path);
    }
    let cut_off = file.seek(SeekFrom::End(-1)).is_ok() && {
        let mut last = [b'\n'];
        file.read_exact(&mut last).is_ok() && last != [b'\n']
    };
    let begin = if cut_off { "\n" } else { "" };
    file.write_all(format!("{begin}{line}\n").as_bytes()).naming("write", path)?;
    Ok(file)
}

/// Moves a file or directory in one step, replacing a file of the target's name.
///
/// # Errors
/// A `FsError` naming the source path.
pub fn rename(from: &Path, to: &Path) -> Result<(), FsError> {
    step("move", from);
    patiently(|| fs::rename(from, to).map_err(|error| in_the_way(to).unwrap_or(error))).naming("move", from)
}

/// Windows says "access denied" also where a directory has the name, which no patience changes.
fn in_the_way(to: &Path) -> Option<io::Error> {
    (cfg!(windows) && to.is_dir())
        .then(|| io::Error::new(io::ErrorKind::DirectoryNotEmpty, "a directory has that name"))
}

/// Copies a file with its permissions and waits until the copy is on the disk.
///
/// # Errors
/// A `FsError` naming the copy.
pub fn copy(from: &Path, to: &Path) -> Result<(), FsError> {
    step("copy to", to);
    fs::copy(from, to).and_then(|_| system::sync_file(to)).naming("copy to", to)
}

/// Makes a symbolic link at `path` that leads to `target`.
///
/// # Errors
/// A `FsError` naming the link.
#[cfg(unix)]
pub fn link(target: &Path, path: &Path) -> Result<(), FsError> {
    step("link", path);
    std::os::unix::fs::symlink(target, path).naming("link", path)
}

/// Makes the entries of a directory survive a power cut.
///
/// # Errors
/// A `FsError`; the entries are in place all the same.
pub fn sync_dir(path: &Path) -> Result<(), FsError> {
    step("sync the directory", path);
    system::sync_dir(path).naming("make durable", path)
}

/// A directory held on to, so that what was done in it is made durable wherever it lies by then.
#[derive(Debug)]
pub struct Dir {
    path: PathBuf,
    #[cfg(unix)]
    handle: File,
}

impl Dir {
    /// # Errors
    /// A `FsError` naming the directory.
    pub fn open(path: PathBuf) -> Result<Self, FsError> {
        #[cfg(unix)]
        {
            let handle = File::open(&path).naming("use", &path)?;
            Ok(Self { path, handle })
        }
        #[cfg(not(unix))]
        Ok(Self { path })
    }

    /// Makes the entries of the directory survive a power cut.
    ///
    /// # Errors
    /// `NotFound` when its path leads elsewhere by now: somebody has moved or removed it.
    #[cfg(unix)]
    pub fn sync(&self) -> Result<(), FsError> {
        use std::os::unix::fs::MetadataExt;
        step("sync the directory", &self.path);
        self.handle.sync_all().naming("make durable", &self.path)?;
        let place = |facts: fs::Metadata| (facts.dev(), facts.ino());
        let stays = place(self.handle.metadata().naming("make durable", &self.path)?)
            == place(self.path.metadata().naming("make durable", &self.path)?);
        let moved = || io::Error::new(io::ErrorKind::NotFound, "it was moved or removed meanwhile");
        stays.then_some(()).ok_or_else(moved).naming("make durable", &self.path)
    }

    /// As on Unix. A directory that is open could not be moved here, so it is not held on to.
    #[cfg(not(unix))]
    pub fn sync(&self) -> Result<(), FsError> {
        sync_dir(&self.path)
    }
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
    step("remove", path);
    match patiently(|| fs::remove_file(path)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error).naming("remove", path),
        _ => Ok(()),
    }
}

/// Removes a directory of ours if it is empty; whether it is gone. Nothing can come to lie in it between the look and the
/// removal: the system makes them one step.
///
/// # Errors
/// A `FsError`; a directory that is not there counts as removed.
pub fn remove_empty_dir(path: &Path) -> Result<bool, FsError> {
    step("remove", path);
    match patiently(|| fs::remove_dir(path)) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(false),
        Err(error) => Err(error).naming("remove", path),
    }
}

/// Removes a directory of ours with all that is in it; follows no link.
///
/// # Errors
/// A `FsError`; a directory that is not there counts as removed.
pub fn remove_tree(path: &Path) -> Result<(), FsError> {
    step("remove", path);
    match patiently(|| fs::remove_dir_all(path)) {
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
    let (file, facts) = open_regular(path)?;
    let mut bytes = Vec::with_capacity(usize::try_from(facts.len().min(limit)).unwrap_or(0));
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("larger than {limit} bytes")));
    }
    Ok(bytes)
}

fn open_regular(path: &Path) -> io::Result<(File, fs::Metadata)> {
    let mut options = OpenOptions::new();
    no_detours(options.read(true));
    let file = patiently(|| options.open(path))?;
    let facts = file.metadata()?;
    if !facts.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "not a regular file"));
    }
    Ok((file, facts))
}

/// The end of a file.
#[derive(Debug)]
pub struct Tail {
    pub bytes: Vec<u8>,
    /// Nothing stands before it.
    pub is_whole: bool,
}

/// Reads at most the last `most` bytes of a regular file. Follows no link, waits on no pipe.
///
/// # Errors
/// `InvalidData` when the path is no regular file, else the system's reason.
pub fn read_end(path: &Path, most: u64) -> Result<Tail, FsError> {
    let read = || {
        let (mut file, facts) = open_regular(path)?;
        let from = facts.len().saturating_sub(most);
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::with_capacity(usize::try_from(facts.len() - from).unwrap_or(0));
        file.take(most).read_to_end(&mut bytes)?;
        Ok(Tail { bytes, is_whole: from == 0 })
    };
    read().naming("read", path)
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
    let mut options = private_files();
    no_detours(options.read(true).write(true).create(true).truncate(false));
    patiently(|| options.open(path)).naming("open the lock", path)
}

/// Makes sure that a directory is one, and not a link that leads elsewhere.
///
/// # Errors
/// `NotADirectory`, or the system's reason.
pub fn real_dir(path: &Path) -> Result<(), FsError> {
    let facts = path.symlink_metadata().naming("use", path)?;
    let refused = || io::Error::new(io::ErrorKind::NotADirectory, "not a directory of the mailbox");
    facts.is_dir().then_some(()).ok_or_else(refused).naming("use", path)
}
