//! The text of others on a terminal: it is printed, and nothing in it is obeyed.

use super::exposed::exposed;

/// The beginning of a sequence that colours what follows.
const STYLE: &str = "\u{1b}[";

/// A text that a terminal only prints: a control character becomes its picture, whatever else hides becomes `�`.
#[must_use]
pub fn printable(text: &str) -> String {
    exposed(text, |c, shown| shown.push(picture(c)))
}

/// The same on one line.
#[must_use]
pub fn one_line(text: &str) -> String {
    printable(text).replace('\n', "␊").replace('\t', "␉")
}

/// The same, but for sequences that colour text: those are ours, and the worst they do is colour what follows.
#[must_use]
pub fn printable_with_styles(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(STYLE) {
        let end =
            rest[at + STYLE.len()..].find(|c: char| !c.is_ascii_digit() && c != ';').map(|end| at + STYLE.len() + end);
        let Some(end) = end.filter(|end| rest[*end..].starts_with('m')) else {
            shown.push_str(&printable(&rest[..at + STYLE.len()]));
            rest = &rest[at + STYLE.len()..];
            continue;
        };
        shown.push_str(&printable(&rest[..at]));
        shown.push_str(&rest[at..=end]);
        rest = &rest[end + 1..];
    }
    shown + &printable(rest)
}

fn picture(c: char) -> char {
    match c {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('�'),
        _ => '�',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_all_sequences_only_colours_stay() {
        let text = "\u{1b}[1;32mgreen\u{1b}[0m \u{1b}[2J\u{1b}[31\u{1b}[m\u{1b}]0;x\u{7}\u{1b}[";
        assert_eq!(printable_with_styles(text), "\u{1b}[1;32mgreen\u{1b}[0m ␛[2J␛[31\u{1b}[m␛]0;x␇␛[");
        assert_eq!(printable(text), "␛[1;32mgreen␛[0m ␛[2J␛[31␛[m␛]0;x␇␛[");
    }
}
