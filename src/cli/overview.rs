//! `cc2cc` alone on a terminal: who I am, who is there, what waits, and what one would do next. Changes nothing.

use std::process::ExitCode;

use jiff::Timestamp;

use super::{caller, printing};
use crate::{
    agent::{
        decisions,
        directory::{self, Listed},
        notice,
        policy::Config,
        status::{self, Found},
    },
    failure::Failure,
    mailbox::{Mailbox, home::Home, name::AgentName},
    report,
    setup::install::Places,
    text::terminal::one_line,
};

/// Agents shown; of the others only the number.
const MOST_AGENTS: usize = 4;
const NEXT: usize = 3;

pub fn run(home: &Home) -> Result<ExitCode, Failure> {
    let me = caller::agent(home);
    let in_a_session = caller::in_a_session();
    let mine = if in_a_session { me.ok().flatten() } else { home.mailbox(&AgentName::user()) };
    let mut online = directory::list(home)?;
    online.retain(Listed::is_online);
    let waiting = mine.as_ref().and_then(|mailbox| notice::letters_waiting(mailbox).ok()).unwrap_or(0);
    // A model is not shown what its person is still asked about.
    let held = if in_a_session { Held::default() } else { Held::look(home)? };

    let mut lines = vec![match &mine {
        _ if !in_a_session => "you are user, the person at this terminal".to_owned(),
        Some(mailbox) => format!("you are {}", mailbox.name()),
        None => "this session has no agent name".to_owned(),
    }];
    lines.extend(present(&online, mine.as_ref()));
    lines.extend(counted(waiting, "letter waits for you", "letters wait for you"));
    lines.extend(held.said());
    let broken = Config::load(home).err();
    lines.extend(broken.as_ref().map(|error| format!("no mail goes between sessions: {error}")));
    lines.push("\nnext:".to_owned());
    printing::print(format!("{}\n{}", lines.join("\n"), next(broken.is_some(), &online, waiting, &held)));
    Ok(ExitCode::SUCCESS)
}

fn present(online: &[Listed], me: Option<&Mailbox>) -> Vec<String> {
    if online.is_empty() {
        return vec!["no agent is online".to_owned()];
    }
    let shown = &online[..online.len().min(MOST_AGENTS)];
    let table = report::text::agents(shown, me.map(|mailbox| mailbox.name().as_str()), Timestamp::now());
    let more = online.len() - shown.len();
    let more = (more > 0).then(|| format!("  and {more} more, `cc2cc agents` lists them"));
    ["online:".to_owned()].into_iter().chain(table.lines().map(|line| format!("  {line}"))).chain(more).collect()
}

fn counted(count: usize, one: &str, many: &str) -> Option<String> {
    match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{count} {many}")),
    }
}

/// What waits for the person's yes, in all mailboxes.
#[derive(Default)]
struct Held {
    count: usize,
    oldest: Option<Found>,
}

impl Held {
    fn look(home: &Home) -> Result<Self, Failure> {
        let held = decisions::undecided(home)?;
        let oldest = held.iter().find_map(|(id, mailbox)| status::find_in(mailbox, id));
        Ok(Self { count: held.len(), oldest })
    }

    fn said(&self) -> Option<String> {
        let Found { mailbox, letter, .. } = self.oldest.as_ref()?;
        let first = counted(self.count, "letter is held", "letters are held, the first")?;
        let line = one_line(&letter.first_line(40));
        Some(format!("{first}: {} → {}: {line}", letter.from, mailbox.name()))
    }
}

/// The commands that fit best, with what they do.
fn next(broken: bool, online: &[Listed], waiting: usize, held: &Held) -> String {
    let mut next = Vec::new();
    if broken {
        next.push(("cc2cc doctor".to_owned(), "says how to fix it".to_owned()));
    }
    if let Some(found) = &held.oldest {
        next.push((format!("cc2cc accept {}", found.letter.id.short()), "lets it go on".to_owned()));
    }
    if waiting > 0 {
        next.push(("cc2cc inbox --take".to_owned(), "reads what waits for you".to_owned()));
    }
    if let Some(agent) = online.first() {
        let command = format!("cc2cc send {} 'what are you working on?'", agent.mailbox.name());
        next.push((command, "wakes it".to_owned()));
    } else if Places::from_env().is_ok_and(|places| places.version().is_none()) {
        next.push(("cc2cc install".to_owned(), "installs the plugin".to_owned()));
        next.push(("cc2cc demo".to_owned(), "plays one letter's way".to_owned()));
    } else {
        next.push(("claude".to_owned(), "starts a session".to_owned()));
    }
    next.truncate(NEXT - 1);
    next.push(("cc2cc help".to_owned(), "lists topics and verbs".to_owned()));
    report::text::table(next.into_iter().map(|(command, does)| [format!("  {command}"), does]))
}
