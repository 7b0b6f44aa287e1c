//! What each tool does and gives.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::arguments::{Agents, Inbox, NotifyWhen, Rename, Send, Status, Urgency};
use crate::{
    agent::{
        Record, directory, identity, naming,
        policy::{Admission, Config},
        send::{self, Draft},
        sender::Sender,
        status,
        until::Until,
        which::{self, WhichError},
        wish,
        work::Work,
    },
    failure::{Code, Failure},
    mailbox::{
        Mailbox, State,
        home::Home,
        letter::{Letter, LetterId, Priority, shorten},
        name::AgentName,
    },
    report::json as report,
};

/// Letters listed when the model does not say how many.
const PAGE: usize = 20;
/// About 4,000 tokens: no listing puts more into a model's context.
const LONGEST_LISTING_BYTES: usize = 16 * 1024;
/// A kind of another version or of a script is somebody's text.
const LONGEST_KIND_CHARS: usize = 40;

pub fn send(home: &Home, sender: &Sender, arguments: Send) -> Result<Value, Failure> {
    let draft = Draft {
        text: arguments.text,
        reply_to: arguments
            .reply_to
            .as_deref()
            .map(|id| which::letter(&home.mailboxes()?, &State::ALL, id))
            .transpose()?,
        priority: match arguments.priority {
            Some(Urgency::Low) => Priority::Low,
            Some(Urgency::High) => Priority::High,
            Some(Urgency::Normal) | None => Priority::Normal,
        },
        ..Draft::default()
    };
    let sent = send::send(home, sender, &arguments.to.parse()?, &draft, Timestamp::now())?;
    Ok(json!({ "sent": sent.iter().map(report::sent).collect::<Vec<_>>() }))
}

pub fn inbox(home: &Home, me: &Mailbox, arguments: &Inbox) -> Result<Value, Failure> {
    if let Some(id) = &arguments.id {
        return read(home, me, &own(me, id)?);
    }
    let states: &[State] = if arguments.all == Some(true) {
        &[State::Inbox, State::Claimed, State::Done]
    } else {
        &[State::Inbox, State::Claimed]
    };
    let mut letters: Vec<(State, Letter)> = Vec::new();
    for state in states {
        letters.extend(me.letters(*state)?.into_iter().map(|letter| (*state, letter)));
    }
    letters.sort_by(|(_, a), (_, b)| (a.timestamp, &a.id).cmp(&(b.timestamp, &b.id)));
    if let Some(before) = &arguments.before {
        let before = own(me, before)?;
        let place = letters.iter().position(|(_, letter)| letter.id == before);
        letters.truncate(place.ok_or_else(|| Failure::no_such_letter(&before))?);
    }
    let limit = arguments.limit.map_or(PAGE, Into::into);
    let mut listed: Vec<Value> =
        within(letters.iter().rev().take(limit).map(|(state, letter)| summary(*state, letter))).collect();
    listed.reverse();
    Ok(json!({ "me": me.name(), "letters": listed, "older": letters.len() - listed.len() }))
}

/// The letter of this session that is meant: a person speaks of it by its short id.
fn own(me: &Mailbox, id: &str) -> Result<LetterId, WhichError> {
    which::letter(std::slice::from_ref(me), &State::ALL, id)
}

fn read(home: &Home, me: &Mailbox, id: &LetterId) -> Result<Value, Failure> {
    let found = status::find_in(me, id).ok_or_else(|| Failure::no_such_letter(id))?;
    let record = Record::of(me);
    let denied = found.state == State::Inbox
        && Config::load(home)?.admit(me, &found.letter, &me.receipts(id), record.level_as_receiver())?
            == Admission::Denied;
    if denied || found.is_withheld() {
        return Err(Failure::not_for_a_model(&found));
    }
    Ok(json!({ "state": found.state.dir(), "letter": found.letter }))
}

fn summary(state: State, letter: &Letter) -> Value {
    let mut summary = report::summary(state, letter);
    summary["type"] = shorten(letter.kind.as_str(), LONGEST_KIND_CHARS).into();
    summary
}

/// As many entries as have room in a listing, the first one in any case.
fn within(entries: impl Iterator<Item = Value>) -> impl Iterator<Item = Value> {
    let mut used = 0;
    entries.take_while(move |entry| {
        let is_first = used == 0;
        used += report::harmless(entry.clone()).to_string().len();
        is_first || used <= LONGEST_LISTING_BYTES
    })
}

pub fn agents(home: &Home, me: &Mailbox, arguments: &Agents) -> Result<Value, Failure> {
    let mut agents = directory::list(home)?;
    agents.retain(|agent| agent.is_online() || arguments.all == Some(true) && !agent.is_trace_of_nothing());
    let listed: Vec<Value> = within(agents.iter().map(report::agent)).collect();
    Ok(json!({ "me": me.name(), "more": agents.len() - listed.len(), "agents": listed }))
}

pub fn notify_when(home: &Home, me: &Mailbox, arguments: &NotifyWhen) -> Result<Value, Failure> {
    let until: Until = arguments.state.parse().map_err(Failure::usage)?;
    let name: AgentName = arguments.agent.parse()?;
    if name.is_reserved() || name.is_elsewhere() || name == *me.name() {
        return Err(Failure::no_session(&name, me.name()));
    }
    let about = home.mailbox(&name).ok_or_else(|| {
        let nearest = directory::nearest(home, name.as_str());
        Failure::no_such_agent(&name, nearest)
    })?;
    if about == *me {
        return Err(Failure::no_session(about.name(), me.name()));
    }
    let wished = wish::make(home, me, &about, until, Timestamp::now())?;
    Ok(report::wished(about.name(), until, &wished))
}

pub fn status(home: &Home, arguments: &Status) -> Result<Value, Failure> {
    let id = which::letter(&home.mailboxes()?, &State::ALL, &arguments.id)?;
    let found = status::find(home, &id)?;
    if found.is_empty() {
        return Err(Failure::no_such_letter(&id));
    }
    let now = Timestamp::now();
    Ok(json!({ "id": id, "copies": found.iter().map(|found| report::status(found, now)).collect::<Vec<_>>() }))
}

pub fn rename(home: &Home, me: &Mailbox, arguments: &Rename) -> Result<Value, Failure> {
    let renamed = match &arguments.name {
        Some(name) => identity::rename(home, me, &name.parse()?)?,
        None if arguments.doing.is_some() => me.clone(),
        None => {
            return Err(Failure::new(Code::Usage, "neither a name nor what it works on was given")
                .hint("`name` renames the session, `doing` says in a line what it works on"));
        }
    };
    let mut said = json!({ "was": me.name(), "name": renamed.name() });
    if let Some(doing) = &arguments.doing {
        let work = Work::said(doing, Timestamp::now());
        said["doing"] = work.as_ref().map(|work| work.text.clone()).into();
        Record::change(&renamed, Timestamp::now(), |record| record.work = work)?;
    }
    if let Some(why) = naming::differs(&renamed).filter(|_| arguments.name.is_some()) {
        said["note"] = why.into();
    }
    Ok(said)
}
