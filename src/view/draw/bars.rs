//! The lines above and below the panes.

use std::borrow::Cow;

use ratatui::{
    Frame,
    layout::{Position, Rect},
    text::{Line, Span},
};
use unicode_width::UnicodeWidthStr;

use crate::{
    agent::status::Stage,
    report::text::ago,
    text::columns,
    view::{
        cells,
        composer::Field,
        input::Input,
        model::{Focus, Mode, Model},
        theme::Theme,
    },
};

pub fn title(frame: &mut Frame, model: &Model, area: Rect) {
    let held = model.agents.held();
    let theme = model.theme;
    let mut line = vec![Span::styled(" cc2cc", theme.strong()), Span::styled(" watch", theme.faint())];
    let online = format!("{} of {} online ", model.agents.online(), sessions(model));
    let (key, held) = if held == 0 { ("", String::new()) } else { ("H", format!(" {held} held for you · ")) };
    let gap = usize::from(area.width).saturating_sub(12 + key.width() + held.width() + online.width());
    line.push(Span::raw(" ".repeat(gap)));
    line.push(Span::styled(key, theme.accent()));
    line.push(Span::styled(held, theme.call()));
    line.push(Span::styled(online, theme.faint()));
    frame.render_widget(Line::from(line), area);
}

fn sessions(model: &Model) -> usize {
    model.agents.list().iter().filter(|agent| !agent.name.is_user()).count()
}

/// What happened last, or the one line that is being written.
pub fn notice(frame: &mut Frame, model: &Model, area: Rect) {
    let theme = model.theme;
    let width = usize::from(area.width);
    match (&model.mode, &model.notice) {
        (Mode::Search(input), _) => ask(frame, theme, area, "/", input),
        (Mode::Refuse(_, input), _) => {
            ask(frame, theme, area, "refuse, and tell its sender why (may be empty): ", input);
        }
        (_, Some(notice)) if notice.is_trouble => {
            let text = columns::fit(&format!(" × {}", notice.text), width);
            frame.render_widget(Line::styled(text, theme.trouble()), area);
        }
        (_, Some(notice)) => frame.render_widget(Line::raw(columns::fit(&format!(" {}", notice.text), width)), area),
        (_, None) => frame.render_widget(Line::styled(rule(model, width), theme.faint()), area),
    }
}

/// The line between panes and keys; in it, what the agent that is chosen works on.
fn rule(model: &Model, width: usize) -> String {
    let chosen = model.agents.selected().filter(|_| model.focus == Focus::Agents);
    let work = chosen.and_then(|agent| Some((&agent.name, agent.work.as_ref()?)));
    let text = work.map(|(name, work)| format!("── {name}: {} ({}) ", work.text, ago(work.since, model.now)));
    let text = columns::fit(&text.unwrap_or_default(), width);
    format!("{text}{}", "─".repeat(width.saturating_sub(text.width())))
}

fn ask(frame: &mut Frame, theme: Theme, area: Rect, question: &str, input: &Input) {
    let room = usize::from(area.width).saturating_sub(question.width() + 3).max(1);
    let (x, _) = input.cursor(usize::MAX);
    // The end is what one writes at.
    let text = cells::safe(input.text());
    let mut from = 0;
    let mut cut = text.as_str();
    while x.saturating_sub(from) > room {
        let Some(c) = cut.chars().next() else { break };
        from += c.to_string().width();
        cut = &cut[c.len_utf8()..];
    }
    let line = vec![Span::styled(format!(" {question}"), theme.accent()), Span::raw(columns::fit(cut, room + 1))];
    frame.render_widget(Line::from(line), area);
    let x = 1 + question.width() + x.saturating_sub(from).min(room);
    frame.set_cursor_position(Position { x: area.x + u16::try_from(x).unwrap_or(u16::MAX), y: area.y });
}

pub fn keys(frame: &mut Frame, model: &Model, area: Rect) {
    let theme = model.theme;
    let is_browsing = matches!(model.mode, Mode::Browse);
    let always = if is_browsing { vec![("?", "help".into()), ("q", "quit".into())] } else { Vec::new() };
    let wide = |(key, does): &KeyHint| key.width() + does.width() + 3;
    let mut left = usize::from(area.width).saturating_sub(always.iter().map(wide).sum());
    let mut line = vec![Span::raw(" ")];
    let fitting = fitting(model);
    let fitting = fitting.iter().take_while(|hint| {
        let fits = wide(hint) <= left;
        left = left.saturating_sub(wide(hint));
        fits
    });
    for (key, does) in fitting.chain(&always) {
        line.push(Span::styled(*key, theme.accent()));
        line.push(Span::styled(format!(" {does}  "), theme.faint()));
    }
    frame.render_widget(Line::from(line), area);
}

type KeyHint = (&'static str, Cow<'static, str>);

/// What else does something now, the first that one would miss most.
fn fitting(model: &Model) -> Vec<KeyHint> {
    match &model.mode {
        Mode::Help(page) if page + 1 < model.help_pages => vec![("any key", "more".into()), ("Esc", "back".into())],
        Mode::Help(_) => vec![("any key", "back".into())],
        Mode::Search(_) => vec![("Enter", "search all letters".into()), ("Esc", "show all again".into())],
        Mode::Refuse(..) => vec![("Enter", "refuse".into()), ("Esc", "leave it held".into())],
        Mode::Write(draft) if draft.sending => Vec::new(),
        Mode::Write(draft) if draft.field == Field::To => {
            let marked = draft.marked.and_then(|at| draft.recipients(model.agents.list()).into_iter().nth(at));
            let next = marked.map_or_else(|| "to the text".into(), |name| format!("{name}, to the text").into());
            vec![("Tab", next), ("↑↓", "choose".into()), (",", "one more".into()), ("Esc", "leave".into())]
        }
        Mode::Write(draft) => {
            let mut hints = vec![("Enter", "send".into()), ("Ctrl-J", "new line".into()), ("Tab", "to whom".into())];
            if draft.text.text().is_empty() && model.kept.is_some() {
                hints.push(("↑", "what was kept".into()));
            }
            hints.push(("Esc", if draft.text.is_empty() { "leave" } else { "leave, keep it" }.into()));
            hints
        }
        Mode::Browse => browsing(model),
    }
}

fn browsing(model: &Model) -> Vec<KeyHint> {
    let subject = model.subject();
    let held = subject.is_some_and(|entry| entry.stage == Stage::Held) && model.focus != Focus::Agents;
    let new = model.addressee().map_or_else(|| "new".into(), |name| format!("write to {name}").into());
    let mut hints = vec![("↑↓", "move".into()), ("Tab", "pane".into())];
    if model.agents.list().iter().all(|agent| agent.name.is_user()) && subject.is_none() {
        return Vec::new(); // nothing to move to, and nobody to write to
    }
    if subject.is_none() && model.focus != Focus::Agents {
        hints.extend([("n", new), ("/", "find".into())]);
        hints.extend(model.letters.is_filtered().then_some(("Esc", "show all".into())));
        return hints;
    }
    match model.focus {
        Focus::Agents => hints.extend([("Enter", "only its letters".into()), ("n", new.clone())]),
        Focus::Letters => hints.push(("Enter", "open".into())),
        Focus::OpenLetter => hints.push(("Esc", "close".into())),
    }
    if held {
        hints.extend([("a", "accept".into()), ("x", "refuse".into())]);
    }
    if model.focus != Focus::Agents {
        hints.extend([("r", "answer".into()), ("n", new), ("f", "its agent".into())]);
    }
    hints.push(("/", "find".into()));
    if model.focus != Focus::Agents {
        hints.push(("y", "copy id".into()));
    }
    hints
}
