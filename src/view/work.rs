//! What the view does in the home: through the same library as the verbs, as the person.

use jiff::Timestamp;

use super::{action::Deed, letter::LetterRef, news::Done};
use crate::{
    agent::{
        decisions,
        send::{self, Draft},
        sender::Sender,
        status::{self, Found},
    },
    failure::{Code, Failure},
    mailbox::{home::Home, letter::LetterId, name::AgentName},
    report,
};

impl Deed {
    /// Does it, as the verbs do.
    ///
    /// # Errors
    /// As [`send::send`], [`decisions::accept`], [`decisions::refuse`]; or when the address is none.
    pub fn done_in(self, home: &Home) -> Result<Done, Failure> {
        match self {
            Self::Send { to, text, answers } => send(home, &to, &text, answers),
            Self::Accept(id) => accept(home, &id),
            Self::Refuse { id, why } => refuse(home, &id, &why),
        }
    }
}

fn send(home: &Home, to: &str, text: &str, answers: Option<LetterId>) -> Result<Done, Failure> {
    if to.is_empty() {
        return Err(Failure::new(Code::Usage, "to whom? Tab leads to the line that says it"));
    }
    let draft = Draft { text: text.to_owned(), reply_to: answers, ..Draft::default() };
    let now = Timestamp::now();
    let sent = send::send(home, &Sender::user(), &to.parse()?, &draft, now)?;
    let more = if sent.len() > 1 { format!(" · and to {} more", sent.len() - 1) } else { String::new() };
    let first = sent.first().map(|sent| report::text::sent(sent, now)).unwrap_or_default();
    Ok(Done::Sent(format!("{first}{more}")))
}

fn accept(home: &Home, id: &LetterId) -> Result<Done, Failure> {
    let accepted = decisions::accept(home, id)?;
    Ok(Done::Decided(format!("accepted: {} gets it now", names(accepted.iter().map(|found| found.mailbox.name())))))
}

fn refuse(home: &Home, id: &LetterId, why: &str) -> Result<Done, Failure> {
    let refused = decisions::refuse(home, id, why, Timestamp::now())?;
    Ok(Done::Decided(format!("refused: {} is told", names(refused.iter().map(|found| &found.letter.from).take(1)))))
}

/// A letter as it is now, wherever its mailbox went.
///
/// # Errors
/// When it is gone.
pub fn read(home: &Home, key: &LetterRef) -> Result<Found, Failure> {
    let mailbox = home.mailbox(&key.to);
    mailbox.and_then(|mailbox| status::find_in(&mailbox, &key.id)).ok_or_else(|| {
        Failure::new(Code::NotFound, format!("the letter {} is gone, or cannot be read any more", key.id))
    })
}

fn names<'a>(names: impl Iterator<Item = &'a AgentName>) -> String {
    let names: Vec<_> = names.map(AgentName::as_str).collect();
    if names.is_empty() { "somebody else was first; nobody".to_owned() } else { names.join(", ") }
}
