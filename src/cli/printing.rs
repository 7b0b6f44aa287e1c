//! Printing for the verbs, which print in no other way.

use std::{io, sync::OnceLock};

use super::shown::Shown;
use crate::{
    failure::{Code, Failure},
    output,
};

/// Prints on standard output. The work goes on if that fails; the exit code tells.
pub fn print(shown: impl Into<Shown>) {
    match print_surely(&shown.into()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => drop(UNPRINTED.set(error)),
        _ => {}
    }
}

/// Prints for somebody on whose reading it depends what happens next.
pub fn print_surely(shown: &Shown) -> io::Result<()> {
    output::out(shown.as_str())
}

/// Complains on standard error.
pub fn complain(failure: &str) {
    output::complain(&format!("cc2cc: {}\n", Shown::text(failure).as_str()));
}

/// Fails where printing would reach nobody, before a verb changes something for the sake of what it prints.
///
/// # Errors
/// When standard output is closed.
pub fn check_output() -> Result<(), Failure> {
    output::check_open()
        .map_err(|error| Failure::new(Code::Failed, format!("could not print, so nothing was done: {error}")))
}

/// Whether something could not be printed, for a verb that would go on for ever.
pub fn is_unprinted() -> bool {
    UNPRINTED.get().is_some()
}

pub fn unprinted(error: &io::Error) -> Failure {
    Failure::new(Code::Failed, format!("could not print all of it: {error}"))
}

/// Why something could not be printed; a reader that has gone away is no failure.
static UNPRINTED: OnceLock<io::Error> = OnceLock::new();

/// Why something could not be printed, if that is so.
pub fn failure() -> Option<Failure> {
    UNPRINTED.get().map(unprinted)
}
