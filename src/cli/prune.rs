//! `cc2cc prune`: letters that were seen long ago. Nothing else removes letters, and nothing does it by itself.

use std::process::ExitCode;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::send;
use crate::{
    failure::Failure,
    mailbox::{State, disk, home::Home},
};

/// Remove letters seen long ago; only says what it would do unless --yes is given
#[derive(clap::Args)]
pub struct Args {
    /// Letters sent longer ago than this (30d, 12h)
    #[arg(long, value_parser = send::duration, allow_hyphen_values = true, value_name = "TIME")]
    older_than: std::time::Duration,
    /// Really remove them
    #[arg(long)]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(home: &Home, args: &Args) -> Result<ExitCode, Failure> {
    let age = SignedDuration::try_from(args.older_than).unwrap_or(SignedDuration::MAX);
    let before = Timestamp::now().checked_sub(age).unwrap_or(Timestamp::MIN);
    let mut count = 0;
    for mailbox in home.mailboxes()? {
        for id in mailbox.ids(State::Done)? {
            let Ok(letter) = mailbox.read(State::Done, &id) else { continue };
            if letter.timestamp >= before {
                continue;
            }
            count += 1;
            if args.yes {
                disk::remove(&mailbox.file(State::Done, &id))?;
                mailbox.forget_receipts(&id)?;
            }
        }
    }
    let letters = if count == 1 { "letter" } else { "letters" };
    if args.json {
        super::print_json(&json!({ "letters": count, "removed": args.yes }));
    } else if args.yes {
        super::print(&format!("removed {count} {letters} that had been seen\n"));
    } else {
        super::print(&format!("{count} {letters} would be removed; add --yes to do it\n"));
    }
    Ok(ExitCode::SUCCESS)
}
