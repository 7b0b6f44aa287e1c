//! `cc2cc inbox`: what lies in a mailbox. Looking changes nothing; taking marks as read.

use std::process::ExitCode;

use jiff::Timestamp;
use serde_json::json;

use super::me;
use crate::{
    failure::Failure,
    mailbox::{
        Mailbox, Moved, State,
        home::Home,
        letter::Letter,
        receipts::{Receipt, Step},
    },
    report,
};

/// List the letters in a mailbox
#[derive(clap::Args)]
pub struct Args {
    /// Whose mailbox; yours if not given
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// Also letters that were read, held or could not be delivered
    #[arg(long)]
    all: bool,
    /// Print the waiting letters in full and mark them as read
    #[arg(long, conflicts_with = "all")]
    take: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(home: &Home, args: &Args) -> Result<ExitCode, Failure> {
    let mailbox = me::mailbox(home, args.agent.as_deref())?;
    let now = Timestamp::now();
    if args.take {
        let taken = take(&mailbox)?;
        if args.json {
            super::print_json(&json!({ "agent": mailbox.name(), "letters": taken }));
        } else if taken.is_empty() {
            super::print(&format!("no letters waiting for {}\n", mailbox.name()));
        } else {
            let texts: Vec<_> = taken.iter().map(|letter| report::text::letter(State::Done, letter, now)).collect();
            super::print(&texts.join("\n"));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let letters = list(&mailbox, args.all)?;
    if args.json {
        let letters: Vec<_> = letters.iter().map(|(state, letter)| report::json::summary(*state, letter)).collect();
        super::print_json(&json!({ "agent": mailbox.name(), "letters": letters }));
    } else {
        super::print(&table(&mailbox, &letters, now));
    }
    Ok(ExitCode::SUCCESS)
}

/// The letters of a mailbox with their states, oldest first.
fn list(mailbox: &Mailbox, all: bool) -> Result<Vec<(State, Letter)>, Failure> {
    let states: &[State] = if all { &State::ALL } else { &[State::Inbox, State::Claimed, State::Held] };
    let mut letters = Vec::new();
    for state in states {
        letters.extend(mailbox.letters(*state)?.into_iter().map(|letter| (*state, letter)));
    }
    letters.sort_by_key(|(_, letter)| letter.timestamp);
    Ok(letters)
}

fn table(mailbox: &Mailbox, letters: &[(State, Letter)], now: Timestamp) -> String {
    if letters.is_empty() {
        return format!("no letters waiting for {}\n", mailbox.name());
    }
    report::text::letters(letters, now)
}

fn take(mailbox: &Mailbox) -> Result<Vec<Letter>, Failure> {
    let mut taken = Vec::new();
    for waiting in mailbox.look()?.letters {
        let Ok(letter) = mailbox.read(State::Inbox, &waiting.id) else { continue };
        let read = Receipt::now(Step::Seen).why("taken at a terminal");
        if mailbox.finish(&letter.id, State::Inbox, Some(&read))? == Moved::Mine {
            taken.push(letter);
        }
    }
    Ok(taken)
}
