//! One model request as the client sent it, with the questions tests ask of it.
//!
//! The client spreads what is new over `user` and `system` messages, as strings or as lists of blocks. A test wants
//! to know what the model was told since it last spoke; this is where the shapes are flattened.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use serde_json::Value;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The session's own conversation.
    Conversation,
    /// The conversation of a subagent of the session.
    Subagent,
    /// Anything else: a title, a quota probe, a summary.
    Side,
}

/// A recorded request; cloning is cheap enough for tests.
#[derive(Clone, Debug)]
pub struct Request {
    /// When the head of the request was read.
    pub arrived: Instant,
    /// What it is for.
    pub kind: Kind,
    headers: Arc<BTreeMap<String, String>>,
    /// The whole body.
    pub body: Arc<Value>,
    answered: Arc<OnceLock<Instant>>,
}

impl Request {
    pub(crate) fn new(arrived: Instant, headers: Vec<(String, String)>, body: Value) -> Self {
        let headers: BTreeMap<_, _> = headers.into_iter().map(|(k, v)| (k.to_lowercase(), v)).collect();
        let kind = kind_of(&headers, &body);
        Self { arrived, kind, headers: headers.into(), body: body.into(), answered: Arc::default() }
    }

    /// Everything the model is told since it last spoke, as one text; tool results included.
    pub fn newest(&self) -> String {
        let mut text = String::new();
        for message in self.since_last_answer() {
            flatten(&message["content"], &mut text);
        }
        text
    }

    /// The results of the tools the model called last, as text, in order.
    pub fn tool_results(&self) -> Vec<String> {
        let blocks = self.since_last_answer().iter().filter_map(|message| message["content"].as_array()).flatten();
        let results = blocks.filter(|block| block["type"] == "tool_result");
        results
            .map(|block| {
                let mut text = String::new();
                flatten(&block["content"], &mut text);
                text
            })
            .collect()
    }

    /// The whole conversation so far as one text, to count how often something was ever said to the model.
    pub fn everything(&self) -> String {
        let mut text = String::new();
        for message in self.messages() {
            flatten(&message["content"], &mut text);
        }
        text
    }

    /// The id of the session that asked, as `--resume` takes it.
    pub fn session_id(&self) -> &str {
        self.headers.get("x-claude-code-session-id").map_or("", String::as_str)
    }

    /// The names of the tools the model may call at once.
    pub fn tools(&self) -> Vec<&str> {
        let tools = self.body["tools"].as_array().map_or(&[][..], Vec::as_slice);
        tools.iter().filter_map(|tool| tool["name"].as_str()).collect()
    }

    /// When the last byte of the reply was handed to the system; `None` while it is being sent.
    pub fn answered(&self) -> Option<Instant> {
        self.answered.get().copied()
    }

    pub(crate) fn mark_answered(&self) {
        // Set once, by the one thread that serves this request.
        let _ = self.answered.set(Instant::now());
    }

    pub(crate) fn wants_stream(&self) -> bool {
        self.body["stream"].as_bool().unwrap_or(false)
    }

    fn messages(&self) -> &[Value] {
        self.body["messages"].as_array().map_or(&[], Vec::as_slice)
    }

    fn since_last_answer(&self) -> &[Value] {
        let messages = self.messages();
        let start = messages.iter().rposition(|message| message["role"] == "assistant").map_or(0, |at| at + 1);
        &messages[start..]
    }
}

/// Lists requests for a panic message: when each came and what was new in it, cut to a readable length.
pub fn describe(requests: &[Request]) -> String {
    const READABLE: usize = 2_000;
    let mut text = String::new();
    for request in requests {
        let since = requests.first().map_or(Duration::ZERO, |first| request.arrived.duration_since(first.arrived));
        // The end is what a test asks about; the beginning of a first request is the client's own boilerplate.
        let newest = request.newest();
        let skipped = newest.chars().count().saturating_sub(READABLE);
        let end: String = newest.chars().skip(skipped).collect();
        let _ = writeln!(text, "--- {:?} after {since:?}\n{end}", request.kind);
    }
    text
}

fn kind_of(headers: &BTreeMap<String, String>, body: &Value) -> Kind {
    let has_tools = body["tools"].as_array().is_some_and(|tools| tools.iter().any(|tool| tool["name"] == "Bash"));
    if headers.contains_key("x-claude-code-agent-id") {
        Kind::Subagent
    } else if has_tools {
        Kind::Conversation
    } else {
        Kind::Side
    }
}

fn flatten(content: &Value, text: &mut String) {
    match content {
        Value::String(string) => {
            text.push_str(string);
            text.push('\n');
        }
        Value::Array(blocks) => blocks.iter().for_each(|block| flatten(block, text)),
        Value::Object(block) => {
            for key in ["text", "content"] {
                if let Some(inner) = block.get(key) {
                    flatten(inner, text);
                }
            }
        }
        _ => {}
    }
}
