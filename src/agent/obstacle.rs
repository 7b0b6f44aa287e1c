//! Something that stands in the way of an agent's letters, as its record keeps it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obstacle {
    pub since: Timestamp,
    pub why: String,
}

impl Obstacle {
    #[must_use]
    pub fn new(since: Timestamp, why: impl Into<String>) -> Self {
        Self { since, why: why.into() }
    }
}
