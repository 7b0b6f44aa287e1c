//! `cc2cc notify-when`: a wish to be told, once, what another agent comes to.

use std::process::ExitCode;

use jiff::Timestamp;
use serde_json::json;

use super::{caller, completions, printing};
use crate::{
    agent::{
        until::Until,
        wish::{self, Wished},
    },
    failure::Failure,
    mailbox::home::Home,
    report,
};

/// Be told once when a session is idle, away or blocked, or answers
///
/// A letter of `system` says so, which wakes. What is not so within a day is told to nobody.
#[derive(clap::Args)]
pub struct Args {
    /// Which session
    #[arg(add = completions::names())]
    agent: String,
    /// `idle`, `away`, `blocked` or `answers`
    #[arg(value_parser = ["idle", "away", "blocked", "answers"])]
    state: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(home: &Home, args: &Args) -> Result<ExitCode, Failure> {
    let until: Until = args.state.parse().map_err(Failure::usage)?;
    let about = caller::other_session(home, &args.agent)?;
    let me = caller::mailbox(home, None)?;
    let now = Timestamp::now();
    let wished = wish::make(home, &me, &about, until, now)?;
    if args.json {
        printing::print(json!(report::json::wished(about.name(), until, &wished)));
        return Ok(ExitCode::SUCCESS);
    }
    let (me, name) = (me.name(), about.name());
    let what = if until == Until::Answers { "has written".to_owned() } else { format!("is {}", args.state) };
    printing::print(match &wished {
        Wished::IsSo(standing) => format!("{name} {what} already: {}\n", report::standing::words(standing, now)),
        Wished::Kept => format!("{me} will be told once, when {name} {what}, if that is within a day\n"),
        Wished::WasOpen => format!("{me} will be told that already, when {name} {what}\n"),
    });
    Ok(ExitCode::SUCCESS)
}
