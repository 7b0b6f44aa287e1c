//! Removing a mailbox that nobody needs, while others may be writing to it.
//!
//! It is taken aside, so that nobody finds it half removed, looked at again, and put back if anything has come. Then the
//! directories for letters are removed first, which succeeds only while they are empty: from then on no letter can come to
//! lie there, and its sender finds out. Whoever finds a mailbox that a dead process has left aside puts it back.

use std::{ffi::OsStr, time::Duration};

use super::{
    Mailbox, State,
    disk::{self, FsError},
    home::Home,
    lock,
    name::AgentName,
};

/// Begins the name of a mailbox that is taken aside; the agent's name follows.
const ASIDE: &str = ".removing-";
/// Held from taking a mailbox aside until it is removed or back.
const LOCK: &str = "removing.lock";
/// How long somebody who needs a mailbox waits until it is decided whether it stays.
const DECIDED_WITHIN: Duration = Duration::from_secs(2);

/// What became of a mailbox that was to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    Removed,
    /// Somebody needs it; it is where it was.
    StillNeeded,
}

impl Home {
    /// Removes a mailbox without letters for which `may_go` says so, before and after it was taken aside. Its name is free
    /// then. The caller makes sure that nobody claims the name meanwhile.
    ///
    /// # Errors
    /// A `FsError`; the mailbox may lie aside then, and goes back when next somebody looks for it.
    pub fn remove_if(&self, mailbox: &Mailbox, mut may_go: impl FnMut(&Mailbox) -> bool) -> Result<Removal, FsError> {
        let _turn = lock::exclusive(&self.path().join(LOCK))?;
        self.finish_removal(mailbox.name())?;
        if !may_go(mailbox) {
            return Ok(Removal::StillNeeded);
        }
        let aside = self.aside(mailbox.name());
        disk::rename(mailbox.path(), aside.path())?;
        if may_go(&aside) && close(&aside)? {
            discard(&aside)?;
            return Ok(Removal::Removed);
        }
        self.put_back(&aside)?;
        Ok(Removal::StillNeeded)
    }

    /// Whether a mailbox of this name is being removed, or was when its remover died.
    pub(in crate::mailbox) fn is_being_removed(&self, name: &AgentName) -> bool {
        self.aside(name).exists()
    }

    /// Waits until it is decided whether a mailbox stays that was taken aside, and decides it where the process that took
    /// it has died.
    pub(in crate::mailbox) fn await_removal(&self, name: &AgentName) -> Result<(), FsError> {
        match lock::within(&self.path().join(LOCK), DECIDED_WITHIN)? {
            Some(_turn) => self.finish_removal(name),
            None => Ok(()),
        }
    }

    /// The names of mailboxes that lie aside, of all the `names` in the home.
    pub(in crate::mailbox) fn being_removed<'a>(names: impl Iterator<Item = &'a OsStr>) -> Vec<AgentName> {
        names.filter_map(|name| name.to_str()?.strip_prefix(ASIDE)?.parse().ok()).collect()
    }

    /// Ends what a dead process began. A mailbox that may hold anything goes back.
    fn finish_removal(&self, name: &AgentName) -> Result<(), FsError> {
        let aside = self.aside(name);
        if !aside.exists() {
            return Ok(());
        }
        let is_whole = State::ALL.iter().all(|state| aside.dir(*state).is_dir());
        if is_whole || aside.is_online() || !close(&aside)? { self.put_back(&aside) } else { discard(&aside) }
    }

    fn aside(&self, name: &AgentName) -> Mailbox {
        Mailbox::at(name.clone(), self.path().join(format!("{ASIDE}{name}")))
    }

    fn put_back(&self, aside: &Mailbox) -> Result<(), FsError> {
        aside.furnish()?; // directories may be gone already
        disk::rename(aside.path(), self.place(aside.name()).path())?;
        disk::sync_dir(self.path())
    }
}

/// Removes the directories for letters, as far as they are empty; whether all of them were.
fn close(aside: &Mailbox) -> Result<bool, FsError> {
    for state in State::ALL {
        if !disk::remove_empty_dir(&aside.dir(state))? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn discard(aside: &Mailbox) -> Result<(), FsError> {
    lock::remove_lasting(aside.path());
    disk::remove_tree(aside.path())
}
