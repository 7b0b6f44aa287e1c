//! `cc2cc read`: one letter in full.

use std::process::ExitCode;

use jiff::Timestamp;
use serde_json::json;

use super::{caller, ids, printing};
use crate::{
    agent::status,
    failure::Failure,
    mailbox::{home::Home, letter::LetterId},
    report,
};

/// Print one letter in full
#[derive(clap::Args)]
pub struct Args {
    /// The letter
    #[arg(value_parser = ids::letter_id)]
    id: LetterId,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(home: &Home, args: &Args) -> Result<ExitCode, Failure> {
    let id = ids::any(home, &args.id)?;
    let mine = caller::agent(home)?;
    let mine = mine.and_then(|mailbox| status::find_in(&mailbox, &id));
    let found = match mine {
        Some(found) => Some(found),
        None => status::find(home, &id)?.into_iter().next(),
    };
    let found = found.ok_or_else(|| Failure::no_such_letter(&id))?;
    if !caller::Reader::of(home).may_read(&found) {
        return Err(Failure::not_for_a_model(&found));
    }
    if args.json {
        printing::print(json!({ "state": found.state.dir(), "letter": found.letter }));
    } else {
        printing::print(report::text::letter(found.state, &found.letter, Timestamp::now()));
    }
    Ok(ExitCode::SUCCESS)
}
