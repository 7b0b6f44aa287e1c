//! A letter that the person is writing.

use super::{agents::Agent, input::Input, letter::Entry, recipients};
use crate::mailbox::{letter::LetterId, name::AgentName};

#[derive(Debug, Clone, Default)]
pub struct Composer {
    pub to: Input,
    pub text: Input,
    pub answers: Option<AnsweredLetter>,
    pub field: Field,
    /// Which of those whom the address may become is marked; none where it is one already.
    pub marked: Option<usize>,
    /// It could not be sent, as it was then.
    pub has_failed: bool,
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

    /// Whether it is about the same: then what was written before can go on. What could not be sent comes back only when
    /// it is asked for, or the words of another letter would be added to it.
    #[must_use]
    pub fn continues(&self, kept: &Self) -> bool {
        !kept.has_failed && self.answers == kept.answers && (self.to == kept.to || self.to.is_empty())
    }

    /// Whom the address may become: of those who are there, in their order.
    #[must_use]
    pub fn recipients(&self, agents: &[Agent]) -> Vec<String> {
        recipients::beginning(self.to.text(), agents)
    }

    /// The address was changed: marks the first of those whom it begins.
    pub fn mark_first(&mut self, agents: &[Agent]) {
        let begins = recipients::is_begun(self.to.text(), agents);
        self.marked = begins.then_some(0);
    }

    /// Marks the next one, or the one before; false where there is none.
    pub fn mark_by(&mut self, by: isize, agents: &[Agent]) -> bool {
        let all = self.recipients(agents).len();
        let at = match self.marked {
            Some(at) => at.checked_add_signed(by),
            None => (by > 0).then_some(0),
        };
        self.marked = at.filter(|at| *at < all).or(self.marked);
        at.is_some_and(|at| at < all)
    }

    /// Takes the one that is marked into the address; false where none is.
    pub fn take_marked(&mut self, agents: &[Agent]) -> bool {
        let marked = self.marked.take().and_then(|at| self.recipients(agents).into_iter().nth(at));
        if let Some(name) = &marked {
            self.to = Input::new(recipients::with_last(self.to.text(), name));
        }
        marked.is_some()
    }
}
