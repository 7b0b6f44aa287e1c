//! Codex's five answers about a session; see [`Client`].

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use super::{event::CodexEvent, queue, rollout};
use crate::{
    agent::{Record, identity::Claimant, obstacle::Obstacle},
    clients::{rows, wakes},
    delivery::{
        claimed_letter::ClaimedLetter,
        client::{Client, EvidencePlace},
        evidence::{Evidence, Facts, Shows, Way, weigh},
    },
    mailbox::{Mailbox, disk::FsError, home::Home, level::Level, log, name::AgentName, scan::Waiting},
};

/// The client would take what a hook says into a file above 2,500 tokens; our hooks lift that limit for themselves, see
/// `setup::codex`, and stay about there all the same.
const ROOM_UNITS: usize = 9_800;

/// A session of Codex, as one process of ours knows it. The default knows nothing and can only be asked for evidence.
#[derive(Debug, Default)]
pub struct Codex {
    claimant: Option<Claimant>,
    level: Option<Level>,
    rollout: Option<PathBuf>,
    /// The process of the client in which the session runs.
    process: Option<String>,
}

impl Codex {
    /// The session whose event a process of ours was told, for which its person may want a name.
    #[must_use]
    pub fn of_event(event: &CodexEvent, wanted: Option<AgentName>) -> Self {
        let rollout = event.transcript_path.as_ref().map(PathBuf::from);
        Self {
            claimant: event.claimant(wanted),
            level: rollout.as_deref().and_then(|rollout| rollout::ending(rollout).level),
            rollout,
            process: event.cc2cc_process.clone(),
        }
    }
}

impl Client for Codex {
    fn claimant(&self) -> Option<Claimant> {
        self.claimant.clone()
    }

    fn level(&self) -> Option<Level> {
        self.level
    }

    fn place(&self) -> EvidencePlace {
        let record = self.rollout.as_ref().map(|path| path.display().to_string());
        EvidencePlace { way: Way::Hook, record, length: self.rollout.as_deref().map(rows::length) }
    }

    fn evidence(&mut self, claim: &ClaimedLetter<'_>, now: Timestamp) -> Evidence {
        let record = claim.record.map(Path::new);
        weigh(&Facts {
            shows: record.map_or(Shows::NoRecord, |record| rollout::show(record, claim.offset, claim.id)),
            turn: claim.turn,
            way: claim.way(),
            delivered: claim.delivered,
            age: claim.age,
            quiet: record.and_then(|record| quiet(record, now)).unwrap_or(SignedDuration::MAX),
        })
    }

    /// Puts a wake into the session's queue, from which the client begins a turn as soon as the session is idle. Where
    /// that fails the session is listed as one that nothing wakes, until its next turn.
    fn wake(&mut self, mailbox: &Mailbox, letters: &[Waiting]) -> Result<(), FsError> {
        let word = wakes::begin(mailbox)?;
        let text = wakes::wake(mailbox.name().as_str(), &wakes::senders(letters), &word);
        let thread = self.claimant.as_ref().and_then(|claimant| claimant.session.as_deref()).unwrap_or_default();
        let queued = queue::add(self.rollout.as_deref(), self.process.as_deref(), thread, &text);
        let trouble = queued.err().map(|error| format!("Codex takes no wake: {error:#}"));
        if let (Some(trouble), Some(home)) = (&trouble, mailbox.path().parent()) {
            log::line(&Home::at(home), &format!("waker: {trouble}"));
        }
        let now = Timestamp::now();
        if trouble.is_some() || Record::of(mailbox).blocked.is_some() {
            Record::change(mailbox, now, |record| record.blocked = trouble.map(|why| Obstacle::new(now, why)))?;
        }
        Ok(())
    }

    fn room_units(&self) -> usize {
        ROOM_UNITS
    }
}

/// For how long a rollout has not changed.
fn quiet(rollout: &Path, now: Timestamp) -> Option<SignedDuration> {
    let changed: Timestamp = rollout.metadata().ok()?.modified().ok()?.try_into().ok()?;
    Some(now.duration_since(changed).abs())
}
