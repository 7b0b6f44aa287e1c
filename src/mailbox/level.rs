//! How far a session acts without asking its person: what the rules compare, in no client's words. Each client says which
//! of its own modes is which level.

use serde::{Deserialize, Serialize};

/// From the most careful on. A word that this version does not know counts as [`Level::Asks`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", rename_all = "lowercase")]
pub enum Level {
    /// It makes plans, and changes nothing.
    Plans,
    /// It asks its person before it acts.
    Asks,
    /// It changes files, and asks before anything else.
    Edits,
    /// It acts without asking; something other than a person checks what it does.
    Checked,
    /// It acts without asking, and nothing checks what it does.
    Free,
}

impl Level {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plans => "plans",
            Self::Asks => "asks",
            Self::Edits => "edits",
            Self::Checked => "checked",
            Self::Free => "free",
        }
    }
}

impl From<String> for Level {
    fn from(text: String) -> Self {
        match text.as_str() {
            "plans" => Self::Plans,
            "edits" => Self::Edits,
            "checked" => Self::Checked,
            // The second is what earlier versions wrote: their one client's word, and the only one that mattered.
            "free" | "bypassPermissions" => Self::Free,
            _ => Self::Asks,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_read_as_it_was_written_and_an_unknown_one_asks() {
        for level in [Level::Plans, Level::Asks, Level::Edits, Level::Checked, Level::Free] {
            let written = serde_json::to_string(&level).unwrap();
            assert_eq!(written, format!("\"{}\"", level.as_str()));
            assert_eq!(serde_json::from_str::<Level>(&written).unwrap(), level);
        }
        assert_eq!(Level::from("reckless".to_owned()), Level::Asks);
    }
}
