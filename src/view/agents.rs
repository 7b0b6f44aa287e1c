//! The agents on the left: who is there first, then by name.

use super::{cells, window::Window};
use crate::{
    agent::{
        Activity,
        directory::Listed,
        groups,
        reach::{Reach, Standing},
        work::Work,
    },
    mailbox::{State, name::AgentName},
    report::text::home_as_tilde,
};

/// One agent as the view keeps it.
#[derive(Debug, Clone)]
pub struct Agent {
    pub name: AgentName,
    pub presence: AgentState,
    pub standing: Standing,
    pub unread: usize,
    pub held: usize,
    /// Where it works, and what is said behind that: the branch, and the groups it is in. Safe for a screen.
    pub path: String,
    pub behind: String,
    pub groups: Vec<String>,
    /// What it works on, safe for a screen; only of one that is there.
    pub work: Option<Work>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentState {
    Idle,
    Busy,
    /// There, and letters wait for its next turn.
    NextTurn,
    /// There, and a dialog is open.
    Asks,
    /// There, and its last turn ended in an error.
    Failing,
    /// There, and its hooks are silent.
    Deaf,
    Away,
    /// The person's mailbox.
    Person,
}

impl AgentState {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Busy => "busy",
            Self::NextTurn => Reach::NextTurn.as_str(),
            Self::Asks => Reach::Asks.as_str(),
            Self::Failing => Reach::Failing.as_str(),
            Self::Deaf => Reach::Deaf.as_str(),
            Self::Away => Reach::Away.as_str(),
            Self::Person => "you",
        }
    }

    #[must_use]
    pub fn is_online(self) -> bool {
        !matches!(self, Self::Away | Self::Person)
    }
}

impl Agent {
    /// Counts what is held for it; the rest is as listed.
    #[must_use]
    pub fn of(listed: &Listed) -> Self {
        let record = &listed.record;
        let path = record.cwd.as_deref().map(home_as_tilde).unwrap_or_default();
        let groups: Vec<_> = groups::of(record).into_iter().map(|group| group.to_string()).collect();
        let branch = record.branch.as_ref().filter(|_| !path.is_empty()).map(|branch| format!("[{branch}]"));
        let behind: Vec<_> = branch.iter().chain(&groups).map(|part| cells::one_line(part, 200)).collect();
        let behind = if behind.is_empty() { String::new() } else { format!(" {}", behind.join(" ")) };
        let name = listed.mailbox.name().clone();
        let work = listed.record.work.as_ref().filter(|_| listed.is_online());
        Self {
            presence: match (listed.standing.reach, listed.standing.activity) {
                _ if name.is_user() => AgentState::Person,
                (Reach::Wakes | Reach::Elsewhere, Activity::Busy) => AgentState::Busy,
                (Reach::Wakes, _) => AgentState::Idle,
                (Reach::NextTurn, _) => AgentState::NextTurn,
                (Reach::Asks, _) => AgentState::Asks,
                (Reach::Failing, _) => AgentState::Failing,
                (Reach::Deaf, _) => AgentState::Deaf,
                (Reach::Elsewhere, _) if listed.standing.why.as_deref() == Some("idle") => AgentState::Idle,
                (Reach::Away | Reach::Elsewhere, _) => AgentState::Away,
            },
            standing: listed.standing.clone(),
            unread: listed.unread,
            held: listed.mailbox.count(State::Held).unwrap_or(0),
            path: cells::one_line(&path, 4_096),
            behind,
            groups,
            work: work.map(|work| Work { text: cells::one_line(&work.text, 200), ..work.clone() }),
            name,
        }
    }
}

#[derive(Debug, Default)]
pub struct Agents {
    list: Vec<Agent>,
    cursor: Option<AgentName>,
    pub window: Window,
}

impl Agents {
    /// Takes in agents as they are now.
    pub fn update(&mut self, agents: impl IntoIterator<Item = Agent>) {
        let before = self.position();
        for agent in agents {
            self.list.retain(|known| known.name != agent.name);
            self.list.push(agent);
        }
        self.arrange(before);
    }

    /// Takes in all agents there are.
    pub fn replace(&mut self, agents: Vec<Agent>) {
        let before = self.position();
        self.list = agents;
        self.arrange(before);
    }

    pub fn remove(&mut self, name: &AgentName) {
        let before = self.position();
        self.list.retain(|known| known.name != *name);
        self.arrange(before);
    }

    pub fn rename(&mut self, was: &AgentName, new: &AgentName) {
        let before = self.position();
        self.list.retain(|known| known.name != *new);
        for agent in self.list.iter_mut().filter(|known| known.name == *was) {
            agent.name.clone_from(new);
        }
        if self.cursor.as_ref() == Some(was) {
            self.cursor = Some(new.clone());
        }
        self.arrange(before);
    }

    #[must_use]
    pub fn list(&self) -> &[Agent] {
        &self.list
    }

    #[must_use]
    pub fn online(&self) -> usize {
        self.list.iter().filter(|agent| agent.presence.is_online()).count()
    }

    /// Letters that wait for a person, of all agents.
    #[must_use]
    pub fn held(&self) -> usize {
        self.list.iter().map(|agent| agent.held).sum()
    }

    #[must_use]
    pub fn selected(&self) -> Option<&Agent> {
        self.position().map(|at| &self.list[at])
    }

    #[must_use]
    pub fn position(&self) -> Option<usize> {
        let cursor = self.cursor.as_ref()?;
        self.list.iter().position(|agent| agent.name == *cursor)
    }

    pub fn go_to(&mut self, at: usize) {
        let at = at.min(self.list.len().saturating_sub(1));
        self.cursor = self.list.get(at).map(|agent| agent.name.clone());
        self.window.reveal(at, self.list.len());
    }

    pub fn step(&mut self, by: isize) {
        self.go_to(Window::step(self.position().unwrap_or(0), by, self.list.len()));
    }

    fn arrange(&mut self, before: Option<usize>) {
        let rank = |agent: &Agent| match agent.presence {
            AgentState::Person => 1,
            AgentState::Away => 2,
            _ => 0,
        };
        self.list.sort_by(|a, b| (rank(a), &a.name).cmp(&(rank(b), &b.name)));
        let after = self.position();
        if let Some(row) = self.window.follow(before, after, self.list.len()) {
            self.go_to(row);
        }
    }
}
