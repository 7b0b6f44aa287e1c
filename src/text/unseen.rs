//! The one list of characters that nobody sees, or that a terminal obeys instead of showing.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// Whether a character may hide something somewhere: it takes no room, has no picture, turns the direction of what
/// follows, or is a command to a terminal. Line feed and tab are not among them.
///
/// Some of these are needed in some places; [`super::exposed`] tells those apart.
#[must_use]
pub fn is_unsafe(c: char) -> bool {
    match c {
        // Most text, Chinese, Japanese and Korean too, without a search in a table.
        '\n' | '\t' | ' '..='~' | '\u{4e00}'..='\u{d7a3}' => false,
        c if is_blank(c) => true,
        c if c.is_alphanumeric() => false, // the next question takes longer
        _ => match c.general_category() {
            GeneralCategory::Control | GeneralCategory::LineSeparator | GeneralCategory::ParagraphSeparator => true,
            GeneralCategory::Format => !is_seen_format(c),
            _ => false,
        },
    }
}

/// Format characters with a picture: signs that enclose or precede numbers and words.
fn is_seen_format(c: char) -> bool {
    matches!(
        c,
        '\u{600}'..='\u{605}' | '\u{6dd}' | '\u{70f}' | '\u{890}' | '\u{891}' | '\u{8e2}' | '\u{110bd}' | '\u{110cd}'
    )
}

/// Letters, marks and symbols without a picture of their own, and what will never be a character.
fn is_blank(c: char) -> bool {
    matches!(c,
        '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2065}'
        | '\u{2800}' | '\u{3164}' | '\u{fdd0}'..='\u{fdef}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffc}' | '\u{13440}' | '\u{1d159}' | '\u{e0000}'..='\u{e0fff}')
        || u32::from(c) & 0xfffe == 0xfffe
}
