//! What the stand-in model says: text and tool calls, at once, late, or held back in mid-stream.
//!
//! Several stories depend on *when* the model speaks, such as a letter that comes while the last answer is still
//! streaming. A [`Gate`] lets the test hold a reply at that point for as long as it needs, without guessing times.

use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use serde_json::{Value, json};

/// Half a character, as a client has it that cuts a text anywhere: in what the model says it stands for `\\ud83d`, which no
/// text of ours can hold.
pub const HALF: &str = "\u{e000}";
pub const HALF_IN_JSON: &str = "\\ud83d";

/// One answer of the model.
#[derive(Clone, Debug)]
pub struct Reply {
    blocks: Vec<Block>,
    gate: Option<Gate>,
    fault: Option<Fault>,
}

/// What keeps a request from being answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The server says no, with this status and this word for it.
    Status(u16, &'static str),
    /// The person's plan is used up until this second.
    UsedUp(i64),
    /// What comes is no answer at all, which a client takes for a broken connection.
    Dropped,
    /// The same in the middle of the answer.
    Cut,
}

#[derive(Clone, Debug)]
enum Block {
    Text(String),
    Tool { name: String, input: Value },
}

/// Holds a reply until it is opened; clones are the same gate.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    /// Lets the reply go on, now and for ever.
    pub fn open(&self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.1.notify_all();
    }

    /// Waits until it is open.
    pub(crate) fn wait(&self) {
        let open = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.0.1.wait_while(open, |open| !*open));
    }
}

impl Reply {
    /// The model says `text` and its turn ends.
    pub fn text(text: impl Into<String>) -> Self {
        Self { blocks: vec![Block::Text(text.into())], gate: None, fault: None }
    }

    /// The model calls the tool `name`.
    pub fn tool(name: impl Into<String>, input: Value) -> Self {
        Self { blocks: Vec::new(), gate: None, fault: None }.and_tool(name, input)
    }

    /// The model calls one more tool in the same answer.
    pub fn and_tool(mut self, name: impl Into<String>, input: Value) -> Self {
        self.blocks.push(Block::Tool { name: name.into(), input });
        self
    }

    /// There is no answer.
    pub fn fault(fault: Fault) -> Self {
        Self { fault: Some(fault), ..Self::text("this is never sa") }
    }

    pub(crate) fn its_fault(&self) -> Option<Fault> {
        self.fault
    }

    /// The answer begins to stream (its first words are on the screen), and goes on when `gate` opens.
    ///
    /// The session counts as busy until then, even when the person interrupts the answer.
    pub fn held_by(mut self, gate: &Gate) -> Self {
        self.gate = Some(gate.clone());
        self
    }

    /// Hands the events to `send`: in one piece, or in two when a gate holds the second.
    pub(crate) fn stream(&self, mut send: impl FnMut(&str) -> io::Result<()>) -> io::Result<()> {
        let mut events = event(&json!({"type": "message_start", "message": self.message(&json!([]), &Value::Null)}));
        if self.fault == Some(Fault::Cut) {
            events += &text_events(0, "streaming");
            return send(&events);
        }
        if let Some(gate) = &self.gate {
            events += &text_events(0, "streaming");
            send(&events)?;
            gate.wait();
            events.clear();
        }
        let first = usize::from(self.gate.is_some());
        for (at, block) in self.blocks.iter().enumerate() {
            let index = first + at;
            events += &match block {
                Block::Text(text) => text_events(index, text),
                Block::Tool { name, input } => tool_events(index, name, input),
            };
        }
        let stop = json!({"stop_reason": self.stop_reason(), "stop_sequence": null});
        events += &event(&json!({"type": "message_delta", "delta": stop, "usage": {"output_tokens": 5}}));
        events += &event(&json!({"type": "message_stop"}));
        send(&events)
    }

    /// The same answer as one JSON message, for requests that do not stream.
    pub(crate) fn whole(&self) -> Value {
        let content: Vec<Value> = self.blocks.iter().map(Block::whole).collect();
        self.message(&json!(content), &json!(self.stop_reason()))
    }

    fn stop_reason(&self) -> &'static str {
        let calls = self.blocks.iter().any(|block| matches!(block, Block::Tool { .. }));
        if calls { "tool_use" } else { "end_turn" }
    }

    fn message(&self, content: &Value, stop_reason: &Value) -> Value {
        json!({
            "id": unique("msg"), "type": "message", "role": "assistant", "model": "claude-stand-in",
            "content": content, "stop_reason": stop_reason, "stop_sequence": null,
            "usage": {"input_tokens": 10, "output_tokens": self.blocks.len()},
        })
    }
}

impl Block {
    fn whole(&self) -> Value {
        match self {
            Self::Text(text) => json!({"type": "text", "text": text}),
            Self::Tool { name, input } => {
                json!({"type": "tool_use", "id": unique("toolu"), "name": name, "input": input})
            }
        }
    }
}

fn text_events(index: usize, text: &str) -> String {
    let block = json!({"type": "text", "text": ""});
    block_events(index, &block, &json!({"type": "text_delta", "text": text}))
}

fn tool_events(index: usize, name: &str, input: &Value) -> String {
    let block = json!({"type": "tool_use", "id": unique("toolu"), "name": name, "input": {}});
    block_events(
        index,
        &block,
        &json!({"type": "input_json_delta", "partial_json": input.to_string().replace(HALF, HALF_IN_JSON)}),
    )
}

fn block_events(index: usize, block: &Value, delta: &Value) -> String {
    event(&json!({"type": "content_block_start", "index": index, "content_block": block}))
        + &event(&json!({"type": "content_block_delta", "index": index, "delta": delta}))
        + &event(&json!({"type": "content_block_stop", "index": index}))
}

fn event(data: &Value) -> String {
    let data_as_sent = data.to_string().replace(HALF, HALF_IN_JSON);
    format!("event: {}\ndata: {data_as_sent}\n\n", data["type"].as_str().unwrap_or_default())
}

/// The client drops a message or a tool call whose id it has seen before.
fn unique(prefix: &str) -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("{prefix}_{:024}", NEXT.fetch_add(1, Ordering::Relaxed))
}
