//! Why nothing was sent, and what the sender can do about it.

use std::path::PathBuf;

use super::{directory::Address, group_name::GroupName, policy::ConfigError};
use crate::mailbox::{disk::FsError, letter::LetterId, machine_name::MachineName, name::AgentName};

/// Why nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("no agent named `{name}`")]
    NoSuchAgent { name: String, nearest: Vec<AgentName> },
    #[error("no machine named `{machine}` is linked to this one")]
    NoSuchMachine { machine: MachineName, known: Vec<MachineName> },
    #[error("no group named `{name}`")]
    NoSuchGroup { name: GroupName, groups: Vec<GroupName> },
    #[error("nobody to send to: {address} means no agent {}", if *.offline_too { "at all" } else { "that is online" })]
    NobodyThere { address: Address, offline_too: bool },
    #[error("@repo means the agents in your git repository, and {} is in none", .0.display())]
    NoRepo(PathBuf),
    #[error("you are `{0}`: a letter to yourself goes nowhere")]
    ToYourself(AgentName),
    #[error("no letter `{0}` to reply to")]
    NoSuchLetter(LetterId),
    #[error("the text is empty")]
    Empty,
    #[error("the text has more than 1 MiB, which is the most that a letter holds")]
    TooLong,
    #[error("{to} does not take this letter: {why}")]
    Refused { to: AgentName, why: String },
    #[error("too many letters to {to} in a short time; nothing was sent, retry after {seconds} s")]
    TooFast { to: AgentName, seconds: u64 },
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("a time to live of 0 would expire at once")]
    NoTime,
    #[error(transparent)]
    Fs(#[from] FsError),
}

/// The hint for an id that no letter has.
pub const WHERE_LETTERS_ARE: &str = "`cc2cc inbox --all` lists the letters you have, `cc2cc log` all, with their ids";

impl SendError {
    /// What the sender can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoSuchAgent { nearest, .. } => Some(match nearest.as_slice() {
                [] => "`cc2cc agents --all` lists everyone".to_owned(),
                names => {
                    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
                    format!("did you mean {}? `cc2cc agents --all` lists everyone", names.join(" or "))
                }
            }),
            Self::NoSuchMachine { known, .. } if known.is_empty() => {
                Some("no machine is; leave out what stands behind the @ to write to an agent here".to_owned())
            }
            Self::NoSuchMachine { known, .. } => {
                let names: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
                Some(format!("linked is {}", names.join(", ")))
            }
            Self::NoSuchGroup { groups, .. } if groups.is_empty() => {
                Some("there is no group yet; `cc2cc join NAME` in a session begins one".to_owned())
            }
            Self::NoSuchGroup { groups, .. } => {
                let names: Vec<_> = groups.iter().map(ToString::to_string).collect();
                Some(format!("there is {}; `cc2cc join NAME` in a session begins another", names.join(", ")))
            }
            Self::NobodyThere { offline_too: false, .. } => {
                Some("a letter to a name also reaches those who are away; `cc2cc agents --all` lists them".to_owned())
            }
            Self::NobodyThere { .. } => Some("`cc2cc agents --all` lists everyone".to_owned()),
            Self::ToYourself(_) => Some("`cc2cc agents` lists whom you can write to".to_owned()),
            Self::NoTime => Some("`10m` gives it ten minutes".to_owned()),
            Self::Refused { .. } => Some("a rule in `config.toml` says so, which only the person changes".to_owned()),
            Self::NoSuchLetter(_) => Some(WHERE_LETTERS_ARE.to_owned()),
            Self::Empty => Some("say what the letter is to say, as in `please run the tests`".to_owned()),
            Self::TooLong => Some("write it to a file and send its path".to_owned()),
            Self::Fs(_) => Some("`cc2cc doctor` looks into it".to_owned()),
            Self::TooFast { .. } => Some("put what you have to say into one letter".to_owned()),
            Self::Config(_) => {
                Some("fix the file or move it away; `cc2cc doctor` says whether it can be read then".to_owned())
            }
            Self::NoRepo(_) => Some("`@dir` means those in your directory, `@all` everyone who is online".to_owned()),
        }
    }
}
