//! The pane of agents.

use jiff::Timestamp;
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};
use unicode_width::UnicodeWidthStr;

use super::pane::{LINES_PER_AGENT, heading, is_focused};
use crate::{
    agent::status::Stage,
    report::standing::words,
    text::columns,
    view::{
        agents::{Agent, AgentState},
        model::{Focus, Model},
        theme::{self, Theme},
    },
};

/// From this width on there is room for words.
const WORDY: usize = 30;
/// A place that is cut shorter than this says nothing.
const SHORTEST_PLACE: usize = 4;

pub fn draw(frame: &mut Frame, model: &mut Model, area: Rect) {
    let focused = is_focused(model, Focus::Agents);
    let theme = model.theme;
    let rows = heading(frame, theme, area, "agents", "", focused);
    model.areas.agents = rows;
    let agents = &mut model.agents;
    let height = usize::from(rows.height) / LINES_PER_AGENT;
    let cursor = agents.position();
    if agents.window.height != height {
        agents.window.height = height;
        agents.window.reveal(cursor.unwrap_or(0), agents.list().len());
    }
    if agents.list().is_empty() {
        let text = "no agents yet: start `claude` in another terminal, and it appears here";
        for (row, line) in rows.rows().skip(1).zip(columns::wrapped(text, usize::from(rows.width).saturating_sub(4))) {
            frame.render_widget(Line::styled(format!("  {line}"), theme.faint()), row);
        }
        return;
    }
    let only = model.letters.query().agent.as_ref();
    let shown = agents.list().iter().enumerate().skip(agents.window.top).take(height);
    for (place, (at, agent)) in shown.enumerate() {
        let look = Emphasis { is_selected: cursor == Some(at), focused, is_filter: only == Some(&agent.name) };
        let y = rows.y + u16::try_from(place * LINES_PER_AGENT).unwrap_or(u16::MAX);
        let [first, second] = lines(agent, theme, model.now, usize::from(rows.width), look);
        frame.render_widget(first, Rect { y, height: 1, ..rows });
        frame.render_widget(second, Rect { y: y + 1, height: 1, ..rows });
    }
}

#[derive(Clone, Copy)]
struct Emphasis {
    is_selected: bool,
    focused: bool,
    /// Whether only this agent's letters are shown.
    is_filter: bool,
}

fn lines(agent: &Agent, theme: Theme, now: Timestamp, width: usize, look: Emphasis) -> [Line<'static>; 2] {
    let name_room = width.saturating_sub(5);
    let notes = notes(agent, width >= WORDY);
    let taken: usize = notes.iter().flatten().map(|note| note.width() + 1).sum();
    let room = name_room.saturating_sub(taken + 1);
    let (mark, mark_style) = match (look.is_selected, look.focused) {
        (true, true) => ("❯", theme.accent()),
        (true, false) => ("›", theme.faint()),
        (false, _) => (" ", theme.faint()),
    };
    let mut name = theme.presence(agent.presence);
    if look.is_selected && look.focused {
        name = name.patch(theme.strong());
    }
    let filter = if look.is_filter { "≡" } else { " " };
    let mut first = vec![
        Span::styled(mark, mark_style),
        Span::raw(" "),
        Span::styled(theme::presence_sign(agent.presence), theme.presence(agent.presence)),
        Span::raw(" "),
        Span::styled(columns::column(agent.name.as_str(), room), name),
        Span::styled(filter, theme.accent()),
    ];
    let [held, unread] = notes;
    first.extend(held.map(|held| Span::styled(format!(" {held}"), theme.call())));
    first.extend(unread.map(|unread| Span::raw(format!(" {unread}"))));
    let word = match agent.presence {
        AgentState::Person => agent.presence.as_str().to_owned(),
        _ => words(&agent.standing, now),
    };
    let room = width.saturating_sub(5);
    let second = Line::styled(format!("    {}", doing(&word, agent, room)), theme.faint());
    [Line::from(first), second]
}

/// What it does, and where.
fn doing(word: &str, agent: &Agent, room: usize) -> String {
    let left = room.saturating_sub(word.width() + 3);
    if agent.path.is_empty() && agent.behind.is_empty() || left < SHORTEST_PLACE {
        return columns::fit(word, room);
    }
    format!("{word} · {}", columns::fit_place(&agent.path, &agent.behind, left).trim_start())
}

/// How much is held and how much waits, in words where there is room for them.
fn notes(agent: &Agent, in_words: bool) -> [Option<String>; 2] {
    let noted = |number: usize, note: String| (number > 0).then_some(note);
    let said =
        [noted(agent.held, format!("{} held", agent.held)), noted(agent.unread, format!("{} new", agent.unread))];
    let signed = [
        noted(agent.held, format!("{}{}", theme::sign(Stage::Held), agent.held)),
        noted(agent.unread, format!("{}{}", theme::sign(Stage::Stored), agent.unread)),
    ];
    if in_words { said } else { signed }
}
