//! Proof that a letter went in: the session's transcript holds it as context that a hook injected, as a channel message,
//! or in the result of a tool.
//!
//! The client writes the transcript in batches, some 100 ms behind; that a letter is not there yet proves nothing until
//! a moment has passed.

use std::{
    collections::{HashMap, HashSet},
    fs::File,
    io::{BufRead, BufReader, Seek, SeekFrom},
    path::Path,
};

use jiff::{SignedDuration, Timestamp};
use memchr::memmem;
use serde_json::Value;

use super::{channel, frame};
use crate::mailbox::{
    Mailbox, State,
    disk::FsError,
    letter::LetterId,
    receipts::{Receipt, Step, since_return},
};

/// How long after a delivery the transcript may be behind.
const TRANSCRIPT_LAG: SignedDuration = SignedDuration::from_secs(2);
/// How long a mailman may take from the claim to the delivery, on a machine with too much to do.
const SLOW_MAILMAN: SignedDuration = SignedDuration::from_secs(30);
/// How long other hooks of the same event may keep the client from using what ours gave it.
const OTHER_HOOKS: SignedDuration = SignedDuration::from_mins(10);

/// How soon an unproved claim counts as failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// The client has gone on since: whatever it was given is in the transcript, once that has caught up.
    Short,
    /// A turn is under way, and its hooks may not all have ended.
    Long,
}

/// Looks every claim up: proved ones are done, failed ones go back to the inbox.
///
/// # Errors
/// A `FsError` when the mailbox cannot be used.
pub fn settle(mailbox: &Mailbox, now: Timestamp, patience: Patience) -> Result<(), FsError> {
    let mut transcripts = HashMap::new();
    for id in mailbox.ids(State::Claimed)? {
        let all = mailbox.receipts(&id);
        // Since it last went back. Of several that noted a claim one won, and which cannot be told: the proof lies
        // behind the first, and time runs from the last.
        let receipts = since_return(&all);
        let claims: Vec<&Receipt> = receipts.iter().filter(|receipt| receipt.step == Step::Claimed).collect();
        let claim = claims.last();
        let path = claim.and_then(|claim| claim.transcript.clone());
        let same_file = claims.iter().filter(|claim| claim.transcript == path);
        let offset = same_file.filter_map(|claim| claim.offset).min().unwrap_or(0);
        let kept = path.as_deref().is_some_and(|path| Path::new(path).exists());
        let nothing = Told::default();
        let told = path.filter(|_| kept).map_or(&nothing, |path| {
            let key = (path, offset);
            transcripts.entry(key.clone()).or_insert_with(|| told(Path::new(&key.0), key.1))
        });
        let ways = claims.iter().filter_map(|claim| Way::of(claim));
        if ways.into_iter().any(|way| told.seen.contains(&(way, id.clone()))) {
            mailbox.finish(&id, State::Claimed, Some(&Receipt::at(Step::Seen, now)))?;
            continue;
        }
        let delivered =
            receipts.iter().filter(|receipt| receipt.step == Step::Delivered).map(|receipt| receipt.at).max();
        let limit = match (patience, delivered) {
            (Patience::Long, _) => OTHER_HOOKS,
            (Patience::Short, Some(_)) if told.queued.contains(&id) => OTHER_HOOKS,
            (Patience::Short, Some(_)) => TRANSCRIPT_LAG,
            (Patience::Short, None) => SLOW_MAILMAN,
        };
        let latest = delivered.or_else(|| claims.iter().map(|claim| claim.at).max());
        // A claim made after this look began is young, too; one a day ahead was made under another clock.
        let age = latest.map_or(SignedDuration::MAX, |at| now.duration_since(at).abs());
        if age < limit {
            continue;
        }
        let pushed = claim.is_some_and(|claim| Way::of(claim) == Some(Way::Channel));
        if !kept && delivered.is_some() && !pushed {
            mailbox.finish(&id, State::Claimed, None)?; // no transcript to ask: it stays "delivered"
        } else {
            mailbox.give_back_if_still(&id, all.len())?;
        }
    }
    Ok(())
}

/// A transcript's length in bytes: what is injected from now on comes after. 0 when there is none yet.
#[must_use]
pub fn length(transcript: &Path) -> u64 {
    transcript.metadata().map_or(0, |facts| facts.len())
}

/// How a letter goes before the model. A claim says which way was taken, and only that way proves it: the result of a
/// tool may quote anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    Hook,
    Channel,
    Tool,
}

impl Way {
    /// The word for it in a receipt; the ordinary way has none.
    #[must_use]
    pub fn word(self) -> Option<String> {
        match self {
            Self::Hook => None,
            Self::Channel => Some("channel".to_owned()),
            Self::Tool => Some("tool".to_owned()),
        }
    }

    fn of(claim: &Receipt) -> Option<Self> {
        [Self::Hook, Self::Channel, Self::Tool].into_iter().find(|way| way.word() == claim.via)
    }
}

/// What a transcript tells of letters.
#[derive(Debug, Default)]
struct Told {
    /// They were put before the model, and how.
    seen: HashSet<(Way, LetterId)>,
    /// The client has taken them from a channel, and will put them before the model when the turn allows.
    queued: HashSet<LetterId>,
}

/// Whether a transcript knows a channel message from `offset` on, as put before the model or about to be.
#[must_use]
pub fn is_known(transcript: &Path, offset: u64, id: &LetterId) -> bool {
    let told = told(transcript, offset);
    told.seen.contains(&(Way::Channel, id.clone())) || told.queued.contains(id)
}

/// What only rows about letters hold: hooks' context, channel messages, mail in the results of tools.
const MARKS: [&[u8]; 3] = [b"\"hook_additional_context\"", b"<channel source=", b"<cc2cc-mail>"];

/// What a transcript tells of letters from `offset` on. A file shorter than that was begun anew.
fn told(transcript: &Path, offset: u64) -> Told {
    let mut found = Told::default();
    let Ok(mut file) = File::open(transcript) else { return found };
    let start = if offset > length(transcript) { 0 } else { offset };
    if file.seek(SeekFrom::Start(start)).is_err() {
        return found;
    }
    let mut rows = BufReader::new(file);
    let mut row = Vec::new();
    while rows.read_until(b'\n', &mut row).is_ok_and(|read| read > 0) {
        let is_marked = MARKS.iter().any(|mark| memmem::find(&row, mark).is_some());
        if is_marked && let Ok(row) = serde_json::from_slice::<Value>(&row) {
            note_row(&row, &mut found);
        }
        row.clear();
    }
    found
}

fn note_row(row: &Value, told: &mut Told) {
    let attachment = &row["attachment"];
    let is_channel = |origin: &Value| origin["kind"] == "channel";
    let is_user = row["type"] == "user";
    let mut note = |way, ids: Vec<LetterId>| told.seen.extend(ids.into_iter().map(|id| (way, id)));
    if attachment["type"] == "hook_additional_context" {
        note(Way::Hook, texts(&attachment["content"]).flat_map(frame::ids).collect());
    } else if attachment["type"] == "queued_command" && is_channel(&attachment["origin"]) {
        note(Way::Channel, texts(&attachment["prompt"]).filter_map(channel::id).collect());
    } else if is_user && is_channel(&row["origin"]) {
        note(Way::Channel, texts(&row["message"]["content"]).filter_map(channel::id).collect());
    } else if is_user {
        let blocks = row["message"]["content"].as_array().into_iter().flatten();
        let results = blocks.filter(|block| block["type"] == "tool_result");
        note(Way::Tool, results.flat_map(|block| texts(&block["content"])).flat_map(frame::ids).collect());
    } else if row["type"] == "queue-operation" && row["operation"] == "enqueue" {
        told.queued.extend(texts(&row["content"]).filter_map(channel::id));
    }
}

/// The texts in a content: one string, or a list of strings or blocks.
fn texts(content: &Value) -> impl Iterator<Item = &str> {
    let several = content.as_array().into_iter().flatten();
    content.as_str().into_iter().chain(several.filter_map(|part| part.as_str().or_else(|| part["text"].as_str())))
}
