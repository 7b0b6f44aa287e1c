//! Whether a letter is meant: a quick no from its bytes where there can be one, the truth from the letter.

use std::{borrow::Cow, collections::BTreeSet};

use jiff::Timestamp;
use memchr::memmem::Finder;
use serde::Deserialize;

use super::filter::Filter;
use crate::{
    agent::status::Found,
    mailbox::{
        Mailbox,
        disk::{self, FsError},
        home::Home,
        letter::LetterId,
        name::AgentName,
    },
};

/// A filter, made ready for many letters.
#[derive(Debug)]
pub struct Matcher {
    agent: Option<Party>,
    with: Option<Party>,
    from: Option<Party>,
    thread: Option<(LetterId, Finder<'static>)>,
    since: Option<Timestamp>,
    text: Option<Words>,
    escape: Finder<'static>,
}

/// What is read of every letter that passes the quick look.
#[derive(Deserialize)]
pub(super) struct Skim<'a> {
    #[serde(borrow)]
    pub from: Cow<'a, str>,
    pub timestamp: Option<Timestamp>,
    #[serde(borrow)]
    pub thread: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub content: GlancedText<'a>,
}

#[derive(Deserialize)]
pub(super) struct GlancedText<'a> {
    #[serde(borrow)]
    pub text: Cow<'a, str>,
}

impl Matcher {
    /// What a filter means in this home, whose agents may have had other names.
    ///
    /// # Errors
    /// A `FsError` when the names that were given up cannot be listed.
    pub fn new(home: &Home, filter: &Filter) -> Result<Self, FsError> {
        let party = |name: &Option<AgentName>| name.as_ref().map(|name| Party::new(home, name)).transpose();
        let (mut agent, mut with) = (party(&filter.agent)?, party(&filter.with)?);
        if agent.is_none() {
            agent = with.take();
        }
        Ok(Self {
            agent,
            with,
            from: party(&filter.from)?,
            thread: filter.thread.clone().map(|thread| {
                let finder = quoted(thread.as_str());
                (thread, finder)
            }),
            since: filter.since,
            text: filter.text.as_deref().map(Words::new),
            escape: Finder::new(r"\u00"),
        })
    }

    /// Whether a letter is meant.
    #[must_use]
    pub fn takes(&self, found: &Found) -> bool {
        let letter = &found.letter;
        self.is_between(&found.mailbox, letter.from.as_str())
            && self.is_from(letter.from.as_str())
            && self.is_of_thread(&letter.id, letter.thread.as_ref().map(LetterId::as_str))
            && self.since.is_none_or(|since| letter.timestamp >= since)
            && self.text.as_ref().is_none_or(|words| words.are_in(&letter.content.text))
    }

    /// Whether letters of a mailbox can be meant at all.
    pub(super) fn may_lie_in(&self, mailbox: &Mailbox) -> bool {
        match (&self.agent, &self.with) {
            (Some(agent), Some(with)) => agent.owns(mailbox) || with.owns(mailbox),
            _ => true,
        }
    }

    /// Whether a file's bytes can be a letter that is meant; only a no is certain.
    pub(super) fn may_be(&self, mailbox: &Mailbox, id: &LetterId, bytes: &[u8]) -> bool {
        let from = |party: &Party| party.quoted.iter().any(|name| name.find(bytes).is_some());
        let between = match (&self.agent, &self.with) {
            (Some(agent), Some(with)) => agent.owns(mailbox) && from(with) || with.owns(mailbox) && from(agent),
            (Some(agent), None) => agent.owns(mailbox) || from(agent),
            (None, _) => true,
        };
        let of_thread =
            self.thread.as_ref().is_none_or(|(thread, quoted)| thread == id || quoted.find(bytes).is_some());
        let says = self.text.as_ref().is_none_or(|words| words.may_be_in(bytes));
        // JSON may write any letter as its number; then nothing can be told from the bytes.
        let by = self.from.as_ref().is_none_or(from);
        between && by && of_thread && says || self.is_narrow() && self.escape.find(bytes).is_some()
    }

    /// As [`Matcher::takes`], of what a glance shows; a letter without a time has another look.
    pub(super) fn takes_glance(&self, mailbox: &Mailbox, id: &LetterId, glance: &Skim) -> bool {
        self.is_between(mailbox, &glance.from)
            && self.is_from(&glance.from)
            && self.is_of_thread(id, glance.thread.as_deref())
            && self.since.is_none_or(|since| glance.timestamp.is_none_or(|at| at >= since))
            && self.text.as_ref().is_none_or(|words| words.are_in(&glance.content.text))
    }

    fn is_narrow(&self) -> bool {
        self.agent.is_some() || self.from.is_some() || self.thread.is_some() || self.text.is_some()
    }

    fn is_between(&self, mailbox: &Mailbox, from: &str) -> bool {
        match (&self.agent, &self.with) {
            (Some(agent), Some(with)) => {
                agent.owns(mailbox) && with.is_called(from) || with.owns(mailbox) && agent.is_called(from)
            }
            (Some(agent), None) => agent.owns(mailbox) || agent.is_called(from),
            (None, _) => true,
        }
    }

    fn is_from(&self, name: &str) -> bool {
        self.from.as_ref().is_none_or(|from| from.is_called(name))
    }

    fn is_of_thread(&self, id: &LetterId, thread: Option<&str>) -> bool {
        self.thread.as_ref().is_none_or(|(wanted, _)| thread.unwrap_or(id.as_str()) == wanted.as_str())
    }
}

/// An agent and the names it had.
#[derive(Debug)]
struct Party {
    mailbox: Option<Mailbox>,
    names: BTreeSet<AgentName>,
    quoted: Vec<Finder<'static>>,
}

impl Party {
    fn new(home: &Home, name: &AgentName) -> Result<Self, FsError> {
        let mailbox = home.mailbox(name);
        let mut names = BTreeSet::from([name.clone()]);
        if let Some(mailbox) = &mailbox {
            names.insert(mailbox.name().clone());
            let given_up = match disk::names(&home.path().join("renamed")) {
                Err(error) if error.is_not_found() => Vec::new(),
                listed => listed?,
            };
            let given_up = given_up.iter().filter_map(|name| name.to_str()?.parse().ok());
            names.extend(given_up.filter(|name| home.mailbox(name).as_ref() == Some(mailbox)));
        }
        let quoted = names.iter().map(|name| quoted(name.as_str())).collect();
        Ok(Self { mailbox, names, quoted })
    }

    fn owns(&self, mailbox: &Mailbox) -> bool {
        self.mailbox.as_ref() == Some(mailbox)
    }

    fn is_called(&self, name: &str) -> bool {
        self.names.iter().any(|known| known.as_str() == name)
    }
}

fn quoted(text: &str) -> Finder<'static> {
    Finder::new(&format!("\"{text}\"")).into_owned()
}

/// Words looked for in a text, upper or lower case.
#[derive(Debug)]
struct Words {
    folded: String,
    /// The longest part that JSON writes as it is, but for its case: to be looked for in the bytes.
    plain: Vec<u8>,
}

impl Words {
    fn new(text: &str) -> Self {
        let folded = fold(text);
        let is_plain = |c: char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '/');
        let parts = folded.split(|c| !is_plain(c));
        let plain = parts.max_by_key(|part| part.len()).unwrap_or_default().as_bytes().to_vec();
        Self { folded, plain }
    }

    fn are_in(&self, text: &str) -> bool {
        fold(text).contains(&self.folded)
    }

    fn may_be_in(&self, bytes: &[u8]) -> bool {
        let Some((first, rest)) = self.plain.split_first() else { return true };
        let begins = memchr::memchr2_iter(*first, first.to_ascii_uppercase(), bytes);
        begins
            .into_iter()
            .any(|at| bytes[at + 1..].get(..rest.len()).is_some_and(|next| next.eq_ignore_ascii_case(rest)))
    }
}

/// In lower case, as far as that does not turn another script's letter into one of ASCII.
fn fold(text: &str) -> String {
    let lower = |c: char| {
        let mut lower = c.to_lowercase();
        let one = lower.next().filter(|lower_case| lower.next().is_none() && (c.is_ascii() || !lower_case.is_ascii()));
        one.unwrap_or(c)
    };
    text.chars().map(lower).collect()
}
