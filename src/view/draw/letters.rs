//! The pane of letters: a line for each thread, or for each letter of one that is unfolded.

use jiff::Timestamp;
use ratatui::{
    Frame,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};
use unicode_width::UnicodeWidthStr;

use super::pane::{heading, is_focused};
use crate::{
    agent::status::Stage,
    text::columns,
    view::{
        cells,
        letter::Entry,
        letters::{Folding, Row},
        model::{Focus, Model, Older},
        theme::{self, Theme},
    },
};

/// From this width on the state of a letter is said in full.
const ROOMY: usize = 84;
/// The room for the cursor, and for how many letters are folded.
const MARGIN: usize = 5;
/// The room for who wrote to whom, at most.
const WHO: usize = 32;

pub fn draw(frame: &mut Frame, model: &mut Model, area: Rect) {
    let focused = is_focused(model, Focus::Letters);
    let (title, note) = titles(model);
    let rows = heading(frame, model.theme, area, &title, &note, focused);
    model.areas.letters = rows;
    let letters = &mut model.letters;
    let height = usize::from(rows.height);
    let cursor = letters.position();
    if letters.window.height != height {
        letters.window.height = height;
        letters.window.reveal(cursor.unwrap_or(0), letters.rows().len());
    }
    if letters.rows().is_empty() {
        return empty(frame, model, rows);
    }
    let letters = &model.letters;
    let top = letters.window.top;
    let shown: Vec<Row> = letters.rows().iter().skip(top).take(height).copied().collect();
    let width = usize::from(rows.width);
    let names = |row: &Row| who(letters.entry(*row)).width() + if row.part == Folding::Member { 2 } else { 0 };
    let widest = shown.iter().map(names).max().unwrap_or(0).min(WHO).min(width / 2);
    for (place, (row, at)) in rows.rows().zip(&shown).enumerate() {
        let is_selected = cursor == Some(top + place);
        let measures = Measures { width, who: widest, now: model.now, theme: model.theme };
        let open = model.is_open(&letters.entry(*at).key);
        let line = measures.line(letters.entry(*at), at.part, is_selected, focused, open);
        frame.render_widget(line, row);
    }
}

fn titles(model: &Model) -> (String, String) {
    let query = model.letters.query();
    let mut title = "letters".to_owned();
    if let Some(agent) = &query.agent {
        title.push_str(&format!(" of {agent}"));
    }
    if !query.text.is_empty() {
        title.push_str(&format!(" saying «{}»", cells::one_line(&query.text, 40)));
    }
    let note = match model.older {
        _ if model.searching => "searching…",
        Older::Loading => "reading…",
        _ if model.letters.is_filtered() => "Esc shows all",
        _ => "",
    };
    (title, note.to_owned())
}

fn empty(frame: &mut Frame, model: &Model, rows: Rect) {
    let text = match (&model.older, model.addressee()) {
        _ if model.searching => "searching…".to_owned(),
        (Older::Loading, _) => "reading…".to_owned(),
        _ if model.letters.is_filtered() => "no such letters: press Esc to see all".to_owned(),
        (_, Some(name)) => format!("no letters yet: press n to write to {name}"),
        (_, None) if model.agents.list().is_empty() => "no letters yet, and nobody to write to".to_owned(),
        (_, None) => "no letters yet: press n to write one".to_owned(),
    };
    let lines = columns::wrapped(&text, usize::from(rows.width).saturating_sub(4));
    for (row, line) in rows.rows().skip(1).zip(lines) {
        frame.render_widget(Line::styled(format!("  {line}"), model.theme.faint()), row);
    }
}

fn who(entry: &Entry) -> String {
    format!("{} → {}", entry.from, entry.key.to)
}

struct Measures {
    width: usize,
    who: usize,
    now: Timestamp,
    theme: Theme,
}

impl Measures {
    fn line(&self, entry: &Entry, part: Folding, is_selected: bool, focused: bool, open: bool) -> Line<'static> {
        let theme = self.theme;
        let mark = match (is_selected, focused, open) {
            (true, true, _) => Span::styled("❯", theme.accent()),
            (true, false, _) => Span::styled("›", theme.faint()),
            (false, _, true) => Span::styled("›", theme.accent()),
            _ => Span::raw(" "),
        };
        let fold = match part {
            Folding::Folded { letters, .. } => format!("▸{}", count(letters)),
            Folding::Unfolded { letters } => format!("▾{}", count(letters)),
            Folding::Alone | Folding::Member => String::new(),
        };
        let is_bold = is_selected && focused;
        let text = if is_bold { theme.strong() } else { Style::new() };
        let indent = if part == Folding::Member { "  " } else { "" };
        let roomy = self.width >= ROOMY;
        let state_room = if roomy { 12 } else { 2 };
        let age = theme::age(entry.at, self.now);
        let rest = self.width.saturating_sub(MARGIN + state_room + self.who + 1 + 5);
        let mut line = vec![
            mark,
            Span::raw(" "),
            Span::styled(columns::column(&fold, 3), theme.faint()),
            Span::raw(indent),
            Span::styled(columns::column(&state(entry.stage, roomy), state_room), theme.stage(entry.stage)),
            Span::styled(columns::column(&who(entry), self.who - indent.len().min(self.who)), text),
            Span::raw(" "),
        ];
        let mut left = rest;
        if let Folding::Folded { holds: true, .. } = part {
            let within = columns::fit("‖ one is held · ", left);
            left -= within.width();
            line.push(Span::styled(within, theme.call()));
        }
        let prefix = prefix(entry, roomy);
        if !prefix.is_empty() {
            let prefix = columns::fit(&prefix, left);
            left -= prefix.width();
            line.push(Span::styled(prefix, theme.stage(entry.stage)));
        }
        // A thread that is unfolded shows its letters below.
        let said = if matches!(part, Folding::Unfolded { .. }) { "" } else { entry.line.as_str() };
        line.push(Span::styled(columns::column(said, left), text));
        line.push(Span::styled(format!(" {age:>4}"), theme.faint()));
        Line::from(line)
    }
}

fn state(stage: Stage, roomy: bool) -> String {
    let sign = theme::sign(stage);
    if roomy { format!("{sign} {}", stage.as_str()) } else { sign.to_owned() }
}

/// What must not be missed is said, not only drawn.
fn prefix(entry: &Entry, roomy: bool) -> String {
    let state = match entry.stage {
        Stage::Held | Stage::Expired | Stage::Refused | Stage::Dead if !roomy => format!("{} · ", entry.stage.as_str()),
        _ => String::new(),
    };
    if entry.urgent { format!("{state}! ") } else { state }
}

fn count(letters: usize) -> String {
    if letters > 99 { "+".to_owned() } else { letters.to_string() }
}
