//! The pointers in `renamed/`: written before a mailbox gets another name, and removed once they lead to nobody.

use std::path::{Path, PathBuf};

use super::{
    Mailbox,
    disk::{self, Durability, FsError},
    home::Home,
    name::AgentName,
    old_address::OldAddress,
};

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
        self.point(mailbox.name(), new, mailbox.id())
    }

    /// Makes an address lead to a mailbox, as soon as no mailbox of that name is there.
    pub(in crate::mailbox) fn lead(&self, address: &AgentName, mailbox: &Mailbox) -> Result<(), FsError> {
        self.point(address, mailbox.name(), mailbox.id())
    }

    fn point(&self, old: &AgentName, new: &AgentName, id: Option<String>) -> Result<(), FsError> {
        let renamed = self.subdir("renamed")?;
        let id_file = id_file(&renamed, old);
        match id {
            Some(id) => disk::replace(&id_file, format!("{new} {id}\n").as_bytes(), Durability::Disk)?,
            None => disk::remove(&id_file)?,
        }
        disk::replace(&renamed.join(old.as_str()), format!("{new}\n").as_bytes(), Durability::Disk)
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
