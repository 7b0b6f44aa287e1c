//! The letter that is open.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use super::pane::{heading, is_focused};
use crate::{
    text::columns,
    view::{
        model::{Focus, Model},
        open_letter::Fact,
        theme::{self, Theme},
    },
};

/// Free cells on either side of the text.
const MARGIN: usize = 1;

pub fn draw(frame: &mut Frame, model: &mut Model, area: Rect) {
    let focused = is_focused(model, Focus::OpenLetter);
    let theme = model.theme;
    let state = model.open.as_ref().and_then(|open| model.letters.find(&open.key)).map(|entry| entry.stage);
    let Some(open) = &mut model.open else { return };
    let width = usize::from(area.width).saturating_sub(2 * MARGIN);
    let height = usize::from(area.height).saturating_sub(1);
    open.lay(width);
    open.window.height = height;
    open.window.clamp(open.len());
    let (top, len) = (open.window.top, open.len());
    let note = if len > height { format!("{} %", (top + height) * 100 / len) } else { String::new() };
    let title =
        state.map_or("letter".to_owned(), |stage| format!("letter · {} {}", theme::sign(stage), stage.as_str()));
    let rows = heading(frame, theme, area, &title, &note, focused);
    model.areas.open = rows;
    let facts = open.above().len();
    let head = open.above().iter().map(|fact| line(fact, theme, width));
    let text = open.lines().iter().map(|line| Line::raw(line.clone()));
    let lines = head.chain([Line::default()]).chain(text.skip(top.saturating_sub(facts + 1)));
    for (row, line) in rows.rows().zip(lines.skip(top.min(facts + 1))) {
        let row = Rect { x: row.x + 1, width: row.width.saturating_sub(2), ..row };
        frame.render_widget(line, row);
    }
}

fn line(fact: &Fact, theme: Theme, width: usize) -> Line<'static> {
    match fact {
        Fact::Title(text) => Line::styled(columns::fit(text, width), theme.strong()),
        Fact::Why(text) => Line::styled(text.clone(), theme.call()),
        Fact::Plain(text) => Line::styled(columns::fit(text, width), theme.faint()),
        Fact::Step { stage, name, when, note } => {
            let sign = stage.map_or("↺", theme::sign);
            let style = stage.map_or(theme.faint(), |stage| theme.stage(stage));
            let note = columns::fit(note, width.saturating_sub(13 + when.len() + 2));
            Line::from(vec![
                Span::styled(format!("{sign} {name:<10} "), style),
                Span::raw(when.clone()),
                Span::styled(format!("  {note}"), theme.faint()),
            ])
        }
    }
}
