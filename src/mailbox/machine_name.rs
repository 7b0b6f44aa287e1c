//! Names of machines that exchange letters: what stands behind the `@` of an address.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::plain_name::is_plain;

/// A name of the same form as an agent's, and as safe.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MachineName(String);

/// Why a text is not a machine's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a machine's name", .0.escape_debug())]
pub struct BadMachine(pub String);

impl BadMachine {
    pub const HINT: &'static str =
        "a machine is called like `build-7`: lower-case letters and digits with single hyphens inside";
}

impl MachineName {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MachineName {
    type Err = BadMachine;

    fn from_str(text: &str) -> Result<Self, BadMachine> {
        if is_plain(text) { Ok(Self(text.to_owned())) } else { Err(BadMachine(text.to_owned())) }
    }
}

impl TryFrom<String> for MachineName {
    type Error = BadMachine;

    fn try_from(text: String) -> Result<Self, BadMachine> {
        text.parse()
    }
}

impl From<MachineName> for String {
    fn from(name: MachineName) -> Self {
        name.0
    }
}

impl fmt::Display for MachineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
