//! Commands of a session that run in a sandbox: they see the mail and may not write it.

use super::caller;
use crate::{failure::Failure, mailbox::disk::FsError};

/// What works all the same.
pub const TOOLS: &str = "the cc2cc tools are outside of it: `send` writes a letter, `inbox` reads, `rename` renames";

/// Whether a failure to write means a sandbox. A command of the person has none.
pub fn explains(error: &FsError) -> bool {
    error.is_forbidden() && caller::in_a_session()
}

/// Says so where that is why a verb failed.
pub fn explained(failure: Failure) -> Failure {
    if !failure.forbidden || !caller::in_a_session() {
        return failure;
    }
    let message = format!("a sandbox keeps this command from writing: {}", failure.message);
    Failure { message, ..failure }.hint(TOOLS)
}
