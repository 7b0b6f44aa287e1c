//! What a client tells of one of its sessions. It answers five questions, and delivery asks it nothing else: which session
//! is it, how far does it act without asking, is this letter in its record, how is it woken, and how much fits.

use jiff::Timestamp;

use super::{
    claimed_letter::ClaimedLetter,
    evidence::{Evidence, Way},
};
use crate::{
    agent::identity::{self, Claimant, Trust},
    mailbox::{
        Mailbox,
        disk::FsError,
        home::Home,
        level::Level,
        receipt::{Receipt, Step},
        scan::Waiting,
    },
};

/// A session, as its client knows it.
pub trait Client {
    /// Which session this is; `None` when it has gone. Its key is that of the process it lives in or, where one process
    /// serves many sessions, [`HostKey::of_session`](crate::agent::host::HostKey::of_session).
    fn claimant(&self) -> Option<Claimant>;

    /// How far it acts without asking; `None` when that is not known yet.
    fn level(&self) -> Option<Level>;

    /// Where the evidence of what is claimed now will be found.
    fn place(&self) -> EvidencePlace;

    /// Whether a letter that was claimed is in the record. A client that keeps no record answers `Unavailable`.
    fn evidence(&mut self, claim: &ClaimedLetter<'_>, now: Timestamp) -> Evidence;

    /// Wakes the session for letters that are noted as notified; what it is woken with leads to a delivery. May end the
    /// process.
    ///
    /// # Errors
    /// A `FsError` when the wake cannot be prepared. They are due again later.
    fn wake(&mut self, mailbox: &Mailbox, letters: &[Waiting]) -> Result<(), FsError>;

    /// How much text one delivery may have, in UTF-16 units; at least [`LEAST_ROOM_UNITS`](super::frame::LEAST_ROOM_UNITS).
    fn room_units(&self) -> usize;
}

/// Where a claim's evidence will be found: by which way the letter goes, and how far the session's record has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EvidencePlace {
    pub way: Way,
    /// The record, as the client names it; `None` where it keeps none.
    pub record: Option<String>,
    /// Its length in the client's own measure; the evidence comes after.
    pub length: Option<u64>,
}

impl EvidencePlace {
    /// As a claim notes it, for a session that lives in `host`.
    #[must_use]
    pub fn note(&self, host: Option<String>) -> Receipt {
        let (evidence, offset) = (self.record.clone(), self.length);
        Receipt { via: self.way.word(), evidence, offset, host, ..Receipt::now(Step::Claimed) }
    }
}

/// The mailbox of a session, claimed where it has none yet; `None` when the session has gone.
///
/// # Errors
/// A `FsError` when the home cannot be used.
pub fn mailbox(client: &impl Client, home: &Home) -> Result<Option<Mailbox>, FsError> {
    let Some(claimant) = client.claimant() else { return Ok(None) };
    match identity::find(home, &claimant.host) {
        Some(mailbox) if claimant.trust == Trust::Host => Ok(Some(mailbox)),
        _ => identity::claim(home, &claimant).map(|claim| Some(claim.mailbox)),
    }
}
