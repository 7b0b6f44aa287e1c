//! From a changed path to what it is about.

use std::path::{Component, Path};

use super::followed_mailbox::Hint;
use crate::mailbox::{letter::LetterId, name::AgentName};

/// What a changed path is about.
pub enum Place {
    Mailbox(AgentName),
    Agent(AgentName),
    Letter(AgentName, LetterId, Hint),
}

impl Place {
    pub fn of(path: &Path) -> Option<Self> {
        let mut parts = path.components().map(|part| match part {
            Component::Normal(name) => name.to_str(),
            _ => None,
        });
        let name = parts.next()??.strip_prefix("to-")?.parse().ok()?;
        let Some(second) = parts.next() else { return Some(Self::Mailbox(name)) };
        let second = second?;
        let Some(file) = parts.next() else {
            let is_of_agent = matches!(second, "agent.json" | "presence.lock" | "reserved");
            return is_of_agent.then_some(Self::Agent(name));
        };
        let file = file?;
        let hint = Hint { arrived: matches!(second, "inbox" | "held"), noted: second == "receipts" };
        let stem = match second {
            "receipts" => file.strip_suffix(".jsonl")?,
            "inbox" | "held" | "dead" => file.strip_suffix(".reason").unwrap_or(file).strip_suffix(".json")?,
            _ => return None,
        };
        Some(Self::Letter(name, stem.parse().ok()?, hint))
    }
}
