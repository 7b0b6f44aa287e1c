//! Words that one process of a session leaves in its mailbox for another: empty files in a directory, of which the last few
//! are kept.

use std::{ffi::OsString, path::Path};

use crate::mailbox::disk::{self, Durability, FsError};

/// Leaves a word in a directory, which then has at most `kept`: more than can be on their way at one time.
///
/// # Errors
/// A `FsError` when it cannot be written.
pub fn leave(directory: &Path, word: &str, kept: usize) -> Result<(), FsError> {
    disk::real_dir(directory).or_else(|_| disk::create_dir(directory))?;
    forget_old(directory, kept);
    disk::replace(&directory.join(word), b"", Durability::Process)
}

fn forget_old(directory: &Path, kept: usize) {
    let mut words = disk::names(directory).unwrap_or_default();
    if words.len() < kept {
        return;
    }
    let age = |word: &OsString| directory.join(word).metadata().and_then(|facts| facts.modified()).ok();
    words.sort_by_cached_key(age);
    words[..=words.len() - kept].iter().for_each(|word| disk::discard(&directory.join(word)));
}
