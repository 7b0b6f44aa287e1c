//! What the tools are called, take and give. Their descriptions and parameters stand in the model's context, so they are
//! short; what they give is told to the client alone.

use std::sync::Arc;

use rmcp::model::{JsonObject, MetaObject, Tool, ToolAnnotations};
use serde_json::{Value, json};

/// One tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    Send,
    Ask,
    Inbox,
    Agents,
    NotifyWhen,
    Status,
    Rename,
}

impl Name {
    pub const ALL: [Self; 7] =
        [Self::Send, Self::Ask, Self::Inbox, Self::Agents, Self::NotifyWhen, Self::Status, Self::Rename];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Ask => "ask",
            Self::Inbox => "inbox",
            Self::Agents => "agents",
            Self::NotifyWhen => "notify_when",
            Self::Status => "status",
            Self::Rename => "rename",
        }
    }

    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.as_str() == text)
    }

    /// Whether it changes nothing, as long as no letters come with its result.
    fn only_looks(self) -> bool {
        matches!(self, Self::Inbox | Self::Agents | Self::Status)
    }

    fn title(self) -> &'static str {
        match self {
            Self::Send => "Send a letter",
            Self::Ask => "Ask and wait for the answer",
            Self::Inbox => "Look into the inbox",
            Self::Agents => "List sessions",
            Self::NotifyWhen => "Be told when a session is idle",
            Self::Status => "Tell how far a letter has come",
            Self::Rename => "Rename this session",
        }
    }

    fn description(self, brings_letters: bool) -> &'static str {
        match self {
            Self::Send => "Write a letter to another session; it wakes and reads it. Returns the letter's id.",
            Self::Ask => "Ask another session and wait: its answer is the result. A later one arrives by itself.",
            Self::Inbox if brings_letters => {
                "List your letters, or read one in full. Those that wait come with the result, and count as delivered."
            }
            Self::Inbox => "List your letters, newest last, or read one in full. Changes nothing.",
            Self::Agents => "List the sessions one can write to: name, online, idle or busy, directory, branch.",
            Self::NotifyWhen => "Be told by a letter, once, when a session is idle, away or blocked, or answers.",
            Self::Status => {
                "Tell how far a letter has come: stored, notified, delivered, seen, answered, held, expired, refused or dead."
            }
            Self::Rename => {
                "Give this session another name, or say in a line what it works on. Letters to the old name still arrive."
            }
        }
    }

    /// The JSON schema of the parameters.
    pub fn takes(self) -> Value {
        let all = |what: &str| json!({ "type": "boolean", "description": what });
        let (properties, required) = match self {
            Self::Send => (
                json!({
                    "to": { "type": "string", "description": "A name, several as a,b, @all, @repo or @dir" },
                    "text": { "type": "string" },
                    "reply_to": { "type": "string", "description": "Id of the letter this answers" },
                    "priority": {
                        "type": "string",
                        "enum": ["low", "normal", "high"],
                        "description": "low waits for the next turn",
                    },
                }),
                json!(["to", "text"]),
            ),
            Self::Ask => (
                json!({
                    "to": { "type": "string", "description": "As for send" },
                    "text": { "type": "string" },
                    "within": { "type": "string", "description": "How long to wait: 2m if not given, at most 10m" },
                }),
                json!(["to", "text"]),
            ),
            Self::Inbox => (
                json!({
                    "id": { "type": "string", "description": "Read this letter in full" },
                    "all": all("Also those already seen"),
                    "limit": { "type": "integer", "minimum": 1, "description": "How many, 20 if not given" },
                    "before": { "type": "string", "description": "Only letters older than the one of this id" },
                }),
                json!([]),
            ),
            Self::Agents => (json!({ "all": all("Also those that are away") }), json!([])),
            Self::NotifyWhen => (
                json!({
                    "agent": { "type": "string" },
                    "state": { "type": "string", "enum": ["idle", "away", "blocked", "answers"] },
                }),
                json!(["agent", "state"]),
            ),
            Self::Status => (json!({ "id": { "type": "string" } }), json!(["id"])),
            Self::Rename => (json!({ "name": { "type": "string" }, "doing": { "type": "string" } }), json!([])),
        };
        json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
    }

    /// The JSON schema of the result. Fields are added, never changed, so more than these may come. None for what letters
    /// come with: the client would show nothing beside what is promised.
    pub fn gives(self) -> Option<Value> {
        let text = json!({ "type": "string" });
        let perhaps_text = json!({ "type": ["string", "null"] });
        let list = |of: Value| json!({ "type": "array", "items": of });
        let object = |properties: Value, required: &[&str]| json!({ "type": "object", "properties": properties, "required": required });
        Some(match self {
            Self::Ask => return None,
            Self::Send => {
                let sent = json!({
                    "id": text, "to": text, "state": { "enum": ["stored", "held", "refused", "failed"] },
                    "why": perhaps_text, "alreadyIn": perhaps_text, "recipient": text, "reach": perhaps_text,
                    "since": perhaps_text,
                });
                object(json!({ "sent": list(object(sent, &["id", "to", "state", "recipient"])) }), &["sent"])
            }
            Self::Inbox => {
                let summary = json!({
                    "id": text, "state": text, "from": text, "type": text, "priority": text, "timestamp": text,
                    "replyTo": perhaps_text, "firstLine": text,
                });
                let content = object(json!({ "text": text }), &["text"]);
                let letter = json!({ "id": text, "from": text, "to": text, "timestamp": text, "content": content });
                json!({
                    "type": "object",
                    "properties": {
                        "me": text,
                        "letters": list(object(summary, &["id", "state", "from", "timestamp", "firstLine"])),
                        "older": { "type": "integer", "description": "How many more there are; `before` brings them" },
                        "state": text,
                        "letter": object(letter, &["id", "from", "to", "timestamp", "content"]),
                    },
                    "anyOf": [{ "required": ["me", "letters", "older"] }, { "required": ["state", "letter"] }],
                })
            }
            Self::Agents => {
                let agent = json!({
                    "name": text, "online": { "type": "boolean" }, "state": perhaps_text,
                    "unread": { "type": "integer" }, "cwd": perhaps_text, "repo": perhaps_text, "branch": perhaps_text,
                    "groups": list(text.clone()), "doing": object(json!({ "text": text, "since": text }), &["text", "since"]), "reach": perhaps_text, "since": perhaps_text, "why": perhaps_text, "started": perhaps_text,
                });
                let agents = list(object(agent, &["name", "online", "unread"]));
                let more = json!({ "type": "integer", "description": "How many had no room here" });
                object(json!({ "me": text, "agents": agents, "more": more }), &["me", "agents", "more"])
            }
            Self::NotifyWhen => {
                let bool = json!({ "type": "boolean" });
                object(
                    json!({ "agent": text, "state": text, "isSo": bool, "wasOpen": bool }),
                    &["agent", "state", "isSo", "wasOpen"],
                )
            }
            Self::Status => {
                let step = object(json!({ "step": text, "at": text, "by": perhaps_text }), &["step", "at"]);
                let copy = json!({
                    "to": text, "from": text, "status": text, "since": text, "why": perhaps_text, "stored": text,
                    "steps": list(step),
                });
                let copies = list(object(copy, &["to", "from", "status", "since", "stored", "steps"]));
                object(json!({ "id": text, "copies": copies }), &["id", "copies"])
            }
            Self::Rename => {
                object(json!({ "was": text, "name": text, "note": text, "doing": perhaps_text }), &["was", "name"])
            }
        })
    }

    /// The tool as it is listed. Where letters come with the results, no result is promised to be of a form, since the
    /// client would show nothing beside it, and no tool only looks.
    pub fn listed(self, brings_letters: bool) -> Tool {
        let hints = ToolAnnotations::with_title(self.title())
            .read_only(self.only_looks() && !brings_letters)
            .destructive(false)
            .idempotent(!matches!(self, Self::Send | Self::Ask) && !brings_letters)
            .open_world(false);
        let mut tool = Tool::new(self.as_str(), self.description(brings_letters), as_object(self.takes()));
        tool.title = Some(self.title().to_owned());
        tool.annotations = Some(hints);
        tool.output_schema = self.gives().filter(|_| !brings_letters).map(as_object);
        tool.meta = matches!(self, Self::Send | Self::Ask).then(loaded_at_once);
        tool
    }
}

fn as_object(schema: Value) -> Arc<JsonObject> {
    Arc::new(if let Value::Object(schema) = schema { schema } else { JsonObject::new() })
}

/// Of the tools that a session needs before it has looked for any.
fn loaded_at_once() -> MetaObject {
    let mut meta = JsonObject::new();
    meta.insert("anthropic/alwaysLoad".into(), true.into());
    MetaObject(meta)
}
