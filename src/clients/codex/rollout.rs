//! What a session's rollout tells: the file of JSON lines in which Codex keeps a thread.
//!
//! The client writes each row as it happens. What a hook gave the model is a message of the role `developer` whose parts
//! are marked as context of hooks, with a hook as their provenance; what a person or a model writes never has this mark.

use std::{fs::File, io::Read, path::Path};

use memchr::memmem;
use serde_json::Value;

use crate::{
    clients::rows::rows,
    delivery::{evidence::Shows, frame},
    mailbox::{lenient, letter::LetterId, level::Level},
};

/// How much of the end of a rollout is read to learn how its last turn stands.
const TAIL_BYTES: u64 = 512 * 1024;
/// How much of its beginning is read to learn whose thread it is; the instructions to the model come after that.
const HEAD_BYTES: u64 = 8 * 1024;
/// How the kind of a message's part begins that a hook gave.
const OF_HOOKS: &str = "hooks.";

/// What a rollout shows of a letter that was claimed when it was `offset` bytes long.
#[must_use]
pub fn show(rollout: &Path, offset: u64, id: &LetterId) -> Shows {
    let Ok(facts) = rollout.metadata() else {
        return if offset > 0 { Shows::Moved } else { Shows::NoRecord };
    };
    let from = if facts.len() < offset { 0 } else { offset };
    let mut told = Behind::default();
    let mark = memmem::Finder::new(id.as_str());
    let read = rows(rollout, from, u64::MAX, |row| told.note(row, id, mark.find(row).is_some()));
    if read.is_err() { Shows::OtherRows } else { told.shows() }
}

/// What the rows behind a claim tell of one letter.
#[derive(Debug, Default)]
struct Behind {
    rows: bool,
    letter: InRollout,
    /// A turn has begun behind the claim.
    begun: bool,
    ended: Option<EndedTurn>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum InRollout {
    #[default]
    Nowhere,
    /// In a row that cannot be read.
    Somewhere,
    Given,
    Answered,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum EndedTurn {
    BegunBefore,
    Whole,
}

impl Behind {
    fn note(&mut self, row: &[u8], id: &LetterId, names_it: bool) {
        self.rows = true;
        // The rows of what the tools of the model have said may be large, and tell nothing.
        let may_tell = ["\"role\":\"developer\"", "\"role\":\"assistant\"", "_call\"", "\"task_", "\"turn_aborted\""];
        if !names_it && !may_tell.iter().any(|mark| memmem::find(row, mark.as_bytes()).is_some()) {
            return;
        }
        let Ok(row) = lenient::from_slice::<Value>(row) else {
            if names_it {
                self.letter = self.letter.max(InRollout::Somewhere);
            }
            return;
        };
        let payload = &row["payload"];
        match (row["type"].as_str(), payload["type"].as_str()) {
            (Some("response_item"), Some("message")) if names_it && is_given(payload, id) => {
                self.letter = self.letter.max(InRollout::Given);
            }
            (Some("response_item"), Some("message")) if payload["role"] == "assistant" => self.answer(),
            (Some("response_item"), Some("function_call" | "custom_tool_call" | "local_shell_call")) => self.answer(),
            (Some("event_msg"), Some("task_started")) => self.begun = true,
            (Some("event_msg"), Some("task_complete" | "turn_aborted")) => {
                let ended = if self.begun { EndedTurn::Whole } else { EndedTurn::BegunBefore };
                self.ended = self.ended.max(Some(ended));
            }
            _ => {}
        }
    }

    fn answer(&mut self) {
        if self.letter == InRollout::Given {
            self.letter = InRollout::Answered;
        }
    }

    fn shows(&self) -> Shows {
        match (self.letter, self.ended) {
            (InRollout::Answered, _) => Shows::Letter,
            (InRollout::Given, _) => Shows::LetterUnanswered,
            (InRollout::Somewhere, _) => Shows::LetterSomewhere,
            (InRollout::Nowhere, Some(EndedTurn::Whole)) => Shows::WholeTurn,
            (InRollout::Nowhere, Some(EndedTurn::BegunBefore)) => Shows::EndOfTurn,
            (InRollout::Nowhere, None) if self.rows => Shows::OtherRows,
            (InRollout::Nowhere, None) => Shows::NoRow,
        }
    }
}

/// Whether a message holds a letter that a hook gave the model.
fn is_given(message: &Value, id: &LetterId) -> bool {
    message["role"] == "developer" && parts_of_hooks(message).flat_map(frame::ids).any(|found| found == *id)
}

/// The texts in a message that hooks gave the model, as the client itself says.
fn parts_of_hooks(message: &Value) -> impl Iterator<Item = &str> {
    let marks = &message["internal_chat_message_metadata_passthrough"];
    let parts = message["content"].as_array().into_iter().flatten().enumerate();
    parts.filter_map(move |(at, part)| {
        let is_of_hooks = marks["content_item_kinds"][at].as_str().is_some_and(|kind| kind.starts_with(OF_HOOKS));
        let by_a_hook = marks["content_item_metadata"][at]["provenance"]["hook"] == true;
        part["text"].as_str().filter(|_| is_of_hooks && by_a_hook)
    })
}

/// How the last turn of a rollout stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastTurn {
    UnderWay,
    Over,
    /// Somebody cut it, with Esc as a rule.
    Cut,
    /// The end of the rollout does not tell.
    Untold,
}

/// What the end of a rollout tells.
#[derive(Debug, PartialEq, Eq)]
pub struct Ending {
    pub turn: LastTurn,
    /// How far the session acts without asking, as of its last turn.
    pub level: Option<Level>,
    /// What began the last turn: `user`, `queue`, or another word of the client's.
    pub trigger: Option<String>,
}

/// Reads the end of a rollout.
#[must_use]
pub fn ending(rollout: &Path) -> Ending {
    let mut ending = Ending { turn: LastTurn::Untold, level: None, trigger: None };
    let Ok(length) = rollout.metadata().map(|facts| facts.len()) else { return ending };
    let read = rows(rollout, length.saturating_sub(TAIL_BYTES), u64::MAX, |row| {
        let marks = ["\"task_", "\"turn_aborted\"", "\"turn_context\""];
        if !marks.iter().any(|mark| memmem::find(row, mark.as_bytes()).is_some()) {
            return;
        }
        let Ok(row) = lenient::from_slice::<Value>(row) else { return };
        let payload = &row["payload"];
        match (row["type"].as_str(), payload["type"].as_str()) {
            (Some("turn_context"), _) => ending.level = Some(level(payload)),
            (Some("event_msg"), Some("task_started")) => {
                ending.turn = LastTurn::UnderWay;
                ending.trigger = payload["turn_attribution"]["turn_trigger"].as_str().map(str::to_owned);
            }
            (Some("event_msg"), Some("task_complete")) => ending.turn = LastTurn::Over,
            (Some("event_msg"), Some("turn_aborted")) => ending.turn = LastTurn::Cut,
            _ => {}
        }
    });
    drop(read); // what could not be read tells nothing
    ending
}

/// How far a turn acts without asking: whether somebody is asked, and whether a sandbox holds what it does.
fn level(context: &Value) -> Level {
    let is_contained = context["permission_profile"]["type"] == "managed";
    let is_read_only = context["sandbox_policy"]["type"] == "read-only";
    let asks = context["approval_policy"] != "never";
    let asks_its_person = context["approvals_reviewer"] == "user";
    match () {
        () if context["collaboration_mode"]["mode"] == "plan" => Level::Plans,
        () if asks && asks_its_person && is_read_only => Level::Asks,
        () if asks && asks_its_person && is_contained => Level::Edits,
        () if is_contained => Level::Checked,
        () => Level::Free,
    }
}

/// Whether a thread takes part: somebody works with it in a terminal or an editor. One of `codex exec` ends with its turn,
/// and one that a thread has started is that thread's.
#[must_use]
pub fn takes_part(rollout: &Path) -> bool {
    let mut bytes = Vec::new();
    if let Ok(file) = File::open(rollout) {
        let _ = file.take(HEAD_BYTES).read_to_end(&mut bytes); // what could not be read says nothing
    }
    let head = String::from_utf8_lossy(&bytes);
    let facts = head.split("\"base_instructions\"").next().unwrap_or_default();
    let is_one_shot = facts.contains("\"source\":\"exec\"");
    let is_of_a_person = !facts.contains("\"thread_source\":\"") || facts.contains("\"thread_source\":\"user\"");
    is_of_a_person && !is_one_shot && !facts.contains("\"source\":{")
}
