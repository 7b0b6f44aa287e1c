//! Finding agents: by name, by address, by what a person may have meant.

use std::path::Path;

use jiff::Timestamp;

use super::{
    Record,
    group_name::GroupName,
    groups, machines, rate_limit,
    reach::{Reach, Standing},
    repo,
};
use crate::mailbox::{
    Mailbox, State,
    disk::FsError,
    home::Home,
    machine_name::MachineName,
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
    /// Every agent that is online on another machine.
    AllOn(MachineName),
    /// Every agent that has joined this group; where there is none of this name, the agent of this name.
    Group(GroupName),
    /// All of these.
    Several(Vec<Address>),
}

impl Address {
    /// The machine that it leads to, where that is not this one.
    #[must_use]
    pub fn machine(&self) -> Option<MachineName> {
        match self {
            Self::Agent(name) => name.machine(),
            Self::AllOn(machine) => Some(machine.clone()),
            Self::All | Self::Repo | Self::Dir | Self::Group(_) | Self::Several(_) => None,
        }
    }
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
            _ => match (text.strip_prefix('@'), text.strip_prefix("@all@")) {
                (_, Some(machine)) => machine.parse().map(Self::AllOn).map_err(|_| BadName(text.to_owned())),
                // No group is on another machine, and `@name@machine` is nothing.
                (Some(name), _) if name.contains('@') => Err(BadName(text.to_owned())),
                (Some(name), _) => match name.parse() {
                    Ok(group) => Ok(Self::Group(group)),
                    Err(_) => name.parse().map(Self::Agent).map_err(|_| BadName(text.to_owned())),
                },
                (None, _) => text.parse().map(Self::Agent),
            },
        }
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Agent(name) => name.fmt(f),
            Self::All => f.write_str("@all"),
            Self::AllOn(machine) => write!(f, "@all@{machine}"),
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
    let mut listed: Vec<Listed> = home.mailboxes()?.into_iter().map(describe).collect();
    for machine in machines::known(home) {
        let heard = machines::heard(home.path(), &machine).map(|heard| heard.agents).unwrap_or_default();
        for name in heard.iter().map(|agent| agent.name.on(&machine)) {
            if !listed.iter().any(|known| *known.mailbox.name() == name) {
                listed.push(describe(home.mailbox_to_be(&name)));
            }
        }
    }
    listed.sort_by(|a, b| a.mailbox.name().cmp(b.mailbox.name()));
    Ok(listed)
}

/// What a listing says of one agent.
#[must_use]
pub fn describe(mailbox: Mailbox) -> Listed {
    let mut record = Record::of(&mailbox);
    if let (Some(machine), Some(home)) = (mailbox.name().machine(), mailbox.path().parent()) {
        let heard = machines::heard(home, &machine);
        record.repo = heard.and_then(|heard| heard.of(&mailbox.name().there())?.repo.clone());
    }
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

    /// Whether it is an agent of a machine with which there is no contact, so that nobody knows whether it is there.
    #[must_use]
    pub fn is_out_of_contact(&self) -> bool {
        self.standing.reach == Reach::Elsewhere && self.standing.why.is_none()
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
            && !name.is_elsewhere()
            && (listed.is_online() || meant == Meant::OfflineToo)
            && match address {
                Address::All => true,
                Address::Repo => here.is_some() && listed.record.repo == here,
                Address::Dir => listed.record.cwd.as_deref().is_some_and(|other| is_same_directory(other, &cwd)),
                Address::Group(group) => groups::of(&listed.record).contains(group),
                Address::Agent(agent) => agent == name,
                // Nobody of the first is here, and each of the second is asked for on its own.
                Address::AllOn(_) | Address::Several(_) => false,
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
