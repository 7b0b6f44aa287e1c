//! Which living session is around a command, of whatever client; see [`around`].

use super::{
    claude::around::{self, Around},
    codex,
};
use crate::mailbox::home::Home;

/// Looks around this process; `home` is where sessions leave their records.
#[must_use]
pub fn look(home: Option<&Home>) -> Around {
    codex::shell::look().unwrap_or_else(|| around::look(home))
}
