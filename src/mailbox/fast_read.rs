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
        fill(buffer, |room| read(&file, room)).map(|length| &buffer[..length])
    }

    #[cfg(not(target_os = "linux"))]
    fn read_file<'b>(&self, name: &str, buffer: &'b mut Vec<u8>) -> io::Result<&'b [u8]> {
        *buffer = super::disk::read(&self.path.join(name), FILE_LIMIT_BYTES).map_err(|error| error.reason)?;
        Ok(buffer)
    }
}

/// Reads to the end of a file, which alone is told by a read of nothing: a signal or a network may cut any read short.
/// The buffer grows as need be.
#[cfg(target_os = "linux")]
fn fill(
    buffer: &mut Vec<u8>,
    mut read: impl FnMut(&mut [u8]) -> Result<usize, rustix::io::Errno>,
) -> io::Result<usize> {
    let mut length = 0;
    loop {
        match read(&mut buffer[length..]) {
            Ok(0) => return Ok(length),
            Ok(count) => length += count,
            Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        if length as u64 > FILE_LIMIT_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        if length == buffer.len() {
            buffer.resize(2 * length, 0);
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn a_short_read_and_a_signal_are_not_the_end_of_a_file() {
        let mut left: &[u8] = b"a letter that comes in pieces";
        let mut turn = 0;
        let mut buffer = vec![0; 8];
        let length = fill(&mut buffer, |room| {
            turn += 1;
            if turn % 3 == 0 {
                return Err(Errno::INTR);
            }
            let count = left.len().min(room.len()).min(5);
            room[..count].copy_from_slice(&left[..count]);
            left = &left[count..];
            Ok(count)
        });
        assert_eq!(&buffer[..length.unwrap()], b"a letter that comes in pieces");
    }

    #[test]
    fn a_file_too_large_for_a_letter_is_not_read_on() {
        let mut buffer = vec![0; 8];
        let error = fill(&mut buffer, |room| Ok(room.len())).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }
}
