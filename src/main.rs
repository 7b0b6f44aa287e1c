//! The binary: a verb, its part, an exit code.

#![deny(clippy::print_stdout, clippy::print_stderr, clippy::dbg_macro)] // they panic; see `cc2cc::output`

use std::{env, process::ExitCode};

use cc2cc::{
    agent::reach,
    cli,
    clients::{self, claude},
    mailbox::watch,
};

/// A hook, a waker and a server outlive what breaks in them, which needs panics that unwind.
const _: () = assert!(cfg!(panic = "unwind"), "a profile that aborts on panics is not for this program");

fn main() -> ExitCode {
    reach::ask(claude::client_status::WITNESS);
    let words: Vec<_> = env::args_os().skip(1).take(5).collect();
    let words: Vec<_> = words.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    // The two that run with every prompt and every turn build no parser.
    match words.as_slice() {
        ["hook", event] => claude::hooks::run::run(event),
        ["hook", "--client", client, event] => clients::hook(client, event),
        ["wait", "--ring"] => claude::waker::run(),
        [] if clients::is_started_blindly() => ExitCode::SUCCESS,
        words if *words == watch::SUCCESSOR => {
            watch::linger();
            ExitCode::SUCCESS
        }
        _ => cli::run(),
    }
}
