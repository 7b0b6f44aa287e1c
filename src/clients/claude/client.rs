//! Claude Code's five answers about a session; see [`Client`].

use std::{
    path::{Path, PathBuf},
    process,
};

use jiff::{SignedDuration, Timestamp};

use super::{
    hooks::event::HookEvent,
    plugin_folder::{self, PluginFolder},
    transcript::Transcripts,
};
use crate::{
    agent::{
        Record,
        identity::{Claimant, Trust},
    },
    clients::{rows, wakes},
    delivery::{
        claimed_letter::ClaimedLetter,
        client::{Client, EvidencePlace},
        evidence::{Evidence, Facts, Shows, Turn, Way, weigh},
    },
    mailbox::{Mailbox, disk::FsError, level::Level, scan::Waiting, watch},
    output,
};

/// The client cuts injected context at 10,000 UTF-16 units and replaces it by a file path; we stay below.
pub const ROOM_UNITS: usize = 9_800;
/// The exit code by which a background hook wakes its session.
const WAKE: i32 = 2;

/// A session of Claude Code, as one process of ours knows it. The default knows nothing and can only be asked for evidence.
#[derive(Debug, Default)]
pub struct Claude {
    claimant: Option<Claimant>,
    level: Option<Level>,
    way: Way,
    transcript: Option<PathBuf>,
    transcripts: Transcripts,
}

impl Claude {
    /// The session whose event a hook or a waker was told.
    #[must_use]
    pub fn of_event(event: &HookEvent, trust: Trust) -> Self {
        Self {
            claimant: event.claimant(trust),
            level: event.level(),
            transcript: event.transcript_path.as_ref().map(PathBuf::from),
            ..Self::default()
        }
    }

    /// The same, for one that goes on from a session in another process.
    #[must_use]
    pub fn continuing(mut self, session: Option<String>) -> Self {
        if let Some(claimant) = &mut self.claimant {
            claimant.continues = session;
        }
        self
    }

    /// The session of a server, whose record and transcript these are, when letters go this way.
    #[must_use]
    pub fn of_server(record: &Record, transcript: Option<PathBuf>, way: Way) -> Self {
        Self { level: record.level_as_receiver(), way, transcript, ..Self::default() }
    }

    /// Forgets the transcripts that nobody has asked for since this was called before.
    pub fn forget_unasked(&mut self) {
        self.transcripts.forget_unasked();
    }
}

impl Client for Claude {
    fn claimant(&self) -> Option<Claimant> {
        self.claimant.clone()
    }

    fn level(&self) -> Option<Level> {
        self.level
    }

    fn place(&self) -> EvidencePlace {
        let length = self.transcript.as_deref().map(rows::length);
        EvidencePlace { way: self.way, record: self.transcript.as_ref().map(|path| path.display().to_string()), length }
    }

    fn evidence(&mut self, claim: &ClaimedLetter<'_>, now: Timestamp) -> Evidence {
        weigh(&Facts {
            shows: shows(&mut self.transcripts, claim),
            turn: if has_left(claim) { Turn::Gone } else { claim.turn },
            way: claim.way(),
            delivered: claim.delivered,
            age: claim.age,
            quiet: quiet(claim, now),
        })
    }

    /// Ends this process, a background hook, and with that wakes the session.
    fn wake(&mut self, mailbox: &Mailbox, letters: &[Waiting]) -> Result<(), FsError> {
        let word = wakes::begin(mailbox)?;
        watch::hand_over();
        if plugin_folder::look(mailbox) == PluginFolder::Gone {
            plugin_folder::tell();
        }
        output::complain(&format!("{}\n", wakes::wake(mailbox.name().as_str(), &wakes::senders(letters), &word)));
        process::exit(WAKE)
    }

    fn room_units(&self) -> usize {
        ROOM_UNITS
    }
}

fn shows(transcripts: &mut Transcripts, claim: &ClaimedLetter<'_>) -> Shows {
    let mut show = |path: &str| transcripts.show(Path::new(path), claim.offset, &claim.ways, claim.id);
    let Some(path) = claim.record else { return Shows::NoRecord };
    match (show(path), claim.record_now.filter(|now_at| *now_at != path)) {
        // The client has moved it, with all that was in it, and says where it is now.
        (Shows::Moved | Shows::NoRecord, Some(now_at)) => show(now_at),
        (shows, _) => shows,
    }
}

/// Whether the process that was given a letter has gone on to another conversation, with a transcript of its own.
fn has_left(claim: &ClaimedLetter<'_>) -> bool {
    let exists = |path: &str| Path::new(path).exists();
    claim.record.zip(claim.record_now).is_some_and(|(then, now)| then != now && exists(now) && exists(then))
}

/// For how long the session's transcript has not changed.
fn quiet(claim: &ClaimedLetter<'_>, now: Timestamp) -> SignedDuration {
    let paths = [claim.record, claim.record_now].into_iter().flatten().map(Path::new);
    let changed = paths.filter_map(|path| path.metadata().ok()?.modified().ok()?.try_into().ok());
    let ages = changed.map(|at: Timestamp| now.duration_since(at).abs());
    ages.min().unwrap_or(SignedDuration::MAX)
}
