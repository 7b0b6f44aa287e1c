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

/// A path with what stands behind it, such as a branch, within a width: what is cut is the path's beginning, since its
/// end says which place it is.
#[must_use]
pub fn fit_place(path: &str, behind: &str, width: usize) -> String {
    let whole = format!("{path}{behind}");
    if whole.width() <= width {
        return whole;
    }
    let shorter = path.match_indices(std::path::is_separator).map(|(at, _)| format!("…{}", &path[at..]));
    let fitting = |room: usize| shorter.clone().find(|path| path.width() <= room);
    // The name of the place is worth more than all of the branch's.
    let last = shorter.clone().next_back().unwrap_or_else(|| path.to_owned());
    match fitting(width.saturating_sub(behind.width())) {
        Some(path) => path + behind,
        None => fit(&(last + behind), width),
    }
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
    fn of_a_place_the_end_stays() {
        let fitted = |width| fit_place("~/work/proj/web", " [main]", width);
        assert_eq!(fitted(30), "~/work/proj/web [main]");
        assert_eq!(fitted(21), "…/proj/web [main]");
        assert_eq!((fitted(16).as_str(), fitted(12).as_str()), ("…/web [main]", "…/web [main]"));
        assert_eq!((fitted(11).as_str(), fitted(4).as_str()), ("…/web [mai…", "…/w…"));
        assert_eq!(fit_place("~/web", " [feature/login]", 16), "…/web [feature/…");
        assert_eq!(fit_place("日本語", "", 5), "日本…");
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
