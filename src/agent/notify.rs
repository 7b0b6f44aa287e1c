//! A command of the person's that is run when a letter comes for them, or when one waits for their yes: a word on the
//! desktop, in tmux, on the telephone. Nothing is run unless `config.toml` names it.
//!
//! Whoever stores the letter starts the command and does not wait for it. What others wrote is put into arguments, after
//! the command was taken apart, so no shell reads it, and it never begins an argument with `-`, so no program takes it for
//! an option.

use std::process::{Command, Stdio};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    command::without_window,
    mailbox::{
        disk::{self, Durability, FsError},
        home::Home,
        letter::{Letter, LetterId},
        lock, log,
        name::AgentName,
        reading::Reading,
    },
    text::terminal::one_line,
};

const LIMIT_BYTES: u64 = 64 * 1024;
/// Width of the first line of a letter as a command gets it, in columns.
const LINE_COLUMNS: usize = 200;

/// `[notify]` in `config.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Notify {
    /// A program and its arguments; nothing is run when there are none.
    command: Vec<String>,
    /// How often it may be run in a minute, in the whole home.
    per_minute: usize,
}

impl Default for Notify {
    fn default() -> Self {
        Self { command: Vec::new(), per_minute: 6 }
    }
}

/// For how many letters it is remembered that the command was run.
const REMEMBERED: usize = 64;

/// A run of the command.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    at: Timestamp,
    id: LetterId,
    to: AgentName,
}

/// Why the person is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attention {
    /// A letter to them was stored.
    Letter,
    /// A letter between others waits for their yes.
    Held,
}

impl Attention {
    fn as_str(self) -> &'static str {
        match self {
            Self::Letter => "letter",
            Self::Held => "held",
        }
    }
}

impl Notify {
    /// The program that is run; `None` when there is none.
    #[must_use]
    pub fn program(&self) -> Option<&str> {
        self.command.first().map(String::as_str)
    }

    /// Runs the command once for this letter. What goes wrong stands in the log: the letter itself is safe.
    pub fn run(&self, home: &Home, letter: &Letter, attention: Attention, now: Timestamp) {
        if self.program().is_none() {
            return;
        }
        match self.may_run(home, letter, now) {
            Ok(true) => self.start(home, letter, attention),
            Ok(false) => {}
            Err(error) => log::line(home, &format!("notify: {error}")),
        }
    }

    /// Whether it was not run for this letter, nor too often in the last minute; counts this time.
    fn may_run(&self, home: &Home, letter: &Letter, now: Timestamp) -> Result<bool, FsError> {
        let _lock = lock::exclusive(&home.path().join("notify.lock"))?;
        let path = home.path().join("notify.json");
        let mut runs: Vec<Told> = match Reading::of(&path, LIMIT_BYTES) {
            Reading::Known(runs) => runs,
            Reading::Missing | Reading::Unreadable(_) => Vec::new(),
        };
        // A clock that was set back must not silence it.
        let is_recent =
            |told: &Told| (SignedDuration::ZERO..SignedDuration::from_mins(1)).contains(&now.duration_since(told.at));
        let is_it = |told: &Told| told.id == letter.id && told.to == letter.to;
        if runs.iter().any(is_it) || runs.iter().filter(|told| is_recent(told)).count() >= self.per_minute {
            return Ok(false);
        }
        let least = runs.len().saturating_sub(REMEMBERED.max(self.per_minute));
        runs.drain(..least);
        runs.push(Told { at: now, id: letter.id.clone(), to: letter.to.clone() });
        disk::replace(&path, &serde_json::to_vec(&runs).unwrap_or_default(), Durability::Process)?;
        Ok(true)
    }

    fn start(&self, home: &Home, letter: &Letter, attention: Attention) {
        let mut words = self.words(letter, attention).into_iter();
        let Some(program) = words.next() else { return };
        let mut command = Command::new(&program);
        command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        match without_window(apart(&mut command)).spawn() {
            // A server lives on, and each of its children that has ended must be waited for.
            Ok(mut child) => drop(std::thread::spawn(move || child.wait())),
            Err(error) => log::line(home, &format!("notify: could not start {program}: {error}")),
        }
    }

    /// The command for a letter, word by word.
    fn words(&self, letter: &Letter, attention: Attention) -> Vec<String> {
        let line = one_line(&letter.first_line(LINE_COLUMNS));
        let values = [
            ("{from}", letter.from.as_str()),
            ("{to}", letter.to.as_str()),
            ("{line}", line.as_str()),
            ("{id}", letter.id.as_str()),
            ("{what}", attention.as_str()),
        ];
        self.command.iter().map(|word| filled(word, &values)).collect()
    }
}

/// A word of the command with what stands for something replaced by it, once: what is put in is not looked through again.
fn filled(word: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::new();
    let mut rest = word;
    while let Some(at) = rest.find('{') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let (name, value) = values.iter().find(|(name, _)| rest.starts_with(name)).unwrap_or(&("{", "{"));
        if text.is_empty() && value.starts_with('-') {
            text.push(' ');
        }
        text.push_str(value);
        rest = &rest[name.len()..];
    }
    text + rest
}

/// Keeps the command from ending with the session.
fn apart(command: &mut Command) -> &mut Command {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(command: &[&str], text: &str) -> Vec<String> {
        let notify = Notify { command: command.iter().map(ToString::to_string).collect(), ..Notify::default() };
        let letter = Letter::new("ann".parse().unwrap(), "user".parse().unwrap(), text, Timestamp::UNIX_EPOCH);
        notify.words(&letter, Attention::Held)
    }

    #[test]
    fn what_others_wrote_stays_in_its_argument_and_is_no_option() {
        assert_eq!(words(&["say", "{from} → {to}: {line} ({what})"], "hi"), ["say", "ann → user: hi (held)"]);
        assert_eq!(words(&["say", "{line}"], "--exec=rm"), ["say", " --exec=rm"]);
        assert_eq!(words(&["say", "m={line}"], "-x \"; rm $HOME"), ["say", "m=-x \"; rm $HOME"]);
        assert_eq!(words(&["say", "{line} {nothing} {"], "{from}"), ["say", "{from} {nothing} {"]);
        assert_eq!(words(&["say", "{line}"], "a\u{1b}[2Jb\nthe rest"), ["say", "a[2Jb…"]);
    }
}
