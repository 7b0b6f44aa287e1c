//! Addresses that outlive a name. A pointer says which name came after, and which mailbox it was written for: once that
//! mailbox is gone, the old address leads to nobody, whoever has the name by then.

use std::{
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{
    Mailbox,
    disk::{self, FsError},
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
    pub id: Option<String>,
    pub file: PathBuf,
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
