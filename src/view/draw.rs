//! The screen: agents on the left, letters on the right, the letter that is open beside or over them, keys below.

mod agents;
mod bars;
mod compose;
mod help;
mod letters;
mod open_letter;
pub mod pane;

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
};

use super::model::{Areas, Mode, Model};
use crate::text::columns;

/// Below this there is no room for two panes.
pub const SMALLEST: (u16, u16) = (60, 16);
/// From here on an open letter leaves the list on the screen.
const TALL: u16 = 34;
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
    if let Mode::Help(page) = model.mode {
        help::draw(frame, model, page, body);
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
    model.areas = Areas::default();
    agents::draw(frame, model, left);
    let writing = matches!(model.mode, Mode::Write(_));
    let lower = if writing { COMPOSING.max(body.height / 3) } else { 0 };
    let [upper, lower] = Layout::vertical([Constraint::Min(0), Constraint::Length(lower)]).areas(right);
    if model.open.is_none() {
        letters::draw(frame, model, upper);
    } else if upper.height < TALL - 3 {
        open_letter::draw(frame, model, upper);
    } else {
        let [list, open] = Layout::vertical([Constraint::Fill(2), Constraint::Fill(3)]).areas(upper);
        letters::draw(frame, model, list);
        open_letter::draw(frame, model, open);
    }
    if writing {
        compose::draw(frame, model, lower);
    }
}

fn too_small(frame: &mut Frame, area: Rect) {
    let (columns, rows) = SMALLEST;
    let text = format!("cc2cc watch needs {columns} × {rows}; this is {} × {} (q quits)", area.width, area.height);
    for (row, line) in area.rows().zip(columns::wrapped(&text, usize::from(area.width))) {
        frame.render_widget(Line::from(line), row);
    }
}
