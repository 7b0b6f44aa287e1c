//! A letter as the view keeps it: what a line shows and a search looks at. The text stays on the disk.

use jiff::Timestamp;

use super::cells;
use crate::{
    agent::status::{Found, Stage},
    mailbox::{
        letter::{LetterId, Priority},
        name::AgentName,
    },
};

/// How much of a text a line can show, and how much is looked at as one types a search, in characters.
const SHOWN: usize = 300;
const SEARCHED: usize = 2_000;

/// One copy of a letter: a letter to a group has one in each mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LetterRef {
    pub id: LetterId,
    /// Whose mailbox it is in.
    pub to: AgentName,
}

#[derive(Debug, Clone)]
pub struct Entry {
    pub key: LetterRef,
    pub from: AgentName,
    pub thread: LetterId,
    pub at: Timestamp,
    pub urgent: bool,
    pub stage: Stage,
    /// Why it is held or dead.
    pub why: Option<String>,
    /// The text on one line, as far as it can be of use there.
    pub line: String,
    searched: String,
}

impl Entry {
    /// Reads how far the letter has come; what is shown of it is safe for a screen.
    #[must_use]
    pub fn of(found: &Found) -> Self {
        let letter = &found.letter;
        let status = found.status();
        let key = LetterRef { id: letter.id.clone(), to: found.mailbox.name().clone() };
        let text: String = letter.content.text.chars().take(SEARCHED).collect();
        Self {
            searched: format!("{} {} {} {text}", key.id, letter.from, key.to).to_lowercase(),
            from: letter.from.clone(),
            thread: letter.thread_id().clone(),
            at: letter.timestamp,
            urgent: letter.priority == Priority::High,
            stage: status.stage,
            why: status.why.map(|why| cells::one_line(&why, SHOWN)),
            line: cells::one_line(&text, SHOWN),
            key,
        }
    }

    /// Whether the agent wrote it or got it.
    #[must_use]
    pub fn concerns(&self, agent: &AgentName) -> bool {
        self.from == *agent || self.key.to == *agent
    }

    /// Whether a text in small letters is in it, as far as the view keeps it.
    #[must_use]
    pub fn says(&self, lowercase: &str) -> bool {
        self.searched.contains(lowercase)
    }
}
