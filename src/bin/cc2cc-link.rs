//! `cc2cc-link`: carries letters between machines. It is also what `cc2cc link` runs.

#![deny(clippy::print_stdout, clippy::print_stderr, clippy::dbg_macro)] // they panic; see `cc2cc::output`

use std::process::ExitCode;

use cc2cc::{
    agent::reach,
    clients::{
        claude::{self, around::Around, background},
        shell,
    },
    link,
};

fn main() -> ExitCode {
    reach::ask(claude::client_status::WITNESS);
    link::commands::main(|| shell::look(background::home().ok().as_ref()) != Around::Nobody)
}
