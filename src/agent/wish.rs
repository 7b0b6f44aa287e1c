//! "Tell me when": one agent's wish to be told, once, that another is idle, away or blocked, or answers.
//!
//! A wish is a file with the agent it is about, so it survives both sessions' restarts and follows both through renames; its
//! name is made of what is wished and by whom, so there is one of each. Servers look every few seconds: that of the agent
//! it is about, and that of whoever wishes, who keeps a pointer, for an agent that has gone cannot tell. Both may see the
//! same at once: the news has an id made from the wish's, so it is told once.

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    Record,
    reach::Standing,
    until::{Until, written_since},
};
use crate::mailbox::{
    Key, Mailbox, State,
    disk::{self, Durability, FsError},
    home::Home,
    letter::{Kind, Letter, LetterId, Priority},
    lock,
    name::AgentName,
};

/// Where an agent's mailbox keeps the wishes about it, and pointers to those that it has.
const ABOUT: &str = "wishes";
const OWN: &str = "wished";
/// Held while a pointer and its wish are written, and while it is looked whether a pointer has none.
const TURN: &str = "wished.lock";
const LIMIT_BYTES: u64 = 64 * 1024;

/// How long a wish is kept.
pub const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// What is kept of a wish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Wish {
    id: LetterId,
    by: AgentName,
    until: String,
    made: Timestamp,
    expires: Timestamp,
    /// How many letters went before it without a person: news of it is no person's word either.
    hops: u32,
}

/// What became of a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wished {
    /// It is so already, and nothing is kept.
    IsSo(Standing),
    Kept,
    /// The same wish was open, and goes on.
    WasOpen,
}

/// Keeps a wish of `me` about another agent.
///
/// # Errors
/// A `FsError` when it cannot be kept.
pub fn make(home: &Home, me: &Mailbox, about: &Mailbox, until: Until, now: Timestamp) -> Result<Wished, FsError> {
    if let Some(standing) = until.is_so(about, now) {
        return Ok(Wished::IsSo(standing));
    }
    let (wishes, own) = (directory(about, ABOUT)?, directory(me, OWN)?);
    let is_same = |wish: &Wish| wish.until == until.as_str() && wish.expires > now && is_called(home, &wish.by, me);
    if names(&wishes).iter().filter_map(|name| read(&wishes.join(name))).any(|wish| is_same(&wish)) {
        return Ok(Wished::WasOpen);
    }
    let place = wishes.join(format!("{}.{}", until.as_str(), me.name()));
    let expires = now.checked_add(KEPT).unwrap_or(Timestamp::MAX);
    let (id, by, hops) = (LetterId::fresh(), me.name().clone(), Record::of(me).origin().hops);
    let wish = Wish { id, by, until: until.as_str().to_owned(), made: now, expires, hops };
    let _turn = lock::exclusive(&me.path().join(TURN))?;
    disk::replace(&own.join(about.name().as_str()), b"", Durability::Process)?;
    disk::replace(&place, &serde_json::to_vec(&wish).unwrap_or_default(), Durability::Disk)?;
    Ok(Wished::Kept)
}

/// Looks through the wishes about an agent, and tells whose wish has come true.
///
/// # Errors
/// A `FsError` when somebody cannot be told; the wish stays.
pub fn look(home: &Home, about: &Mailbox, now: Timestamp) -> Result<(), FsError> {
    let directory = about.path().join(ABOUT);
    for name in names(&directory) {
        let place = directory.join(&name);
        match read(&place) {
            Some(wish) if wish.expires > now => fulfil(home, about, &place, &wish, now)?,
            Some(_) => disk::remove(&place)?,
            None => {} // another version's, or gone
        }
    }
    Ok(())
}

/// Looks after the wishes that an agent has, where those they are about may not be there to tell.
///
/// # Errors
/// As [`look`].
pub fn look_after(home: &Home, me: &Mailbox, now: Timestamp) -> Result<(), FsError> {
    let directory = me.path().join(OWN);
    for name in names(&directory) {
        let about = name.parse::<AgentName>().ok().and_then(|name| home.mailbox(&name));
        if let Some(about) = &about {
            look(home, about, now)?;
        }
        let has_wishes = || {
            let wishes = about.as_ref().map(|about| about.path().join(ABOUT));
            let is_mine = |place: PathBuf| read(&place).is_some_and(|wish| is_called(home, &wish.by, me));
            wishes.is_some_and(|wishes| names(&wishes).iter().any(|name| is_mine(wishes.join(name))))
        };
        if !has_wishes() {
            let _turn = lock::exclusive(&me.path().join(TURN))?;
            if !has_wishes() {
                disk::remove(&directory.join(&name))?; // and none is being made
            }
        }
    }
    Ok(())
}

fn fulfil(home: &Home, about: &Mailbox, place: &Path, wish: &Wish, now: Timestamp) -> Result<(), FsError> {
    let Some(me) = home.mailbox(&wish.by) else { return disk::remove(place) };
    let Ok(until) = wish.until.parse::<Until>() else { return Ok(()) }; // another version's
    let name = about.name();
    let news = if until == Until::Answers {
        if let Some(id) = written_since(&me, name, wish.made) {
            // What wakes by itself needs no news.
            let state = me.state_of(&id);
            let is_low =
                state.and_then(|state| me.read(state, &id).ok()).is_some_and(|it| it.priority == Priority::Low);
            if !is_low || state == Some(State::Held) {
                return disk::remove(place);
            }
            Some(format!("{name} has written to you: {id}"))
        } else {
            let given_up = [Until::Idle, Until::Away, Until::Blocked];
            let found = given_up.into_iter().find_map(|other| other.is_so(about, now).map(|_| other));
            found.map(|other| format!("{name} is {} and has not written to you", other.as_str()))
        }
    } else {
        until.is_so(about, now).map(|_| format!("{name} is {} now", until.as_str()))
    };
    let Some(news) = news else { return Ok(()) };
    let mut notice = Letter::new(AgentName::system(), me.name().clone(), news, now);
    notice.id = wish.id.clone();
    notice.kind = Kind::Status;
    notice.origin.hops = wish.hops;
    me.publish(&notice, Key::Chosen)?;
    disk::remove(place)
}

fn is_called(home: &Home, name: &AgentName, me: &Mailbox) -> bool {
    name == me.name() || home.mailbox(name).is_some_and(|found| found == *me)
}

fn directory(mailbox: &Mailbox, name: &str) -> Result<PathBuf, FsError> {
    let directory = mailbox.path().join(name);
    disk::create_dir(&directory)?;
    disk::real_dir(&directory)?;
    Ok(directory)
}

/// The names in a directory that may not be there, but of drafts; none where it is a link.
fn names(directory: &Path) -> Vec<String> {
    if disk::real_dir(directory).is_err() {
        return Vec::new();
    }
    let names = disk::names(directory).unwrap_or_default();
    names.into_iter().filter_map(|name| name.into_string().ok()).filter(|name| name.matches('.').count() <= 1).collect()
}

fn read(place: &Path) -> Option<Wish> {
    serde_json::from_slice(&disk::read(place, LIMIT_BYTES).ok()?).ok()
}
