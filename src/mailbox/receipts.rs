//! When each step of a letter's way happened: one small file per letter, a JSON line per step, readable with `cat`.
//!
//! Receipts cost no rewrite of the letter and are appended; only a file that has become very long is written anew,
//! without lines that repeat others. A lost last line repeats work, no more.

mod shorten;

use super::{
    Mailbox,
    disk::{self, FsError},
    lenient,
    letter::LetterId,
    receipt::Receipt,
};

/// More than any letter needs; a longer file is somebody else's.
const LIMIT_BYTES: u64 = 256 * 1024;

impl Mailbox {
    /// Notes a step of a letter.
    ///
    /// # Errors
    /// A `FsError` naming the receipts file.
    pub fn note(&self, id: &LetterId, receipt: &Receipt) -> Result<(), FsError> {
        disk::real_dir(&self.path().join("receipts"))?;
        let line = serde_json::to_string(receipt).unwrap_or_default();
        let file = self.receipts_file(id);
        let _turn = shorten::make_room(&file, &self.path().join("receipts.lock"), LIMIT_BYTES)?;
        disk::append_line(&file, &line)
    }

    /// The steps noted so far, oldest first. Lines that are no receipts are passed over.
    #[must_use]
    pub fn receipts(&self, id: &LetterId) -> Vec<Receipt> {
        let bytes = disk::read(&self.receipts_file(id), LIMIT_BYTES).unwrap_or_default();
        bytes.split(|byte| *byte == b'\n').filter_map(|line| lenient::from_slice(line).ok()).collect()
    }

    /// Whether there are receipts that cannot be read: a letter whose past is unknown must not go on.
    #[must_use]
    pub fn has_odd_receipts(&self, id: &LetterId) -> bool {
        let facts = self.receipts_file(id).symlink_metadata();
        facts.is_ok_and(|facts| !facts.is_file() || facts.len() > LIMIT_BYTES)
    }

    /// Removes the receipts of a letter that is removed itself.
    ///
    /// # Errors
    /// A `FsError` naming the receipts file.
    pub fn forget_receipts(&self, id: &LetterId) -> Result<(), FsError> {
        disk::remove(&self.receipts_file(id))
    }

    fn receipts_file(&self, id: &LetterId) -> std::path::PathBuf {
        self.path().join("receipts").join(format!("{id}.jsonl"))
    }
}
