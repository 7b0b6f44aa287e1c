//! What a person decides: a held letter goes on or not, a dead one gets another chance.

use jiff::Timestamp;

use super::{
    notice,
    policy::{ConfigError, Trusted},
    status::{self, Found},
    trust,
};
use crate::mailbox::{
    Mailbox, Moved, State,
    disk::FsError,
    home::Home,
    letter::{Letter, LetterId},
    receipt::{Receipt, Step},
};

/// Why nothing was decided.
#[derive(Debug, thiserror::Error)]
pub enum DecisionError {
    #[error("no letter `{0}`")]
    NoSuchLetter(LetterId),
    #[error("the letter `{}` is not {wanted} but {}", .id.short(), .is.adjective())]
    Elsewhere { id: LetterId, wanted: &'static str, is: State },
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Fs(#[from] FsError),
}

/// Lets every held copy of a letter go on to its recipient.
///
/// # Errors
/// [`DecisionError`]; nothing has changed then.
pub fn accept(home: &Home, id: &LetterId) -> Result<Vec<Found>, DecisionError> {
    let held = held(home, id)?;
    let accepted = move_all(held, |mailbox| mailbox.accept(id))?;
    for found in &accepted {
        notice::no_longer_held(home, found)?;
    }
    Ok(accepted)
}

/// As [`accept`], and gives each recipient's person's standing yes to the sender.
///
/// # Errors
/// [`DecisionError`]; also when the yes cannot be written down, and nothing has changed then.
pub fn accept_always(home: &Home, id: &LetterId) -> Result<Vec<Found>, DecisionError> {
    for found in held(home, id)? {
        let (from, to) = (found.letter.from.clone(), found.mailbox.name().clone());
        trust::give(home, &Trusted::Pair { from, to })?;
    }
    accept(home, id)
}

/// Refuses every held copy of a letter, and tells its sender.
///
/// # Errors
/// [`DecisionError`]; nothing has changed then.
pub fn refuse(home: &Home, id: &LetterId, why: &str, now: Timestamp) -> Result<Vec<Found>, DecisionError> {
    let held = held(home, id)?;
    let refused = move_all(held, |mailbox| mailbox.refuse(id, State::Held, why))?;
    for found in &refused {
        notice::no_longer_held(home, found)?;
        let dead = Found { state: State::Dead, ..found.clone() };
        notice::refused(home, &dead, now)?;
    }
    Ok(refused)
}

/// Puts every dead copy of a letter back into its recipient's inbox, whatever its time to live; also one that could not
/// be read, which is looked at again then. Gives the mailboxes.
///
/// # Errors
/// [`DecisionError`]; nothing has changed then.
pub fn retry(home: &Home, id: &LetterId) -> Result<Vec<Mailbox>, DecisionError> {
    let copies = home.mailboxes()?.into_iter().filter_map(|mailbox| mailbox.state_of(id).map(|state| (mailbox, state)));
    let (dead, others): (Vec<_>, Vec<_>) = copies.partition(|(_, state)| *state == State::Dead);
    if dead.is_empty() {
        return Err(match others.first() {
            Some((_, is)) => DecisionError::Elsewhere { id: id.clone(), wanted: "dead", is: *is },
            None => DecisionError::NoSuchLetter(id.clone()),
        });
    }
    for (mailbox, _) in &dead {
        mailbox.retry(id)?;
    }
    Ok(dead.into_iter().map(|(mailbox, _)| mailbox).collect())
}

/// A letter that waits for its person's yes.
#[derive(Debug, Clone)]
pub struct HeldLetter {
    pub letter: Letter,
    pub receipts: Vec<Receipt>,
}

impl HeldLetter {
    /// Why it is held.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        self.receipts.iter().rev().find(|receipt| receipt.step == Step::Held)?.why.as_deref()
    }

    fn was_shown(receipts: &[Receipt]) -> bool {
        let held = receipts.iter().rposition(|receipt| receipt.step == Step::Held).unwrap_or(0);
        receipts[held.min(receipts.len())..].iter().any(|receipt| receipt.step == Step::Shown)
    }
}

/// The held letters of a mailbox that have not been shown to its person, read one by one as they are asked for.
///
/// # Errors
/// A `FsError` when the mailbox cannot be listed.
pub fn not_shown(mailbox: &Mailbox) -> Result<impl Iterator<Item = HeldLetter> + '_, FsError> {
    Ok(mailbox.ids(State::Held)?.into_iter().filter_map(move |id| {
        let receipts = mailbox.receipts(&id);
        let is_new = !HeldLetter::was_shown(&receipts);
        let letter = is_new.then(|| mailbox.read(State::Held, &id).ok()).flatten()?; // it may be decided just now
        Some(HeldLetter { letter, receipts })
    }))
}

/// Which letters wait for a person's yes, in all mailboxes, oldest first as their ids tell.
///
/// # Errors
/// A `FsError` when the home cannot be listed.
pub fn undecided(home: &Home) -> Result<Vec<(LetterId, Mailbox)>, FsError> {
    let mut held = Vec::new();
    for mailbox in home.mailboxes()? {
        held.extend(mailbox.ids(State::Held).unwrap_or_default().into_iter().map(|id| (id, mailbox.clone())));
    }
    held.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(held)
}

fn held(home: &Home, id: &LetterId) -> Result<Vec<Found>, DecisionError> {
    let found = status::find(home, id)?;
    let Some(first) = found.first() else { return Err(DecisionError::NoSuchLetter(id.clone())) };
    let elsewhere = DecisionError::Elsewhere { id: id.clone(), wanted: "held", is: first.state };
    let held: Vec<Found> = found.into_iter().filter(|found| found.state == State::Held).collect();
    if held.is_empty() { Err(elsewhere) } else { Ok(held) }
}

fn move_all(
    copies: Vec<Found>,
    step: impl Fn(&Mailbox) -> Result<Moved, FsError>,
) -> Result<Vec<Found>, DecisionError> {
    let mut moved = Vec::new();
    for found in copies {
        if step(&found.mailbox)? == Moved::Mine {
            moved.push(found);
        }
    }
    Ok(moved)
}
