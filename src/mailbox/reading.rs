//! Small JSON files that are read, changed and written again. One that cannot be read is never taken for an empty one,
//! and never written over: it may hold what no default can stand for.

use std::{
    io,
    path::{Path, PathBuf},
};

use serde::de::DeserializeOwned;

use super::{
    disk::{self, FsError},
    lenient,
};

/// What reading such a file came to.
#[derive(Debug)]
pub enum Reading<T> {
    Known(T),
    Missing,
    Unreadable(UnreadableFile),
}

/// A file that is there and cannot be read.
#[derive(Debug)]
pub struct UnreadableFile {
    pub path: PathBuf,
    pub why: String,
    /// The file itself is the cause, so that it will not be readable later either.
    lasting: bool,
}

impl<T: DeserializeOwned> Reading<T> {
    /// Reads a file of at most `limit` bytes.
    #[must_use]
    pub fn of(path: &Path, limit: u64) -> Self {
        use io::ErrorKind::{FileTooLarge, InvalidData, PermissionDenied};
        let unreadable =
            |why: String, lasting| Self::Unreadable(UnreadableFile { path: path.to_owned(), why, lasting });
        match disk::read(path, limit) {
            Ok(bytes) => match lenient::from_slice(&bytes) {
                Ok(value) => Self::Known(value),
                Err(error) => unreadable(error.to_string(), true),
            },
            Err(error) if error.is_not_found() => Self::Missing,
            Err(FsError { reason, .. }) => {
                let is_file = path.symlink_metadata().is_ok_and(|facts| facts.is_file());
                let lasting = !is_file || matches!(reason.kind(), FileTooLarge | InvalidData | PermissionDenied);
                unreadable(reason.to_string(), lasting)
            }
        }
    }
}

impl UnreadableFile {
    /// Moves the file to where it is in nobody's way and stays for whoever wants to look; gives its new path. The caller
    /// holds the lock under which the file is changed.
    ///
    /// # Errors
    /// A `FsError` when it cannot be moved, or may be readable later and so has to stay.
    pub fn move_aside(&self) -> Result<PathBuf, FsError> {
        if !self.lasting {
            let reason = io::Error::other(self.why.clone());
            return Err(FsError { action: "read", path: self.path.clone(), reason });
        }
        let mut name = self.path.file_name().unwrap_or_default().to_os_string();
        name.push(format!(".unreadable-{}", disk::unique()));
        let aside = self.path.with_file_name(name);
        disk::rename(&self.path, &aside)?;
        Ok(aside)
    }
}
