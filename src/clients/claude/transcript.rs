//! What a session's transcript tells of letters and of turns, from the length on that it had at a claim.
//!
//! The client appends rows of JSON in batches, some 100 ms behind. Rows of one conversation come in its order; those about
//! the queue of prompts may come a little earlier than what happened before them. A reader remembers how far it has come,
//! so that a look at a file that has not changed costs one question to the system.

use std::{
    collections::{HashMap, HashSet},
    fs::{File, Metadata},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use memchr::memmem;
use serde_json::Value;

use crate::{
    delivery::{
        evidence::{Shows, Way},
        frame,
    },
    mailbox::{lenient, letter::LetterId},
};

/// A longer row is not looked into; no row that holds letters comes near it.
const LONGEST_ROW_BYTES: usize = 4 * 1024 * 1024;

/// What only rows that tell something hold. `"type":"user"` and the like are what the client writes; a row that spells it
/// in another way is one of an unknown shape.
const MARKS: [&[u8]; 8] = [
    b"\"hook_additional_context\"",
    b"<channel source=",
    b"<letter id=",
    b"\"type\":\"user\"",
    b"\"type\":\"system\"",
    b"\"type\":\"queue",
    b"\"SessionStart:",
    b"\"isApiErrorMessage\":true",
];

/// What rows hold that tell whether the model has answered.
const ANSWERS: [&[u8]; 3] = [b"\"type\":\"assistant\"", b"\"type\":\"user\"", b"\"type\":\"system\""];
/// The model of answers that the client makes up by itself.
const SYNTHETIC: &str = "<synthetic>";

/// A transcript's length in bytes: what is injected from now on comes after. 0 when there is none yet.
#[must_use]
pub fn length(transcript: &Path) -> u64 {
    transcript.metadata().map_or(0, |facts| facts.len())
}

/// The transcripts that one process looks into, each from one length on.
#[derive(Debug, Default)]
pub struct Transcripts {
    open: HashMap<(PathBuf, u64), Reader>,
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
        let reader = self.open.entry(key.clone()).or_insert_with(|| Reader::from(offset));
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
        let reader = self.open.entry((transcript.to_owned(), offset)).or_insert_with(|| Reader::from(offset));
        reader.read_on(transcript, &facts);
        let push = (Way::Push, id.clone());
        let Told { seen, in_answer, given, pushed, .. } = &reader.told;
        [seen, in_answer, given].iter().any(|letters| letters.contains(&push)) || pushed.contains(id)
    }
}

/// One transcript, read from one length on and as far as it went.
#[derive(Debug, Default)]
struct Reader {
    /// Where the first row begins that has not been read whole.
    next: u64,
    /// How long the file was when it was read.
    length: u64,
    told: Told,
}

impl Reader {
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

/// Gives every whole row between two places, those that are too long as nothing; returns the length of all of them.
fn rows(transcript: &Path, from: u64, to: u64, mut row_is: impl FnMut(&[u8])) -> io::Result<u64> {
    let mut file = File::open(transcript)?;
    file.seek(SeekFrom::Start(from))?;
    let mut input = BufReader::with_capacity(64 * 1024, file.take(to.saturating_sub(from)));
    let (mut row, mut row_length, mut whole) = (Vec::new(), 0, 0);
    loop {
        let piece = match input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            piece => piece?,
        };
        if piece.is_empty() {
            return Ok(whole); // what is left is still being written
        }
        let end = memchr::memchr(b'\n', piece);
        let used = end.map_or(piece.len(), |end| end + 1);
        if row.len() + used <= LONGEST_ROW_BYTES {
            row.extend_from_slice(&piece[..used]);
        }
        row_length += used;
        input.consume(used);
        if end.is_some() {
            row_is(if row.len() == row_length { &row } else { &[] });
            whole += u64::try_from(row_length).unwrap_or_default();
            row.clear();
            row_length = 0;
        }
    }
}

/// What rows tell.
#[derive(Debug, Default)]
struct Told {
    /// Letters that were put before the model, and how, with an answer behind them.
    seen: HashSet<(Way, LetterId)>,
    /// The same, where the answer behind them may yet break off.
    in_answer: HashSet<(Way, LetterId)>,
    /// The same, with no answer yet. They stay in the conversation, also when the request that carried them fails.
    given: HashSet<(Way, LetterId)>,
    /// The last request ended in an error.
    failed: bool,
    /// The last turn was cut by its person.
    cut: bool,
    /// Letters that the client has taken from a channel, and will put before the model when the turn allows.
    pushed: HashSet<LetterId>,
    /// Letters in rows of an unknown shape.
    somewhere: HashSet<LetterId>,
    turns: Turns,
}

/// How far the client has come with turns.
#[derive(Debug, Default, Clone, Copy)]
struct Turns {
    /// There is a row at all.
    rows: bool,
    /// How far the turn of the latest prompt has come.
    latest: Latest,
    /// A turn has ended.
    ended: bool,
    /// A prompt was blocked.
    blocked: bool,
    queue: Queue,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Latest {
    /// None has come before the model, or one was just taken out of the queue.
    #[default]
    ToCome,
    Begun,
    Over,
}

impl Turns {
    fn begin(&mut self) {
        if self.latest == Latest::ToCome {
            self.latest = Latest::Begun;
        }
    }

    fn end(&mut self) {
        self.ended = true;
        if self.latest == Latest::Begun {
            self.latest = Latest::Over;
        }
    }

    /// A prompt leaves the queue; its rows are still to come.
    fn take(&mut self) {
        self.latest = Latest::ToCome;
        self.blocked = false;
    }
}

/// How many prompts wait for the client to come to them.
#[derive(Debug, Default, Clone, Copy)]
struct Queue {
    /// It was emptied at once: what lay in it before counts no more.
    anew: bool,
    more: i64,
}

impl Queue {
    fn emptied() -> Self {
        Self { anew: true, more: 0 }
    }

    fn is_empty_after(self, before: Self) -> bool {
        (if self.anew { 0 } else { before.more.max(0) }) + self.more <= 0
    }

    /// Whatever is no `enqueue` takes one out: `dequeue` and `remove` to begin with it, `popAll` to let the person edit it.
    fn note(&mut self, row: &Value) {
        self.more += if row["operation"] == "enqueue" { 1 } else { -1 };
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

/// Whether an attachment was written as a client began: no prompt waits in it.
fn begins_a_process(attachment: &Value) -> bool {
    matches!(attachment["hookName"].as_str(), Some("SessionStart:startup" | "SessionStart:resume"))
}

impl Told {
    fn note(&mut self, row: &[u8]) {
        self.turns.rows = true;
        if !(self.given.is_empty() && self.in_answer.is_empty()) {
            self.note_answers(row);
        }
        if MARKS.iter().all(|mark| memmem::find(row, mark).is_none()) {
            return;
        }
        let Ok(row) = lenient::from_slice::<Value>(row) else { return };
        match row["type"].as_str() {
            Some("attachment") => self.note_attachment(&row["attachment"]),
            Some("user") => self.note_user(&row),
            Some("assistant") if row["isApiErrorMessage"] == true => self.turns.end(),
            Some("system") => self.note_system(&row),
            Some("queue-operation") => {
                if row["operation"] == "enqueue" {
                    self.pushed.extend(texts(&row["content"]).filter_map(channel_message));
                } else {
                    self.turns.take();
                }
                self.turns.queue.note(&row);
            }
            // Those are copies of what is sent, made before it is.
            Some("assistant" | "api-request" | "api-request-blob" | "api-request-shape") => {}
            _ => mentioned(&row, &mut self.somewhere),
        }
    }

    /// What a row says of letters that wait for their answer. A stream that breaks off leaves what had come of the answer,
    /// and the error behind it.
    fn note_answers(&mut self, row: &[u8]) {
        if ANSWERS.iter().all(|mark| memmem::find(row, mark).is_none()) {
            return;
        }
        let Ok(row) = lenient::from_slice::<Value>(row) else { return };
        match row["type"].as_str() {
            _ if row["isSidechain"] == true => {}
            Some("assistant") if row["isApiErrorMessage"] == true => {
                self.given.extend(self.in_answer.drain());
                self.failed = true;
            }
            Some("assistant") if row["message"]["model"] != SYNTHETIC => self.in_answer.extend(self.given.drain()),
            Some("system") if ends_a_turn(&row) => {
                self.seen.extend(self.in_answer.drain());
                if !self.failed && !self.cut {
                    self.seen.extend(self.given.drain()); // a turn ends like this only when it was answered
                }
            }
            Some("user") => {
                self.seen.extend(self.in_answer.drain());
                (self.failed, self.cut) = (false, is_interruption(&row));
            }
            _ => {}
        }
    }

    fn note_attachment(&mut self, attachment: &Value) {
        if begins_a_process(attachment) {
            self.turns.queue = Queue::emptied();
        }
        match attachment["type"].as_str() {
            Some("hook_additional_context") => self.see(Way::Hook, &attachment["content"]),
            Some("queued_command") => {
                self.turns.begin();
                if is_channel(&attachment["origin"]) {
                    let ids = texts(&attachment["prompt"]).filter_map(channel_message);
                    self.given.extend(ids.map(|id| (Way::Push, id)));
                }
            }
            // Records of a hook that ran, with what it printed, whether or not the client used it.
            Some(kind) if kind.starts_with("hook_") || kind.starts_with("async_hook") => {}
            _ => mentioned(attachment, &mut self.somewhere),
        }
    }

    fn note_user(&mut self, row: &Value) {
        if row["isSidechain"] == true {
            return; // of a subagent
        }
        let content = &row["message"]["content"];
        let results = content.as_array().into_iter().flatten().filter(|block| block["type"] == "tool_result");
        let mut is_result = false;
        for result in results {
            is_result = true;
            self.see(Way::Tool, &result["content"]);
        }
        let starts_with = |start: &str| texts(content).any(|text| text.starts_with(start));
        if is_interruption(row) {
            self.turns.end();
        } else if is_channel(&row["origin"]) {
            self.turns.begin();
            self.given.extend(texts(content).filter_map(channel_message).map(|id| (Way::Push, id)));
        } else if !is_result && row["isMeta"] != true && row["isCompactSummary"] != true {
            // What the client does by itself, such as /compact, is no prompt.
            if !starts_with("<command-name>") && !starts_with("<local-command") {
                self.turns.begin();
            }
        }
    }

    fn note_system(&mut self, row: &Value) {
        match () {
            () if ends_a_turn(row) => self.turns.end(),
            () if texts(&row["content"]).any(|text| text.contains("UserPromptSubmit operation blocked by hook")) => {
                self.turns.blocked = true;
            }
            () => {}
        }
    }

    fn see(&mut self, way: Way, content: &Value) {
        self.given.extend(texts(content).flat_map(frame::ids).map(|id| (way, id)));
    }
}

/// Whether a row of the person's says that they cut a turn.
fn is_interruption(row: &Value) -> bool {
    let says_so = |text: &str| text.starts_with("[Request interrupted by user");
    row["interruptedMessageId"].is_string() || texts(&row["message"]["content"]).any(says_so)
}

/// Whether a row of the system says that a turn is over.
fn ends_a_turn(row: &Value) -> bool {
    matches!(row["subtype"].as_str(), Some("turn_duration" | "stop_hook_summary"))
}

fn is_channel(origin: &Value) -> bool {
    origin["kind"] == "channel"
}

/// The letters in any text of a value.
fn mentioned(value: &Value, ids: &mut HashSet<LetterId>) {
    match value {
        Value::String(text) => ids.extend(frame::ids(text)),
        Value::Array(values) => values.iter().for_each(|value| mentioned(value, ids)),
        Value::Object(fields) => fields.values().for_each(|value| mentioned(value, ids)),
        _ => {}
    }
}

/// The texts in a content: one string, or a list of strings or blocks.
fn texts(content: &Value) -> impl Iterator<Item = &str> {
    let several = content.as_array().into_iter().flatten();
    content.as_str().into_iter().chain(several.filter_map(|part| part.as_str().or_else(|| part["text"].as_str())))
}

/// The id of the letter in a channel message as the client writes it down.
fn channel_message(text: &str) -> Option<LetterId> {
    let head = text.strip_prefix("<channel ")?.split('>').next()?;
    head.split_once(" id=\"")?.1.split('"').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_from_the_head_of_a_message_only() {
        let found = |text| channel_message(text).map(|id| id.to_string());
        let text = "<channel source=\"cc2cc\" from=\"bob\" id=\"abc-1\">\n<channel id=\"abc-2\">\n</channel>";
        assert_eq!(found(text).as_deref(), Some("abc-1"));
        assert_eq!(found("<channel source=\"x\">\n id=\"abc-1\"</channel>"), None);
        assert_eq!(found("look: <channel source=\"x\" id=\"abc-1\">"), None);
    }
}
