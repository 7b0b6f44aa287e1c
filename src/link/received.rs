//! Which letters of a machine have come here: `link/received/MACHINE`, a line for each.
//!
//! A mailbox knows the letters that lie in it. These lines outlast the letters, so that one that somebody sends again, or
//! the server delivers again, is told from a new one also when the first has been pruned. Each attempt of the sending
//! machine's person has a line of its own: one that was refused may be tried again.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
};

use anyhow::Result;

use crate::{
    agent::machines,
    mailbox::{disk, home::Home, letter::LetterId, machine_name::MachineName, name::AgentName},
};

/// A hundred bytes a letter, and more letters than two machines exchange in years.
const LIMIT_BYTES: u64 = 256 * 1024 * 1024;

#[derive(Debug, Default)]
pub struct ReceivedLetters {
    /// By machine; of each line eight bytes are kept.
    known: HashMap<MachineName, HashSet<u64>>,
}

impl ReceivedLetters {
    /// Whether it has come before.
    pub fn has(&mut self, home: &Home, from: &MachineName, line: &str) -> Result<bool> {
        Ok(self.of(home, from)?.contains(&short(line)))
    }

    /// Notes one that is stored, or refused.
    pub fn note(&mut self, home: &Home, from: &MachineName, line: &str) -> Result<()> {
        let directory = machines::subdir(home, "received")?;
        disk::append_line_durably(&directory.join(from.as_str()), line)?;
        disk::sync_dir(&directory)?;
        self.of(home, from)?.insert(short(line));
        Ok(())
    }

    fn of(&mut self, home: &Home, from: &MachineName) -> Result<&mut HashSet<u64>> {
        if !self.known.contains_key(from) {
            let path = machines::place(home.path(), "received").join(from.as_str());
            let bytes = match disk::read(&path, LIMIT_BYTES) {
                Err(error) if error.is_not_found() => Vec::new(),
                read => read?,
            };
            let lines = String::from_utf8_lossy(&bytes).lines().map(short).collect();
            self.known.insert(from.clone(), lines);
        }
        Ok(self.known.entry(from.clone()).or_default())
    }
}

/// What is noted of an attempt to deliver a letter.
pub fn line(id: &LetterId, to: &AgentName, attempt: usize) -> String {
    if attempt == 0 { format!("{id} {to}") } else { format!("{id} {to} {attempt}") }
}

fn short(line: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    line.hash(&mut hasher);
    hasher.finish()
}
