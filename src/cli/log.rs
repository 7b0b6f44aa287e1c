//! `cc2cc log`: what the agents wrote to one another.

use std::{io, process::ExitCode, time::Duration};

use jiff::Timestamp;

use super::{caller, completions, ids, printing, shown::Shown, thread, watch};
use crate::{
    agent::{
        directory,
        feed::{Event, Feed},
        history::{self, Filter, Looked, Matcher},
        status::Found,
    },
    failure::Failure,
    mailbox::{
        home::Home,
        letter::LetterId,
        name::{AgentName, SYSTEM},
        watch::BEAT,
    },
    report,
    text::duration,
};

/// Print what the agents wrote to one another, oldest first
#[derive(clap::Args)]
pub struct Args {
    /// Only letters from or to this agent, under any name it had
    #[arg(long, value_name = "NAME", add = completions::names())]
    agent: Option<String>,
    /// Only letters between this agent and the one of --agent, or you
    #[arg(long, value_name = "NAME", add = completions::names())]
    with: Option<String>,
    /// Only letters of the conversation that this one belongs to
    #[arg(long, value_parser = ids::letter_id, value_name = "ID")]
    thread: Option<LetterId>,
    /// Only letters of the last 90s, 10m, 2h, 1d
    #[arg(long, value_parser = duration::parse, allow_hyphen_values = true, value_name = "TIME")]
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
    /// Go on with every letter that comes
    #[arg(short, long)]
    follow: bool,
    /// Print one JSON object a letter, each on a line
    #[arg(long)]
    json: bool,
}

pub fn run(home: &Home, args: &Args) -> Result<ExitCode, Failure> {
    let filter = filter(home, args)?;
    // Before the first look, so that nothing is missed in between.
    let feed = args.follow.then(|| Feed::open(home, None)).transpose()?;
    let reader = caller::Reader::of(home);
    // A model is not to learn by searching what it may not read, nor from how many others are found.
    let guarded = filter.text.is_some() && caller::in_a_session();
    let shows = |found: &Found| !guarded || thread::readable(&reader, found).is_some();
    let most = if guarded { usize::MAX } else { args.limit.saturating_add(1) };
    let Looked { mut letters, left_out } = history::look(home, &filter, most)?;
    for error in left_out {
        printing::complain(&format!("left out, {error}\nhint: `cc2cc doctor` looks into it"));
    }
    letters.retain(shows);
    if letters.is_empty() {
        for name in [&filter.agent, &filter.with].into_iter().flatten() {
            check_known(home, name)?;
        }
        if let Some(id) = &args.thread
            && history::conversation(home, id)?.is_empty()
        {
            return Err(Failure::no_such_letter(id));
        }
    }
    let older = letters.len().saturating_sub(args.limit);
    letters.drain(..older);
    let look = thread::look(args.full, false);
    let entry = |found: &Found| {
        let text = thread::readable(&reader, found);
        if args.json { Shown::json(report::json::logged(found, text)) } else { look.letter(found, text).into() }
    };
    let apart = if args.json { "" } else { "\n" };
    if older > 0 && args.limit > 0 && !args.json {
        printing::print(format!("… and older ones: `-n {}` shows more\n\n", args.limit.saturating_mul(2)));
    }
    printing::print(Shown::joined(letters.iter().map(entry), apart));
    match feed {
        Some(feed) => follow(home, feed, &filter, &letters, |found| {
            shows(found).then(|| Shown::joined([Shown::from(""), entry(found)], apart))
        }),
        None if letters.is_empty() && args.limit > 0 && !args.json => {
            printing::print("no letters\n");
            Ok(ExitCode::SUCCESS)
        }
        None => Ok(ExitCode::SUCCESS),
    }
}

/// Prints the letters that come, until nobody reads them any more.
fn follow(
    home: &Home,
    mut feed: Feed,
    filter: &Filter,
    printed: &[Found],
    entry: impl Fn(&Found) -> Option<Shown>,
) -> Result<ExitCode, Failure> {
    printing::check_output()?;
    if printing::is_unprinted() {
        return Ok(ExitCode::SUCCESS); // which `run` makes a failure
    }
    watch::end_with_reader();
    let mut matcher = Matcher::new(home, filter)?;
    let is_printed = |found: &Found| {
        printed.iter().any(|known| known.letter.id == found.letter.id && known.letter.to == found.letter.to)
    };
    loop {
        for event in feed.next(BEAT) {
            match event {
                Event::Renamed { .. } => matcher = Matcher::new(home, filter)?,
                Event::Sent(found) if matcher.takes(&found) && !is_printed(&found) => {
                    if let Some(entry) = entry(&found) {
                        match printing::print_surely(&entry) {
                            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(ExitCode::SUCCESS),
                            printed => printed.map_err(anyhow::Error::from)?,
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

fn filter(home: &Home, args: &Args) -> Result<Filter, Failure> {
    let name = |text: &Option<String>| text.as_deref().map(str::parse).transpose();
    let mut agent: Option<AgentName> = name(&args.agent)?;
    let with = name(&args.with)?;
    if agent.is_none() && with.is_some() {
        agent = Some(caller::agent(home)?.map_or_else(AgentName::user, |mailbox| mailbox.name().clone()));
    }
    let since = args.since.map(|age| Timestamp::now().checked_sub(age).unwrap_or(Timestamp::MIN));
    let thread =
        args.thread.as_ref().map(|id| Ok::<_, Failure>(history::thread_of(home, &ids::any(home, id)?)?)).transpose()?;
    Ok(Filter { agent, with, thread, since, text: args.grep.clone(), ..Filter::default() })
}

/// That nothing was found of an agent is no answer when there is no such agent.
fn check_known(home: &Home, name: &AgentName) -> Result<(), Failure> {
    if name.is_user() || name.as_str() == SYSTEM || home.mailbox(name).is_some() {
        return Ok(());
    }
    Err(Failure::no_such_agent(name, directory::nearest(home, name.as_str())))
}
