//! Which machines exchange letters: people carry a code from one to the other, and compare what comes back.
//!
//! A code is a machine's name and public key. It is no secret, but it must be the right one, so it goes by a way that the
//! people trust: a shell on the other machine, or their own eyes. Whoever takes a code is shown on the machine it is from,
//! with the fingerprint of its own key, and is paired there when a person has compared that.

use std::str::FromStr;

use anyhow::{Error, Result, anyhow, bail};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::keys;
use crate::{
    agent::machines::{self, Pairing},
    mailbox::{disk, home::Home, machine_name::MachineName},
};

/// What a machine shows and another takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairingCode {
    pub name: MachineName,
    pub key: String,
}

impl FromStr for PairingCode {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, key) = text.trim().split_once(':').ok_or_else(|| anyhow!("that is no code of a machine"))?;
        keys::parse(key).map_err(|_| anyhow!("that is no code of a machine, or part of it is missing"))?;
        Ok(Self { name: name.parse()?, key: key.to_owned() })
    }
}

impl std::fmt::Display for PairingCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.name, self.key)
    }
}

/// A machine that has taken this one's code: `link/asking/NAME.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asking {
    pub key: String,
    /// When it was heard last.
    pub at: Timestamp,
    /// Another machine, with another key, asks under the same name.
    #[serde(default)]
    pub is_disputed: bool,
}

/// Pairs a machine.
///
/// # Errors
/// When another machine of that name is paired, or it is this one.
pub fn pair(home: &Home, me: &MachineName, code: &PairingCode) -> Result<()> {
    if code.name == *me {
        bail!("{me} is this machine; the code is for the other one");
    }
    match machines::read::<Pairing>(home.path(), "machines", &code.name) {
        Some(known) if known.key == code.key => return Ok(()),
        Some(_) => bail!(
            "a machine named {0} is paired, with another key; `cc2cc link forget {0}` forgets that one",
            code.name
        ),
        None => {}
    }
    let pairing = Pairing { key: code.key.clone(), paired: Timestamp::now() };
    forget_file(home, "heard", &code.name)?; // what a machine of this name has said before
    machines::write(home, "machines", &code.name, &pairing)?;
    forget_file(home, "asking", &code.name)
}

/// Forgets a machine. Whether it was known.
pub fn forget(home: &Home, machine: &MachineName) -> Result<bool> {
    let was_known = machines::known(home).contains(machine);
    for below in ["machines", "heard", "asking"] {
        forget_file(home, below, machine)?;
    }
    Ok(was_known)
}

/// Forgets what a machine has said, so that nothing is sent there before it says something again.
///
/// # Errors
/// When that cannot be removed.
pub fn forget_heard(home: &Home, machine: &MachineName) -> Result<()> {
    forget_file(home, "heard", machine)
}

/// Forgets that a machine asks.
///
/// # Errors
/// When that cannot be removed.
pub fn forget_asking(home: &Home, machine: &MachineName) -> Result<()> {
    forget_file(home, "asking", machine)
}

fn forget_file(home: &Home, below: &str, machine: &MachineName) -> Result<()> {
    Ok(disk::remove(&machines::place(home.path(), below).join(format!("{machine}.json")))?)
}
