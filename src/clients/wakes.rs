//! The last wakes of a mailbox: each has a word that its waker made up and left here, an empty file in `wakes/`. A prompt
//! that has such a word is that wake. The client may raise one more than once, as after an Esc; what only quotes an old one
//! is none.

use super::marks;
use crate::{
    agent::reach::wakes as directory,
    mailbox::{
        Mailbox,
        disk::{self, FsError},
        scan::Waiting,
    },
};

/// More than can be on their way at one time.
const KEPT: usize = 4;
const WORD_LENGTH: usize = 8;

/// What a waker's text says before the name of its mailbox.
pub const WAKE: &str = "cc2cc: mail for ";
/// What stands around the word that only the waker can have written.
const WORD_IN: [&str; 2] = ["(wake ", ")"];

/// Makes up a word and leaves it for whoever answers the wake.
///
/// # Errors
/// A `FsError` when it cannot be written.
pub fn begin(mailbox: &Mailbox) -> Result<String, FsError> {
    let word = made_up();
    marks::leave(&directory(mailbox), &word, KEPT)?;
    Ok(word)
}

/// Whose letters a wake is for, each once.
#[must_use]
pub fn senders(letters: &[Waiting]) -> String {
    let mut from: Vec<&str> = letters.iter().map(|letter| letter.from.as_str()).collect();
    from.sort_unstable();
    from.dedup();
    from.join(", ")
}

/// The text by which a waker wakes its session.
#[must_use]
pub fn wake(mailbox: &str, from: &str, word: &str) -> String {
    let [before, after] = WORD_IN;
    format!("{WAKE}{mailbox} from {from}; it follows {before}{word}{after}")
}

/// Who wrote the letters that a wake is for, as its waker said.
#[must_use]
pub fn senders_in(wake: &str) -> Vec<String> {
    let said = wake.split_once(WAKE).and_then(|(_, said)| said.lines().next()).unwrap_or_default();
    let from = said.split_once(" from ").and_then(|(_, rest)| rest.split(';').next()).unwrap_or_default();
    from.split(", ").filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// The word in a prompt that is a waker's text and nothing else.
#[must_use]
pub fn bare_word(prompt: &str) -> Option<&str> {
    let is_text = prompt.starts_with(WAKE) && prompt.ends_with(WORD_IN[1]) && !prompt.contains('\n');
    is_text.then(|| word_in(prompt)).flatten()
}

/// The word in a waker's text; `None` when a notification is of something else, or of a version without words.
#[must_use]
pub fn word_in(notification: &str) -> Option<&str> {
    let (_, rest) = notification.split_once(WAKE)?;
    let text = rest.lines().next()?;
    let (_, rest) = text.rsplit_once(WORD_IN[0])?;
    let (word, _) = rest.split_once(WORD_IN[1])?;
    Some(word).filter(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Whether one of the last wakes has this word.
#[must_use]
pub fn is_known(mailbox: &Mailbox, word: &str) -> bool {
    let is_word = word.len() == WORD_LENGTH && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_word && directory(mailbox).join(word).is_file()
}

/// The end of an id that is unique: it is random.
fn made_up() -> String {
    let id = disk::unique();
    let digits = id.split('-').next().unwrap_or_default();
    digits[digits.len().saturating_sub(WORD_LENGTH)..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailbox::home::Home;

    #[test]
    fn the_last_words_are_known_and_old_ones_are_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let mailbox = Home::at(dir.path().join("mail")).claim(&"calm-owl".parse().unwrap()).unwrap();
        assert!(!is_known(&mailbox, "1f3a9c2e"), "nobody made it up");
        let word = begin(&mailbox).unwrap();
        assert!(is_known(&mailbox, &word) && is_known(&mailbox, &word));
        assert!(!is_known(&mailbox, "../agent.json") && !is_known(&mailbox, ""));
        let words: Vec<String> = (0..3 * KEPT).map(|_| begin(&mailbox).unwrap()).collect();
        assert!(is_known(&mailbox, words.last().unwrap()) && !is_known(&mailbox, &word));
        assert_eq!(words.iter().filter(|word| is_known(&mailbox, word)).count(), KEPT);
    }
}
