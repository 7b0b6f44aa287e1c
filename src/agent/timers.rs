//! The texts that a session's timers will say, so that they are not taken for a person's: a client says of a prompt what
//! stands in it, and not that a timer raised it.

use serde::{Deserialize, Serialize};

use super::fingerprint::fingerprint;

/// How much of a text counts; clients cut what they tell of a longer one.
const COMPARED_CHARS: usize = 900;
/// More timers than a session has.
const KEPT: usize = 100;

/// Fingerprints of what timers will say; the texts themselves need not be kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timers(Vec<String>);

impl Timers {
    /// The timers that will say these texts.
    #[must_use]
    pub fn saying<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut prints: Vec<String> = texts.into_iter().take(KEPT).map(print).collect();
        prints.sort_unstable();
        prints.dedup();
        Self(prints)
    }

    /// Whether one of them will say this.
    #[must_use]
    pub fn say(&self, text: &str) -> bool {
        !self.0.is_empty() && self.0.contains(&print(text))
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn print(text: &str) -> String {
    let text: String = text.trim().chars().take(COMPARED_CHARS).collect();
    format!("{:016x}", fingerprint(text.bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_known_again_however_much_of_it_was_told() {
        let long = "look at the build. ".repeat(100);
        let told: String = long.chars().take(1000).chain("… [+900 chars]".chars()).collect();
        let timers = Timers::saying(["say hi", &told]);
        assert!(timers.say(" say hi\n") && timers.say(&long));
        assert!(!timers.say("say hi to them") && !timers.say(""));
        assert!(!Timers::default().say("say hi"));
        assert_eq!(serde_json::to_string(&Timers::saying(["a"])).unwrap(), "[\"af63dc4c8601ec8c\"]");
    }
}
