//! `cc2cc rename`: another name for the same mailbox.

use std::process::ExitCode;

use super::{caller, completions, printing};
use crate::{
    agent::{
        identity,
        naming::{self, Named},
    },
    failure::{Code, Failure},
    mailbox::home::Home,
};

/// Give a session another name
///
/// Its mailbox follows, and the old address still works.
#[derive(clap::Args)]
pub struct Args {
    /// The new name
    new: String,
    /// Whose name; your session's if not given
    #[arg(long, value_name = "NAME", add = completions::names())]
    agent: Option<String>,
}

pub fn run(home: &Home, args: &Args) -> Result<ExitCode, Failure> {
    let mailbox = caller::session(home, args.agent.as_deref(), || {
        Failure::new(Code::Usage, "at a terminal you are `user`, and stay that")
            .hint(format!("`cc2cc rename {} --agent NAME` renames the session NAME", args.new.escape_debug()))
    })?;
    let new = args.new.parse()?;
    // The letters of a session that has ended are its person's to give away.
    let Named { mailbox: renamed, waiting } = if caller::in_a_session() {
        Named { mailbox: identity::rename(home, &mailbox, &new)?, waiting: 0 }
    } else {
        naming::take(home, &mailbox, &new)?
    };
    let mut said = format!("{} is {} now; letters to the old name still arrive\n", mailbox.name(), renamed.name());
    if waiting > 0 {
        let letters = if waiting == 1 { "letter" } else { "letters" };
        said.push_str(&format!("{waiting} {letters} that waited for {} came along\n", renamed.name()));
    }
    if let Some(why) = naming::differs(&renamed) {
        said.push_str(&format!("{why}\n"));
    }
    printing::print(said);
    Ok(ExitCode::SUCCESS)
}
