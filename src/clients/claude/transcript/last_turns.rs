//! The last turns of a session, for somebody who looks in: who spoke, what the model said, and which tools it called.
//!
//! A transcript may have hundreds of megabytes, so it is read from its end, in pieces that grow until there is enough in
//! them. Nothing is written, and the session does not notice.

use std::{collections::HashSet, path::Path};

use jiff::Timestamp;
use memchr::memmem;
use serde_json::Value;

use super::told::{SYNTHETIC, channel_sender, is_interruption, texts};
use crate::{
    clients::{
        claude::prompt::{self, PromptAuthor},
        rows::LONGEST_ROW_BYTES,
        wakes,
    },
    delivery::frame,
    mailbox::{
        disk::{self, FsError},
        lenient,
    },
};

/// How much of a transcript's end is read first; then four times as much, and so on. The client notes its requests there,
/// too, so most of it is no conversation.
const FIRST_BYTES: u64 = 1024 * 1024;
/// What is further back than this is not looked for.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// What rows hold that are looked into.
const MARKS: [&[u8]; 4] =
    [b"\"type\":\"user\"", b"\"type\":\"assistant\"", b"\"hook_additional_context\"", b"\"queued_command\""];

/// What came of one prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastTurn {
    pub by: Speaker,
    pub at: Option<Timestamp>,
    /// Empty where letters woke the session, and where the beginning lies further back than was read.
    pub prompt: String,
    pub steps: Vec<TurnPart>,
}

/// Who began a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Speaker {
    Person,
    /// Letters woke the session; from whom.
    Letters(Vec<String>),
    /// The client, another plugin, or another program.
    Client,
    /// It began further back than was read.
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TurnPart {
    /// The model's words.
    Text(String),
    /// The model called a tool; `about` is what it says of the call.
    Tool { name: String, about: Option<String> },
    /// Letters went in; from whom.
    Letters(Vec<String>),
    /// The person typed while the model worked.
    Prompt(String),
    /// A request failed, or the person cut the turn.
    Broken(String),
}

/// The last turns of a transcript, the oldest first, at most `count`.
///
/// # Errors
/// A `FsError` when there is no transcript, or it cannot be read.
pub fn last(transcript: &Path, count: usize) -> Result<Vec<PastTurn>, FsError> {
    last_within(transcript, count, FIRST_BYTES, MOST_BYTES)
}

fn last_within(transcript: &Path, count: usize, first: u64, most: u64) -> Result<Vec<PastTurn>, FsError> {
    let mut bytes = first;
    loop {
        let tail = disk::read_end(transcript, bytes)?;
        let mut turns = read(&tail.bytes, tail.is_whole);
        let has_enough = turns.iter().filter(|turn| turn.by != Speaker::Unknown).count() >= count;
        if has_enough || tail.is_whole || bytes >= most {
            return Ok(turns.split_off(turns.len().saturating_sub(count)));
        }
        bytes = (bytes * 4).min(most);
    }
}

/// The turns in a transcript's end. Where something stands before it, its first row is a part of one.
fn read(bytes: &[u8], is_whole: bool) -> Vec<PastTurn> {
    let from = if is_whole { 0 } else { memchr::memchr(b'\n', bytes).map_or(bytes.len(), |end| end + 1) };
    // A last row without its end is still being written.
    let to = memchr::memrchr(b'\n', bytes).map_or(0, |end| end + 1).max(from);
    let is_of_use =
        |row: &&[u8]| row.len() <= LONGEST_ROW_BYTES && MARKS.iter().any(|mark| memmem::find(row, mark).is_some());
    let mut conversation = Conversation::default();
    for row in bytes[from..to].split(|byte| *byte == b'\n').filter(is_of_use) {
        if let Ok(row) = lenient::from_slice::<Value>(row) {
            conversation.note(&row);
        }
    }
    // A command that the client answers by itself is no turn.
    conversation.turns.retain(|turn| !turn.steps.is_empty() || !turn.prompt.starts_with('/'));
    conversation.turns
}

#[derive(Debug, Default)]
struct Conversation {
    turns: Vec<PastTurn>,
}

impl Conversation {
    fn note(&mut self, row: &Value) {
        if row["isSidechain"] == true {
            return; // of a subagent
        }
        match row["type"].as_str() {
            Some("user") => self.note_user(row),
            Some("assistant") => self.note_assistant(row),
            Some("attachment") => self.note_attachment(&row["attachment"]),
            _ => {}
        }
    }

    fn note_user(&mut self, row: &Value) {
        let content = &row["message"]["content"];
        let is_result = content.as_array().into_iter().flatten().any(|block| block["type"] == "tool_result");
        if is_interruption(row) {
            self.step(TurnPart::Broken("interrupted".to_owned()));
        } else if !is_result && row["isMeta"] != true && row["isCompactSummary"] != true {
            let text = texts(content).collect::<Vec<_>>().join("\n");
            if let Some((by, prompt)) = spoken(&text, &row["origin"]) {
                let at = row["timestamp"].as_str().and_then(|at| at.parse().ok());
                self.turns.push(PastTurn { by, at, prompt, steps: Vec::new() });
            }
        }
    }

    fn note_assistant(&mut self, row: &Value) {
        let content = &row["message"]["content"];
        if row["isApiErrorMessage"] == true {
            return self.step(TurnPart::Broken(texts(content).collect::<Vec<_>>().join("\n")));
        }
        if row["message"]["model"] == SYNTHETIC {
            return;
        }
        for block in content.as_array().into_iter().flatten() {
            match block["type"].as_str() {
                Some("text") => {
                    let text = block["text"].as_str().unwrap_or_default().trim();
                    if !text.is_empty() {
                        self.step(TurnPart::Text(text.to_owned()));
                    }
                }
                Some("tool_use") => {
                    let name = block["name"].as_str().unwrap_or_default().to_owned();
                    self.step(TurnPart::Tool { name, about: about(&block["input"]) });
                }
                _ => {}
            }
        }
    }

    fn note_attachment(&mut self, attachment: &Value) {
        match attachment["type"].as_str() {
            Some("hook_additional_context") => {
                let from: Vec<String> = texts(&attachment["content"]).flat_map(frame::senders).collect();
                if !from.is_empty() {
                    self.letters(from);
                }
            }
            Some("queued_command") => {
                let text = texts(&attachment["prompt"]).collect::<Vec<_>>().join("\n");
                match spoken(&text, &attachment["origin"]) {
                    Some((Speaker::Person, prompt)) => self.step(TurnPart::Prompt(prompt)),
                    Some((Speaker::Letters(from), _)) => self.letters(from),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// Letters went in. The wake that announced them is told already, with the same names or with fewer.
    fn letters(&mut self, from: Vec<String>) {
        let from = each_once(from);
        match self.turns.last_mut() {
            Some(PastTurn { by: Speaker::Letters(woken), steps, .. }) if steps.is_empty() => *woken = from,
            Some(PastTurn { steps, .. }) if matches!(steps.last(), Some(TurnPart::Letters(_))) => {
                steps.pop();
                self.step(TurnPart::Letters(from));
            }
            _ => self.step(TurnPart::Letters(from)),
        }
    }

    fn step(&mut self, step: TurnPart) {
        if self.turns.is_empty() {
            self.turns.push(PastTurn { by: Speaker::Unknown, at: None, prompt: String::new(), steps: Vec::new() });
        }
        if let Some(turn) = self.turns.last_mut() {
            turn.steps.push(step);
        }
    }
}

/// Who says a prompt, and what is to be seen of it; `None` for what the client notes by itself.
fn spoken(text: &str, origin: &Value) -> Option<(Speaker, String)> {
    let text = text.trim();
    if let Some(from) = channel_sender(text) {
        return Some((Speaker::Letters(vec![from.to_owned()]), String::new()));
    }
    if let Some(command) = tagged(text, "command-name") {
        let typed = format!("{command} {}", tagged(text, "command-args").unwrap_or_default());
        return Some((Speaker::Person, typed.trim().to_owned()));
    }
    if let Some(command) = tagged(text, "bash-input") {
        return Some((Speaker::Person, format!("!{command}")));
    }
    if ["<local-command", "<bash-stdout>", "<bash-stderr>", "<command-"].iter().any(|tag| text.starts_with(tag)) {
        return None;
    }
    // As the hook is told of the source in other words.
    let source = origin["kind"].as_str().map(|kind| if kind == "human" { "user" } else { kind });
    Some(match prompt::author(text, source) {
        PromptAuthor::Person => (Speaker::Person, text.to_owned()),
        PromptAuthor::Waker(_) => (Speaker::Letters(wakes::senders_in(text)), String::new()),
        PromptAuthor::Other => (Speaker::Client, tagged(text, "summary").unwrap_or_default().to_owned()),
    })
}

/// What stands between two tags.
fn tagged<'a>(text: &'a str, tag: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{tag}>"))?;
    Some(rest.split_once(&format!("</{tag}>"))?.0.trim())
}

/// What a call of a tool is about, in the model's own words or by what it reaches for; never a command or a text in full.
fn about(input: &Value) -> Option<String> {
    const SAYING: [&str; 7] = ["description", "file_path", "pattern", "url", "query", "skill", "to"];
    SAYING.iter().find_map(|field| input[field].as_str()).map(str::to_owned)
}

fn each_once(mut names: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;

    /// Rows as 2.1.332 writes them, without what is not looked at.
    fn transcript(rows: &[Value]) -> String {
        rows.iter().map(|row| format!("{row}\n")).collect::<Vec<_>>().concat()
    }

    fn user(text: &str, origin: &Value) -> Value {
        json!({ "type": "user", "message": { "role": "user", "content": text }, "origin": origin,
            "isSidechain": false, "timestamp": "2026-01-01T12:00:00Z" })
    }

    fn typed(text: &str) -> Value {
        user(text, &json!({ "kind": "human" }))
    }

    fn model(content: &Value) -> Value {
        json!({ "type": "assistant", "message": { "model": "claude", "content": [content] }, "isSidechain": false })
    }

    fn says(text: &str) -> Value {
        model(&json!({ "type": "text", "text": text }))
    }

    fn letters(from: &[&str]) -> Value {
        let letters: Vec<String> = from
            .iter()
            .map(|from| format!("<letter id=\"1\" from=\"{from}\" type=\"message\">\nhello\n</letter>\n"))
            .collect();
        let content = format!("<cc2cc-mail>\nLetters brought by cc2cc.\n{}</cc2cc-mail>", letters.concat());
        json!({ "type": "attachment", "attachment": { "type": "hook_additional_context", "content": [content] } })
    }

    fn woken_by(from: &str) -> String {
        let wake = wakes::wake("bob", from, "1f3a9c2e");
        format!(
            "<task-notification>\n<summary>✉ a letter has come</summary>\n</task-notification>\n<system-reminder>\n\
             Stop hook blocking error from command \"SessionStart:startup\": {wake}\n\n</system-reminder>"
        )
    }

    fn read_all(rows: &[Value]) -> Vec<PastTurn> {
        read(transcript(rows).as_bytes(), true)
    }

    fn from(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_turn_is_who_spoke_what_the_model_said_and_which_tools_it_called() {
        let call = |input: Value| model(&json!({ "type": "tool_use", "name": "Bash", "input": input }));
        let turns = read_all(&[
            typed("look around"),
            model(&json!({ "type": "thinking", "thinking": "hm" })),
            call(json!({ "command": "secret", "description": "looks around" })),
            json!({ "type": "user", "message": { "content": [{ "type": "tool_result", "content": "one" }] } }),
            call(json!({ "command": "secret" })),
            says(" I see two files. "),
        ]);
        let tool = |about: Option<&str>| TurnPart::Tool { name: "Bash".to_owned(), about: about.map(str::to_owned) };
        let steps = vec![tool(Some("looks around")), tool(None), TurnPart::Text("I see two files.".to_owned())];
        let at = "2026-01-01T12:00:00Z".parse().ok();
        assert_eq!(turns, [PastTurn { by: Speaker::Person, at, prompt: "look around".to_owned(), steps }]);
    }

    #[test]
    fn of_a_wake_is_told_who_wrote_and_nothing_else() {
        let notification = json!({ "kind": "task-notification" });
        for origin in [notification.clone(), Value::Null] {
            let woken = user(&woken_by("ann"), &origin);
            let turns = read_all(&[woken.clone(), letters(&["ann", "eve", "ann"]), says("thanks")]);
            let [PastTurn { by, prompt, .. }] = &turns[..] else { panic!("{turns:?}") };
            assert_eq!((by, prompt.as_str()), (&Speaker::Letters(from(&["ann", "eve"])), ""));
            let before = read_all(&[woken]);
            assert_eq!(before[0].by, Speaker::Letters(from(&["ann"])), "before its hook has answered");
        }
        let queued = |text: &str, origin: &Value| {
            json!({ "type": "attachment",
            "attachment": { "type": "queued_command", "prompt": text, "origin": origin } })
        };
        let turns = read_all(&[
            typed("work"),
            queued("and this", &json!({ "kind": "human" })),
            queued(&woken_by("ann"), &notification),
            letters(&["ann"]),
            says("done"),
        ]);
        let meanwhile = TurnPart::Prompt("and this".to_owned());
        assert_eq!(turns[0].steps, [meanwhile, TurnPart::Letters(from(&["ann"])), TurnPart::Text("done".to_owned())]);
        let pushed =
            user("<channel source=\"cc2cc\" from=\"ann\" id=\"1\">\nhello\n</channel>", &json!({ "kind": "channel" }));
        assert_eq!(read_all(&[pushed])[0].by, Speaker::Letters(from(&["ann"])));
    }

    #[test]
    fn what_the_client_notes_by_itself_is_no_turn() {
        let mut summary = typed("This session is being continued");
        summary["isCompactSummary"] = true.into();
        let mut meta = typed("Caveat");
        meta["isMeta"] = true.into();
        let mut side = typed("of a subagent");
        side["isSidechain"] = true.into();
        let mut failed = says("API Error: 400");
        failed["isApiErrorMessage"] = true.into();
        let turns = read_all(&[
            typed("<command-name>/model</command-name>\n<command-args>opus</command-args>"),
            typed("<local-command-stdout>Set model</local-command-stdout>"),
            typed("<command-name>/review</command-name>\n<command-args>all of it</command-args>"),
            says("fine"),
            summary,
            meta,
            side,
            typed("go on"),
            failed,
            typed("again"),
            typed("[Request interrupted by user]"),
            user("<task-notification>\n<summary>the build is over</summary>\n</task-notification>", &Value::Null),
            says("good"),
        ]);
        let told: Vec<(&str, &[TurnPart])> = turns.iter().map(|turn| (turn.prompt.as_str(), &turn.steps[..])).collect();
        let (fine, good) = ([TurnPart::Text("fine".to_owned())], [TurnPart::Text("good".to_owned())]);
        let failed = [TurnPart::Broken("API Error: 400".to_owned())];
        let cut = [TurnPart::Broken("interrupted".to_owned())];
        let expected: [(&str, &[TurnPart]); 4] =
            [("/review all of it", &fine), ("go on", &failed), ("again", &cut), ("the build is over", &good)];
        assert_eq!(told, expected);
        assert_eq!(turns[3].by, Speaker::Client);
    }

    #[test]
    fn only_as_much_of_the_end_is_read_as_is_needed() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("transcript.jsonl");
        let filler = json!({ "type": "api-request-blob", "message": "x".repeat(1_000) });
        let mut rows = vec![typed("the first"), says("one"), typed("the second")];
        rows.extend(vec![filler.clone(); 20]);
        rows.extend([says("two"), typed("the third"), says("three")]);
        fs::write(&file, transcript(&rows) + "{\"type\":\"assistant\",\"mess").unwrap();
        let prompts = |count, first, most| -> Vec<(String, usize)> {
            let turns = last_within(&file, count, first, most).unwrap();
            turns.into_iter().map(|turn| (turn.prompt, turn.steps.len())).collect()
        };
        let turn = |prompt: &str, steps| (prompt.to_owned(), steps);
        assert_eq!(prompts(1, 600, 600), [turn("the third", 1)], "the first piece is enough");
        assert_eq!(prompts(2, 600, 100_000), [turn("the second", 1), turn("the third", 1)], "it grows");
        assert_eq!(prompts(9, 600, 100_000), [turn("the first", 1), turn("the second", 1), turn("the third", 1)]);
        let cut = last_within(&file, 3, 600, 10_000).unwrap();
        assert_eq!((&cut[0].by, cut[0].steps.len(), cut.len()), (&Speaker::Unknown, 1, 2), "it began further back");
        let missing = last(&dir.path().join("missing"), 3).unwrap_err();
        assert!(missing.is_not_found());
        assert!(last(dir.path(), 3).is_err());
    }
}
