//! What a person decides: a held letter goes on or not, a dead one gets another chance.

use jiff::Timestamp;

use super::{
    notice,
    status::{self, Found},
};
use crate::mailbox::{
    Mailbox, Moved, State,
    disk::FsError,
    home::Home,
    letter::LetterId,
    receipts::{Receipt, Step},
};

/// Why nothing was decided.
#[derive(Debug, thiserror::Error)]
pub enum HoldingError {
    #[error("no letter `{0}`")]
    NoSuchLetter(LetterId),
    #[error("the letter `{id}` is not {wanted} but {}", is.dir())]
    Elsewhere { id: LetterId, wanted: &'static str, is: State },
    #[error(transparent)]
    Fs(#[from] FsError),
}

/// Lets every held copy of a letter go on to its recipient.
///
/// # Errors
/// [`HoldingError`]; nothing has changed then.
pub fn accept(home: &Home, id: &LetterId) -> Result<Vec<Found>, HoldingError> {
    let held = copies(home, id, State::Held)?;
    move_all(held, |mailbox| mailbox.accept(id))
}

/// Refuses every held copy of a letter, and tells its sender.
///
/// # Errors
/// [`HoldingError`]; nothing has changed then.
pub fn refuse(home: &Home, id: &LetterId, why: &str, now: Timestamp) -> Result<Vec<Found>, HoldingError> {
    let held = copies(home, id, State::Held)?;
    let refused = move_all(held, |mailbox| mailbox.refuse(id, State::Held, why))?;
    for found in &refused {
        let dead = Found { state: State::Dead, ..found.clone() };
        notice::refused(home, &dead, now)?;
    }
    Ok(refused)
}

/// Puts every dead copy of a letter back into its recipient's inbox, whatever its time to live.
///
/// # Errors
/// [`HoldingError`]; nothing has changed then.
pub fn retry(home: &Home, id: &LetterId) -> Result<Vec<Found>, HoldingError> {
    let dead = copies(home, id, State::Dead)?;
    move_all(dead, |mailbox| mailbox.retry(id))
}

/// The held letters of a mailbox of which its person has not been told.
///
/// # Errors
/// A `FsError` when the mailbox cannot be listed.
pub fn untold(mailbox: &Mailbox) -> Result<Vec<Found>, FsError> {
    let told = |id: &LetterId| {
        let receipts = mailbox.receipts(id);
        let held = receipts.iter().rposition(|receipt| receipt.step == Step::Held).unwrap_or(0);
        receipts[held.min(receipts.len())..].iter().any(|receipt| receipt.step == Step::Told)
    };
    let ids = mailbox.ids(State::Held)?;
    Ok(ids.iter().filter(|id| !told(id)).filter_map(|id| status::find_in(mailbox, id)).collect())
}

/// Notes that the person has been told of a held letter.
///
/// # Errors
/// A `FsError` naming the receipts.
pub fn told(found: &Found) -> Result<(), FsError> {
    found.mailbox.note(&found.letter.id, &Receipt::now(Step::Told))
}

fn copies(home: &Home, id: &LetterId, wanted: State) -> Result<Vec<Found>, HoldingError> {
    let found = status::find(home, id)?;
    let Some(first) = found.first() else { return Err(HoldingError::NoSuchLetter(id.clone())) };
    let elsewhere = HoldingError::Elsewhere { id: id.clone(), wanted: wanted.dir(), is: first.state };
    let wanted: Vec<Found> = found.into_iter().filter(|found| found.state == wanted).collect();
    if wanted.is_empty() { Err(elsewhere) } else { Ok(wanted) }
}

fn move_all(copies: Vec<Found>, step: impl Fn(&Mailbox) -> Result<Moved, FsError>) -> Result<Vec<Found>, HoldingError> {
    let mut moved = Vec::new();
    for found in copies {
        if step(&found.mailbox)? == Moved::Mine {
            moved.push(found);
        }
    }
    Ok(moved)
}
