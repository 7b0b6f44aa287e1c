//! Taking away what nobody needs: letters seen long ago, and agents that have long been away and have nothing left.
//!
//! Only a person starts this; nothing is removed by itself.

use std::fs;

use jiff::{SignedDuration, Timestamp};

use super::{Record, directory, identity};
use crate::mailbox::{
    Mailbox, State,
    disk::{self, FsError},
    home::Home,
    removal::Removal,
};

/// How long the name of a session stays that ended without a letter.
const TRACES_STAY: SignedDuration = SignedDuration::from_hours(1);

/// Whether to do it, or only to say what would be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pruning {
    DryRun,
    Remove,
}

/// What was, or would be, removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Letters in `done/`, with their receipts.
    pub letters: usize,
    /// Agents with an empty mailbox, with their names.
    pub agents: usize,
    /// Old records of sessions and processes that are not online, and old addresses that lead to nobody.
    pub records: usize,
}

/// Removes letters that were seen and sent before `before`, and agents that have been away since then and have no
/// letters; those whose sessions ended without ever having one go an hour after that. Letters that wait, are held or could
/// not be delivered are never touched, nor is a session that is online.
///
/// # Errors
/// A `FsError`; what was removed until then stays removed.
pub fn prune(home: &Home, before: Timestamp, mode: Pruning) -> Result<Pruned, FsError> {
    let mut pruned = Pruned::default();
    for mailbox in home.mailboxes()? {
        let mut left = 0;
        for id in mailbox.ids(State::Done)? {
            if !mailbox.read(State::Done, &id).is_ok_and(|letter| letter.timestamp < before) {
                left += 1;
                continue;
            }
            pruned.letters += 1;
            if mode == Pruning::Remove {
                disk::remove(&mailbox.file(State::Done, &id))?;
                mailbox.forget_receipts(&id)?;
            }
        }
        if left > 0 || !is_abandoned(&mailbox, before) {
            continue;
        }
        let removal = match mode {
            Pruning::DryRun => Removal::Removed,
            Pruning::Remove => {
                let _guard = identity::no_claims(home)?;
                home.remove_if(&mailbox, |mailbox| is_abandoned(mailbox, before))?
            }
        };
        pruned.agents += usize::from(removal == Removal::Removed);
    }
    for record in disk::names(&home.path().join("sessions")).unwrap_or_default() {
        let path = home.path().join("sessions").join(&record);
        let name = record.to_string_lossy();
        let is_record = name.ends_with(".json") || name.contains(".json.unreadable-");
        let written =
            fs::metadata(&path).and_then(|facts| facts.modified()).ok().and_then(|at| Timestamp::try_from(at).ok());
        if is_record && written.is_some_and(|at| at < before) && !identity::leads_to_somebody_online(home, &path) {
            pruned.records += 1;
            if mode == Pruning::Remove {
                disk::remove(&path)?;
            }
        }
    }
    pruned.records += home.forget_dead_addresses(mode == Pruning::Remove)?;
    Ok(pruned)
}

fn is_abandoned(mailbox: &Mailbox, before: Timestamp) -> bool {
    let empty = |state| mailbox.count(state).is_ok_and(|count| count == 0);
    let waiting = [State::Inbox, State::Claimed, State::Held, State::Dead];
    let record = Record::of(mailbox);
    let an_hour_ago = Timestamp::now().checked_sub(TRACES_STAY).unwrap_or(Timestamp::MIN);
    let before = if directory::was_nothing(mailbox, &record) { before.max(an_hour_ago) } else { before };
    !mailbox.name().is_user()
        && record.updated.is_some_and(|at| at < before)
        && !mailbox.is_online()
        && waiting.into_iter().all(empty)
}
