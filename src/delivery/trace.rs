//! A trace of what is decided for each letter, in the log, where the variable [`VARIABLE`] asks for it: why a session is
//! woken for one or is not, and what became of what was delivered. A decision that is made again and again is one line.

use std::{
    collections::HashMap,
    env,
    sync::{LazyLock, Mutex, PoisonError},
};

use crate::mailbox::{Mailbox, home::Home, letter::LetterId, log};

/// Turns the trace on when it is anything but empty or `0`.
pub const VARIABLE: &str = "CC2CC_TRACE";

/// More letters than a session has on its way; past that what was said before may be said again.
const REMEMBERED: usize = 10_000;

static IS_ON: LazyLock<bool> =
    LazyLock::new(|| env::var_os(VARIABLE).is_some_and(|value| !value.is_empty() && value != "0"));
/// What was said last of each letter.
static SAID: LazyLock<Mutex<HashMap<(&str, LetterId), String>>> = LazyLock::new(Mutex::default);

/// Notes a decision of a kind, `wake` or `settle`, on a letter. It is not worded unless somebody wants it.
pub fn decided(kind: &'static str, mailbox: &Mailbox, id: &LetterId, decision: impl FnOnce() -> String) {
    if !*IS_ON {
        return;
    }
    let decision = decision();
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    if said.len() > REMEMBERED {
        said.clear();
    }
    if said.insert((kind, id.clone()), decision.clone()).as_ref() != Some(&decision)
        && let Some(home) = mailbox.path().parent()
    {
        log::line(&Home::at(home), &format!("trace: {kind}: {} {id}: {decision}", mailbox.name()));
    }
}
