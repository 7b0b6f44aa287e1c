//! The text of others in the cells of a screen: nothing that a terminal obeys, and nothing about whose width terminals
//! disagree, or what stands beside it would be drawn over it.

use unicode_properties::UnicodeEmoji;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

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

/// As much of a line as fits, with `…` where some is left out.
#[must_use]
pub fn fit(line: &str, width: usize) -> String {
    if line.width() <= width {
        return line.to_owned();
    }
    let mut fitting = String::new();
    let mut taken = 0;
    for cluster in line.graphemes(true) {
        taken += cluster.width();
        if taken + 1 > width {
            break;
        }
        fitting.push_str(cluster);
    }
    if width > 0 {
        fitting.push('…');
    }
    fitting
}

/// As [`fit`], filled up with spaces.
#[must_use]
pub fn column(line: &str, width: usize) -> String {
    let mut cell = fit(line, width);
    cell.push_str(&" ".repeat(width.saturating_sub(cell.width())));
    cell
}

/// The lines of a safe text, broken between words.
#[must_use]
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let options = textwrap::Options::new(width.max(2))
        .wrap_algorithm(textwrap::WrapAlgorithm::FirstFit)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::wrap(text, options).into_iter().map(|line| fit(&line, width)).collect()
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

    #[test]
    fn a_line_takes_the_cells_it_is_given_and_no_more() {
        for (line, width) in [("brave-fox", 5), ("日本語の手紙", 6), ("日本語の手紙", 7), ("", 3), ("ab", 0), ("ok", 2)]
        {
            assert_eq!(column(line, width).width(), width, "{line} in {width}");
        }
        assert_eq!(fit("日本語の手紙", 6), "日本…");
    }

    #[test]
    fn long_words_are_broken_and_the_shape_of_code_stays() {
        assert_eq!(
            wrapped("fn main() {\n    run();\n}\n\nabcdefghijklmnop", 12),
            ["fn main() {", "    run();", "}", "", "abcdefghijkl", "mnop"]
        );
        assert_eq!(wrapped("日本語", 3), ["日", "本", "語"]);
    }
}
