//! Taking over what lies in a mailbox that no session has any more, for the one that now bears its name.
//!
//! It goes file by file, a letter's receipts before the letter: at any moment each letter lies in exactly one mailbox, and
//! what an attempt that was cut off has left is found by the next.

use std::{ffi::OsStr, path::Path};

use super::{
    Mailbox, State,
    disk::{self, FsError},
    home::Home,
    letter::LetterId,
    name::AgentName,
    removal::Removal,
};

/// Letters that come while the mailbox is emptied are fetched as well; who sends without end is not waited for.
const MOST_ROUNDS: usize = 16;

impl Home {
    /// Moves all that lies in the mailbox `from` into `to`, and removes it: its name and its old addresses lead to `to`
    /// from then on. Gives how many waiting letters came along, or `None` when `from` is needed by somebody.
    ///
    /// The caller makes sure that nobody claims a name meanwhile.
    ///
    /// # Errors
    /// A `FsError`. Both mailboxes are there then, and each letter in one of them.
    pub fn absorb(&self, from: &Mailbox, to: &Mailbox) -> Result<Option<usize>, FsError> {
        let mut waiting = 0;
        for _ in 0..MOST_ROUNDS {
            waiting += to.fetch_all(from)?;
            for old in self.addresses_of(from) {
                self.lead(&old, to)?;
            }
            if self.remove_if(from, |from| !from.is_online())? == Removal::Removed {
                return Ok(Some(waiting));
            }
            if from.is_online() {
                break;
            }
        }
        Ok(None)
    }
}

impl Mailbox {
    /// Moves the letters of another mailbox here, each into the directory of its state; gives how many of them wait.
    fn fetch_all(&self, other: &Mailbox) -> Result<usize, FsError> {
        let mut waiting = 0;
        for state in State::ALL {
            for file in names(&other.dir(state))? {
                let is_letter = self.fetch(other, state, &file)?;
                waiting += usize::from(is_letter && state == State::Inbox);
            }
            disk::sync_dir(&self.dir(state))?;
        }
        for file in names(&other.path().join("sent"))? {
            let target = self.path().join("sent").join(&file);
            if !target.exists() {
                disk::create_dir(&self.path().join("sent"))?;
                disk::rename(&other.path().join("sent").join(&file), &target)?;
            }
        }
        Ok(waiting)
    }

    /// Fetches one file; whether it is a letter that was not here before.
    fn fetch(&self, other: &Mailbox, state: State, file: &OsStr) -> Result<bool, FsError> {
        let id = file.to_str().and_then(|file| file.strip_suffix(".json")?.parse::<LetterId>().ok());
        let source = other.dir(state).join(file);
        let is_known = |id: &LetterId| self.state_of(id).is_some();
        match &id {
            // A copy of a letter to a group, which each mailbox has under the same id.
            Some(id) if is_known(id) => {
                let mut place = disk::draft_of(&self.dir(State::Dead).join(format!("stray-{id}")));
                place.set_extension("json");
                let why = format!("{}, whose mailbox this one took over, had this letter, too", other.name());
                let mut reason = place.clone().into_os_string();
                reason.push(".reason");
                disk::replace(Path::new(&reason), format!("{why}\n").as_bytes(), disk::Durability::Process)?;
                disk::rename(&source, &place)?;
                Ok(false)
            }
            Some(id) => {
                let receipts = |mailbox: &Mailbox| mailbox.path().join("receipts").join(format!("{id}.jsonl"));
                if receipts(other).exists() {
                    disk::rename(&receipts(other), &receipts(self))?;
                }
                disk::rename(&source, &self.file(state, id))?;
                Ok(true)
            }
            None => {
                let target = self.dir(state).join(file);
                let target = if target.exists() { disk::draft_of(&target) } else { target };
                disk::rename(&source, &target)?;
                Ok(false)
            }
        }
    }
}

fn names(dir: &Path) -> Result<Vec<std::ffi::OsString>, FsError> {
    match disk::names(dir) {
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        listed => listed,
    }
}

impl Home {
    /// All names that lead to a mailbox: its own and the old ones.
    fn addresses_of(&self, mailbox: &Mailbox) -> Vec<AgentName> {
        let listed = names(&self.path().join("renamed")).unwrap_or_default();
        let old = listed.iter().filter_map(|name| name.to_str()?.parse::<AgentName>().ok());
        let mut found: Vec<_> = old.filter(|name| self.mailbox(name).as_ref() == Some(mailbox)).collect();
        found.push(mailbox.name().clone());
        found
    }
}
