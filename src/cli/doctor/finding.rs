//! What a look at one thing came to.

/// One thing looked at.
pub struct Finding {
    pub what: &'static str,
    pub outcome: Outcome,
}

pub enum Outcome {
    Fine(String),
    /// Works, with something to know.
    Note(String),
    Broken {
        problem: String,
        fix: String,
    },
}

pub fn finding(what: &'static str, outcome: Outcome) -> Finding {
    Finding { what, outcome }
}
