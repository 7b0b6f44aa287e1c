//! What a group is called.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::mailbox::name::AgentName;

/// Addresses that are there without anybody's joining.
const BUILT_IN: [&str; 3] = ["all", "repo", "dir"];

/// What a group is called: as an agent could be, and none of the addresses that are built in. It is written with `@`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GroupName(AgentName);

/// Why a text is not a group's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` cannot be a group's name", .0.escape_debug())]
pub struct BadGroup(pub String);

impl BadGroup {
    pub const HINT: &'static str = "a group is called like `@backend`: lower-case letters and digits with single hyphens \
                                    inside; @all, @repo and @dir are there without joining";
}

impl FromStr for GroupName {
    type Err = BadGroup;

    /// With the `@` or without it.
    fn from_str(text: &str) -> Result<Self, BadGroup> {
        let name: Option<AgentName> = text.strip_prefix('@').unwrap_or(text).parse().ok();
        let usable =
            name.filter(|name| !name.is_reserved() && !name.is_elsewhere() && !BUILT_IN.contains(&name.as_str()));
        usable.map(Self).ok_or_else(|| BadGroup(text.to_owned()))
    }
}

impl TryFrom<String> for GroupName {
    type Error = BadGroup;

    fn try_from(text: String) -> Result<Self, BadGroup> {
        text.parse()
    }
}

impl From<GroupName> for String {
    fn from(group: GroupName) -> Self {
        group.to_string()
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}", self.0)
    }
}

impl GroupName {
    /// The agent that `@name` means where no group is called so.
    #[must_use]
    pub fn as_agent(&self) -> &AgentName {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_called_as_an_agent_could_be_and_never_as_what_is_built_in() {
        for good in ["backend", "@backend", "a-1"] {
            assert_eq!(good.parse::<GroupName>().unwrap().to_string(), format!("@{}", good.trim_start_matches('@')));
        }
        for bad in
            ["", "@", "@@a", "@a@laptop", "a@laptop", "@all", "repo", "dir", "user", "system", "Backend", "a b", "../x"]
        {
            assert_eq!(bad.parse::<GroupName>(), Err(BadGroup(bad.to_owned())));
        }
    }
}
