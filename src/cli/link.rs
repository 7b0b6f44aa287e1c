//! `cc2cc link`: letters between machines, by the program that carries them.

use std::{
    ffi::OsString,
    process::{Command, ExitCode, Stdio},
};

use super::{accept::only_a_person, printing};
use crate::{
    agent::link_program::{self, PROGRAM},
    failure::{Code, Failure},
    mailbox::home::{HOME_VARIABLE, Home},
};

/// Exchange letters with sessions on other machines
///
/// Alone it shows the machines, who is there, and what waits.
#[derive(clap::Args)]
#[command(after_help = "`cc2cc link up --help` and the like explain each; see docs/machines.md.")]
pub struct Args {
    /// up URL, pair, pair CODE, trust MACHINE, forget MACHINE, down
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "WORDS")]
    words: Vec<OsString>,
}

pub fn run(home: &Home, args: &Args) -> Result<ExitCode, Failure> {
    if !args.words.is_empty() && args.words != ["--json"] {
        only_a_person()?;
    }
    let program = link_program::path().ok_or_else(|| {
        Failure::new(Code::NotFound, format!("there is no {PROGRAM} beside cc2cc"))
            .hint("`./install.sh --link` in a checkout puts it there; docs/machines.md says how it is built by hand")
    })?;
    let mut command = Command::new(program);
    command.args(&args.words).env(HOME_VARIABLE, home.path());
    let carries = args.words.first().is_some_and(|word| word == "run");
    let stdout = if carries { Stdio::inherit() } else { Stdio::piped() };
    let ended = command.stdin(Stdio::inherit()).stdout(stdout).stderr(Stdio::piped()).output();
    let ended = ended.map_err(|error| Failure::new(Code::Failed, format!("could not start {PROGRAM}: {error}")))?;
    // It repeats what other machines say, so it is printed as everything is that a session may read.
    printing::print(String::from_utf8_lossy(&ended.stdout).into_owned());
    let complaint = String::from_utf8_lossy(&ended.stderr);
    let complaint = complaint.trim_end();
    if !complaint.is_empty() {
        printing::complain(complaint.strip_prefix("cc2cc: ").unwrap_or(complaint));
    }
    Ok(ended.status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}
