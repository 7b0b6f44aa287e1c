//! What rows of a transcript tell of letters and of turns.

use std::collections::HashSet;

use memchr::memmem;
use serde_json::Value;

use crate::{
    delivery::{evidence::Way, frame},
    mailbox::{lenient, letter::LetterId},
};

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
pub(super) const SYNTHETIC: &str = "<synthetic>";

/// What rows tell.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Letters that were put before the model, and how, with an answer behind them.
    pub(super) seen: HashSet<(Way, LetterId)>,
    /// The same, where the answer behind them may yet break off.
    pub(super) in_answer: HashSet<(Way, LetterId)>,
    /// The same, with no answer yet. They stay in the conversation, also when the request that carried them fails.
    pub(super) given: HashSet<(Way, LetterId)>,
    /// The last request ended in an error.
    pub(super) failed: bool,
    /// The last turn was cut by its person.
    cut: bool,
    /// Letters that the client has taken from a channel, and will put before the model when the turn allows.
    pub(super) pushed: HashSet<LetterId>,
    /// When the newest answer, and the end of a turn, was written that stands before any letter; as the client writes times,
    /// which sort as text.
    answered_at: String,
    over_at: String,
    /// Letters in rows of an unknown shape.
    pub(super) somewhere: HashSet<LetterId>,
    pub(super) turns: Turns,
}

/// How far the client has come with turns.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Turns {
    /// There is a row at all.
    pub(super) rows: bool,
    /// How far the turn of the latest prompt has come.
    pub(super) latest: Latest,
    /// A turn has ended.
    pub(super) ended: bool,
    /// A prompt was blocked.
    pub(super) blocked: bool,
    pub(super) queue: Queue,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Latest {
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
pub(super) struct Queue {
    /// It was emptied at once: what lay in it before counts no more.
    anew: bool,
    pub(super) more: i64,
}

impl Queue {
    pub(super) fn emptied() -> Self {
        Self { anew: true, more: 0 }
    }

    pub(super) fn is_empty_after(self, before: Self) -> bool {
        (if self.anew { 0 } else { before.more.max(0) }) + self.more <= 0
    }

    /// Whatever is no `enqueue` takes one out: `dequeue` and `remove` to begin with it, `popAll` to let the person edit it.
    pub(super) fn note(&mut self, row: &Value) {
        self.more += if row["operation"] == "enqueue" { 1 } else { -1 };
    }
}

/// Whether an attachment was written as a client began: no prompt waits in it.
pub(super) fn begins_a_process(attachment: &Value) -> bool {
    matches!(attachment["hookName"].as_str(), Some("SessionStart:startup" | "SessionStart:resume"))
}

impl Told {
    pub(super) fn note(&mut self, row: &[u8]) {
        self.turns.rows = true;
        let holds = |marks: &[&[u8]]| marks.iter().any(|mark| memmem::find(row, mark).is_some());
        let waits_for_answer = !(self.given.is_empty() && self.in_answer.is_empty());
        let (may_answer, tells) = (holds(&ANSWERS), holds(&MARKS));
        if !may_answer && !tells {
            return;
        }
        let Ok(row) = lenient::from_slice::<Value>(row) else { return };
        if waits_for_answer {
            self.note_answers(&row);
        } else {
            self.note_early(&row);
        }
        if !tells {
            return;
        }
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
        self.look_back(&row);
    }

    /// Remembers answers that stand before any letter: the first rows of a file may be in another order than what they tell
    /// of (measured on 2.1.200, where an answer stood before the prompt that it answers).
    fn note_early(&mut self, row: &Value) {
        let at = row["timestamp"].as_str().unwrap_or_default();
        let newest = match row["type"].as_str() {
            _ if row["isSidechain"] == true || row["isApiErrorMessage"] == true => return,
            Some("assistant") if row["message"]["model"] != SYNTHETIC => &mut self.answered_at,
            Some("system") if ends_a_turn(row) => &mut self.over_at,
            _ => return,
        };
        if at > newest.as_str() {
            at.clone_into(newest);
        }
    }

    /// Letters that a row has put before the model were answered by what was written later and stands before it.
    fn look_back(&mut self, row: &Value) {
        let Some(at) = row["timestamp"].as_str().filter(|at| self.answered_at.as_str() > *at) else { return };
        self.in_answer.extend(self.given.drain());
        if self.over_at.as_str() > at {
            self.seen.extend(self.in_answer.drain());
        }
    }

    /// What a row says of letters that wait for their answer. A stream that breaks off leaves what had come of the answer,
    /// and the error behind it.
    fn note_answers(&mut self, row: &Value) {
        match row["type"].as_str() {
            _ if row["isSidechain"] == true => {}
            Some("assistant") if row["isApiErrorMessage"] == true => {
                self.given.extend(self.in_answer.drain());
                self.failed = true;
            }
            Some("assistant") if row["message"]["model"] != SYNTHETIC => self.in_answer.extend(self.given.drain()),
            Some("system") if ends_a_turn(row) => {
                self.seen.extend(self.in_answer.drain());
                if !self.failed && !self.cut {
                    self.seen.extend(self.given.drain()); // a turn ends like this only when it was answered
                }
            }
            Some("user") => {
                self.seen.extend(self.in_answer.drain());
                (self.failed, self.cut) = (false, is_interruption(row));
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
pub(super) fn is_interruption(row: &Value) -> bool {
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
pub(super) fn texts(content: &Value) -> impl Iterator<Item = &str> {
    let several = content.as_array().into_iter().flatten();
    content.as_str().into_iter().chain(several.filter_map(|part| part.as_str().or_else(|| part["text"].as_str())))
}

/// The id of the letter in a channel message as the client writes it down.
fn channel_message(text: &str) -> Option<LetterId> {
    let head = text.strip_prefix("<channel ")?.split('>').next()?;
    head.split_once(" id=\"")?.1.split('"').next()?.parse().ok()
}

/// Who wrote the letter in a channel message of ours.
pub(super) fn channel_sender(text: &str) -> Option<&str> {
    let head = text.strip_prefix("<channel source=\"")?.split('>').next()?;
    head.contains("cc2cc").then(|| head.split_once(" from=\"")?.1.split('"').next()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_stands_before_its_prompt_counts_by_its_time() {
        let answer = |at: &str| format!(r#"{{"type":"assistant","message":{{"model":"m"}},"timestamp":"{at}"}}"#);
        let over = |at: &str| format!(r#"{{"type":"system","subtype":"turn_duration","timestamp":"{at}"}}"#);
        let letter = |at: &str| {
            let message = r#"{"content":"<channel source=\"cc2cc\" id=\"abc-1\">\nhello\n</channel>"}"#;
            format!(r#"{{"type":"user","message":{message},"origin":{{"kind":"channel"}},"timestamp":"{at}"}}"#)
        };
        let told = |rows: &[String]| {
            let mut told = Told::default();
            for row in rows {
                told.note(row.as_bytes());
            }
            (told.given.len(), told.in_answer.len(), told.seen.len())
        };
        let [early, at, late] = ["2026-11-29T14:35:04.1Z", "2026-11-29T14:35:04.5Z", "2026-11-29T14:35:04.9Z"];
        assert_eq!(told(&[answer(late), over(late), letter(at)]), (0, 0, 1));
        assert_eq!(told(&[answer(late), letter(at)]), (0, 1, 0), "it may yet break off");
        assert_eq!(told(&[answer(late), letter(at), over(late)]), (0, 0, 1));
        assert_eq!(told(&[answer(early), over(early), letter(at)]), (1, 0, 0), "that was another prompt's");
        assert_eq!(told(&[letter(at), answer(late), over(late)]), (0, 0, 1));
    }

    #[test]
    fn an_id_is_read_from_the_head_of_a_message_only() {
        let found = |text| channel_message(text).map(|id| id.to_string());
        let text = "<channel source=\"cc2cc\" from=\"bob\" id=\"abc-1\">\n<channel id=\"abc-2\">\n</channel>";
        assert_eq!(found(text).as_deref(), Some("abc-1"));
        assert_eq!(found("<channel source=\"x\">\n id=\"abc-1\"</channel>"), None);
        assert_eq!(found("look: <channel source=\"x\" id=\"abc-1\">"), None);
    }
}
