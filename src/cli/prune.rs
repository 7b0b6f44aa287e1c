//! `cc2cc prune`: what nobody needs any more. Nothing else removes letters, and nothing does it by itself.

use std::process::ExitCode;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{caller, printing};
use crate::{
    agent::prune::{self, Pruned, Pruning},
    failure::{Code, Failure},
    mailbox::home::Home,
    text::duration,
};

/// Count what nobody needs any more, or remove it
///
/// Letters seen long ago, agents long away without letters, and old records of sessions. Only with --yes are they removed.
#[derive(clap::Args)]
pub struct Args {
    /// What is older than this (30d, 12h)
    #[arg(long, value_parser = duration::parse, allow_hyphen_values = true, value_name = "TIME")]
    older_than: std::time::Duration,
    /// Really remove them
    #[arg(long)]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(home: &Home, args: &Args) -> Result<ExitCode, Failure> {
    if args.yes && caller::in_a_session() {
        return Err(Failure::new(Code::Held, "only a person removes letters")
            .hint("`cc2cc prune` without --yes counts them; with it, use a terminal of your own"));
    }
    let age = SignedDuration::try_from(args.older_than).unwrap_or(SignedDuration::MAX);
    let before = Timestamp::now().checked_sub(age).unwrap_or(Timestamp::MIN);
    let mode = if args.yes { Pruning::Remove } else { Pruning::DryRun };
    let Pruned { letters, agents, records } = prune::prune(home, before, mode)?;
    if args.json {
        printing::print(json!({ "letters": letters, "agents": agents, "records": records, "removed": args.yes }));
        return Ok(ExitCode::SUCCESS);
    }
    let what =
        format!("seen letters: {letters}, agents long away and without letters: {agents}, old records: {records}");
    printing::print(if args.yes {
        format!("removed {what}\n")
    } else {
        format!("would remove {what}; add --yes to do it\n")
    });
    Ok(ExitCode::SUCCESS)
}
