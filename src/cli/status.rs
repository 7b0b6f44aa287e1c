//! `cc2cc status`: how far a letter has come.

use std::process::ExitCode;

use jiff::Timestamp;
use serde_json::json;

use super::{ids, printing};
use crate::{
    agent::status,
    failure::Failure,
    mailbox::{home::Home, letter::LetterId},
    report,
};

/// Tell how far a letter has come
///
/// Stored, notified, delivered, seen, answered, or held, expired, refused, dead; `cc2cc help states` explains them.
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
    let found = status::find(home, &id)?;
    if found.is_empty() {
        return Err(Failure::no_such_letter(&id));
    }
    let now = Timestamp::now();
    if args.json {
        let copies: Vec<_> = found.iter().map(|found| report::json::status(found, now)).collect();
        printing::print(json!({ "id": id, "copies": copies }));
    } else {
        printing::print(found.iter().map(|found| report::text::status(found, now)).collect::<String>());
    }
    Ok(ExitCode::SUCCESS)
}
