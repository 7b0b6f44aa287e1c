//! The directory that holds everything: `$CC2CC_HOME`, else `~/.cc2cc`.

use std::path::{Path, PathBuf};

use super::{
    Mailbox,
    disk::{self, FsError},
    lock,
    name::AgentName,
    old_address::OldAddress,
};

/// Says where the mail is kept, if not in the usual place.
pub const HOME_VARIABLE: &str = "CC2CC_HOME";
/// Begins the name of a mailbox's directory; the agent's name follows.
pub(in crate::mailbox) const MAILBOX: &str = "to-";
/// Renames followed before a chain counts as a loop.
const LONGEST_CHAIN: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    path: PathBuf,
}

/// There is no place for the mail, or none that can be trusted.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    #[error("there is no home directory; set CC2CC_HOME to say where the mail is kept")]
    None,
    /// Each directory would have a home of its own.
    #[error("CC2CC_HOME is {}, which is another place in each directory", .0.display())]
    Relative(PathBuf),
    #[error("there can be no mail in {}: it {why}", path.display())]
    Unsafe { path: PathBuf, why: &'static str },
}

impl Home {
    /// The home this process was told to use.
    ///
    /// # Errors
    /// [`HomeError`] when neither the variable nor the user's home directory is known, the variable is no whole path, or
    /// others can write there.
    pub fn from_env() -> Result<Self, HomeError> {
        if let Some(path) = std::env::var_os(HOME_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from) {
            return if path.is_absolute() { Self { path }.trusted() } else { Err(HomeError::Relative(path)) };
        }
        Self::of_person()
    }

    /// The home below the user's home directory, whatever the variable says.
    ///
    /// # Errors
    /// As [`Home::from_env`].
    pub fn of_person() -> Result<Self, HomeError> {
        let home = of_person().and_then(|home| std::path::absolute(home).ok()).ok_or(HomeError::None)?;
        Self { path: home.join(".cc2cc") }.trusted()
    }

    /// Makes the home if it is not there, to stay: what is acknowledged in it must not go with it in a power cut.
    fn build(&self) -> Result<(), FsError> {
        if self.path.is_dir() {
            return Ok(());
        }
        let missing: Vec<&Path> = self.path.ancestors().take_while(|dir| !dir.exists()).collect();
        disk::create_dir_all(&self.path)?;
        missing.into_iter().filter_map(Path::parent).try_for_each(disk::sync_dir)
    }

    /// Refuses a home that is another user's or that others can write to.
    fn trusted(self) -> Result<Self, HomeError> {
        let Ok(facts) = self.path.metadata() else { return Ok(self) };
        let why = if facts.is_dir() { distrust(&facts) } else { Some("is not a directory") };
        match why {
            Some(why) => Err(HomeError::Unsafe { path: self.path, why }),
            None => Ok(self),
        }
    }

    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes something into the home and takes it away again, to know whether letters can be written.
    ///
    /// # Errors
    /// A `FsError` with what is in the way.
    pub fn try_writing(&self) -> Result<(), FsError> {
        let probe = self.path.join(format!("probe-{}", disk::unique()));
        disk::create_dir_all(&self.path)?;
        let written = disk::write_new(&probe, b"probe\n");
        if written.is_err() {
            disk::discard(&probe);
        }
        written.and_then(|()| disk::remove(&probe)).and_then(|()| disk::sync_dir(&self.path))
    }

    /// A directory of the home beside the mailboxes, made if need be.
    ///
    /// # Errors
    /// A `FsError` naming the directory.
    pub fn subdir(&self, name: &str) -> Result<PathBuf, FsError> {
        let path = self.path.join(name);
        self.build()?;
        disk::create_dir(&path)?;
        disk::real_dir(&path)?;
        Ok(path)
    }

    /// The mailbox of an agent, following renames; `None` when no agent ever had the name.
    #[must_use]
    pub fn mailbox(&self, name: &AgentName) -> Option<Mailbox> {
        let mut name = name.clone();
        let mut followed = Vec::new();
        while followed.len() < LONGEST_CHAIN {
            let mailbox = self.place(&name);
            if mailbox.exists()
                || (self.is_being_removed(&name) && self.await_removal(&name).is_ok() && mailbox.exists())
            {
                if followed.iter().all(|pointer: &OldAddress| pointer.leads_to(&mailbox)) {
                    return Some(mailbox);
                }
                if mailbox.exists() {
                    return None; // somebody else has the name by now
                }
                // It has moved on since we saw it, and what it is could not be read any more: follow it.
            }
            let pointer = self.old_address(&name)?;
            name = pointer.agent.clone();
            followed.push(pointer);
        }
        None
    }

    /// Claims a name: makes its mailbox, which nobody else can have made.
    ///
    /// # Errors
    /// `AlreadyExists` when the name is taken, else the system's reason.
    pub fn claim(&self, name: &AgentName) -> Result<Mailbox, FsError> {
        self.build()?;
        let mailbox = self.place(name);
        if self.mailbox(name).is_some() || self.is_being_removed(name) {
            return Err(taken(&mailbox)); // also by a pointer: an old address must go on reaching its agent
        }
        // Made whole and then moved into place: nobody ever sees a mailbox without its directories, and as a directory
        // with something in it cannot be replaced, the move has one winner.
        let draft = Mailbox::at(name.clone(), self.path.join(format!(".new-{}", disk::unique())));
        disk::create_dir(draft.path())?;
        draft.furnish()?;
        draft.give_id()?;
        if let Err(error) = disk::rename(draft.path(), mailbox.path()) {
            lock::remove_lasting(draft.path());
            let _ = disk::remove_tree(draft.path());
            return Err(if mailbox.exists() { taken(&mailbox) } else { error });
        }
        disk::sync_dir(&self.path)?;
        Ok(mailbox)
    }

    /// The mailbox of `name`, made if it is not there; for names that need no claim.
    ///
    /// # Errors
    /// A `FsError` naming the path.
    pub fn ensure(&self, name: &AgentName) -> Result<Mailbox, FsError> {
        if let Some(mailbox) = self.mailbox(name) {
            mailbox.furnish()?; // somebody may have tidied up in it
            return Ok(mailbox);
        }
        match self.claim(name) {
            Err(error) if error.is_already_there() => Ok(self.place(name)),
            made => made,
        }
    }

    /// Gives a mailbox a new name, letters included; the old address goes on working.
    ///
    /// # Errors
    /// `AlreadyExists` when the new name is another agent's, else the system's reason. Nothing has changed then.
    pub fn rename(&self, mailbox: &Mailbox, new: &AgentName) -> Result<Mailbox, FsError> {
        let target = self.place(new);
        if target.exists() || self.mailbox(new).is_some_and(|found| found.name() != mailbox.name()) {
            return Err(taken(&target));
        }
        // The pointer is written before the directory moves, and is not looked at while the old directory stands. So
        // there is no instant in which neither name works, nobody else can claim the old one, and a sender that loses
        // the directory in the middle of a publish finds the new one.
        self.write_old_address(mailbox, new)?;
        disk::rename(mailbox.path(), target.path())?;
        disk::sync_dir(&self.path)?;
        Ok(target)
    }

    /// Removes a mailbox with all that is in it. Its name is free again.
    ///
    /// # Errors
    /// A `FsError`; the mailbox is out of reach already, and what is left of it is no mailbox.
    pub fn remove(&self, mailbox: &Mailbox) -> Result<(), FsError> {
        self.remove_aside(mailbox.path())
    }

    /// Removes mailboxes that somebody has begun to make, or to remove.
    ///
    /// # Errors
    /// A `FsError` when one of them cannot be removed.
    pub fn remove_begun(&self) -> Result<(), FsError> {
        let begun = |name: &std::ffi::OsString| name.to_string_lossy().starts_with(".new-");
        for name in disk::names(&self.path).unwrap_or_default().into_iter().filter(begun) {
            match self.remove_aside(&self.path.join(name)) {
                Err(error) if error.is_not_found() => {} // it has just been finished
                removed => removed?,
            }
        }
        Ok(())
    }

    /// Takes a directory aside before it is removed: whoever makes it cannot finish what is half removed.
    fn remove_aside(&self, dir: &Path) -> Result<(), FsError> {
        let aside = self.path.join(format!(".new-{}", disk::unique()));
        disk::rename(dir, &aside)?;
        lock::remove_lasting(&aside);
        disk::remove_tree(&aside)
    }

    /// All mailboxes, by name.
    ///
    /// # Errors
    /// A `FsError` when the home cannot be listed; a home that is not there has no mailboxes.
    pub fn mailboxes(&self) -> Result<Vec<Mailbox>, FsError> {
        let listed = || match disk::names(&self.path) {
            Err(error) if error.is_not_found() => Ok(Vec::new()),
            listed => listed,
        };
        let mut names = listed()?;
        let aside = Self::being_removed(names.iter().map(AsRef::as_ref));
        if !aside.is_empty() {
            // Where nothing can be written they stay aside; nothing can be sent to them either.
            let _ = aside.iter().try_for_each(|name| self.await_removal(name));
            names = listed()?;
        }
        let agent = |name: &std::ffi::OsString| name.to_str()?.strip_prefix(MAILBOX)?.parse().ok();
        let mut found: Vec<_> = names.iter().filter_map(agent).map(|name| self.place(&name)).collect();
        found.retain(Mailbox::exists);
        found.sort_by(|a, b| a.name().cmp(b.name()));
        Ok(found)
    }

    /// The mailbox that comes with the first letter to it, and may not be made yet: the person's, and here that of an agent
    /// of another machine.
    #[must_use]
    pub fn mailbox_to_be(&self, name: &AgentName) -> Mailbox {
        self.place(name)
    }

    pub(in crate::mailbox) fn place(&self, name: &AgentName) -> Mailbox {
        Mailbox::at(name.clone(), self.path.join(format!("{MAILBOX}{name}")))
    }
}

#[cfg(unix)]
fn distrust(home: &std::fs::Metadata) -> Option<&'static str> {
    use std::os::unix::fs::MetadataExt;
    if home.mode() & 0o700 != 0o700 {
        return Some("cannot be used by its owner");
    }
    if home.uid() != rustix::process::geteuid().as_raw() {
        return Some("belongs to another user");
    }
    (home.mode() & 0o022 != 0).then_some("can be written by others")
}

/// Windows keeps a profile to its person by access lists, which whatever is made in it inherits. Elsewhere they may say
/// anything; `cc2cc doctor` says so.
#[cfg(windows)]
fn distrust(_: &std::fs::Metadata) -> Option<&'static str> {
    None
}

/// The person's home directory, as Claude Code takes it: on Windows `%USERPROFILE%`, even where the system knows another.
#[must_use]
pub fn of_person() -> Option<PathBuf> {
    let told = std::env::var_os("USERPROFILE").filter(|path| cfg!(windows) && !path.is_empty());
    told.map(PathBuf::from).or_else(dirs::home_dir)
}

fn taken(mailbox: &Mailbox) -> FsError {
    let reason = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
    FsError { action: "claim", path: mailbox.path().to_owned(), reason }
}
