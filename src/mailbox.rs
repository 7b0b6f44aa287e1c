//! A mailbox is a directory, a letter is a JSON file, and the directory a letter lies in is its state.
//!
//! Every change of state is one atomic rename, so each step has exactly one winner and a crash leaves a letter either
//! before or after the step. Nothing here knows who uses the mailbox, or that Claude Code exists.
//!
//! ```text
//! inbox/ ──claim──▶ claimed/ ──finish──▶ done/
//!   ▲  └──hold──▶ held/   └─give back─▶ inbox/
//!   └── publish (from tmp/)          anything unreadable ──bury──▶ dead/
//! ```

pub mod absorb;
pub mod disk;
#[cfg(feature = "fail-points")]
mod fail;
pub mod fast_read;
pub mod home;
pub mod lenient;
pub mod letter;
pub mod level;
pub mod lock;
pub mod log;
pub mod machine_name;
pub mod name;
pub mod old_address;
pub mod old_addresses;
mod plain_name;
pub mod presence;
pub mod reading;
pub mod receipt;
pub mod receipts;
pub mod removal;
pub mod scan;
pub mod watch;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use disk::FsError;
use jiff::Timestamp;
use letter::{Letter, LetterId, Unreadable};
use name::AgentName;
use receipt::{Receipt, Step};

/// Where a letter is in its life; each state is the directory of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Waiting to be taken.
    Inbox,
    /// Put before the model; there is no evidence yet that it was seen.
    Claimed,
    /// Waiting for the person's yes.
    Held,
    /// Seen by the model, or read by the person.
    Done,
    /// Expired, refused or unreadable; the reason lies beside it.
    Dead,
}

impl State {
    pub const ALL: [Self; 5] = [Self::Inbox, Self::Claimed, Self::Held, Self::Done, Self::Dead];

    /// What one says of a letter there.
    #[must_use]
    pub fn adjective(self) -> &'static str {
        match self {
            Self::Inbox => "waiting",
            Self::Claimed => "delivered",
            Self::Held => "held",
            Self::Done => "seen",
            Self::Dead => "dead",
        }
    }

    /// The directory's name, which is also the name shown to people.
    #[must_use]
    pub fn dir(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Claimed => "claimed",
            Self::Held => "held",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }
}

/// A turn lasts as long as one rename.
const LONGEST_TURN: Duration = Duration::from_secs(2);
/// A longer name leaves no room for that of the reason beside it.
const LONGEST_BURIED_NAME: usize = 150;

const LONGEST_REASON_BYTES: u64 = 64 * 1024;

/// Where a letter's id comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// Made just now by [`LetterId::fresh`]: nobody else has it.
    Fresh,
    /// Chosen by the sender, or sent once before: the mailbox may have it already.
    Chosen,
    /// Fresh, but this process has tried before and does not know what became of it. It is looked for; since nobody else
    /// has the id, nobody needs to wait for that.
    TriedBefore,
}

/// What became of a publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// The letter is in the inbox, durably.
    New,
    /// A letter with this id is already in the mailbox; nothing was written.
    Already(State),
}

/// What became of an attempt to move one letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// This process made the step.
    Mine,
    /// Another process was first; that is normal.
    Gone,
}

/// One agent's mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    name: AgentName,
    path: PathBuf,
}

impl Mailbox {
    pub(in crate::mailbox) fn at(name: AgentName, path: PathBuf) -> Self {
        Self { name, path }
    }

    #[must_use]
    pub fn name(&self) -> &AgentName {
        &self.name
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    #[must_use]
    pub fn dir(&self, state: State) -> PathBuf {
        self.path.join(state.dir())
    }

    #[must_use]
    pub fn file(&self, state: State, id: &LetterId) -> PathBuf {
        self.dir(state).join(format!("{id}.json"))
    }

    /// Whether the mailbox's directory is there. It goes away when the agent is renamed.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.path.symlink_metadata().is_ok_and(|facts| facts.is_dir()) // a link could lead out of the home
    }

    /// Puts a letter into the inbox: written to `tmp/`, synced, renamed, the directory synced.
    ///
    /// When this returns `New` the letter survives a power cut. A letter whose id the sender chose is stored once
    /// however often it is sent; a fresh id needs no look.
    ///
    /// # Errors
    /// A `FsError`. One that names the step "make … durable" comes after the rename: the letter may have been
    /// delivered, and sending the same id again is safe. `NotFound` also when the mailbox was moved or removed meanwhile.
    pub fn publish(&self, letter: &Letter, key: Key) -> Result<Published, FsError> {
        self.publish_into(State::Inbox, letter, key)
    }

    /// As [`Mailbox::publish`], into `held/`, where it waits for the person.
    ///
    /// # Errors
    /// As [`Mailbox::publish`].
    pub fn publish_held(&self, letter: &Letter, key: Key, why: &str) -> Result<Published, FsError> {
        if self.state_of(&letter.id).is_none() {
            self.note(&letter.id, &Receipt::now(Step::Held).why(why))?;
        }
        self.publish_into(State::Held, letter, key)
    }

    /// Makes sure that letters that pass through stay in the mailbox.
    ///
    /// # Errors
    /// `NotADirectory` when one is something else, such as a link.
    pub fn check_directories(&self) -> Result<(), FsError> {
        let own = [self.path.join("tmp"), self.path.join("receipts")];
        own.into_iter()
            .chain(State::ALL.map(|state| self.dir(state)))
            .try_for_each(|directory| disk::real_dir(&directory))
    }

    fn publish_into(&self, state: State, letter: &Letter, key: Key) -> Result<Published, FsError> {
        self.check_directories()?;
        // A chosen id may be there already, so looking for it in all states and publishing must be one step.
        let _guard = match key {
            Key::Chosen => Some(lock::exclusive(&self.path.join("keys.lock"))?),
            Key::Fresh | Key::TriedBefore => None,
        };
        if key != Key::Fresh
            && let Some(state) = self.state_of(&letter.id)
        {
            return Ok(Published::Already(state));
        }
        let directory = disk::Dir::open(self.dir(state))?;
        let draft = self.path.join("tmp").join(format!("{}.{}", letter.id, disk::unique()));
        disk::write_new(&draft, &letter.to_bytes())?;
        if let Err(error) = disk::rename(&draft, &self.file(state, &letter.id)) {
            disk::discard(&draft);
            return Err(error);
        }
        directory.sync()?;
        Ok(Published::New)
    }

    /// Takes a waiting letter for delivery. The claim is noted before it is made: a rename keeps the file's time, and a
    /// note written afterwards could be missing after a crash, so that nobody would know when to take the letter back.
    /// Several processes may note a claim that one of them wins.
    ///
    /// # Errors
    /// A `FsError` when the step failed for another reason than losing the race.
    pub fn claim(&self, id: &LetterId, note: &Receipt) -> Result<Moved, FsError> {
        self.note(id, note)?;
        self.shift(id, State::Inbox, State::Claimed)
    }

    /// Puts a claim back whose turn went by without it, where the next delivery finds it.
    ///
    /// # Errors
    /// As [`Mailbox::claim`].
    pub fn give_back(&self, id: &LetterId) -> Result<Moved, FsError> {
        self.note(id, &Receipt::now(Step::Returned))?;
        self.shift(id, State::Claimed, State::Inbox)
    }

    /// As [`Mailbox::give_back`], if nothing has been noted of the letter since somebody counted its `receipts`: of two
    /// who judge one claim, the second must not undo what has come after the first.
    ///
    /// # Errors
    /// As [`Mailbox::claim`].
    pub fn give_back_if_still(&self, id: &LetterId, receipts: usize, why: &str) -> Result<Moved, FsError> {
        let _guard = lock::exclusive(&self.path.join("returns.lock"))?;
        if self.receipts(id).len() != receipts {
            return Ok(Moved::Gone);
        }
        self.note(id, &Receipt::now(Step::Returned).why(why))?;
        self.shift(id, State::Claimed, State::Inbox)
    }

    /// Ends the way of a letter for which there can be no evidence, under the same condition as
    /// [`Mailbox::give_back_if_still`].
    ///
    /// # Errors
    /// As [`Mailbox::claim`].
    pub fn finish_if_still(&self, id: &LetterId, receipts: usize, note: &Receipt) -> Result<Moved, FsError> {
        let _guard = lock::exclusive(&self.path.join("returns.lock"))?;
        if self.receipts(id).len() != receipts {
            return Ok(Moved::Gone);
        }
        self.finish(id, State::Claimed, Some(note))
    }

    /// Ends a letter's way: there is evidence that it was seen, or the person read it.
    ///
    /// # Errors
    /// As [`Mailbox::claim`].
    pub fn finish(&self, id: &LetterId, from: State, note: Option<&Receipt>) -> Result<Moved, FsError> {
        let moved = self.shift(id, from, State::Done)?;
        if let (Moved::Mine, Some(note)) = (moved, note) {
            self.note(id, note)?;
        }
        Ok(moved)
    }

    /// Sets a waiting letter aside until a person decides.
    ///
    /// # Errors
    /// As [`Mailbox::claim`].
    pub fn hold(&self, id: &LetterId, why: &str) -> Result<Moved, FsError> {
        self.note(id, &Receipt::now(Step::Held).why(why))?;
        self.shift(id, State::Inbox, State::Held)
    }

    /// Moves a letter that must not be delivered to `dead/`. The reason is written first, so that none lies there without one.
    ///
    /// # Errors
    /// As [`Mailbox::claim`].
    pub fn bury(&self, file_name: &std::ffi::OsStr, from: State, why: &str) -> Result<Moved, FsError> {
        let dead = self.dir(State::Dead);
        let mut place = file_name.to_os_string();
        let mut why = why.to_owned();
        if place.len() > LONGEST_BURIED_NAME || dead.join(&place).symlink_metadata().is_ok() {
            why.push_str(&format!(" (its name was {})", place.to_string_lossy().escape_debug()));
            place = format!("stray-{}", disk::unique()).into();
        }
        let target = dead.join(&place);
        place.push(".reason");
        disk::replace(&dead.join(place), format!("{why}\n").as_bytes(), disk::Durability::Process)?;
        self.step(&self.dir(from).join(file_name), &target)
    }

    /// Lets a held letter go on; it is not held again.
    ///
    /// # Errors
    /// As [`Mailbox::claim`].
    pub fn accept(&self, id: &LetterId) -> Result<Moved, FsError> {
        self.note(id, &Receipt::now(Step::Accepted))?;
        self.shift(id, State::Held, State::Inbox)
    }

    /// Puts a dead letter back into the inbox; its time to live no longer counts.
    ///
    /// # Errors
    /// As [`Mailbox::claim`].
    pub fn retry(&self, id: &LetterId) -> Result<Moved, FsError> {
        self.note(id, &Receipt::now(Step::Retried))?;
        let moved = self.shift(id, State::Dead, State::Inbox)?;
        disk::remove(&self.reason_file(id))?;
        Ok(moved)
    }

    /// Refuses a letter.
    ///
    /// # Errors
    /// As [`Mailbox::claim`].
    pub fn refuse(&self, id: &LetterId, from: State, why: &str) -> Result<Moved, FsError> {
        self.note(id, &Receipt::now(Step::Refused).why(why))?;
        self.bury(format!("{id}.json").as_ref(), from, why)
    }

    /// Takes a letter whose time to live is over out of the way.
    ///
    /// # Errors
    /// As [`Mailbox::claim`].
    pub fn expire(&self, id: &LetterId) -> Result<Moved, FsError> {
        const WHY: &str = "it expired";
        self.note(id, &Receipt::now(Step::Expired).why(WHY))?;
        self.bury(format!("{id}.json").as_ref(), State::Inbox, WHY)
    }

    /// Why a letter lies in `dead/`.
    #[must_use]
    pub fn reason(&self, id: &LetterId) -> Option<String> {
        let text = disk::read(&self.reason_file(id), LONGEST_REASON_BYTES).ok()?;
        Some(String::from_utf8_lossy(&text).trim().to_owned())
    }

    /// When a letter came to lie in `dead/`.
    #[must_use]
    pub fn buried_at(&self, id: &LetterId) -> Option<Timestamp> {
        self.reason_file(id).metadata().ok()?.modified().ok()?.try_into().ok()
    }

    fn reason_file(&self, id: &LetterId) -> PathBuf {
        self.dir(State::Dead).join(format!("{id}.json.reason"))
    }

    /// Which state a letter is in now; `None` when the mailbox does not have it.
    #[must_use]
    pub fn state_of(&self, id: &LetterId) -> Option<State> {
        // Twice, because a letter may move behind our back from a state not yet looked at to one already looked at.
        let look = || State::ALL.into_iter().find(|state| self.file(*state, id).symlink_metadata().is_ok());
        look().or_else(look)
    }

    /// Reads one letter where it lies.
    ///
    /// # Errors
    /// `Unreadable` says why the file is no letter, or that it is gone.
    pub fn read(&self, state: State, id: &LetterId) -> Result<Letter, Unreadable> {
        letter::read(&self.file(state, id), id, Timestamp::now())
    }

    fn shift(&self, id: &LetterId, from: State, to: State) -> Result<Moved, FsError> {
        [from, to].into_iter().try_for_each(|state| disk::real_dir(&self.dir(state)))?;
        self.step(&self.file(from, id), &self.file(to, id))
    }

    /// One atomic step. A missing letter means that another process was first; a missing directory is an error.
    fn step(&self, from: &Path, to: &Path) -> Result<Moved, FsError> {
        // On Windows a rename is "open, then rename what was opened": two processes that opened the same letter could
        // both succeed. So the steps of one mailbox take turns there. If a turn does not come in time, the step is made
        // without it: a process stopped in its turn is more likely than two moving one letter at the same instant.
        let turn = self.path.join("moves.lock");
        let _turn = if cfg!(windows) { lock::within(&turn, LONGEST_TURN)? } else { None };
        match disk::rename(from, to) {
            Ok(()) => Ok(Moved::Mine),
            Err(error) if error.is_not_found() && self.has_dirs_of(from, to) => Ok(Moved::Gone),
            Err(error) => Err(error),
        }
    }

    fn has_dirs_of(&self, from: &Path, to: &Path) -> bool {
        self.exists() && [from, to].iter().all(|path| path.parent().is_some_and(Path::is_dir))
    }

    /// Makes what a mailbox consists of, as far as it is missing; the mailbox itself must be there.
    ///
    /// # Errors
    /// A `FsError` naming the directory or lock.
    pub fn furnish(&self) -> Result<(), FsError> {
        let mut missing = false;
        for name in ["tmp", "receipts"].into_iter().chain(State::ALL.map(State::dir)) {
            let directory = self.path.join(name);
            missing |= !directory.exists();
            disk::create_dir(&directory)?;
        }
        lock::make_lasting(&self.path)?;
        for lock in lock::OF_PRESENCE {
            disk::open_lock(&lock::lasting(&self.path, lock))?;
        }
        if missing { disk::sync_dir(&self.path) } else { Ok(()) }
    }
}
