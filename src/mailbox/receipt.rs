//! One step of a letter's way, as it is noted.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{letter::LetterId, machine_name::MachineName};

/// The field that names the machine on which a step was made.
const ON: &str = "on";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// The server between the machines has it.
    Forwarded,
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
    /// It was delivered, and there will never be evidence of it.
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
    /// The session's own record, in which the evidence will be found; what names it, the client knows.
    #[serde(alias = "transcript", skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// How long that record was, in bytes: the evidence comes after.
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
        Self { at, step, evidence: None, offset: None, why: None, via: None, host: None, by: None, extra: Map::new() }
    }

    #[must_use]
    pub fn now(step: Step) -> Self {
        Self::at(step, Timestamp::now())
    }

    /// The same as noted by another machine.
    #[must_use]
    pub fn on(mut self, machine: &MachineName) -> Self {
        self.extra.insert(ON.to_owned(), machine.as_str().into());
        self
    }

    /// Whether another machine has noted it.
    #[must_use]
    pub fn is_from_elsewhere(&self) -> bool {
        self.extra.contains_key(ON)
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
