//! Proof that a letter went in: the session's transcript holds it as context that a hook injected.
//!
//! The client writes the transcript in batches, some 100 ms behind; that a letter is not there yet proves nothing until
//! a moment has passed.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead, BufReader, Seek, SeekFrom},
    path::Path,
};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::frame;
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
        let proved = kept
            && path.is_some_and(|path| {
                let key = (path, offset);
                transcripts.entry(key.clone()).or_insert_with(|| injected(Path::new(&key.0), key.1)).contains(&id)
            });
        if proved {
            mailbox.finish(&id, State::Claimed, Some(&Receipt::at(Step::Seen, now)))?;
            continue;
        }
        let delivered =
            receipts.iter().filter(|receipt| receipt.step == Step::Delivered).map(|receipt| receipt.at).max();
        let limit = match (patience, delivered) {
            (Patience::Long, _) => OTHER_HOOKS,
            (Patience::Short, Some(_)) => TRANSCRIPT_LAG,
            (Patience::Short, None) => SLOW_MAILMAN,
        };
        let latest = delivered.or_else(|| claims.iter().map(|claim| claim.at).max());
        // A claim made after this look began is young, too; one a day ahead was made under another clock.
        let age = latest.map_or(SignedDuration::MAX, |at| now.duration_since(at).abs());
        if age < limit {
            continue;
        }
        if !kept && delivered.is_some() {
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

#[derive(Deserialize)]
struct Row {
    attachment: Attachment,
}

#[derive(Deserialize)]
struct Attachment {
    r#type: String,
    content: Text,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    One(String),
    Several(Vec<String>),
}

/// The letters that hooks put before the model, from `offset` on. A file shorter than that was begun anew.
fn injected(transcript: &Path, offset: u64) -> Vec<LetterId> {
    const MARK: &[u8] = b"\"hook_additional_context\"";
    let mut found = Vec::new();
    let Ok(mut file) = File::open(transcript) else { return found };
    let start = if offset > length(transcript) { 0 } else { offset };
    if file.seek(SeekFrom::Start(start)).is_err() {
        return found;
    }
    let mut rows = BufReader::new(file);
    let mut row = Vec::new();
    while rows.read_until(b'\n', &mut row).is_ok_and(|read| read > 0) {
        if row.windows(MARK.len()).any(|window| window == MARK)
            && let Ok(Row { attachment }) = serde_json::from_slice::<Row>(&row)
            && attachment.r#type == "hook_additional_context"
        {
            match &attachment.content {
                Text::One(text) => found.extend(frame::ids(text)),
                Text::Several(texts) => found.extend(texts.iter().flat_map(|text| frame::ids(text))),
            }
        }
        row.clear();
    }
    found
}
