//! The letter that is being written.

use ratatui::{
    Frame,
    layout::{Position, Rect},
    text::{Line, Span},
};

use unicode_width::UnicodeWidthStr;

use super::pane::heading;
use crate::{
    text::columns,
    view::{
        cells,
        composer::Field,
        model::{Mode, Model},
        recipients,
        theme::Theme,
    },
};

pub fn draw(frame: &mut Frame, model: &mut Model, area: Rect) {
    let theme = model.theme;
    let Mode::Write(draft) = &model.mode else { return };
    let title = if draft.answers.is_some() { "answer" } else { "new letter" };
    let note = if draft.sending { "sending…" } else { "" };
    let below = heading(frame, theme, area, title, note, true);
    let inner = Rect { x: below.x + 1, width: below.width.saturating_sub(2), ..below };
    let width = usize::from(inner.width);
    let all = if draft.field == Field::To { draft.recipients(model.agents.list()) } else { Vec::new() };
    let marked = draft.marked.and_then(|at| all.get(at));
    let typed = recipients::typed(draft.to.text()).len();
    let rest = marked.and_then(|name| name.get(typed..)).unwrap_or_default();
    let room = width.saturating_sub(3);
    let shown = columns::fit(draft.to.text(), room);
    let rest = columns::fit(rest, room.saturating_sub(shown.width()));
    let to = vec![Span::styled("to ", theme.faint()), Span::raw(shown), Span::styled(rest, theme.faint())];
    frame.render_widget(Line::from(to), Rect { height: 1, ..inner });
    let mut above = 1;
    if draft.field == Field::To {
        let line = choice(&all, draft.marked, theme, width);
        frame.render_widget(line, Rect { y: inner.y + 1, height: 1, ..inner });
        above += 1;
    }
    if let Some(answered) = &draft.answers {
        let line = columns::fit(&format!("answers «{}»", answered.line), width);
        frame.render_widget(Line::styled(line, theme.faint()), Rect { y: inner.y + above, height: 1, ..inner });
        above += 1;
    }
    above += 1; // a free line
    let text = Rect { y: inner.y + above, height: inner.height.saturating_sub(above), ..inner };
    model.areas.text = text;
    let (x, y) = draft.text.cursor(width);
    let rows = usize::from(text.height).max(1);
    let top = (y + 1).saturating_sub(rows);
    for (row, line) in text.rows().zip(draft.text.lines(width).iter().skip(top)) {
        frame.render_widget(Line::raw(columns::fit(&cells::safe(&line.text), width)), row);
    }
    let (x, y) = match draft.field {
        Field::To => (inner.x + 3 + cell(draft.to.cursor(width - 3).0, width - 4), inner.y),
        Field::Text => (text.x + cell(x, width - 1), text.y + cell(y - top, rows - 1)),
    };
    if !draft.sending {
        frame.set_cursor_position(Position { x, y });
    }
}

/// Those whom the address may become, from the one on that is marked.
fn choice(all: &[String], marked: Option<usize>, theme: Theme, width: usize) -> Line<'static> {
    let mut line = vec![Span::raw("   ")];
    let mut left = width.saturating_sub(3);
    // Two before the marked one stay in sight, so that one sees where one is.
    let first = marked.unwrap_or(0).saturating_sub(2);
    for (at, name) in all.iter().enumerate().skip(first) {
        let shown = columns::fit(name, left);
        left = left.saturating_sub(name.width() + 2);
        let style = if marked == Some(at) { theme.accent().patch(theme.strong()) } else { theme.faint() };
        line.extend([Span::styled(shown, style), Span::raw("  ")]);
        if left < 4 {
            break;
        }
    }
    Line::from(line)
}

fn cell(at: usize, last: usize) -> u16 {
    u16::try_from(at.min(last)).unwrap_or(u16::MAX)
}
