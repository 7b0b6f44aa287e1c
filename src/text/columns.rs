//! Text in the columns of a terminal, in which one character may take two, or none.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// How many columns a line takes.
#[must_use]
pub fn width(line: &str) -> usize {
    line.width()
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

/// A line filled up with spaces; a longer one stays as it is.
#[must_use]
pub fn padded(line: &str, width: usize) -> String {
    let missing = width.saturating_sub(line.width());
    format!("{line}{}", " ".repeat(missing))
}

/// As [`fit`], filled up with spaces.
#[must_use]
pub fn column(line: &str, width: usize) -> String {
    padded(&fit(line, width), width)
}

/// The lines of a text, broken between words.
#[must_use]
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let options = textwrap::Options::new(width.max(2))
        .wrap_algorithm(textwrap::WrapAlgorithm::FirstFit)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::wrap(text, options).into_iter().map(|line| fit(&line, width)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_takes_the_cells_it_is_given_and_no_more() {
        for (line, width) in [("brave-fox", 5), ("日本語の手紙", 6), ("日本語の手紙", 7), ("", 3), ("ab", 0), ("ok", 2)]
        {
            assert_eq!(column(line, width).width(), width, "{line} in {width}");
        }
        assert_eq!(fit("日本語の手紙", 6), "日本…");
        assert_eq!((padded("日本", 6), padded("日本語", 4)), ("日本  ".to_owned(), "日本語".to_owned()));
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
