//! A second terminal on a session that runs. Both cannot have one mailbox, so the second gets a name that is made up for
//! it, and is reached by that while it runs. When it has ended nobody will ever have this name again: the session is
//! resumed under its own. So the name and its letters go to the agent whose session it is.

use jiff::Timestamp;

use super::{
    Record,
    identity::{self, Occupancy},
};
use crate::mailbox::{Mailbox, disk::FsError, home::Home, log};

/// Takes over what terminals beside this agent's have left that have ended. What fails is logged and tried again the next
/// time.
pub fn gather(home: &Home, owner: &Mailbox) {
    let names = Record::of(owner).beside;
    if names.is_empty() {
        return;
    }
    let gathered = || {
        let _guard = identity::no_claims(home)?;
        let stays = |mailbox: &Mailbox| {
            Ok::<_, FsError>(is_beside(home, mailbox, owner) && !is_taken_over(home, mailbox, owner)?)
        };
        let mut left = Vec::new();
        for name in &names {
            if home.mailbox(name).map_or(Ok(false), |mailbox| stays(&mailbox))? {
                left.push(name.clone());
            }
        }
        if left != names {
            Record::change(owner, Timestamp::now(), |record| record.beside = left)?;
        }
        Ok::<_, FsError>(())
    };
    if let Err(error) = gathered() {
        log::line(home, &format!("names: {error}"));
    }
}

/// The mailbox that a letter to this one is for: the agent's whose session it is, once the terminal beside that has ended.
#[must_use]
pub fn meant(home: &Home, mailbox: Mailbox) -> Mailbox {
    if !is_over(&mailbox) {
        return mailbox;
    }
    let owner = Record::of(&mailbox).session.and_then(|session| identity::owner(home, &session));
    match owner.filter(|owner| is_beside(home, &mailbox, owner)) {
        Some(owner) => {
            gather(home, &owner);
            home.mailbox(mailbox.name()).unwrap_or(mailbox)
        }
        None => mailbox,
    }
}

/// Whether a mailbox is that of a terminal beside the owner's, and of no other session by now.
fn is_beside(home: &Home, mailbox: &Mailbox, owner: &Mailbox) -> bool {
    let of_session = || Record::of(mailbox).session.and_then(|session| identity::owner(home, &session));
    mailbox != owner && Record::of(owner).beside.contains(mailbox.name()) && of_session().as_ref() == Some(owner)
}

fn is_taken_over(home: &Home, mailbox: &Mailbox, owner: &Mailbox) -> Result<bool, FsError> {
    Ok(is_over(mailbox) && home.absorb(mailbox, owner)?.is_some())
}

fn is_over(mailbox: &Mailbox) -> bool {
    !mailbox.is_online() && matches!(identity::occupancy(mailbox, None), Occupancy::Free)
}
