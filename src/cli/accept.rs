//! `cc2cc accept`, `refuse` and `retry`: what a person decides about a letter.

use std::process::ExitCode;

use jiff::Timestamp;

use super::{caller, completions, ids, printing};
use crate::{
    agent::decisions,
    failure::{Code, Failure},
    mailbox::{State, home::Home, letter::LetterId},
};

/// Let a held letter go on to its session
#[derive(clap::Args)]
pub struct Args {
    /// The held letter
    #[arg(value_parser = ids::letter_id, add = completions::held())]
    id: LetterId,
    /// From now on let whatever this sender writes to this session through
    #[arg(long)]
    always: bool,
}

/// Refuse a held letter and tell its sender
#[derive(clap::Args)]
pub struct RefusalArgs {
    /// The held letter
    #[arg(value_parser = ids::letter_id, add = completions::held())]
    id: LetterId,
    /// What to tell the sender
    #[arg(long, value_name = "TEXT", default_value = "the person did not want it")]
    why: String,
}

/// Give a dead letter another chance
///
/// One that expired, was refused or could not be read.
#[derive(clap::Args)]
pub struct RetryArgs {
    /// The dead letter
    #[arg(value_parser = ids::letter_id, add = completions::dead())]
    id: LetterId,
}

pub fn accept(home: &Home, args: &Args) -> Result<ExitCode, Failure> {
    only_a_person()?;
    let id = ids::meant(home, &args.id, &[State::Held])?;
    let accepted = if args.always { decisions::accept_always(home, &id)? } else { decisions::accept(home, &id)? };
    for found in accepted {
        let name = found.mailbox.name();
        let more = if args.always {
            format!(", and what {} writes to it from now on", found.letter.from)
        } else {
            String::new()
        };
        printing::print(format!("accepted: {name} gets it now{more}\n"));
    }
    Ok(ExitCode::SUCCESS)
}

pub fn refuse(home: &Home, args: &RefusalArgs) -> Result<ExitCode, Failure> {
    only_a_person()?;
    let id = ids::meant(home, &args.id, &[State::Held])?;
    for found in decisions::refuse(home, &id, &args.why, Timestamp::now())? {
        printing::print(format!("refused: {} is told\n", found.letter.from));
    }
    Ok(ExitCode::SUCCESS)
}

pub fn retry(home: &Home, args: &RetryArgs) -> Result<ExitCode, Failure> {
    only_a_person()?;
    let id = ids::meant(home, &args.id, &[State::Dead])?;
    for mailbox in decisions::retry(home, &id)? {
        printing::print(format!("back in the inbox of {}\n", mailbox.name()));
    }
    Ok(ExitCode::SUCCESS)
}

/// A model must not decide what its person is asked.
pub(super) fn only_a_person() -> Result<(), Failure> {
    if caller::in_a_session() {
        return Err(Failure::new(Code::Held, "only a person decides this")
            .hint("use /inbox, /cc2cc:accept ID or /cc2cc:refuse ID in the session, or a terminal of your own"));
    }
    Ok(())
}
