//! The JSON of `--json` and of the tools. README.md documents it; fields are added, never changed.

use serde_json::{Value, json};

use crate::{
    agent::{
        Activity,
        directory::Listed,
        post::{Fate, Sent},
        status::Found,
    },
    claude::harmless::neutralise,
    mailbox::{State, letter::Letter},
};

/// One letter sent.
#[must_use]
pub fn sent(sent: &Sent) -> Value {
    let (state, why, already) = match &sent.fate {
        Fate::Stored => ("stored", None, None),
        Fate::Already(state @ State::Held) => ("held", None, Some(state.dir())),
        Fate::Already(state) => ("stored", None, Some(state.dir())),
        Fate::Held(why) => ("held", Some(why), None),
        Fate::Refused(why) => ("refused", Some(why), None),
        Fate::Failed(why) => ("failed", Some(why), None),
    };
    json!({
        "id": sent.id,
        "to": sent.to,
        "state": state,
        "why": why,
        "alreadyIn": already,
        "recipient": sent.online.map_or("offline", Activity::as_str),
    })
}

/// One agent of a listing.
#[must_use]
pub fn agent(listed: &Listed) -> Value {
    let record = &listed.record;
    json!({
        "name": listed.mailbox.name(),
        "online": listed.online,
        "state": listed.online.then(|| record.state.as_str()),
        "unread": listed.unread,
        "cwd": record.cwd,
        "repo": record.repo,
        "branch": record.branch,
        "since": record.started,
    })
}

/// The same as a model may read it: what could pass for a tag or hide is made harmless, wherever it stands.
#[must_use]
pub fn harmless(mut value: Value) -> Value {
    match &mut value {
        Value::String(text) => *text = neutralise(text),
        Value::Array(items) => items.iter_mut().for_each(|item| *item = harmless(item.take())),
        Value::Object(fields) => fields.values_mut().for_each(|field| *field = harmless(field.take())),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    value
}

/// A letter in full; `redelivered` when it may have been seen before.
#[must_use]
pub fn letter(letter: &Letter, redelivered: bool) -> Value {
    let mut value = json!(letter);
    value["redelivered"] = redelivered.into();
    value
}

/// One letter of a listing: enough to choose by.
#[must_use]
pub fn summary(state: State, letter: &Letter) -> Value {
    json!({
        "id": letter.id,
        "state": state.dir(),
        "from": letter.from,
        "type": letter.kind.as_str(),
        "priority": letter.priority.as_str(),
        "timestamp": letter.timestamp,
        "replyTo": letter.reply_to,
        "firstLine": letter.first_line(120),
    })
}

/// How far one copy of a letter has come.
#[must_use]
pub fn status(found: &Found) -> Value {
    let status = found.status();
    json!({
        "to": found.mailbox.name(),
        "from": found.letter.from,
        "status": status.rung.as_str(),
        "since": status.since,
        "why": status.why,
        "stored": found.letter.timestamp,
        "steps": status.steps.iter().map(|step| json!({ "step": step.step, "at": step.at, "by": step.by })).collect::<Vec<_>>(),
    })
}

/// One letter of the exchange with its way so far; without its content when that is not to be shown.
#[must_use]
pub fn logged(found: &Found, text: Option<&str>) -> Value {
    let mut letter = json!(found.letter);
    if text.is_none() {
        letter["content"] = Value::Null;
    }
    let mut logged = json!({ "id": found.letter.id, "state": found.state.dir() });
    if let (Some(fields), Value::Object(status)) = (logged.as_object_mut(), status(found)) {
        fields.extend(status);
        fields.insert("letter".to_owned(), letter);
    }
    logged
}
