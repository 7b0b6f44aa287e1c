//! Claude Code's permission modes, and how far a session acts in each without asking.

use crate::mailbox::level::Level;

/// The mode in which everything runs unasked.
pub const BYPASS: &str = "bypassPermissions";

/// The level of a mode. One that this version does not know counts as one that asks: as a sender it is then guarded
/// against, and as a receiver its person is not asked for every letter.
#[must_use]
pub fn level(mode: &str) -> Level {
    match mode {
        "plan" => Level::Plans,
        "acceptEdits" => Level::Edits,
        "auto" => Level::Checked,
        BYPASS => Level::Free,
        // `default` asks; `dontAsk` refuses what it would have to ask for.
        _ => Level::Asks,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_mode_is_free() {
        for (mode, wanted) in [
            ("plan", Level::Plans),
            ("default", Level::Asks),
            ("dontAsk", Level::Asks),
            ("acceptEdits", Level::Edits),
            ("auto", Level::Checked),
            (BYPASS, Level::Free),
            ("bypasspermissions", Level::Asks),
            ("", Level::Asks),
        ] {
            assert_eq!(level(mode), wanted, "{mode}");
        }
    }
}
