//! What a session's transcript tells of letters and of turns, from the length on that it had at a claim.
//!
//! The client appends rows of JSON in batches, some 100 ms behind. Rows of one conversation come in its order, but for the
//! first ones of a file; those about the queue of prompts may come a little earlier than what happened before them. A
//! reader remembers how far it has come, so that a look at a file that has not changed costs one question to the system.

pub mod last_turns;
mod told;

use std::{
    collections::{HashMap, HashSet},
    fs::Metadata,
    path::{Path, PathBuf},
};

use memchr::memmem;
use serde_json::Value;

use self::told::{Latest, Queue, Told, Turns, begins_a_process};
use crate::{
    clients::rows::rows,
    delivery::evidence::{Shows, Way},
    mailbox::{lenient, letter::LetterId},
};

/// The transcripts that one process looks into, each from one length on.
#[derive(Debug, Default)]
pub struct Transcripts {
    open: HashMap<(PathBuf, u64), OpenTranscript>,
    queues: HashMap<(PathBuf, u64), Queue>,
    asked: HashSet<(PathBuf, u64)>,
}

impl Transcripts {
    /// What a transcript shows of a letter that was claimed, by one of some ways, when it was `offset` bytes long.
    pub fn show(&mut self, transcript: &Path, offset: u64, ways: &[Way], id: &LetterId) -> Shows {
        let Ok(facts) = transcript.metadata() else {
            return if offset > 0 { Shows::Moved } else { Shows::NoRecord };
        };
        let key = (transcript.to_owned(), offset);
        self.asked.insert(key.clone());
        let reader = self.open.entry(key.clone()).or_insert_with(|| OpenTranscript::from(offset));
        reader.read_on(transcript, &facts);
        let Told { seen, in_answer, given, failed, pushed, somewhere, turns, .. } = &reader.told;
        let has = |letters: &HashSet<(Way, LetterId)>| ways.iter().any(|way| letters.contains(&(*way, id.clone())));
        match () {
            () if has(seen) => return Shows::Letter,
            () if has(in_answer) => return Shows::LetterInAnswer,
            () if has(given) && *failed => return Shows::LetterInFailure,
            () if has(given) => return Shows::LetterUnanswered,
            () => {}
        }
        if somewhere.contains(id) && ways.contains(&Way::Hook) {
            return Shows::LetterSomewhere;
        }
        let Turns { rows, latest, ended, blocked, queue } = *turns;
        let before = |queues: &mut HashMap<_, _>| *queues.entry(key).or_insert_with(|| queue_until(transcript, offset));
        let waits_in_queue = rows && !queue.is_empty_after(before(&mut self.queues));
        match () {
            () if waits_in_queue => Shows::Queue,
            () if latest == Latest::Over => Shows::WholeTurn,
            () if blocked => Shows::BlockedPrompt,
            () if ended => Shows::EndOfTurn,
            () if pushed.contains(id) => Shows::Queue,
            () if rows => Shows::OtherRows,
            () => Shows::NoRow,
        }
    }

    /// Forgets those that nobody has asked for since this was called before.
    pub fn forget_unasked(&mut self) {
        self.open.retain(|place, _| self.asked.contains(place));
        self.queues.retain(|place, _| self.asked.contains(place));
        self.asked.clear();
    }

    /// Whether a transcript knows a channel message, as put before the model or about to be.
    pub fn knows_push(&mut self, transcript: &Path, offset: u64, id: &LetterId) -> bool {
        let Ok(facts) = transcript.metadata() else { return false };
        let reader = self.open.entry((transcript.to_owned(), offset)).or_insert_with(|| OpenTranscript::from(offset));
        reader.read_on(transcript, &facts);
        let push = (Way::Push, id.clone());
        let Told { seen, in_answer, given, pushed, .. } = &reader.told;
        [seen, in_answer, given].iter().any(|letters| letters.contains(&push)) || pushed.contains(id)
    }
}

/// One transcript, read from one length on and as far as it went.
#[derive(Debug, Default)]
struct OpenTranscript {
    /// Where the first row begins that has not been read whole.
    next: u64,
    /// How long the file was when it was read.
    length: u64,
    told: Told,
}

impl OpenTranscript {
    fn from(offset: u64) -> Self {
        Self { next: offset, ..Self::default() }
    }

    /// Reads what has come since; a file that is shorter than before was begun anew.
    fn read_on(&mut self, transcript: &Path, facts: &Metadata) {
        if facts.len() < self.next {
            *self = Self::from(0);
        }
        if facts.len() == self.length {
            return;
        }
        let told = &mut self.told;
        if let Ok(read) = rows(transcript, self.next, u64::MAX, |row| told.note(row)) {
            self.next += read;
            self.length = facts.len();
        }
    }
}

/// The queue of prompts as it stood at a length of the file.
fn queue_until(transcript: &Path, offset: u64) -> Queue {
    let mut queue = Queue::default();
    let marks = [memmem::Finder::new(b"\"queue-operation\""), memmem::Finder::new(b"\"SessionStart:")];
    let is_marked = |row: &[u8]| marks.iter().any(|mark| mark.find(row).is_some());
    // What cannot be read counts as an empty queue; then the letter is delivered once more, marked.
    let _ = rows(transcript, 0, offset, |row| {
        if is_marked(row)
            && let Ok(row) = lenient::from_slice::<Value>(row)
        {
            if row["type"] == "queue-operation" {
                queue.note(&row);
                queue.more = queue.more.max(0); // what came into it was not written down
            } else if begins_a_process(&row["attachment"]) {
                queue = Queue::emptied();
            }
        }
    });
    queue
}
