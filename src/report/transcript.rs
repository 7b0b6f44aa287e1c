//! The exchange as people read it: who wrote to whom, when, what, and what became of it.

use anstyle::{AnsiColor, Style};
use jiff::{Timestamp, tz::TimeZone};

use crate::{
    agent::status::{Found, Stage, Status},
    mailbox::letter::{Kind, Letter, LetterId, Priority},
    text::terminal::{one_line, printable},
};

/// Said in place of a text that a model may not see yet.
pub const WITHHELD: &str = "(not shown: a person decides whether this session may read it)";

/// Lines of a text that are shown unless all of it is wanted, and characters of them together.
const SHOWN_LINES: usize = 8;
const SHOWN_CHARACTERS: usize = 800;

/// Broken into less, nothing can be read.
const NARROWEST: usize = 20;
const INDENT: &str = "    ";

/// How letters are to look.
#[derive(Debug, Clone)]
pub struct LetterStyle {
    /// Texts in full, however long.
    pub full: bool,
    /// With the time of every step.
    pub steps: bool,
    pub colours: bool,
    /// How wide the terminal is: a line that it broke by itself could pass for one of ours.
    pub columns: Option<usize>,
    /// Where the reader's clock is.
    pub zone: TimeZone,
}

impl LetterStyle {
    /// One letter; `text` is what may be shown of it, if anything.
    #[must_use]
    pub fn letter(&self, found: &Found, text: Option<&str>) -> String {
        let letter = &found.letter;
        let status = found.status();
        let mut head = vec![
            self.paint(Style::new().dimmed(), &self.clock(letter.timestamp)),
            self.paint(Style::new().bold(), &format!("{} → {}", letter.from, recipient(found))),
            self.paint(colour(status.stage), status.stage.as_str()),
        ];
        head.extend(remarks(letter));
        head.push(self.paint(Style::new().dimmed(), letter.id.short()));
        let mut lines = vec![head.join("  ")];
        // What we say of a letter stands further left than anything it says itself.
        lines.extend(status.why.as_ref().map(|why| format!("  because {}", one_line(why))));
        match text {
            Some(text) => lines.extend(self.text(&letter.id, printable(text).trim_end())),
            None => lines.push(format!("  {WITHHELD}")),
        }
        if self.steps {
            lines.push(self.paint(Style::new().dimmed(), &format!("  {}", self.steps(letter, &status))));
        }
        lines.join("\n") + "\n"
    }

    /// A text's lines, or the first of them and how to see the rest.
    fn text(&self, id: &LetterId, text: &str) -> Vec<String> {
        let is_short = text.lines().count() <= SHOWN_LINES && text.chars().count() <= SHOWN_CHARACTERS;
        let indented = |line: &str| wrap(line, self.columns.map(|columns| columns.saturating_sub(INDENT.len())));
        let indented = |text: &str, lines: usize| -> Vec<String> {
            let lines = text.lines().take(lines).flat_map(indented);
            lines.map(|line| format!("{INDENT}{line}").trim_end().to_owned()).collect()
        };
        if self.full || is_short {
            return indented(text, usize::MAX);
        }
        let begin: String = text.chars().take(SHOWN_CHARACTERS).collect();
        let mut lines = indented(&begin, SHOWN_LINES);
        lines.push(format!("  … (`cc2cc read {}` shows all of it)", id.short()));
        lines
    }

    /// Every step with its time, and with its day when that is another one.
    fn steps(&self, letter: &Letter, status: &Status) -> String {
        let day = |at: Timestamp| self.local(at, "%Y-%m-%d");
        let mut before = day(letter.timestamp);
        let mut steps = vec![format!("stored {}", self.local(letter.timestamp, "%H:%M:%S"))];
        for receipt in &status.steps {
            let name = serde_json::to_value(receipt.step).ok();
            let name = name.as_ref().and_then(|name| name.as_str()).unwrap_or_default();
            let by = receipt.by.as_ref().map(|id| format!(" by {}", id.short())).unwrap_or_default();
            let same_day = before == day(receipt.at);
            let at = if same_day { self.local(receipt.at, "%H:%M:%S") } else { self.clock(receipt.at) };
            steps.push(format!("{name} {at}{by}"));
            before = day(receipt.at);
        }
        steps.join(" · ")
    }

    fn clock(&self, at: Timestamp) -> String {
        self.local(at, "%Y-%m-%d %H:%M:%S")
    }

    fn local(&self, at: Timestamp, format: &str) -> String {
        at.to_zoned(self.zone.clone()).strftime(format).to_string()
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.colours { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// A line in pieces that fit whatever the terminal makes of its characters, broken at spaces where there are some.
/// `text::columns` counts what they take as a rule, and a terminal that disagreed would break a line by itself.
fn wrap(line: &str, columns: Option<usize>) -> Vec<String> {
    let most = columns.unwrap_or(usize::MAX).max(NARROWEST);
    let mut pieces = Vec::new();
    let (mut begin, mut used, mut space) = (0, 0, None);
    for (at, c) in line.char_indices() {
        if used + width(c) > most {
            let end = space.take().unwrap_or(at);
            pieces.push(line[begin..end].to_owned());
            begin = end;
            used = line[begin..at].chars().map(width).sum();
        }
        used += width(c);
        if c == ' ' && at > begin {
            space = Some(at + 1);
        }
    }
    pieces.push(line[begin..].to_owned());
    pieces
}

/// The most columns a character may take.
fn width(c: char) -> usize {
    match c {
        '\t' => 8,
        c if c.is_ascii() => 1,
        _ => 2,
    }
}

/// Who has the letter; the name it was written to, and the one that agent has now.
pub(super) fn recipient(found: &Found) -> String {
    let (written, now) = (&found.letter.to, found.mailbox.name());
    if written == now { now.to_string() } else { format!("{written} (now {now})") }
}

/// What is out of the ordinary about a letter.
pub(super) fn remarks(letter: &Letter) -> Vec<String> {
    let kind = (letter.kind != Kind::Message).then(|| one_line(letter.kind.as_str()));
    let priority = (letter.priority != Priority::Normal).then(|| letter.priority.as_str().to_owned());
    kind.into_iter().chain(priority).collect()
}

/// Red for what did not arrive, yellow for what needs a person, green for what went in.
fn colour(stage: Stage) -> Style {
    let colour = match stage {
        Stage::Seen | Stage::Answered => AnsiColor::Green,
        Stage::Stored | Stage::Forwarded | Stage::Notified | Stage::Delivered => AnsiColor::Cyan,
        Stage::Held => AnsiColor::Yellow,
        Stage::Expired | Stage::Refused | Stage::Dead => AnsiColor::Red,
    };
    colour.on_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_broken_at_spaces_where_there_are_some() {
        let wrapped = |line: &str| wrap(line, Some(20)).join("|");
        assert_eq!(wrapped("short"), "short");
        assert_eq!(
            wrapped("please run the tests once more, and tell me"),
            "please run the |tests once more, |and tell me"
        );
        assert_eq!(wrapped(&"x".repeat(45)), ["x".repeat(20), "x".repeat(20), "x".repeat(5)].join("|"));
        assert_eq!(wrapped("日本語日本語日本語日本語"), "日本語日本語日本語日|本語");
        assert_eq!(wrapped(""), "");
        assert_eq!(wrap(&"word ".repeat(100), None).len(), 1);
    }
}
