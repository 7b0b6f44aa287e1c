//! Transcripts as Claude Code 2.1.330 and 2.1.332 write them.

use std::{
    fs::OpenOptions,
    io::Write,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::post::Post;

pub struct Transcript(PathBuf);

impl Transcript {
    /// A transcript that is not there yet, as at a session's first prompt.
    pub fn of(post: &Post) -> Self {
        Self(post.folder("projects").join("c8f4.jsonl"))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn row(&self, row: &Value) -> &Self {
        self.raw(&format!("{row}\n"))
    }

    pub fn raw(&self, text: &str) -> &Self {
        let mut file = OpenOptions::new().append(true).create(true).open(&self.0).expect("opened");
        file.write_all(text.as_bytes()).expect("written");
        self
    }
}

fn row(more: Value) -> Value {
    let mut row = json!({
        "parentUuid": "5b1c9e0e-2f5c-4a7c-9f5e-0d9a54f0b111", "isSidechain": false,
        "uuid": "9b6a3c52-4f7a-4b59-8f53-6a1f0f1f6a10", "timestamp": "2026-01-02T12:00:00.801Z", "userType": "external",
        "entrypoint": "cli", "cwd": "/work", "sessionId": "c8f4", "version": "2.1.330", "gitBranch": "HEAD",
    });
    let Value::Object(more) = more else { panic!("an object") };
    row.as_object_mut().expect("an object").extend(more);
    row
}

/// What a hook put before the model.
pub fn context(event: &str, text: &str) -> Value {
    row(json!({
        "type": "attachment",
        "attachment": {"type": "hook_additional_context", "content": [text], "hookName": event,
            "toolUseID": "hook-22f563b8", "hookEvent": event},
        "rendered": [{"content": format!("<system-reminder>\n{event} hook additional context: {text}\n</system-reminder>")}],
        "renderedRole": "system",
    }))
}

/// The record of a hook that ran, with everything it printed: made whether or not the client used it.
pub fn hook_success(event: &str, text: &str) -> Value {
    let stdout = json!({"hookSpecificOutput": {"hookEventName": event, "additionalContext": text}}).to_string();
    row(json!({
        "type": "attachment",
        "attachment": {"type": "hook_success", "hookName": event, "toolUseID": "hook-1", "hookEvent": event,
            "content": "", "stdout": stdout, "stderr": "", "exitCode": 0},
    }))
}

/// The same of a hook that printed plain text.
pub fn plain_hook_success(event: &str, text: &str) -> Value {
    row(json!({
        "type": "attachment",
        "attachment": {"type": "hook_success", "hookName": event, "toolUseID": "hook-1", "hookEvent": event,
            "content": text, "stdout": text, "stderr": "", "exitCode": 0, "note": "hook_additional_context"},
    }))
}

/// What the model answers.
pub fn answer() -> Value {
    let content = [json!({"type": "text", "text": "ok"})];
    row(json!({"type": "assistant", "message": {"role": "assistant", "model": "claude-stand-in", "content": content}}))
}

/// A copy of a message as it was sent.
pub fn api_request_blob(text: &str) -> Value {
    json!({"type": "api-request-blob", "hash": "f00d", "message": {"role": "user", "content": [{"type": "text", "text": text}]}})
}

/// What somebody typed or a tool returned.
pub fn user(text: &str) -> Value {
    row(
        json!({"type": "user", "message": {"role": "user", "content": text}, "origin": {"kind": "human"}, "promptSource": "typed"}),
    )
}

/// The client says that a turn is over.
pub fn turn_end() -> Value {
    row(json!({"type": "system", "subtype": "turn_duration", "durationMs": 812, "isMeta": false}))
}

/// A person pressed Esc in a turn.
pub fn interrupted() -> Value {
    let content = json!([{"type": "text", "text": "[Request interrupted by user]"}]);
    row(json!({"type": "user", "message": {"role": "user", "content": content}, "interruptedMessageId": "msg_3"}))
}

/// The request failed, and with it the turn.
pub fn api_error() -> Value {
    let content = json!([{"type": "text", "text": "API Error: 400"}]);
    row(json!({"type": "assistant", "message": {"role": "assistant", "content": content}, "isApiErrorMessage": true}))
}

/// A hook of this or another plugin blocked a prompt.
pub fn blocked() -> Value {
    let content = "UserPromptSubmit operation blocked by hook:\n[other.sh]: no thanks";
    row(json!({"type": "system", "subtype": "informational", "content": content, "level": "warning"}))
}

/// A prompt that the client keeps until it comes to it.
pub fn enqueued(prompt: &str) -> Value {
    json!({"type": "queue-operation", "operation": "enqueue", "sessionId": "c8f4", "content": prompt})
}

/// `dequeue` when it begins a turn, `remove` in the middle of one, `popAll` when the person takes it back to edit it.
pub fn taken(operation: &str) -> Value {
    json!({"type": "queue-operation", "operation": operation, "sessionId": "c8f4"})
}

/// A prompt that came in the middle of a turn.
pub fn queued_command(prompt: &str) -> Value {
    row(json!({
        "type": "attachment",
        "attachment": {"type": "queued_command", "prompt": prompt, "commandMode": "prompt", "origin": {"kind": "human"}},
    }))
}

/// A hook that ran as the client began.
pub fn began(source: &str) -> Value {
    let name = format!("SessionStart:{source}");
    row(json!({
        "type": "attachment",
        "attachment": {"type": "hook_success", "hookName": name, "hookEvent": "SessionStart", "content": "", "stdout": "{}"},
    }))
}

fn channel_message(id: &str) -> String {
    format!("<channel source=\"cc2cc\" from=\"ann\" id=\"{id}\">\nhello\n</channel>")
}

/// The client has taken a channel message and will put it before the model.
pub fn channel_queued(id: &str) -> Value {
    json!({"type": "queue-operation", "operation": "enqueue", "sessionId": "c8f4", "content": channel_message(id)})
}

/// A channel message that began a turn.
pub fn channel_turn(id: &str) -> Value {
    let message = json!({"role": "user", "content": channel_message(id)});
    row(json!({"type": "user", "message": message, "isMeta": true, "origin": {"kind": "channel", "server": "cc2cc"}}))
}

/// A channel message that came in the middle of a turn.
pub fn channel_in_a_turn(id: &str) -> Value {
    let origin = json!({"kind": "channel", "server": "cc2cc"});
    row(json!({
        "type": "attachment",
        "attachment": {"type": "queued_command", "prompt": channel_message(id), "commandMode": "prompt", "origin": origin},
    }))
}

/// What a tool returned, as blocks of text.
pub fn tool_result(text: &str) -> Value {
    let content = json!([{"type": "text", "text": "{}"}, {"type": "text", "text": text}]);
    let result = json!({"type": "tool_result", "tool_use_id": "toolu_1", "content": content});
    row(json!({"type": "user", "message": {"role": "user", "content": [result]}}))
}
