//! Reading very many letters: a directory is looked up once, one buffer serves for all its files, and nothing is asked
//! of the system that the listing has told.

use std::{fs, io, path::Path};

use super::{
    disk::FsError,
    letter::{FILE_LIMIT_BYTES, LetterId},
};

/// Holds nearly every letter, so that one read gets all of it.
const BUFFER_BYTES: usize = 64 * 1024;

/// The ids of the letters in a directory, in no order. Only regular files are letters.
///
/// # Errors
/// A `FsError` naming the directory.
pub fn ids(dir: &Path) -> Result<Vec<LetterId>, FsError> {
    let naming = |reason| FsError { action: "list", path: dir.to_owned(), reason };
    let mut ids = Vec::new();
    for entry in fs::read_dir(dir).map_err(naming)? {
        let entry = entry.map_err(naming)?;
        let id = entry.file_name().to_str().and_then(|name| name.strip_suffix(".json")?.parse().ok());
        // One that is gone already is no file.
        ids.extend(id.filter(|_| entry.file_type().is_ok_and(|kind| kind.is_file())));
    }
    Ok(ids)
}

/// Where the files of one directory are read, one after the other.
#[derive(Debug)]
pub struct Folder<'a> {
    path: &'a Path,
    #[cfg(target_os = "linux")]
    handle: std::os::fd::OwnedFd,
}

/// What a file's bytes are read into, again and again.
#[derive(Debug)]
pub struct Buffer(Vec<u8>);

impl Default for Buffer {
    fn default() -> Self {
        Self(vec![0; BUFFER_BYTES])
    }
}

impl<'a> Folder<'a> {
    /// A directory of a mailbox; a link is none.
    ///
    /// # Errors
    /// A `FsError` naming the directory.
    pub fn open(path: &'a Path) -> Result<Self, FsError> {
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::{Mode, OFlags, open};
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let handle = open(path, flags, Mode::empty());
            let handle =
                handle.map_err(|errno| FsError { action: "use", path: path.to_owned(), reason: errno.into() })?;
            Ok(Self { path, handle })
        }
        #[cfg(not(target_os = "linux"))]
        super::disk::real_dir(path).map(|()| Self { path })
    }

    /// The bytes of one letter's file.
    ///
    /// # Errors
    /// `FileTooLarge` when it is too long for a letter, else the system's reason.
    pub fn read<'b>(&self, id: &LetterId, buffer: &'b mut Buffer) -> Result<&'b [u8], FsError> {
        let name = format!("{id}.json");
        let read = self.read_file(&name, &mut buffer.0);
        read.map_err(|reason| FsError { action: "read", path: self.path.join(name), reason })
    }

    #[cfg(target_os = "linux")]
    fn read_file<'b>(&self, name: &str, buffer: &'b mut Vec<u8>) -> io::Result<&'b [u8]> {
        use rustix::{
            fs::{Mode, OFlags, openat},
            io::{Errno, read},
        };
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        // Noting that a file was read costs a write; only its owner may do without.
        let file = match openat(&self.handle, name, flags | OFlags::NOATIME, Mode::empty()) {
            Err(Errno::PERM) => openat(&self.handle, name, flags, Mode::empty()),
            opened => opened,
        }?;
        let mut length = 0;
        loop {
            let room = buffer.len() - length;
            let count = read(&file, &mut buffer[length..])?;
            length += count;
            if count < room {
                return Ok(&buffer[..length]); // less than there was room for: that was all of it
            }
            if length as u64 > FILE_LIMIT_BYTES {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            buffer.resize(2 * buffer.len(), 0);
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn read_file<'b>(&self, name: &str, buffer: &'b mut Vec<u8>) -> io::Result<&'b [u8]> {
        *buffer = super::disk::read(&self.path.join(name), FILE_LIMIT_BYTES).map_err(|error| error.reason)?;
        Ok(buffer)
    }
}
