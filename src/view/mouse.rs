//! The mouse, for those who have asked for it: a click selects, a second one opens, the wheel scrolls.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::{
    action::Action,
    draw::pane::LINES_PER_AGENT,
    model::{Focus, Model},
};

/// Rows for one notch of the wheel.
const NOTCH: isize = 3;

pub fn point(model: &mut Model, mouse: MouseEvent) -> Option<Action> {
    let at = Position::new(mouse.column, mouse.row);
    let areas = model.areas;
    let hit = [(areas.agents, Focus::Agents), (areas.letters, Focus::Letters), (areas.open, Focus::OpenLetter)];
    let (place, focus) = hit.into_iter().find(|(place, _)| place.contains(at))?;
    let row = usize::from(mouse.row - Rect::top(place));
    let before = model.focus;
    model.focus = focus;
    match mouse.kind {
        MouseEventKind::ScrollUp => model.step(-NOTCH),
        MouseEventKind::ScrollDown => model.step(NOTCH),
        MouseEventKind::Down(MouseButton::Left) => click(model, focus, row),
        _ => {
            model.focus = before;
            None
        }
    }
}

fn click(model: &mut Model, focus: Focus, row: usize) -> Option<Action> {
    match focus {
        Focus::Agents => {
            model.agents.go_to(model.agents.window.top + row / LINES_PER_AGENT);
            None
        }
        Focus::Letters => {
            let at = model.letters.window.top + row;
            let again = model.letters.position() == Some(at);
            model.letters.go_to(at);
            if again { model.open() } else { None }
        }
        Focus::OpenLetter => None,
    }
}
