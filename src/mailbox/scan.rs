//! Looking into the inbox. The scan is the truth about what waits; watching only says when to scan.

use std::{ffi::OsString, path::Path};

use jiff::Timestamp;

use super::{
    Mailbox, State,
    disk::{self, FsError},
    letter::{self, Letter, LetterId, Priority, Unreadable},
    name::AgentName,
    receipt::Step,
};

/// Files read in one look, half of them the oldest and half the newest by name: a flooded inbox is worked off over
/// several turns and cannot stall a session.
const LOOK_LIMIT: usize = 2_000;

/// So much text is kept in memory of what a look has read; far more than one turn is given.
const KEPT_BYTES: usize = 256 * 1024;

/// What a look says of a waiting letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub id: LetterId,
    pub from: AgentName,
    pub priority: Priority,
    pub timestamp: Timestamp,
    /// The letter itself, as far as texts are kept; the others stay on the disk until somebody wants them.
    kept: Option<Box<Letter>>,
}

impl From<&Letter> for Waiting {
    fn from(letter: &Letter) -> Self {
        let (id, from) = (letter.id.clone(), letter.from.clone());
        Self { id, from, priority: letter.priority, timestamp: letter.timestamp, kept: None }
    }
}

impl Waiting {
    /// The whole letter, read again only where the look did not keep it.
    ///
    /// # Errors
    /// `Unreadable` when it waits no longer, or cannot be read now.
    pub fn into_letter(self, mailbox: &Mailbox) -> Result<Letter, Unreadable> {
        match self.kept {
            // What is noted of a letter must not be noted of one that another process has taken since.
            Some(_) if mailbox.file(State::Inbox, &self.id).symlink_metadata().is_err() => Err(Unreadable::Gone),
            Some(letter) => Ok(*letter),
            None => mailbox.read(State::Inbox, &self.id),
        }
    }
}

/// What one look found.
#[derive(Debug, Default)]
pub struct Look {
    /// In the order of delivery: urgent first, then oldest first.
    pub letters: Vec<Waiting>,
    /// Files that were no letters and now lie in `dead/`, with the reason.
    pub buried: Vec<Buried>,
    /// Files that could not be read this time.
    pub unread: Vec<Unread>,
}

#[derive(Debug)]
pub struct Buried {
    pub file_name: OsString,
    pub reason: String,
}

#[derive(Debug)]
pub struct Unread {
    pub file_name: OsString,
    pub why: Unreadable,
}

impl Mailbox {
    /// How many files lie in a state's directory. Files whose names begin with a dot are nobody's letters.
    ///
    /// # Errors
    /// A `FsError` when the directory cannot be listed.
    pub fn count(&self, state: State) -> Result<usize, FsError> {
        let names = disk::names(&self.dir(state))?;
        Ok(names
            .iter()
            .filter(|name| state != State::Dead || is_letter_file(name))
            .filter(|name| !is_hidden(name))
            .count())
    }

    /// The ids of the letters in a state, in no order.
    ///
    /// # Errors
    /// A `FsError` when the directory cannot be listed.
    pub fn ids(&self, state: State) -> Result<Vec<LetterId>, FsError> {
        Ok(disk::names(&self.dir(state))?.iter().filter_map(id_of).collect())
    }

    /// Reads what waits in the inbox. A file that is no letter is moved to `dead/` and never stops those beside it; so is
    /// a letter whose time to live is over.
    ///
    /// # Errors
    /// A `FsError` when the inbox itself cannot be listed, or an expired letter not be moved.
    pub fn look(&self, now: Timestamp) -> Result<Look, FsError> {
        if self.check_directories().is_err() {
            self.furnish()?; // somebody may have tidied up in it
            self.check_directories()?;
        }
        let mut names = disk::names(&self.dir(State::Inbox))?;
        names.retain(|name| !is_hidden(name));
        names.sort_unstable();
        let mut look = Look::default();
        let mut room_bytes = KEPT_BYTES;
        if names.len() > LOOK_LIMIT {
            names.drain(LOOK_LIMIT / 2..names.len() - LOOK_LIMIT / 2);
        }
        for file_name in names {
            match self.read_waiting(&file_name, now) {
                Ok(letter) if letter.lapsed(now) && !self.was_retried(&letter.id) => {
                    self.expire(&letter.id)?;
                }
                Ok(letter) => {
                    let mut waiting = Waiting::from(&letter);
                    if let Some(left) = room_bytes.checked_sub(letter.content.text.len()) {
                        room_bytes = left;
                        waiting.kept = Some(Box::new(letter));
                    }
                    look.letters.push(waiting);
                }
                Err(Unreadable::Gone) => {}
                Err(Unreadable::NotALetter(reason)) => match self.bury(&file_name, State::Inbox, &reason) {
                    Ok(_) => look.buried.push(Buried { file_name, reason }),
                    Err(error) => look.unread.push(Unread { file_name, why: error.into() }),
                },
                Err(why) => look.unread.push(Unread { file_name, why }),
            }
        }
        look.letters.sort_by(|a, b| {
            let key = |letter: &Waiting| (std::cmp::Reverse(letter.priority), letter.timestamp);
            key(a).cmp(&key(b)).then_with(|| a.id.cmp(&b.id))
        });
        Ok(look)
    }

    /// The files of a state that cannot be read as letters, with the reason; for people to look at.
    ///
    /// # Errors
    /// A `FsError` when the directory cannot be listed.
    pub fn unreadable(&self, state: State) -> Result<Vec<(String, String)>, FsError> {
        let names = disk::names(&self.dir(state))?;
        let why = |name: &OsString| match id_of(name) {
            None => Some("its name is not a letter id".to_owned()),
            Some(id) => match self.read(state, &id) {
                Ok(_) | Err(Unreadable::Gone) => None,
                Err(why) => Some(why.to_string()),
            },
        };
        let odd = names.iter().filter(|name| !is_hidden(name)).filter_map(|name| Some((name, why(name)?)));
        Ok(odd.map(|(name, why)| (name.to_string_lossy().into_owned(), why)).collect())
    }

    fn was_retried(&self, id: &LetterId) -> bool {
        self.receipts(id).iter().any(|receipt| receipt.step == Step::Retried)
    }

    /// All readable letters of a state, oldest first; for people to look at, changing nothing.
    ///
    /// # Errors
    /// A `FsError` when the directory cannot be listed.
    pub fn letters(&self, state: State) -> Result<Vec<Letter>, FsError> {
        let mut letters: Vec<_> = self.ids(state)?.iter().filter_map(|id| self.read(state, id).ok()).collect();
        letters.sort_by(|a, b| (a.timestamp, &a.id).cmp(&(b.timestamp, &b.id)));
        Ok(letters)
    }

    fn read_waiting(&self, file_name: &OsString, now: Timestamp) -> Result<Letter, Unreadable> {
        if !is_letter_file(file_name) {
            return Err(Unreadable::NotALetter("its name does not end in .json".into()));
        }
        let id = id_of(file_name).ok_or_else(|| Unreadable::NotALetter("its name is not a letter id".into()))?;
        if self.has_odd_receipts(&id) {
            return Err(Unreadable::NotALetter("its receipts are not a file that cc2cc wrote".into()));
        }
        letter::read(&self.file(State::Inbox, &id), &id, now)
    }
}

fn is_hidden(name: &OsString) -> bool {
    name.as_encoded_bytes().first() == Some(&b'.')
}

fn is_letter_file(name: &OsString) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "json")
}

fn id_of(name: &OsString) -> Option<LetterId> {
    name.to_str()?.strip_suffix(".json")?.parse().ok()
}
