//! A text that is being written, and the place in it where the next character goes.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Input {
    text: String,
    /// In bytes, between two characters as people see them.
    at: usize,
}

/// One line of it as it is shown, and where it begins in the text, in bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct InputLine {
    pub start: usize,
    pub text: String,
}

impl Input {
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { at: text.len(), text }
    }

    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }

    #[must_use]
    pub fn is_at_end(&self) -> bool {
        self.at == self.text.len()
    }

    /// Takes what a keyboard or a paste gives; what no letter should hold is left out.
    pub fn insert(&mut self, more: &str) {
        let more = more.replace("\r\n", "\n").replace('\r', "\n");
        let more: String = more.chars().filter(|c| matches!(c, '\n' | '\t') || !c.is_control()).collect();
        self.text.insert_str(self.at, &more);
        self.at += more.len();
    }

    pub fn rub_out(&mut self) {
        let start = self.before();
        self.text.drain(start..self.at);
        self.at = start;
    }

    pub fn delete(&mut self) {
        let end = self.after();
        self.text.drain(self.at..end);
    }

    /// Takes away the word before.
    pub fn rub_out_word(&mut self) {
        let start = self.text[..self.at].unicode_word_indices().next_back().map_or(0, |(start, _)| start);
        self.text.drain(start..self.at);
        self.at = start;
    }

    /// Takes away what stands before on this line.
    pub fn rub_out_line(&mut self) {
        let start = self.line_start();
        self.text.drain(start..self.at);
        self.at = start;
    }

    pub fn left(&mut self) {
        self.at = self.before();
    }

    pub fn right(&mut self) {
        self.at = self.after();
    }

    pub fn home(&mut self) {
        self.at = self.line_start();
    }

    pub fn end(&mut self) {
        self.at = self.text[self.at..].find('\n').map_or(self.text.len(), |more| self.at + more);
    }

    /// Moves up or down by lines as they are shown at this width.
    pub fn climb(&mut self, by: isize, width: usize) {
        let lines = self.lines(width);
        let (x, y) = self.cursor(width);
        let Some(line) = y.checked_add_signed(by).and_then(|y| lines.get(y)) else { return };
        let mut cells = 0;
        let within = line.text.grapheme_indices(true).find(|(_, cluster)| {
            cells += cluster_width(cluster);
            cells > x
        });
        self.at = line.start + within.map_or(line.text.len(), |(at, _)| at);
    }

    /// The lines as they are shown at this width.
    #[must_use]
    pub fn lines(&self, width: usize) -> Vec<InputLine> {
        let mut lines = vec![InputLine { start: 0, text: String::new() }];
        let mut cells = 0;
        for (at, cluster) in self.text.grapheme_indices(true) {
            let wide = cluster_width(cluster);
            if cluster == "\n" || cells + wide > width.max(2) {
                let start = if cluster == "\n" { at + 1 } else { at };
                lines.push(InputLine { start, text: String::new() });
                cells = 0;
            }
            if cluster != "\n" {
                cells += wide;
                if let Some(line) = lines.last_mut() {
                    line.text.push_str(cluster);
                }
            }
        }
        lines
    }

    /// Column and line of the cursor among [`Input::lines`].
    #[must_use]
    pub fn cursor(&self, width: usize) -> (usize, usize) {
        let lines = self.lines(width);
        let y = lines.iter().rposition(|line| line.start <= self.at).unwrap_or(0);
        let before = &self.text[lines[y].start.min(self.at)..self.at];
        (before.graphemes(true).map(cluster_width).sum(), y)
    }

    fn before(&self) -> usize {
        self.text[..self.at].grapheme_indices(true).next_back().map_or(0, |(at, _)| at)
    }

    fn after(&self) -> usize {
        self.at + self.text[self.at..].graphemes(true).next().map_or(0, str::len)
    }

    fn line_start(&self) -> usize {
        self.text[..self.at].rfind('\n').map_or(0, |at| at + 1)
    }
}

fn cluster_width(cluster: &str) -> usize {
    if cluster == "\t" { 4 } else { cluster.width() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_writes_moves_and_takes_back_by_what_one_sees() {
        let mut input = Input::default();
        input.insert("grüße e\u{301}x\r\n日本");
        input.rub_out();
        input.climb(-1, 40);
        assert_eq!(input.cursor(40), (2, 0));
        input.end();
        input.left();
        input.rub_out();
        assert_eq!(input.text(), "grüße x\n日");
        input.rub_out_word();
        assert_eq!(input.text(), "x\n日");
        input.right();
        input.right();
        input.delete();
        assert_eq!(input.text(), "x\n");
        input.insert("\u{1b}[31m\u{7}");
        assert_eq!(input.text(), "x\n[31m");
        input.rub_out_line();
        assert_eq!(input.text(), "x\n");
    }

    #[test]
    fn a_long_line_goes_on_in_the_next_and_the_cursor_with_it() {
        let input = Input::new("abcdef\n日本語");
        let lines: Vec<_> = input.lines(4).into_iter().map(|line| line.text).collect();
        assert_eq!(lines, ["abcd", "ef", "日本", "語"]);
        assert_eq!(input.cursor(4), (2, 3));
    }
}
