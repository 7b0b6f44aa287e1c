//! The binary: a verb, its part, an exit code.

use std::{env, process::ExitCode};

use cc2cc::{claude, cli, mailbox::watch};

fn main() -> ExitCode {
    let words: Vec<_> = env::args_os().skip(1).take(3).collect();
    let words: Vec<_> = words.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    // The two that run with every prompt and every turn build no parser.
    match words.as_slice() {
        ["hook", event] => claude::hook::run(event),
        ["wait", "--ring"] => claude::bell::run(),
        words if *words == watch::SUCCESSOR => {
            watch::linger();
            ExitCode::SUCCESS
        }
        _ => cli::run(),
    }
}
