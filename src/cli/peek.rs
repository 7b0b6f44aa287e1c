//! `cc2cc peek`: what another session does, read from its own record without disturbing it.

use std::{
    io::{self, IsTerminal},
    path::Path,
    process::ExitCode,
};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{caller, completions, printing};
use crate::{
    agent::{
        Record,
        client_program::ClientProgram,
        directory::{self, Listed},
        policy::{Config, Peek},
    },
    clients::claude::transcript::last_turns::{self, PastTurn, Speaker, TurnPart},
    failure::{Code, Failure},
    mailbox::{Mailbox, disk::FsError, home::Home},
    report,
    text::{
        columns,
        terminal::{one_line, printable},
    },
};

/// Lines of one text that are shown, and columns of each.
const SHOWN_LINES: usize = 12;
const LINE_COLUMNS: usize = 400;
/// Of a long turn its last steps are shown.
const SHOWN_STEPS: usize = 20;
/// What a session says stands further right than anything we say of it.
const INDENT: &str = "    ";

/// Print the last turns of another session
///
/// Each prompt, or whose letters woke it, with what the model said then and the tools it called. It comes from the
/// session's own record; the session notices nothing. A model sees only sessions of its own repository.
#[derive(clap::Args)]
pub struct Args {
    /// The session
    #[arg(add = completions::names())]
    name: String,
    /// How many turns
    #[arg(short = 'n', long, value_name = "NUMBER", default_value = "3", value_parser = clap::value_parser!(u16).range(1..=100))]
    limit: u16,
    /// Print JSON, with texts in full
    #[arg(long)]
    json: bool,
}

pub fn run(home: &Home, args: &Args) -> Result<ExitCode, Failure> {
    let mailbox = caller::mailbox(home, Some(&args.name))?;
    check_allowed(home, &mailbox)?;
    let listed = directory::describe(mailbox);
    let turns = turns(&listed, args.limit.into())?;
    if args.json {
        let turns: Vec<Value> = turns.iter().map(turn_json).collect();
        let agent = report::json::agent(&listed);
        printing::print(json!({ "agent": agent, "turns": turns }));
    } else {
        printing::print(page(&listed, &turns, Timestamp::now()));
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether whoever runs this may look into a session: a person into each, a model into those of its own repository, as its
/// hooks have noted that, and not where its shell happens to be.
fn check_allowed(home: &Home, mailbox: &Mailbox) -> Result<(), Failure> {
    let Some(own) = caller::agent(home)? else { return Ok(()) };
    if own == *mailbox || Config::load(home)?.peek() == Peek::All {
        return Ok(());
    }
    let repo = Record::of(&own).repo;
    if repo.is_some() && repo == Record::of(mailbox).repo {
        return Ok(());
    }
    let (name, own) = (mailbox.name(), own.name());
    Err(Failure::new(
        Code::Held,
        format!("{name} does not work in the repository of {own}, so {own} may not look into it"),
    )
    .hint(format!(
        "`cc2cc send {name} \"what are you doing?\"` asks it; the person may set `peek = \"all\"` in config.toml"
    )))
}

fn turns(listed: &Listed, count: usize) -> Result<Vec<PastTurn>, Failure> {
    let name = listed.mailbox.name();
    let nothing = || {
        let hint =
            format!("its client writes one with the first prompt; `cc2cc log --agent {name}` prints its letters");
        Failure::new(Code::NotFound, format!("{name} has no record yet")).hint(hint)
    };
    if name.is_user() {
        return Err(Failure::new(Code::NotFound, "`user` is the person, and has no session")
            .hint("`cc2cc agents` lists the sessions"));
    }
    if listed.record.is_unknown {
        return Err(Failure::new(Code::Failed, format!("what is noted of {name} cannot be read"))
            .hint("`cc2cc doctor` looks into it"));
    }
    let client = listed.record.client();
    if client != ClientProgram::ClaudeCode {
        let hint = format!("`cc2cc log --agent {name}` prints its letters");
        return Err(Failure::new(
            Code::Failed,
            format!("{name} is a session of {}, whose record is not read here", client.title()),
        )
        .hint(hint));
    }
    let transcript = listed.record.evidence.as_deref().map(Path::new).ok_or_else(nothing)?;
    let unreadable = |error: FsError| if error.is_not_found() { nothing() } else { error.into() };
    let turns = last_turns::last(transcript, count).map_err(unreadable)?;
    if turns.is_empty() { Err(nothing()) } else { Ok(turns) }
}

fn page(listed: &Listed, turns: &[PastTurn], now: Timestamp) -> String {
    let cwd = listed.record.cwd.as_deref().map(|cwd| format!(", in {}", one_line(cwd))).unwrap_or_default();
    let standing = report::standing::words(&listed.standing, now);
    let mut lines = vec![format!("{} ({standing}){cwd}", listed.mailbox.name())];
    for turn in turns {
        lines.push(String::new());
        lines.push(heading(turn, now));
        lines.extend(body(&turn.prompt));
        let left_out = turn.steps.len().saturating_sub(SHOWN_STEPS);
        if left_out > 0 {
            lines.push(format!("  … {} left out", counted(left_out, "step")));
        }
        lines.extend(turn.steps[left_out..].iter().flat_map(step));
    }
    lines.join("\n") + "\n"
}

fn heading(turn: &PastTurn, now: Timestamp) -> String {
    let who = match &turn.by {
        Speaker::Person => "prompt".to_owned(),
        Speaker::Letters(from) => letters(from),
        Speaker::Client => "not typed by a person".to_owned(),
        Speaker::Unknown => "a turn that began further back".to_owned(),
    };
    turn.at.map_or_else(|| who.clone(), |at| format!("{who}, {}", report::text::ago(at, now)))
}

/// Whose letters went in, never what is in them: that is between the two.
fn letters(from: &[String]) -> String {
    if from.is_empty() { "✉ a letter".to_owned() } else { format!("✉ from {}", one_line(&from.join(", "))) }
}

fn step(step: &TurnPart) -> Vec<String> {
    match step {
        TurnPart::Text(text) => [vec!["  it says".to_owned()], body(text)].concat(),
        TurnPart::Prompt(text) => [vec!["  prompt meanwhile".to_owned()], body(text)].concat(),
        TurnPart::Letters(from) => vec![format!("  {}", letters(from))],
        TurnPart::Broken(why) => vec![format!("  broke off: {}", columns::fit(&one_line(why), LINE_COLUMNS))],
        TurnPart::Tool { name, about } => {
            let about = about.as_deref().map(|about| format!(": {}", one_line(about))).unwrap_or_default();
            vec![format!("  · {}", columns::fit(&(one_line(name) + &about), LINE_COLUMNS))]
        }
    }
}

/// A text's first lines, and how many are left out. A line that the terminal broke by itself could pass for one of ours.
fn body(text: &str) -> Vec<String> {
    let text = printable(text);
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines().take(SHOWN_LINES) {
        let line = columns::fit(line, LINE_COLUMNS);
        lines.extend(broken(&line).into_iter().map(|line| format!("{INDENT}{line}").trim_end().to_owned()));
    }
    let left_out = text.lines().count().saturating_sub(SHOWN_LINES);
    if left_out > 0 {
        lines.push(format!("  … {} left out", counted(left_out, "line")));
    }
    lines
}

fn broken(line: &str) -> Vec<String> {
    let size = io::stdout().is_terminal().then(terminal_size::terminal_size).flatten();
    match size {
        Some((terminal_size::Width(width), _)) => {
            columns::wrapped(line, usize::from(width).saturating_sub(INDENT.len()))
        }
        None => vec![line.to_owned()],
    }
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("{count} {what}") } else { format!("{count} {what}s") }
}

fn turn_json(turn: &PastTurn) -> Value {
    let (by, from) = match &turn.by {
        Speaker::Person => ("person", None),
        Speaker::Letters(from) => ("letters", Some(from)),
        Speaker::Client => ("client", None),
        Speaker::Unknown => ("unknown", None),
    };
    let steps: Vec<Value> = turn.steps.iter().map(step_json).collect();
    json!({ "by": by, "from": from, "at": turn.at, "prompt": turn.prompt, "steps": steps })
}

fn step_json(step: &TurnPart) -> Value {
    match step {
        TurnPart::Text(text) => json!({ "step": "text", "text": text }),
        TurnPart::Prompt(text) => json!({ "step": "prompt", "text": text }),
        TurnPart::Broken(why) => json!({ "step": "broken", "text": why }),
        TurnPart::Letters(from) => json!({ "step": "letters", "from": from }),
        TurnPart::Tool { name, about } => json!({ "step": "tool", "tool": name, "about": about }),
    }
}
