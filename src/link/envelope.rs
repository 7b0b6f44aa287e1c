//! What is in a box: from whom, for whom, and a letter, how far one has come, or who is there.

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::keys::OwnKey;
use crate::{
    agent::machines::AgentThere,
    mailbox::{
        letter::{Letter, LetterId},
        machine_name::MachineName,
        name::AgentName,
        receipt::Receipt,
    },
};

/// The form of this version; one that an older version could misunderstand has a higher number.
const FORM: u64 = 1;

#[derive(Debug, Serialize, Deserialize)]
pub struct Envelope {
    v: u64,
    from: MachineName,
    to: MachineName,
    body: Body,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Body {
    /// How often its sender's person has tried it again stands in it, where that is not never; see [`take_attempt`].
    Letter(Box<Letter>),
    Progress(Progress),
    Here(Here),
}

/// The field of a letter under way that tells a new attempt from the same message sent again.
const ATTEMPT: &str = "attempt";

/// How far a letter has come where it went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub id: LetterId,
    /// The name to which it was written, there.
    pub to: AgentName,
    /// Of which attempt this is said; nobody says it of the first.
    #[serde(default)]
    pub attempt: usize,
    pub end: End,
    /// Why it has ended as it did.
    pub why: Option<String>,
    /// Every step noted there so far that means something here, oldest first.
    pub steps: Vec<Receipt>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// More is to come.
    No,
    Done,
    Dead,
}

/// Who is on a machine.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Here {
    pub at: Timestamp,
    pub agents: Vec<AgentThere>,
}

/// What came out of a box.
#[derive(Debug)]
pub enum Opened {
    Body(Body),
    /// It is from that machine and for this one, and in a form of another version.
    Newer(String),
}

/// The body of a letter that has been tried again this often.
pub fn letter(mut letter: Letter, attempt: usize) -> Body {
    letter.extra.remove(ATTEMPT);
    if attempt > 0 {
        letter.extra.insert(ATTEMPT.to_owned(), attempt.into());
    }
    Body::Letter(Box::new(letter))
}

/// Takes out of a letter that has come how often it was tried again.
pub fn take_attempt(letter: &mut Letter) -> usize {
    let attempt = letter.extra.remove(ATTEMPT).and_then(|attempt| attempt.as_u64());
    attempt.and_then(|attempt| attempt.try_into().ok()).unwrap_or(0)
}

/// Boxes a body for a machine.
pub fn seal(key: &OwnKey, from: &MachineName, to: &MachineName, their_key: &str, body: Body) -> Result<Vec<u8>> {
    let envelope = Envelope { v: FORM, from: from.clone(), to: to.clone(), body };
    key.seal(&serde_json::to_vec(&envelope)?, their_key)
}

/// Opens a box that the machine `from` has sent to `me`. A box opens with the same pair of keys in both directions, so
/// whose it is stands inside as well: one that comes back to its sender is refused.
pub fn open(key: &OwnKey, me: &MachineName, from: &MachineName, their_key: &str, boxed: &[u8]) -> Result<Opened> {
    #[derive(Deserialize)]
    struct Outside {
        v: u64,
        from: MachineName,
        to: MachineName,
    }
    let bytes = key.open(boxed, their_key)?;
    let outside: Outside = serde_json::from_slice(&bytes).context("it is no envelope")?;
    ensure!(outside.from == *from && outside.to == *me, "it is from {} for {}", outside.from, outside.to);
    Ok(match serde_json::from_slice::<Envelope>(&bytes) {
        Ok(envelope) if envelope.v <= FORM => Opened::Body(envelope.body),
        Ok(_) => Opened::Newer(format!("its form is {}", outside.v)),
        Err(error) if outside.v > FORM => Opened::Newer(error.to_string()),
        Err(error) => return Err(error).context("it cannot be read"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailbox::home::Home;

    #[test]
    fn a_box_that_comes_back_or_is_for_another_is_refused() {
        let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let [here, there] = [0, 1].map(|at| OwnKey::of(&Home::at(dirs[at].path())).unwrap());
        let [laptop, desk, other]: [MachineName; 3] = ["laptop", "desk", "other"].map(|name| name.parse().unwrap());
        let body = || Body::Here(Here { at: "2026-01-01T12:00:00Z".parse().unwrap(), agents: Vec::new() });
        let boxed = seal(&here, &laptop, &desk, &there.public(), body()).unwrap();
        assert!(matches!(open(&there, &desk, &laptop, &here.public(), &boxed), Ok(Opened::Body(Body::Here(_)))));
        assert!(open(&here, &laptop, &desk, &there.public(), &boxed).is_err(), "the keys fit, and it is our own");
        assert!(open(&there, &other, &laptop, &here.public(), &boxed).is_err());
        assert!(open(&there, &desk, &other, &here.public(), &boxed).is_err());
        let newer = br#"{"v": 2, "from": "laptop", "to": "desk", "body": {"tree": 1}}"#;
        let boxed = here.seal(newer, &there.public()).unwrap();
        assert!(matches!(open(&there, &desk, &laptop, &here.public(), &boxed), Ok(Opened::Newer(_))));
    }
}
