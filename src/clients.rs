//! The programs whose sessions take part. Each says which session a process belongs to, whether it acts without asking,
//! whether a letter is in its record, how it is woken, and how much text fits; what is done with that is `delivery`'s.

pub mod calls;
pub mod claude;
pub mod codex;
pub mod evidence;
pub mod marks;
pub mod opencode;
pub mod rows;
pub mod shell;
pub mod shown;
pub mod wakes;

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
};

/// Answers a hook of the client with this word. That of one which is not known here ends at once, and reads nothing: the
/// client may wait for it, for however long.
#[must_use]
pub fn hook(client: &str, event: &str) -> ExitCode {
    match client {
        "claude" => claude::hooks::run::run(event),
        "codex" => codex::hooks::run(event),
        "opencode" => opencode::listen::run(event),
        _ => ExitCode::SUCCESS,
    }
}

/// Whether some program has started this one without a word and now waits for it, as a client does with a plugin that it
/// takes for one of its own: nobody reads what is wrong with that, and an exit code might stop a prompt.
#[must_use]
pub fn is_started_blindly() -> bool {
    let has_terminal = io::stdin().is_terminal() || io::stdout().is_terminal() || io::stderr().is_terminal();
    !has_terminal && is_fed()
}

/// Whether a program writes to standard input.
#[cfg(unix)]
fn is_fed() -> bool {
    use rustix::fs::{FileType, fstat};
    fstat(io::stdin()).is_ok_and(|facts| {
        let kind = FileType::from_raw_mode(facts.st_mode);
        matches!(kind, FileType::Fifo | FileType::Socket)
    })
}

#[cfg(not(unix))]
fn is_fed() -> bool {
    false
}
