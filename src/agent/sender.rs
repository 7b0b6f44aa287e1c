//! Who sends, and whose words those are.

use std::path::PathBuf;

use super::Record;
use crate::mailbox::{
    Mailbox,
    letter::{Author, Origin},
    name::AgentName,
};

/// Who sends: a session's agent, or the person.
#[derive(Debug, Clone)]
pub struct Sender {
    pub name: AgentName,
    pub origin: Origin,
    /// Where `@dir` and `@repo` are.
    pub cwd: PathBuf,
}

impl Sender {
    /// A session, as its own record describes it.
    #[must_use]
    pub fn agent(mailbox: &Mailbox) -> Self {
        let record = Record::of(mailbox);
        let cwd = record.cwd.as_ref().map(PathBuf::from).or_else(|| std::env::current_dir().ok()).unwrap_or_default();
        Self { name: mailbox.name().clone(), origin: record.origin(), cwd }
    }

    /// The person at a terminal, working in the current directory.
    #[must_use]
    pub fn user() -> Self {
        Self::account().by_hand()
    }

    /// A program of the account that no session and no terminal is around, such as a job of cron. It writes as `user`, and
    /// its words are not the person's.
    #[must_use]
    pub fn script() -> Self {
        let mut script = Self::account();
        script.origin.author = Some(Author::Script);
        script
    }

    fn account() -> Self {
        let cwd = std::env::current_dir().unwrap_or_default();
        let mut record = Record::default();
        record.locate(&cwd);
        let origin = Origin { hops: 0, ..record.origin() };
        Self { name: AgentName::user(), origin, cwd }
    }

    /// The same agent when its person, not its model, is speaking. No rule holds that back, and the hops begin anew.
    #[must_use]
    pub fn by_hand(mut self) -> Self {
        self.origin.hops = 0;
        self.origin.author = Some(Author::Person);
        self
    }

    /// The same agent when a subagent of its session is speaking.
    #[must_use]
    pub fn by_subagent(mut self) -> Self {
        self.origin.author = Some(Author::Subagent);
        self
    }

    /// Whether no rule and no rate limit is for it.
    pub(super) fn is_free(&self) -> bool {
        self.name.is_user() || self.origin.author == Some(Author::Person)
    }
}
