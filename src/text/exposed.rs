//! Unseen characters made seen: whatever hides in a text is shown in some way, and what a script or an emoji needs stays.

use super::{joiners, unseen::is_unsafe};

/// A text with whatever hides in it replaced by what `show` writes; what a script or an emoji needs stays.
///
/// Line feeds and tabs stay, too, and the carriage return before a line feed goes.
#[must_use]
pub fn exposed(text: &str, mut show: impl FnMut(char, &mut String)) -> String {
    let mut exposed = String::with_capacity(text.len());
    let mut copied = 0; // most of a text is copied in long pieces
    for (at, c) in text.char_indices() {
        if stays(text, at, c) {
            continue;
        }
        exposed.push_str(&text[copied..at]);
        copied = at + c.len_utf8();
        if !is_line_end(text, at, c) {
            show(c, &mut exposed);
        }
    }
    exposed.push_str(&text[copied..]);
    exposed
}

/// Whether a character is one to be shown as it is where it stands.
pub(super) fn stays(text: &str, at: usize, c: char) -> bool {
    !is_unsafe(c) || joiners::is_needed(&text[..at], c, &text[at + c.len_utf8()..])
}

/// Whether a character is the first of the two that end a line in some files.
fn is_line_end(text: &str, at: usize, c: char) -> bool {
    c == '\r' && text.as_bytes().get(at + 1) == Some(&b'\n')
}
