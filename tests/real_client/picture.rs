//! Screens as pictures for the README. A picture is what a story showed; the story fails when it shows something else
//! than the committed picture, and `./tests/run pictures` draws it anew.

use std::{env, fs, path::PathBuf};

use anstyle_svg::Term;

use crate::support::terminal::Row;

/// Rows of one or several screens, below one another.
#[derive(Default)]
pub struct Picture {
    rows: Vec<Row>,
}

impl Picture {
    /// A line that says what is below it.
    pub fn caption(mut self, text: &str) -> Self {
        if !self.rows.is_empty() {
            self.rows.push(Row::default());
        }
        let coloured = format!("\x1b[7m {text:<99}\x1b[0m");
        self.rows.push(Row { text: text.to_owned(), coloured });
        self
    }

    /// A session's talk, from its greeting to its prompt, without what differs from run to run or says nothing; empty rows
    /// only one at a time.
    pub fn talk(mut self, rows: Vec<Row>) -> Self {
        let is_greeting = |row: &Row| row.text.contains("SessionStart:startup says");
        let is_border = |row: &Row| row.text.starts_with("────");
        for row in rows.into_iter().skip_while(|row| !is_greeting(row)).take_while(|row| !is_border(row)) {
            let text = row.text.trim();
            let is_empty = text.is_empty();
            let after_empty = self.rows.last().is_none_or(|row| row.text.trim().is_empty());
            if !(says_nothing(text) || is_empty && after_empty) {
                self.rows.push(row);
            }
        }
        while self.rows.last().is_some_and(|row| row.text.trim().is_empty()) {
            self.rows.pop();
        }
        self
    }

    /// All rows of a screen.
    pub fn whole(mut self, rows: Vec<Row>) -> Self {
        self.rows.extend(rows);
        self
    }

    /// The rows of a screen from the one above `first` to the one below `last`.
    pub fn part(mut self, rows: &[Row], first: &str, last: &str) -> Self {
        let at = |text: &str| rows.iter().position(|row| row.text.contains(text)).expect("what the picture is of");
        self.rows.extend_from_slice(&rows[at(first) - 1..=at(last) + 1]);
        self
    }

    /// The row of a screen with this text.
    pub fn row(mut self, rows: &[Row], text: &str) -> Self {
        self.rows.extend(rows.iter().find(|row| row.text.contains(text)).cloned());
        self
    }

    /// Compares the picture with the committed one of this name.
    ///
    /// # Panics
    /// When they differ, unless the pictures are being drawn.
    #[track_caller]
    pub fn check(self, name: &str) {
        let ansi: Vec<&str> = self.rows.iter().map(|row| row.coloured.trim_end()).collect();
        let svg = Term::new().render_svg(&ansi.join("\n"));
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("docs/pictures/{name}.svg"));
        if env::var_os("CC2CC_DRAW").is_some() {
            fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
            fs::write(&file, svg).expect("the picture");
            return;
        }
        let committed = fs::read_to_string(&file).unwrap_or_default();
        let texts: Vec<&str> = self.rows.iter().map(|row| row.text.trim_end()).collect();
        assert!(
            committed == svg,
            "docs/pictures/{name}.svg is not what is on the screen now; `./tests/run pictures` draws it anew\n{}",
            texts.join("\n")
        );
    }
}

/// The client's hints and times.
fn says_nothing(text: &str) -> bool {
    let starts = ["✻", "⏸", "◐", "? for shortcuts"];
    starts.iter().any(|start| text.starts_with(start))
}
