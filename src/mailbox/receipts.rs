//! When each step of a letter's way happened: one small file per letter, a JSON line per step, readable with `cat`.
//!
//! Receipts cost no rewrite of the letter and are appended; only a file that has become very long is written anew,
//! without lines that repeat others. A lost last line repeats work, no more.

mod shorten;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    Mailbox,
    disk::{self, FsError},
    lenient,
    letter::LetterId,
};

/// More than any letter needs; a longer file is somebody else's.
const LIMIT_BYTES: u64 = 256 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// A wake was sent for it.
    #[serde(alias = "rung")]
    Notified,
    /// A delivery is about to take it.
    Claimed,
    /// It was put before the model.
    Delivered,
    /// There is evidence in the session's record, or a person read it.
    Seen,
    /// Its turn went by without it, and it went back to the inbox.
    Returned,
    /// It was delivered, and nothing will ever prove it.
    Unproved,
    Held,
    /// The person was shown that it is held.
    #[serde(alias = "told")]
    Shown,
    /// The person let it go on.
    Accepted,
    /// Somebody took it out of `dead/` again.
    Retried,
    Refused,
    Expired,
    /// A reply to it was sent.
    Answered,
    /// A step of another version.
    #[serde(other)]
    Unknown,
}

/// One step of one letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    pub at: Timestamp,
    pub step: Step,
    /// The transcript in which the evidence will be found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transcript: Option<String>,
    /// How long that transcript was, in bytes: the evidence comes after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// By which way it went, when that is not the ordinary one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// The process of the session that was given it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The letter that answered this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<LetterId>,
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Receipt {
    #[must_use]
    pub fn at(step: Step, at: Timestamp) -> Self {
        Self { at, step, transcript: None, offset: None, why: None, via: None, host: None, by: None, extra: Map::new() }
    }

    #[must_use]
    pub fn now(step: Step) -> Self {
        Self::at(step, Timestamp::now())
    }

    #[must_use]
    pub fn why(mut self, why: &str) -> Self {
        self.why = Some(why.to_owned());
        self
    }
}

/// The steps since the letter last came into the inbox anew: returned, accepted or retried.
#[must_use]
pub fn since_return(receipts: &[Receipt]) -> &[Receipt] {
    let anew = |receipt: &Receipt| matches!(receipt.step, Step::Returned | Step::Accepted | Step::Retried);
    &receipts[receipts.iter().rposition(anew).map_or(0, |at| at + 1)..]
}

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
