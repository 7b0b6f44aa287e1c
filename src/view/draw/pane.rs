//! What the panes share: the line above each, and how much room a row takes.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
};
use unicode_width::UnicodeWidthStr;

use crate::{
    text::columns,
    view::{
        model::{Focus, Mode, Model},
        theme::Theme,
    },
};

/// Lines for one agent.
pub const LINES_PER_AGENT: usize = 2;

/// The line above a pane, heavy above the one that the keys are for. Gives what is below it.
pub(super) fn heading(frame: &mut Frame, theme: Theme, area: Rect, title: &str, note: &str, is_focused: bool) -> Rect {
    let [top, below] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
    let (stroke, style) = if is_focused { ("━", theme.accent()) } else { ("─", theme.faint()) };
    let width = usize::from(top.width);
    let title = columns::fit(title, width.saturating_sub(4));
    let note = columns::fit(note, width.saturating_sub(title.width() + 8));
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
pub(super) fn is_focused(model: &Model, pane: Focus) -> bool {
    model.focus == pane && !matches!(model.mode, Mode::Write(_))
}
