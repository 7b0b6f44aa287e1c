//! Agent names: safe as a file name and as an address, on every system. An agent of another machine is `name@machine`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{
    machine_name::MachineName,
    plain_name::{LONGEST, is_device, is_plain},
};

/// The person at a terminal.
pub const USER: &str = "user";
/// cc2cc itself, as the sender of notices.
pub const SYSTEM: &str = "system";
const RESERVED: [&str; 3] = [USER, "all", SYSTEM];

/// Stands between an agent's name and its machine's.
const AT: char = '@';

/// A name that matches `[a-z0-9](-?[a-z0-9]){0,30}` and is no device's on Windows; for an agent of another machine followed
/// by `@` and that machine's name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AgentName(String);

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not an agent name{}", .0.escape_debug(), if is_device(.0) { ", it is a device's on Windows" } else { "" })]
pub struct BadName(pub String);

impl BadName {
    pub const HINT: &'static str =
        "a name is lower-case letters and digits with single hyphens inside, like `brave-fox`";
}

impl AgentName {
    #[must_use]
    pub fn user() -> Self {
        Self(USER.to_owned())
    }

    #[must_use]
    pub fn system() -> Self {
        Self(SYSTEM.to_owned())
    }

    /// The name nearest to what a person calls something, such as `api-dev` for `API dev`; `None` when nothing of it can
    /// stand in a name, or the name is reserved.
    #[must_use]
    pub fn made_of(text: &str) -> Option<Self> {
        let mut name = String::new();
        let mut counted = 0;
        for c in text.chars().map(|c| c.to_ascii_lowercase()) {
            if c.is_ascii_lowercase() || c.is_ascii_digit() {
                if counted == LONGEST {
                    break;
                }
                counted += 1;
                name.push(c);
            } else if !name.is_empty() && !name.ends_with('-') {
                name.push('-');
            }
        }
        name.trim_end_matches('-').parse().ok().filter(|name: &Self| !name.is_reserved())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The machine of an agent that is not on this one.
    #[must_use]
    pub fn machine(&self) -> Option<MachineName> {
        self.0.split_once(AT).and_then(|(_, machine)| machine.parse().ok())
    }

    /// Whether it is an agent of another machine.
    #[must_use]
    pub fn is_elsewhere(&self) -> bool {
        self.0.contains(AT)
    }

    /// The name without the machine: what the agent is called where it is.
    #[must_use]
    pub fn there(&self) -> Self {
        Self(self.0.split(AT).next().unwrap_or_default().to_owned())
    }

    /// The same agent as seen from another machine than its own.
    #[must_use]
    pub fn on(&self, machine: &MachineName) -> Self {
        Self(format!("{}{AT}{machine}", self.there().0))
    }

    /// Whether no session may have this name.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        RESERVED.contains(&self.as_str())
    }

    #[must_use]
    pub fn is_user(&self) -> bool {
        self.0 == USER
    }
}

impl FromStr for AgentName {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let (name, machine) = text.split_once(AT).map_or((text, None), |(name, machine)| (name, Some(machine)));
        if is_plain(name) && machine.is_none_or(is_plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadName(text.to_owned()))
        }
    }
}

impl TryFrom<String> for AgentName {
    type Error = BadName;

    fn try_from(text: String) -> Result<Self, BadName> {
        text.parse()
    }
}

impl From<AgentName> for String {
    fn from(name: AgentName) -> Self {
        name.0
    }
}

impl fmt::Display for AgentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_the_pattern_says() {
        let longest = "a".repeat(31);
        for good in ["a", "7", "brave-fox", "a-b-c", "x1-2y", &longest] {
            assert!(good.parse::<AgentName>().is_ok(), "{good}");
        }
        let too_long = "a".repeat(32);
        for bad in ["", "-", "-a", "a-", "a--b", "Brave", "a_b", "a b", "../x", "ä", "a\0", "a:b", &too_long] {
            assert!(bad.parse::<AgentName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_agent_of_another_machine_is_named_with_it_and_is_nobody_here() {
        let there: AgentName = "calm-owl@build-7".parse().unwrap();
        assert_eq!(there.machine(), "build-7".parse().ok());
        assert_eq!(there.there(), "calm-owl".parse().unwrap());
        assert_eq!(there.there().on(&"desk".parse().unwrap()).as_str(), "calm-owl@desk");
        let person: AgentName = "user@laptop".parse().unwrap();
        assert!(!person.is_user() && !person.is_reserved(), "another machine's person is not the person here");
        for bad in ["@", "@laptop", "owl@", "owl@@laptop", "owl@a@b", "owl@Laptop", "owl@con", "con@laptop", "owl@../x"]
        {
            assert!(bad.parse::<AgentName>().is_err(), "{bad:?}");
        }
        assert_eq!("calm-owl".parse::<AgentName>().unwrap().machine(), None);
    }

    #[test]
    fn a_name_is_made_of_what_a_person_calls_something() {
        for (text, name) in [
            ("api-dev", "api-dev"),
            ("API dev", "api-dev"),
            ("  the  API: v2! ", "the-api-v2"),
            ("--x__y--", "x-y"),
            ("Überblick", "berblick"),
            ("../../etc/passwd", "etc-passwd"),
            (&"long ".repeat(20), "long-long-long-long-long-long-long-lon"),
        ] {
            assert_eq!(AgentName::made_of(text), Some(name.parse().unwrap()), "{text:?}");
        }
        for text in ["", "…", "日本語", "user", "ALL", "System", "@all", "con", "\0"] {
            assert_eq!(AgentName::made_of(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_home_with_any_name_can_be_moved_to_windows() {
        for device in ["con", "prn", "aux", "nul", "com1", "lpt9"] {
            let refused = device.parse::<AgentName>().unwrap_err().to_string();
            assert_eq!(refused, format!("`{device}` is not an agent name, it is a device's on Windows"));
        }
        for fine in ["con-1", "cone", "com", "coma", "com10", "lpt-1", "nul2"] {
            assert!(fine.parse::<AgentName>().is_ok(), "{fine}");
        }
    }
}
