//! `cc2cc whoami`: under which name letters reach the place this is run in.

use std::process::ExitCode;

use serde_json::json;

use super::{caller, printing};
use crate::{failure::Failure, mailbox::home::Home};

/// Print your agent name
#[derive(clap::Args)]
pub struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(home: &Home, args: &Args) -> Result<ExitCode, Failure> {
    let name = caller::sender(home)?.name;
    if args.json {
        printing::print(json!({ "name": name, "home": home.path() }));
    } else {
        printing::print(format!("{name}\n"));
    }
    Ok(ExitCode::SUCCESS)
}
