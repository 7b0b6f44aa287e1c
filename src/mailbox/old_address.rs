//! Addresses that outlive a name. A pointer says which name came after, and which mailbox it was written for: once that
//! mailbox is gone, the old address leads to nobody, whoever has the name by then.

use std::{
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{
    Mailbox,
    disk::{self, Durability, FsError},
    home::Home,
    name::AgentName,
};

/// Tells a mailbox from any other that ever has its name; written as the mailbox is made, and never changed. Those made
/// by an older version have none.
const ID: &str = "id";

/// What stands in `renamed/`.
#[derive(Debug)]
pub(in crate::mailbox) struct OldAddress {
    /// The name that came after.
    pub agent: AgentName,
    id: Option<String>,
    file: PathBuf,
}

impl OldAddress {
    pub fn leads_to(&self, mailbox: &Mailbox) -> bool {
        mailbox.is_meant(self.id.as_deref(), &self.file)
    }
}

impl Mailbox {
    /// What tells this mailbox from another of its name, if it has that.
    #[must_use]
    pub fn id(&self) -> Option<String> {
        let text = String::from_utf8(disk::read(&self.path.join(ID), 128).ok()?).ok()?;
        Some(text).filter(|text| disk::is_unique(text))
    }

    pub(in crate::mailbox) fn give_id(&self) -> Result<(), FsError> {
        disk::write_new(&self.path.join(ID), disk::unique().as_bytes())
    }

    /// Whether this is the mailbox that a pointer was written for. The `id` in it decides; a pointer of another version
    /// has none, and then is not older than the mailbox.
    #[must_use]
    pub fn is_meant(&self, id: Option<&str>, pointer: &Path) -> bool {
        match (id, self.id()) {
            (Some(id), own) => own.as_deref() == Some(id),
            (None, None) => true,
            (None, Some(_)) => {
                let written = |path: &Path| path.metadata().and_then(|facts| facts.modified());
                let made: Option<SystemTime> = written(&self.path.join(ID)).ok();
                written(pointer).is_ok_and(|at| made.is_some_and(|made| at >= made))
            }
        }
    }
}

impl Home {
    /// Where an old address leads.
    pub(in crate::mailbox) fn old_address(&self, name: &AgentName) -> Option<OldAddress> {
        let renamed = self.path().join("renamed");
        let file = renamed.join(name.as_str());
        let text = |path: &Path| String::from_utf8(disk::read(path, 256).ok()?).ok();
        let agent: AgentName = text(&file)?.trim().parse().ok()?;
        // Beside the pointer, which older versions read whole. One that speaks of another name is of another pointer.
        let beside = text(&id_file(&renamed, name)).unwrap_or_default();
        let id =
            beside.split_once(' ').filter(|(meant, _)| *meant == agent.as_str()).map(|(_, id)| id.trim().to_owned());
        Some(OldAddress { agent, id, file })
    }

    /// Notes that `mailbox` is about to have the name `new`.
    pub(in crate::mailbox) fn write_old_address(&self, mailbox: &Mailbox, new: &AgentName) -> Result<(), FsError> {
        let renamed = self.subdir("renamed")?;
        let id_file = id_file(&renamed, mailbox.name());
        match mailbox.id() {
            Some(id) => disk::replace(&id_file, format!("{new} {id}\n").as_bytes(), Durability::Disk)?,
            None => disk::remove(&id_file)?,
        }
        disk::replace(&renamed.join(mailbox.name().as_str()), format!("{new}\n").as_bytes(), Durability::Disk)
    }

    /// Removes the pointers that lead to nobody any more; gives their number. With `really` unset it only counts.
    ///
    /// # Errors
    /// A `FsError`; what was removed until then stays removed.
    pub fn forget_dead_addresses(&self, really: bool) -> Result<usize, FsError> {
        let renamed = self.path().join("renamed");
        let names = disk::names(&renamed).unwrap_or_default();
        let mut dead = 0;
        for name in names.iter().filter_map(|name| name.to_str()?.parse::<AgentName>().ok()) {
            if self.mailbox(&name).is_some() {
                continue;
            }
            dead += 1;
            if really {
                disk::remove(&renamed.join(name.as_str()))?;
                disk::remove(&id_file(&renamed, &name))?;
            }
        }
        Ok(dead)
    }
}

fn id_file(renamed: &Path, name: &AgentName) -> PathBuf {
    renamed.join(format!("{name}.id"))
}
