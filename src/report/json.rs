//! The JSON of `--json` and of the tools. docs/reference.md documents it; fields are added, never changed.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::standing;
use crate::{
    agent::{
        directory::Listed,
        feed::{Event, Feed},
        groups,
        question::{Asked, Reaction},
        reach::{Reach, Standing},
        send::{Fate, Sent},
        status::Found,
        unproved::Unproved,
        until::Until,
        wish::Wished,
    },
    mailbox::{
        State,
        letter::Letter,
        name::AgentName,
        receipt::{Receipt, Step},
    },
    text::{self, sanitize::neutralise},
};

/// One letter sent.
#[must_use]
pub fn sent(sent: &Sent) -> Value {
    let (state, why, already) = match &sent.fate {
        Fate::Stored => ("stored", sent.standing.as_ref().and_then(|standing| standing.why.as_deref()), None),
        Fate::Already(state @ State::Held) => ("held", None, Some(state.dir())),
        Fate::Already(state) => ("stored", None, Some(state.dir())),
        Fate::Held(why) => ("held", Some(why.as_str()), None),
        Fate::Refused(why) => ("refused", Some(why.as_str()), None),
        Fate::Failed(why) => ("failed", Some(why.as_str()), None),
    };
    json!({
        "id": sent.id,
        "to": sent.to,
        "state": state,
        "why": why,
        "alreadyIn": already,
        "recipient": recipient(sent.standing.as_ref()),
        "reach": sent.standing.as_ref().map(|standing| standing.reach.as_str()),
        "since": sent.standing.as_ref().and_then(|standing| standing.since),
    })
}

/// What a recipient does, or else how it is reached.
fn recipient(standing: Option<&Standing>) -> &'static str {
    match standing {
        Some(standing) if standing.reach == Reach::Wakes => standing.activity.as_str(),
        Some(standing) => standing.reach.as_str(),
        None => Reach::Away.as_str(),
    }
}

/// What became of a wish to be told.
#[must_use]
pub fn wished(about: &AgentName, until: Until, wished: &Wished) -> Value {
    let (is_so, was_open) = (matches!(wished, Wished::IsSo(_)), *wished == Wished::WasOpen);
    json!({ "agent": about, "state": until.as_str(), "isSo": is_so, "wasOpen": was_open })
}

/// What has come of a question with one of those asked.
#[must_use]
pub fn asked(asked: &Asked, now: Timestamp) -> Value {
    let (outcome, letter) = match &asked.reaction {
        Reaction::Awaited => ("no answer yet", None),
        Reaction::Came(id) => ("answered", Some(id)),
        Reaction::SomethingElse(id) => ("wrote something else", Some(id)),
        Reaction::QuestionHeld(_) => ("held", None),
        Reaction::QuestionRefused(_) => ("refused", None),
        Reaction::QuestionExpired => ("expired", None),
        Reaction::QuestionDead(_) => ("not delivered", None),
        Reaction::OutOfReach(standing) => (standing.reach.as_str(), None),
    };
    let why = match &asked.reaction {
        Reaction::QuestionHeld(why) | Reaction::QuestionRefused(why) | Reaction::QuestionDead(why) => Some(why.clone()),
        Reaction::OutOfReach(standing) => standing::forecast(&asked.name, standing, now),
        _ => None,
    };
    json!({ "id": asked.id, "to": asked.name, "outcome": outcome, "letter": letter, "why": why })
}

/// One agent of a listing.
#[must_use]
pub fn agent(listed: &Listed) -> Value {
    let Listed { record, standing, .. } = listed;
    let mut agent = json!({
        "name": listed.mailbox.name(),
        "online": listed.is_online(),
        "state": standing.state(),
        "reach": (!listed.mailbox.name().is_user()).then(|| standing.reach.as_str()),
        "since": standing.since,
        "why": standing.why,
        "unread": listed.unread,
        "cwd": record.cwd,
        "repo": record.repo,
        "branch": record.branch,
        "started": record.started,
    });
    if let Some(work) = record.work.as_ref().filter(|_| listed.is_online()) {
        agent["doing"] = json!({ "text": work.text, "since": work.since });
    }
    if let Some(client) = record.client().said() {
        agent["client"] = client.into();
    }
    if !record.groups.is_empty() {
        agent["groups"] = json!(groups::of(record));
    }
    if listed.is_online() && doubt(listed).is_some() {
        agent["evidence"] = "unavailable".into();
    }
    agent
}

/// Why it cannot be proved that an agent's session has seen its letters.
#[must_use]
pub fn doubt(listed: &Listed) -> Option<String> {
    let found = Unproved::of(&listed.mailbox, listed.record.session.as_deref());
    found.filter(Unproved::is_enough).map(|found| found.why)
}

/// The same as a model may read it: what could pass for a tag or hide is made harmless, wherever it stands.
#[must_use]
pub fn harmless(value: Value) -> Value {
    each_text(value, neutralise)
}

/// The same as a terminal may print it once a program has read it.
#[must_use]
pub fn printable(value: Value) -> Value {
    each_text(value, text::terminal::printable)
}

/// Changes all texts of a value; names of fields are others' words, too, where a letter has fields of its own.
fn each_text(value: Value, change: fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => change(&text).into(),
        Value::Array(items) => items.into_iter().map(|item| each_text(item, change)).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, field)| (change(&name), each_text(field, change))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
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

/// One letter that waits for a person's yes.
#[must_use]
pub fn held(found: &Found) -> Value {
    let mut held = summary(found.state, &found.letter);
    (held["to"], held["why"]) = (json!(found.mailbox.name()), found.status().why.into());
    held
}

/// How far one copy of a letter has come, and how its recipient is reached as long as that matters.
#[must_use]
pub fn status(found: &Found, now: Timestamp) -> Value {
    let mut status = way(found);
    let of =
        |standing: Standing| json!({ "reach": standing.reach.as_str(), "since": standing.since, "why": standing.why });
    status["recipient"] = found.recipient(now).map(of).into();
    status
}

fn way(found: &Found) -> Value {
    let status = found.status();
    json!({
        "to": found.mailbox.name(),
        "from": found.letter.from,
        "status": status.stage.as_str(),
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
    if let (Some(fields), Value::Object(way)) = (logged.as_object_mut(), way(found)) {
        fields.extend(way);
        fields.insert("letter".to_owned(), letter);
    }
    logged
}

/// The first line of a watch: what there is when it begins.
#[must_use]
pub fn ready(feed: &Feed, now: Timestamp) -> Value {
    let agents: Vec<_> = feed.agents().iter().map(agent).collect();
    json!({ "event": "ready", "at": now, "agent": feed.scope(), "agents": agents })
}

/// One line of a watch.
#[must_use]
pub fn event(event: &Event) -> Value {
    let of_agent = |what: &str, agent: &AgentName| json!({ "event": what, "at": event.at(), "agent": agent });
    let reached = |what: &str, agent: &AgentName, standing: &Standing| {
        let mut line = of_agent(what, agent);
        (line["reach"], line["since"], line["why"]) =
            (standing.reach.as_str().into(), json!(standing.since), standing.why.as_deref().into());
        line
    };
    match event {
        Event::Sent(found) => {
            let letter = &found.letter;
            json!({
                "event": "sent",
                "at": letter.timestamp,
                "id": letter.id,
                "from": letter.from,
                "to": found.mailbox.name(),
                "type": letter.kind.as_str(),
                "priority": letter.priority.as_str(),
                "thread": letter.thread_id(),
                "replyTo": letter.reply_to,
                "firstLine": letter.first_line(120),
            })
        }
        Event::Step { found, receipt } => step(&json!(receipt.step), found, receipt),
        Event::Dead { found, at, why } => {
            let mut receipt = Receipt::at(Step::Unknown, *at);
            receipt.why.clone_from(why);
            step(&"dead".into(), found, &receipt)
        }
        Event::Online(agent, _) => of_agent("online", agent),
        Event::Offline(agent, _) => of_agent("offline", agent),
        Event::Idle(agent, _) => of_agent("idle", agent),
        Event::Busy(agent, _) => of_agent("busy", agent),
        Event::Deaf(agent, standing, _) => reached("deaf", agent, standing),
        Event::Reach(agent, standing, _) => reached("reach", agent, standing),
        Event::Renamed { agent, was, .. } => {
            json!({ "event": "renamed", "at": event.at(), "agent": agent, "was": was })
        }
    }
}

fn step(what: &Value, found: &Found, receipt: &Receipt) -> Value {
    json!({
        "event": what,
        "at": receipt.at,
        "id": found.letter.id,
        "from": found.letter.from,
        "to": found.mailbox.name(),
        "why": receipt.why,
        "by": receipt.by,
    })
}

/// JSON on one line of which a terminal obeys nothing.
#[must_use]
pub fn line(value: &Value) -> String {
    text::json::escaped(&value.to_string()) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_obeys_nothing_in_a_line_and_a_program_reads_what_was_written() {
        let value = json!({ "text": "a\u{1b}[2Jb\u{9b}\u{202e}c\nd" });
        assert_eq!(line(&value), "{\"text\":\"a\\u001b[2Jb\\u009b\\u202ec\\nd\"}\n");
        assert_eq!(serde_json::from_str::<Value>(&line(&value)).unwrap(), value);
    }
}
