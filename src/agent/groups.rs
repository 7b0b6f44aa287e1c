//! Groups: agents that one address reaches, such as `@backend`.
//!
//! Which groups an agent is in stands in its record, so it stays in them through clear, compact and resume, and whoever
//! takes its name takes its place in them. A group is nothing of its own: it is there as long as somebody is in it.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

use super::{Record, group_name::GroupName, record::Changed};
use crate::mailbox::{Mailbox, disk::FsError, home::Home};
use jiff::Timestamp;

/// Puts an agent into groups; tells those that it was not in before.
///
/// # Errors
/// A `FsError` when the record cannot be changed.
pub fn join(
    mailbox: &Mailbox,
    groups: impl IntoIterator<Item = GroupName>,
    now: Timestamp,
) -> Result<Vec<GroupName>, FsError> {
    let is_in = Record::of(mailbox).groups;
    let new: Vec<GroupName> = groups.into_iter().filter(|group| !is_in.contains(&group.to_string())).collect();
    if !new.is_empty() {
        changed(
            mailbox,
            Record::change(mailbox, now, |record| {
                record.groups.extend(new.iter().map(ToString::to_string));
            })?,
        )?;
    }
    Ok(new)
}

/// Takes an agent out of a group; whether it was in it.
///
/// # Errors
/// A `FsError` when the record cannot be changed.
pub fn leave(mailbox: &Mailbox, group: &GroupName, now: Timestamp) -> Result<bool, FsError> {
    let was_in = Record::of(mailbox).groups.contains(&group.to_string());
    if was_in {
        changed(
            mailbox,
            Record::change(mailbox, now, |record| {
                record.groups.remove(&group.to_string());
            })?,
        )?;
    }
    Ok(was_in)
}

/// Nothing is claimed of a record that was left as it is.
fn changed(mailbox: &Mailbox, changed: Changed) -> Result<(), FsError> {
    match changed {
        Changed::Saved => Ok(()),
        Changed::Unreadable => {
            let reason = io::Error::new(io::ErrorKind::InvalidData, "it was left as it is");
            Err(FsError { action: "read", path: mailbox.path().join("agent.json"), reason })
        }
    }
}

/// The groups there are, and how many agents are in each, away or not.
///
/// # Errors
/// A `FsError` when the home cannot be listed.
pub fn all(home: &Home) -> Result<BTreeMap<GroupName, usize>, FsError> {
    let mut found = BTreeMap::new();
    for mailbox in home.mailboxes()? {
        for group in of(&Record::of(&mailbox)) {
            *found.entry(group).or_default() += 1;
        }
    }
    Ok(found)
}

/// How many agents are in a group, in words.
#[must_use]
pub fn members(count: usize) -> String {
    if count == 1 { "1 agent".to_owned() } else { format!("{count} agents") }
}

/// The groups that a record names. What another version wrote and is no name here is left out.
#[must_use]
pub fn of(record: &Record) -> BTreeSet<GroupName> {
    record.groups.iter().filter_map(|group| group.parse().ok()).collect()
}
