//! All keys and signs on one page.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
};

use super::pane::heading;
use crate::{
    agent::status::Stage,
    view::{
        agents::AgentState,
        model::Model,
        theme::{self, Theme},
    },
};

const KEYS: [(&str, &str); 17] = [
    ("↑ ↓ j k", "move"),
    ("PgUp PgDn g G", "move far"),
    ("Tab", "next pane"),
    ("Enter", "open; unfold or fold"),
    ("Esc", "close, show all"),
    ("H", "the next held letter"),
    ("a", "accept a held letter"),
    ("x", "refuse a held letter"),
    ("r", "answer the letter"),
    ("n", "write to who is chosen"),
    ("f", "its agent's letters"),
    ("/", "find letters"),
    ("y", "copy the letter's id"),
    ("m", "mouse on or off"),
    ("Ctrl-L", "draw anew"),
    ("Ctrl-Z", "to the shell, until fg"),
    ("q Ctrl-C", "quit"),
];
const AGENTS: [AgentState; 8] = [
    AgentState::Busy,
    AgentState::Idle,
    AgentState::NextTurn,
    AgentState::Asks,
    AgentState::Failing,
    AgentState::Deaf,
    AgentState::Away,
    AgentState::Person,
];
/// From this width on there is room for two columns.
const WIDE: u16 = 76;

/// Draws a page; what does not fit is on the next one.
pub fn draw(frame: &mut Frame, model: &mut Model, page: usize, area: Rect) {
    let theme = model.theme;
    let is_wide = area.width >= WIDE;
    let columns = if is_wide { [Constraint::Fill(1); 2] } else { [Constraint::Fill(1), Constraint::Length(0)] };
    let [left, right] = Layout::horizontal(columns).areas(area);
    let rows = usize::from(area.height).saturating_sub(2).max(1);
    let (keys, signs) = (keys(theme), signs(theme));
    let pages = |lines: &[Line]| lines.len().div_ceil(rows);
    let (of_keys, of_signs) = (pages(&keys), pages(&signs));
    model.help_pages = if is_wide { of_keys.max(of_signs) } else { of_keys + of_signs };
    let mut show = |title, place, lines: Vec<Line<'static>>, page: usize| {
        let below = heading(frame, theme, place, title, "", true);
        for (row, line) in below.rows().skip(1).zip(lines.into_iter().skip(page * rows)) {
            frame.render_widget(line, row);
        }
    };
    if is_wide {
        show("keys", left, keys, page);
        show("signs", right, signs, page);
    } else if page < of_keys {
        show("keys", left, keys, page);
    } else {
        show("signs", left, signs, page - of_keys);
    }
}

fn keys(theme: Theme) -> Vec<Line<'static>> {
    let line = |(key, does): (&'static str, &'static str)| {
        Line::from(vec![Span::styled(format!("  {key:<15}"), theme.accent()), Span::raw(does)])
    };
    KEYS.into_iter().map(line).collect()
}

fn signs(theme: Theme) -> Vec<Line<'static>> {
    let of_letter = |stage: &Stage| {
        let sign = Span::styled(format!("  {} {:<10}", theme::sign(*stage), stage.as_str()), theme.stage(*stage));
        Line::from(vec![sign, Span::styled(meaning(*stage), theme.faint())])
    };
    let of_agent = |presence: AgentState| {
        Line::styled(format!("  {} {}", theme::presence_sign(presence), presence.as_str()), theme.presence(presence))
    };
    let letters = theme::LADDER.iter().map(of_letter);
    letters.chain([Line::default()]).chain(AGENTS.into_iter().map(of_agent)).collect()
}

fn meaning(stage: Stage) -> &'static str {
    match stage {
        Stage::Stored => "waits in the inbox",
        Stage::Forwarded => "on its way to a machine",
        Stage::Notified => "a wake was sent",
        Stage::Delivered => "put before the model",
        Stage::Seen => "it is in the transcript",
        Stage::Answered => "a reply was sent",
        Stage::Held => "waits for your yes",
        Stage::Expired => "its time to live ended",
        Stage::Refused => "declined by a person",
        Stage::Dead => "could not be delivered",
    }
}
