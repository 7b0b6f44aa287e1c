//! What the person asks for in the view: what a key stands for, before anybody does it.

use super::letter::LetterRef;
use crate::agent::past::Mark;
use crate::mailbox::{letter::LetterId, name::AgentName};

/// What a key asks of the world outside the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Show this letter in full.
    Read(LetterRef),
    Do(Deed),
    Copy(LetterId),
    /// Look further back.
    LookBack(Mark),
    /// Look on the disk for such letters.
    Search(Query),
    Mouse(bool),
    Redraw,
    Suspend,
    Quit,
}

/// Something that the person wants done in the home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    Send { to: String, text: String, answers: Option<LetterId> },
    Accept(LetterId),
    Refuse { id: LetterId, why: String },
}

/// Which letters a person wants to see; all of them if nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    pub agent: Option<AgentName>,
    pub text: String,
}
