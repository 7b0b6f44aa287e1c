//! `cc2cc log`: what the agents wrote to one another.

use std::{process::ExitCode, time::Duration};

use jiff::Timestamp;

use super::{me, send, thread};
use crate::{
    agent::{
        directory,
        history::{self, Filter},
        status::Found,
    },
    failure::Failure,
    mailbox::{
        home::Home,
        letter::LetterId,
        name::{AgentName, SYSTEM},
    },
    report,
};

/// Print what the agents wrote to one another, oldest first
#[derive(clap::Args)]
pub struct Args {
    /// Only letters from or to this agent, under any name it had
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// Only letters between this agent and the one of --agent, or you
    #[arg(long, value_name = "NAME")]
    with: Option<String>,
    /// Only letters of this conversation
    #[arg(long, value_parser = super::letter_id, value_name = "ID")]
    thread: Option<LetterId>,
    /// Only letters of the last 90s, 10m, 2h, 1d
    #[arg(long, value_parser = send::duration, allow_hyphen_values = true, value_name = "TIME")]
    since: Option<Duration>,
    /// Only letters with these words in the text, upper or lower case
    #[arg(long, allow_hyphen_values = true, value_name = "TEXT")]
    grep: Option<String>,
    /// How many of the newest letters
    #[arg(short = 'n', long, default_value_t = 50, value_name = "NUMBER")]
    limit: usize,
    /// Print long texts in full
    #[arg(long)]
    full: bool,
    /// Print one JSON object a letter, each on a line
    #[arg(long)]
    json: bool,
}

pub fn run(home: &Home, args: &Args) -> Result<ExitCode, Failure> {
    let filter = filter(home, args)?;
    // A model is not to learn by searching what it may not read, nor from how many others are found.
    let guarded = filter.text.is_some() && me::in_a_session();
    let most = if guarded { usize::MAX } else { args.limit.saturating_add(1) };
    let mut letters = history::newest(home, &filter, most)?;
    letters.retain(|found| !guarded || thread::readable(found).is_some());
    if letters.is_empty() {
        for name in [&filter.agent, &filter.with].into_iter().flatten() {
            check_known(home, name)?;
        }
    }
    let older = letters.len().saturating_sub(args.limit);
    letters.drain(..older);
    if args.json {
        let line = |found: &Found| format!("{}\n", report::json::logged(found, thread::readable(found)));
        super::print_mail(&letters.iter().map(line).collect::<String>());
    } else if letters.is_empty() && args.limit > 0 {
        super::print("no letters\n");
    } else {
        let look = thread::look(args.full, false);
        let more = format!("… and older ones: `-n {}` shows more", args.limit.saturating_mul(2));
        let entries = letters.iter().map(|found| look.letter(found, thread::readable(found)));
        let more = (older > 0 && args.limit > 0).then(|| more + "\n");
        super::print_mail(&more.into_iter().chain(entries).collect::<Vec<_>>().join("\n"));
    }
    Ok(ExitCode::SUCCESS)
}

fn filter(home: &Home, args: &Args) -> Result<Filter, Failure> {
    let name = |text: &Option<String>| text.as_deref().map(str::parse).transpose();
    let mut agent: Option<AgentName> = name(&args.agent)?;
    let with = name(&args.with)?;
    if agent.is_none() && with.is_some() {
        agent = Some(me::agent(home)?.map_or_else(AgentName::user, |mailbox| mailbox.name().clone()));
    }
    let since = args.since.map(|age| Timestamp::now().checked_sub(age).unwrap_or(Timestamp::MIN));
    Ok(Filter { agent, with, thread: args.thread.clone(), since, text: args.grep.clone() })
}

/// That nothing was found of an agent is no answer when there is no such agent.
fn check_known(home: &Home, name: &AgentName) -> Result<(), Failure> {
    if name.is_user() || name.as_str() == SYSTEM || home.mailbox(name).is_some() {
        return Ok(());
    }
    Err(Failure::no_such_agent(name, directory::nearest(home, name.as_str())))
}
