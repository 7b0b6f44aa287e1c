//! `cc2cc statusline`: one segment for the status line that Claude Code shows below its prompt.
//!
//! It runs often and stands where a person works: it reads few letters, and whatever is wrong, it says nothing.

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
};

use super::printing;
use crate::{
    agent::{
        Activity, Record,
        identity::{self, Trust},
        notice,
    },
    clients::claude::{hooks::event, host_process},
    mailbox::{
        Mailbox, State,
        disk::FsError,
        home::{Home, HomeError},
    },
};

/// Print a short segment for Claude Code's status line
///
/// The session's name, and the numbers of letters that wait and are held if there are any. Nothing outside of a session.
#[derive(clap::Args)]
#[command(after_help = "Configured in ~/.claude/settings.json; `cc2cc help status-line` shows how.")]
pub struct Args {}

pub fn run(home: Result<Home, HomeError>) -> ExitCode {
    if let Some(mailbox) = home.ok().and_then(|home| mailbox(&home)) {
        printing::print(format!("{}\n", segment(&mailbox)));
    }
    ExitCode::SUCCESS
}

fn segment(mailbox: &Mailbox) -> String {
    let said = |count: Result<usize, FsError>, what: &str| match count {
        Ok(0) | Err(_) => String::new(),
        Ok(many) => format!(" · {many} {what}"),
    };
    let (waiting, held) = (notice::letters_waiting(mailbox), mailbox.count(State::Held));
    let (waiting, held) = (said(waiting, "waiting"), said(held, "held"));
    let deaf = if Record::of(mailbox).state == Activity::Deaf { " · deaf: /reload-plugins" } else { "" };
    format!("✉ {}{waiting}{held}{deaf}", mailbox.name())
}

/// The agent of the session whose status line this is: by the client's process, or by the session's id where a script
/// stands too far from it.
fn mailbox(home: &Home) -> Option<Mailbox> {
    let of_host = host_process::claimant(None, Trust::Host).and_then(|claimant| identity::find(home, &claimant.host));
    of_host.or_else(|| identity::of_session(home, &session()?))
}

fn session() -> Option<String> {
    let named = host_process::session();
    named.or_else(|| if io::stdin().is_terminal() { None } else { event::read().ok()?.session_id })
}
