//! The text of others in the cells of a screen: nothing that a terminal obeys, and nothing about whose width terminals
//! disagree, or what stands beside it would be drawn over it.

use unicode_properties::UnicodeEmoji;
use unicode_width::UnicodeWidthChar;

use crate::text::terminal::printable;

/// Marks on one character beyond these are left out: a pile of them reaches into the lines around.
const MOST_MARKS: usize = 3;

const NON_JOINER: char = '\u{200c}';
const JOINER: char = '\u{200d}';

/// A text whose lines can be put on a screen.
#[must_use]
pub fn safe(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut marks = 0;
    for c in printable(text).chars() {
        match c {
            '\n' => safe.push(c),
            '\t' => safe.push_str("    "),
            c if is_disputed(c) => continue,
            JOINER if safe.chars().next_back().is_some_and(char::is_emoji_char) => continue,
            JOINER | NON_JOINER => {
                safe.push(c);
                continue;
            }
            c if c.width() == Some(0) => {
                marks += 1;
                if marks <= MOST_MARKS {
                    safe.push(c);
                }
                continue;
            }
            c => safe.push(c),
        }
        marks = 0;
    }
    safe
}

/// The beginning of a text on one line, at most `longest` characters.
#[must_use]
pub fn one_line(text: &str, longest: usize) -> String {
    // Space is cut from the line too, so what is looked at is a little more.
    let start: String = text.chars().take(longest * 4).collect();
    let line = safe(&start).split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(longest).collect()
}

/// Characters that are needed where they stand, and about which terminals disagree all the same: what selects, colours
/// and spells emoji, and what takes no room between words.
fn is_disputed(c: char) -> bool {
    matches!(c,
        '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{1f3fb}'..='\u{1f3ff}' | '\u{13430}'..='\u{13440}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_or_misplace_is_gone() {
        let text = "a\u{1b}[2J\tb\u{200b}c\u{202e}d\u{fe0f} e\u{301}\u{301}\u{301}\u{301} \u{1f44d}\u{1f3fd}\r\nend";
        insta::assert_snapshot!(safe(text).escape_unicode().to_string().replace("\\u", ""), @"{61}{241b}{5b}{32}{4a}{20}{20}{20}{20}{62}{fffd}{63}{fffd}{64}{fffd}{20}{65}{301}{301}{301}{20}{1f44d}{a}{65}{6e}{64}");
    }
}
