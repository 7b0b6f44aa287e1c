//! The wakes of a mailbox that are on their way: each has a word that its waker made up and left here, an empty file in
//! `wakes/`. A prompt that has such a word is that wake, once; what only quotes an old one is not.

use std::path::{Path, PathBuf};

use crate::mailbox::{
    Mailbox,
    disk::{self, Durability, FsError},
};

const DIRECTORY: &str = "wakes";
/// Wakes that nobody took: the client was killed, or the person pressed Esc. More than these are forgotten.
const KEPT: usize = 8;
const WORD_LENGTH: usize = 8;

/// Makes up a word and leaves it for whoever answers the wake.
///
/// # Errors
/// A `FsError` when it cannot be written.
pub fn begin(mailbox: &Mailbox) -> Result<String, FsError> {
    let directory = directory(mailbox);
    disk::real_dir(&directory).or_else(|_| disk::create_dir(&directory))?;
    forget_old(&directory);
    let word = word();
    disk::replace(&directory.join(&word), b"", Durability::Process)?;
    Ok(word)
}

/// Whether a wake with this word was on its way; it no longer is.
#[must_use]
pub fn take(mailbox: &Mailbox, word: &str) -> bool {
    let file = directory(mailbox).join(word);
    let is_word = word.len() == WORD_LENGTH && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_word && file.is_file() && disk::remove(&file).is_ok()
}

/// The end of an id that is unique: it is random.
fn word() -> String {
    let id = disk::unique();
    let digits = id.split('-').next().unwrap_or_default();
    digits[digits.len().saturating_sub(WORD_LENGTH)..].to_owned()
}

fn forget_old(directory: &Path) {
    let mut words = disk::names(directory).unwrap_or_default();
    if words.len() < KEPT {
        return;
    }
    let age = |word: &std::ffi::OsString| directory.join(word).metadata().and_then(|facts| facts.modified()).ok();
    words.sort_by_cached_key(age);
    words[..=words.len() - KEPT].iter().for_each(|word| disk::discard(&directory.join(word)));
}

fn directory(mailbox: &Mailbox) -> PathBuf {
    mailbox.path().join(DIRECTORY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailbox::home::Home;

    #[test]
    fn a_word_is_taken_once_and_old_ones_are_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let mailbox = Home::at(dir.path().join("mail")).claim(&"calm-owl".parse().unwrap()).unwrap();
        assert!(!take(&mailbox, "1f3a9c2e"), "nobody made it up");
        let word = begin(&mailbox).unwrap();
        assert!(take(&mailbox, &word));
        assert!(!take(&mailbox, &word), "it was taken");
        assert!(!take(&mailbox, "../agent.json") && !take(&mailbox, ""));
        let words: Vec<String> = (0..3 * KEPT).map(|_| begin(&mailbox).unwrap()).collect();
        assert!(take(&mailbox, words.last().unwrap()));
        assert_eq!(words.iter().filter(|word| take(&mailbox, word)).count(), KEPT - 1);
    }
}
