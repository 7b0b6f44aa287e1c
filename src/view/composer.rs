//! A letter that the person is writing.

use super::{input::Input, letter::Entry};
use crate::mailbox::{letter::LetterId, name::AgentName};

#[derive(Debug, Clone, Default)]
pub struct Composer {
    pub to: Input,
    pub text: Input,
    pub answers: Option<AnsweredLetter>,
    pub field: Field,
    /// It is on its way; what became of it is not known yet.
    pub sending: bool,
}

/// The letter that a draft answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnsweredLetter {
    pub id: LetterId,
    pub line: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Field {
    #[default]
    To,
    Text,
}

impl Composer {
    /// A letter to an agent, or to whom one is yet to say.
    #[must_use]
    pub fn to(agent: Option<&AgentName>) -> Self {
        let field = if agent.is_some() { Field::Text } else { Field::To };
        let to = Input::new(agent.map(ToString::to_string).unwrap_or_default());
        Self { to, field, ..Self::default() }
    }

    /// An answer to a letter; to one's own letter a second one in its thread. `None` for a notice of cc2cc itself.
    #[must_use]
    pub fn answer(entry: &Entry) -> Option<Self> {
        let to = if entry.from.is_user() { &entry.key.to } else { &entry.from };
        if *to == AgentName::system() {
            return None;
        }
        let answers = Some(AnsweredLetter { id: entry.key.id.clone(), line: entry.line.clone() });
        Some(Self { answers, ..Self::to(Some(to)) })
    }

    /// Whether it is about the same: then what was written before can go on.
    #[must_use]
    pub fn continues(&self, kept: &Self) -> bool {
        self.answers == kept.answers && (self.to == kept.to || self.to.is_empty())
    }

    pub fn input(&mut self) -> &mut Input {
        match self.field {
            Field::To => &mut self.to,
            Field::Text => &mut self.text,
        }
    }
}
