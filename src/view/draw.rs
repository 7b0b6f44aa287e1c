//! The screen: agents on the left, letters on the right, the letter that is open beside or over them, keys below.

mod agents;
mod bars;
mod compose;
mod help;
mod letters;
mod reading;

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
};
use unicode_width::UnicodeWidthStr;

use super::{
    cells,
    model::{Focus, Mode, Model, Places},
    theme::Theme,
};

/// Below this there is no room for two panes.
pub const SMALLEST: (u16, u16) = (60, 16);
/// From here on an open letter leaves the list on the screen.
const TALL: u16 = 34;
/// Lines for one agent.
pub const LINES_PER_AGENT: usize = 2;
/// Lines for a letter that is being written.
const COMPOSING: u16 = 9;

/// Draws everything anew; the terminal is sent what differs.
pub fn draw(frame: &mut Frame, model: &mut Model) {
    let area = frame.area();
    model.is_hidden = area.width < SMALLEST.0 || area.height < SMALLEST.1;
    if model.is_hidden {
        return too_small(frame, area);
    }
    let [title, body, notice, keys] =
        Layout::vertical([Constraint::Length(1), Constraint::Min(0), Constraint::Length(1), Constraint::Length(1)])
            .areas(area);
    bars::title(frame, model, title);
    if matches!(model.mode, Mode::Help) {
        help::draw(frame, model, body);
    } else {
        panes(frame, model, body);
    }
    bars::notice(frame, model, notice);
    bars::keys(frame, model, keys);
}

fn panes(frame: &mut Frame, model: &mut Model, body: Rect) {
    let side = (body.width * 3 / 10).clamp(20, 38);
    let [left, gap, right] =
        Layout::horizontal([Constraint::Length(side), Constraint::Length(1), Constraint::Min(0)]).areas(body);
    for (row, stroke) in gap.rows().zip(std::iter::once("┬").chain(std::iter::repeat("│"))) {
        frame.render_widget(Span::styled(stroke, model.theme.faint()), row);
    }
    model.places = Places::default();
    agents::draw(frame, model, left);
    let writing = matches!(model.mode, Mode::Write(_));
    let lower = if writing { COMPOSING.max(body.height / 3) } else { 0 };
    let [upper, lower] = Layout::vertical([Constraint::Min(0), Constraint::Length(lower)]).areas(right);
    if model.reading.is_none() {
        letters::draw(frame, model, upper);
    } else if upper.height < TALL - 3 {
        reading::draw(frame, model, upper);
    } else {
        let [list, open] = Layout::vertical([Constraint::Fill(2), Constraint::Fill(3)]).areas(upper);
        letters::draw(frame, model, list);
        reading::draw(frame, model, open);
    }
    if writing {
        compose::draw(frame, model, lower);
    }
}

fn too_small(frame: &mut Frame, area: Rect) {
    let (columns, rows) = SMALLEST;
    let text = format!("cc2cc watch needs {columns} × {rows}; this is {} × {} (q quits)", area.width, area.height);
    for (row, line) in area.rows().zip(cells::wrapped(&text, usize::from(area.width))) {
        frame.render_widget(Line::from(line), row);
    }
}

/// The line above a pane, heavy above the one that the keys are for. Gives what is below it.
fn heading(frame: &mut Frame, theme: Theme, area: Rect, title: &str, note: &str, is_focused: bool) -> Rect {
    let [top, below] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
    let (stroke, style) = if is_focused { ("━", theme.accent()) } else { ("─", theme.faint()) };
    let width = usize::from(top.width);
    let title = cells::fit(title, width.saturating_sub(4));
    let note = cells::fit(note, width.saturating_sub(title.width() + 8));
    let note = if note.is_empty() { note } else { format!(" {note} ") };
    let rest = width.saturating_sub(title.width() + note.width() + 4);
    let title_style = if is_focused { theme.strong() } else { theme.faint() };
    let line = Line::from(vec![
        Span::styled(stroke, style),
        Span::styled(format!(" {title} "), title_style),
        Span::styled(stroke.repeat(rest), style),
        Span::styled(note, theme.faint()),
        Span::styled(stroke, style),
    ]);
    frame.render_widget(line, top);
    below
}

/// Whether the keys are for this pane, and not for a text that is being written.
fn is_focused(model: &Model, pane: Focus) -> bool {
    model.focus == pane && !matches!(model.mode, Mode::Write(_))
}
