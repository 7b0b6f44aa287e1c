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

const KEYS: [(&str, &str); 16] = [
    ("↑ ↓ j k", "move"),
    ("PgUp PgDn g G", "move far"),
    ("Tab", "next pane"),
    ("Enter", "open; unfold or fold"),
    ("Esc", "close, show all"),
    ("r", "answer the letter"),
    ("n", "write a new letter"),
    ("a", "accept a held letter"),
    ("x", "refuse a held letter"),
    ("f", "letters of its agent only"),
    ("/", "find letters"),
    ("y", "copy the letter's id"),
    ("m", "mouse on or off"),
    ("Ctrl-L", "draw anew"),
    ("Ctrl-Z", "to the shell, until fg"),
    ("q Ctrl-C", "quit"),
];

pub fn draw(frame: &mut Frame, model: &Model, area: Rect) {
    let theme = model.theme;
    let [left, right] = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).areas(area);
    let below = heading(frame, theme, left, "keys", "", true);
    let keys = KEYS.iter().map(|(key, does)| pair(theme, key, 15, does));
    fill(frame, below, keys);
    let below = heading(frame, theme, right, "signs", "", true);
    let ladder = theme::LADDER.iter().map(|stage| {
        let sign = Span::styled(format!("  {} {:<10}", theme::sign(*stage), stage.as_str()), theme.stage(*stage));
        Line::from(vec![sign, Span::styled(meaning(*stage), theme.faint())])
    });
    let agents = [
        AgentState::Busy,
        AgentState::Idle,
        AgentState::NextTurn,
        AgentState::Asks,
        AgentState::Failing,
        AgentState::Deaf,
        AgentState::Away,
        AgentState::Person,
    ]
    .map(|presence| {
        Line::styled(format!("  {} {}", theme::presence_sign(presence), presence.as_str()), theme.presence(presence))
    });
    fill(frame, below, ladder.chain([Line::default()]).chain(agents));
}

fn pair(theme: Theme, key: &'static str, room: usize, does: &'static str) -> Line<'static> {
    Line::from(vec![Span::styled(format!("  {key:<room$}"), theme.accent()), Span::raw(does)])
}

fn fill<'a>(frame: &mut Frame, area: Rect, lines: impl Iterator<Item = Line<'a>>) {
    for (row, line) in area.rows().skip(1).zip(lines) {
        frame.render_widget(line, row);
    }
}

fn meaning(stage: Stage) -> &'static str {
    match stage {
        Stage::Stored => "waits in the inbox",
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
