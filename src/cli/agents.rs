//! `cc2cc agents`: who is there.

use std::process::ExitCode;

use jiff::Timestamp;
use serde_json::json;

use super::{caller, printing};
use crate::{agent::directory, failure::Failure, mailbox::home::Home, report};

/// List the sessions one can write to
#[derive(clap::Args)]
pub struct Args {
    /// Also those that are away, but for sessions that ended without a letter
    #[arg(long)]
    all: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(home: &Home, args: &Args) -> Result<ExitCode, Failure> {
    let me = caller::agent(home).ok().flatten();
    let mut agents = directory::list(home)?;
    let known = agents.iter().filter(|agent| !agent.is_trace_of_nothing()).count();
    agents.retain(|agent| agent.is_online() || agent.is_out_of_contact() || args.all && !agent.is_trace_of_nothing());
    if args.json {
        printing::print(json!({ "agents": agents.iter().map(report::json::agent).collect::<Vec<_>>() }));
    } else if agents.is_empty() {
        let all = if known > 0 { ", `--all` shows those that are away" } else { "" };
        printing::print(format!("no agent is online{all}; start `claude` in another terminal\n"));
    } else {
        let me = me.as_ref().map(|mailbox| mailbox.name().as_str());
        printing::print(report::text::agents(&agents, me, Timestamp::now()));
    }
    Ok(ExitCode::SUCCESS)
}
