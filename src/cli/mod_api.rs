//! `cc2cc typed`: what a person does in the session they sit at, passed on by the mod inside Claude Code.
//!
//! Meant for the client's own child: its parent must be the session's process, and neither `CLAUDE_PID` nor
//! `CC2CC_HOST` may name that process, as they do in what a model runs. `CLAUDECODE` is not asked: a session that was
//! started from within another inherits it.

use std::{
    cmp::Reverse,
    io::{self, Read},
    process::ExitCode,
};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{printing, shown::Shown};
use crate::{
    agent::{
        directory::{self, Listed},
        groups, identity,
        status::{self, Found},
    },
    clients::claude::{
        host_process,
        slash_commands::{self, Through},
    },
    failure::{Code, Failure},
    mailbox::{
        Mailbox, State,
        home::{Home, HomeError},
        letter::{Letter, LetterId, TEXT_LIMIT_BYTES},
        name::AgentName,
    },
    report::{self, standing, text},
    text::sanitize::neutralise,
    view::theme,
};

/// Answer the mod inside Claude Code
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Send what standard input says: an address and a text
    Send {
        #[arg(long)]
        reply_to: Option<LetterId>,
    },
    /// The newest letters; as JSON, with what this session sent, if that is wanted
    Inbox {
        #[arg(long)]
        json: bool,
        #[arg(long, requires = "json")]
        sent: bool,
    },
    /// Who is online; as JSON, whom one can write to
    Who {
        #[arg(long)]
        json: bool,
    },
    /// One letter in full, as JSON
    Read {
        id: LetterId,
        /// Whose copy of a letter that this session sent
        #[arg(long)]
        to: Option<AgentName>,
    },
    /// Mark a waiting letter as read
    Done {
        #[arg(default_value = "", allow_hyphen_values = true)]
        id: String,
    },
    /// Let a held letter go on
    Accept {
        #[arg(default_value = "", allow_hyphen_values = true)]
        id: String,
    },
    /// Let a held letter go on, and whatever its sender writes here from now on
    Always {
        #[arg(default_value = "", allow_hyphen_values = true)]
        id: String,
    },
    /// Refuse a held letter
    Refuse {
        #[arg(default_value = "", allow_hyphen_values = true)]
        id: String,
    },
}

/// Says on standard output how it went, also when it failed: all of it is for the person's screen.
pub fn run(home: Result<Home, HomeError>, args: &Args) -> ExitCode {
    let answer = home.map_err(Failure::from).and_then(|home| answer(&home, &args.verb));
    let (said, code) = match answer {
        Ok(said) => (said, ExitCode::SUCCESS),
        Err(failure) => (neutralise(&failure.to_string()), ExitCode::from(failure.code as u8)),
    };
    printing::print(Shown::as_it_is(format!("{}\n", said.trim_end())));
    code
}

fn answer(home: &Home, verb: &Verb) -> Result<String, Failure> {
    let mailbox = own(home)?;
    let now = Timestamp::now();
    let said = match verb {
        Verb::Send { reply_to } => slash_commands::send(home, &mailbox, &words()?, reply_to.clone(), Through::Mod)?,
        Verb::Inbox { json: false, .. } => slash_commands::inbox(home, &mailbox, Through::Mod)?,
        Verb::Who { json: false } => slash_commands::who(home, &mailbox)?,
        Verb::Done { id } => slash_commands::done(&mailbox, &letter_id(&mailbox, id)?)?.to_owned(),
        Verb::Accept { id } => {
            let (always, id) = slash_commands::is_always(id);
            let decide = if always { slash_commands::accept_always } else { slash_commands::accept };
            decide(home, &mailbox, &letter_id(&mailbox, id)?)?.to_owned()
        }
        Verb::Always { id } => slash_commands::accept_always(home, &mailbox, &letter_id(&mailbox, id)?)?.to_owned(),
        Verb::Refuse { id } => slash_commands::refuse(home, &mailbox, &letter_id(&mailbox, id)?)?.to_owned(),
        Verb::Inbox { json: true, sent } => {
            let sent = if *sent { slash_commands::sent(home, &mailbox)? } else { Vec::new() };
            return Ok(for_pane(inbox(&mailbox, &sent, now)?));
        }
        Verb::Who { json: true } => return Ok(for_pane(who(home, &mailbox)?)),
        Verb::Read { id, to } => return Ok(for_pane(letter(home, &mailbox, id, to.as_ref(), now)?)),
    };
    Ok(neutralise(&said))
}

/// What the mod draws: a client puts it on the screen as it is.
fn for_pane(value: Value) -> String {
    report::json::line(&report::json::printable(value))
}

fn letter_id(mailbox: &Mailbox, words: &str) -> Result<LetterId, Failure> {
    slash_commands::letter_id(mailbox, words, Through::Mod)
}

/// The mailbox of the session that the client which started this process has.
fn own(home: &Home) -> Result<Mailbox, Failure> {
    let host = host_process::starter().ok_or_else(|| {
        Failure::new(Code::Held, "only the person at this session types this")
            .hint("`cc2cc send`, `inbox` and `agents` are for the session itself")
    })?;
    identity::find(home, &host).ok_or_else(|| match home.try_writing() {
        Err(error) => error.into(),
        Ok(()) => Failure::new(Code::Failed, "this session has no agent name yet")
            .hint("the next prompt gives it one; if not, `cc2cc doctor` says what is missing"),
    })
}

fn words() -> Result<String, Failure> {
    let mut words = String::new();
    let longest = TEXT_LIMIT_BYTES as u64 + 1024;
    io::stdin()
        .take(longest)
        .read_to_string(&mut words)
        .map_err(|error| Failure::new(Code::Failed, format!("could not read what was typed: {error}")))?;
    Ok(words)
}

/// The list that the mod draws: what is held, then the rest as it came and went, the newest first.
fn inbox(mailbox: &Mailbox, sent: &[Found], now: Timestamp) -> Result<Value, Failure> {
    let line = |letter: &Letter, who: &str, state: &str| {
        json!({
            "id": letter.id,
            who: if who == "to" { &letter.to } else { &letter.from },
            "ago": text::ago(letter.timestamp, now),
            "age": theme::age(letter.timestamp, now),
            "state": state,
            "line": letter.first_line(120),
        })
    };
    let came = slash_commands::newest(mailbox)?;
    let came = came.iter().map(|(state, letter)| {
        ((*state != State::Held, Reverse(letter.timestamp)), line(letter, "from", word(*state)))
    });
    let went = sent.iter().map(|found| {
        ((true, Reverse(found.letter.timestamp)), line(&found.letter, "to", found.status().stage.as_str()))
    });
    let mut letters: Vec<_> = came.chain(went).collect();
    letters.sort_by_key(|(order, _)| *order);
    Ok(json!({
        "name": mailbox.name(),
        "waiting": mailbox.count(State::Inbox)?,
        "held": mailbox.count(State::Held)?,
        "letters": letters.into_iter().map(|(_, line)| line).collect::<Vec<_>>(),
    }))
}

/// One letter as the mod draws it, and what the person can do with it: one that came here, or one that was sent from here.
fn letter(
    home: &Home,
    mailbox: &Mailbox,
    id: &LetterId,
    to: Option<&AgentName>,
    now: Timestamp,
) -> Result<Value, Failure> {
    /// More than anybody reads in a pane; a client draws no more than 100,000.
    const LONGEST_CHARS: usize = 20_000;
    let found = match to.and_then(|to| home.mailbox(to)) {
        Some(recipient) => status::find_in(&recipient, id).filter(|found| found.letter.from == *mailbox.name()),
        None => status::find_in(mailbox, id),
    };
    let found = found.ok_or_else(|| Failure::no_such_letter(id))?;
    let letter = &found.letter;
    let is_sent = found.mailbox != *mailbox;
    let mut body = letter.content.text.clone();
    if let Some((end, _)) = body.char_indices().nth(LONGEST_CHARS) {
        body.truncate(end);
        body.push_str(&format!("…\n\n`cc2cc read {}` in a terminal shows the rest", id.short()));
    }
    let status = found.status();
    let is_held = found.state == State::Held && !is_sent;
    let mut can = Vec::new();
    if !is_sent && (!letter.from.is_reserved() || letter.from.is_user()) {
        can.push("answer");
    }
    can.extend(if is_held { &["accept", "always", "refuse"][..] } else { &[] });
    can.extend((found.state == State::Inbox && !is_sent).then_some("done"));
    let state = if is_sent { status.stage.as_str() } else { word(found.state) };
    Ok(json!({
        "id": id,
        "from": letter.from,
        "to": is_sent.then_some(found.mailbox.name()),
        "about": format!("{} · {} · {state}", letter.kind.as_str(), text::ago(letter.timestamp, now)),
        "why": status.why.filter(|_| is_held || is_sent),
        "text": body,
        "can": can,
    }))
}

/// Whom one can write to: those who are there first, and last the groups.
fn who(home: &Home, mailbox: &Mailbox) -> Result<Value, Failure> {
    let mut agents = directory::list(home)?;
    agents.retain(|agent| agent.mailbox != *mailbox);
    agents.sort_by_key(|agent| !agent.is_online());
    let mut names: Vec<Value> =
        agents.iter().map(|agent| json!({ "name": agent.mailbox.name(), "about": about(agent) })).collect();
    for (name, about) in
        [("@all", "everyone online"), ("@repo", "those in this repository"), ("@dir", "those in this directory")]
    {
        names.push(json!({ "name": name, "about": about }));
    }
    let joined = groups::all(home)?.into_iter();
    names.extend(joined.map(|(group, count)| json!({ "name": group, "about": groups::members(count) })));
    Ok(names.into())
}

fn about(agent: &Listed) -> String {
    let record = &agent.record;
    let is_person = agent.mailbox.name().is_user();
    let state = if is_person {
        "the person at a terminal".to_owned()
    } else {
        standing::words(&agent.standing, Timestamp::now())
    };
    let dir = record.cwd.as_deref().and_then(|cwd| std::path::Path::new(cwd).file_name());
    let dir = dir.map(|dir| format!(" · {}", dir.to_string_lossy())).unwrap_or_default();
    let branch = record.branch.as_deref().map(|branch| format!(" [{branch}]")).unwrap_or_default();
    format!("{state}{dir}{branch}")
}

/// What a state is to a person.
fn word(state: State) -> &'static str {
    match state {
        State::Inbox => "waiting",
        State::Claimed => "delivered",
        State::Held => "held",
        State::Done => "seen",
        State::Dead => "dead",
    }
}
