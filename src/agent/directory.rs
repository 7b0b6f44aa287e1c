//! Finding agents: by name, by address, by what a person may have meant.

use std::path::Path;

use jiff::Timestamp;

use super::{Record, group_name::GroupName, groups, rate_limit, reach::Standing, repo};
use crate::mailbox::{
    Mailbox, State,
    disk::FsError,
    home::Home,
    name::{AgentName, BadName},
};

/// Where a letter is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    Agent(AgentName),
    /// Every agent but the sender.
    All,
    /// Every agent in the sender's git repository.
    Repo,
    /// Every agent in the sender's directory.
    Dir,
    /// Every agent that has joined this group; where there is none of this name, the agent of this name.
    Group(GroupName),
    /// All of these.
    Several(Vec<Address>),
}

impl std::str::FromStr for Address {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        match text {
            "@all" => Ok(Self::All),
            "@repo" => Ok(Self::Repo),
            "@dir" => Ok(Self::Dir),
            _ if text.split(',').any(|one| one.trim().is_empty()) => Err(BadName(text.to_owned())),
            _ if text.contains(',') => {
                text.split(',').map(|one| one.trim().parse()).collect::<Result<_, _>>().map(Self::Several)
            }
            _ => match text.strip_prefix('@').map(str::parse) {
                Some(Ok(group)) => Ok(Self::Group(group)),
                at => at.map_or(text, |_| &text[1..]).parse().map(Self::Agent).map_err(|_| BadName(text.to_owned())),
            },
        }
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Agent(name) => name.fmt(f),
            Self::All => f.write_str("@all"),
            Self::Repo => f.write_str("@repo"),
            Self::Dir => f.write_str("@dir"),
            Self::Group(group) => group.fmt(f),
            Self::Several(all) => {
                let all: Vec<String> = all.iter().map(ToString::to_string).collect();
                f.write_str(&all.join(","))
            }
        }
    }
}

/// One line of a listing.
#[derive(Debug, Clone)]
pub struct Listed {
    pub mailbox: Mailbox,
    pub record: Record,
    pub standing: Standing,
    pub unread: usize,
}

/// All agents, by name; the person's own mailbox is among them once it has been used.
///
/// # Errors
/// A `FsError` when the home cannot be listed.
pub fn list(home: &Home) -> Result<Vec<Listed>, FsError> {
    Ok(home.mailboxes()?.into_iter().map(describe).collect())
}

/// What a listing says of one agent.
#[must_use]
pub fn describe(mailbox: Mailbox) -> Listed {
    let record = Record::of(&mailbox);
    let standing = Standing::of(&mailbox, &record, Timestamp::now());
    let unread = mailbox.count(State::Inbox).unwrap_or(0);
    Listed { mailbox, record, standing, unread }
}

impl Listed {
    /// Whether a session had it and has ended, and not a letter was ever written to or from it.
    #[must_use]
    pub fn is_trace_of_nothing(&self) -> bool {
        !self.is_online() && was_nothing(&self.mailbox, &self.record)
    }

    /// Whether a live session has the mailbox.
    #[must_use]
    pub fn is_online(&self) -> bool {
        self.standing.is_online()
    }
}

/// Whether a session, and nothing but a session, has left this mailbox.
#[must_use]
pub fn was_nothing(mailbox: &Mailbox, record: &Record) -> bool {
    let is_empty = |state| mailbox.count(state).is_ok_and(|count| count == 0);
    record.started.is_some() && State::ALL.into_iter().all(is_empty) && !rate_limit::has_sent(mailbox)
}

/// The names most like one that does not exist, nearest first.
#[must_use]
pub fn nearest(home: &Home, name: &str) -> Vec<AgentName> {
    let mut near: Vec<(usize, AgentName)> = home
        .mailboxes()
        .unwrap_or_default()
        .into_iter()
        .map(|mailbox| (strsim::damerau_levenshtein(name, mailbox.name().as_str()), mailbox.name().clone()))
        .filter(|(distance, candidate)| {
            *distance <= 2.max(name.len() / 3)
                || name
                    .split('-')
                    .any(|part| part.len() > 2 && candidate.as_str().split('-').any(|other| other == part))
        })
        .collect();
    near.sort();
    near.into_iter().map(|(_, name)| name).take(3).collect()
}

/// The mailboxes that `@all`, `@repo`, `@dir` or a group means to `sender`, who works in `cwd`.
///
/// # Errors
/// A `FsError` when the home cannot be listed.
pub fn group(
    home: &Home,
    address: &Address,
    sender: &AgentName,
    cwd: &Path,
    meant: Meant,
) -> Result<Vec<Mailbox>, FsError> {
    let here = repo::at(cwd).map(|repo| repo.root.display().to_string());
    let cwd = cwd.display().to_string();
    let is_meant = |listed: &Listed| {
        let name = listed.mailbox.name();
        name != sender
            && !name.is_reserved()
            && (listed.is_online() || meant == Meant::OfflineToo)
            && match address {
                Address::All => true,
                Address::Repo => here.is_some() && listed.record.repo == here,
                Address::Dir => listed.record.cwd.as_deref().is_some_and(|other| is_same_directory(other, &cwd)),
                Address::Group(group) => groups::of(&listed.record).contains(group),
                Address::Agent(agent) => agent == name,
                Address::Several(_) => false, // each is asked for on its own
            }
    };
    Ok(list(home)?.into_iter().filter(is_meant).map(|listed| listed.mailbox).collect())
}

/// Windows writes one directory in several ways, the drive's letter above all.
fn is_same_directory(a: &str, b: &str) -> bool {
    if cfg!(windows) { a.replace('/', "\\").eq_ignore_ascii_case(&b.replace('/', "\\")) } else { a == b }
}

/// Whether a group means those who are there, or everyone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meant {
    Online,
    OfflineToo,
}
