//! Which agent a session is.
//!
//! Hook, server and waker of one session start at the same instant and must agree; a session that resumes, clears or
//! restarts must find the mailbox it had. They agree through small records in `sessions/`: one per host process, one
//! per session. All decisions are made under one short lock.

use std::{
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Activity, Record, first_name, generate, host::HostKey};
use crate::mailbox::{
    Mailbox,
    disk::{self, Durability, FsError},
    home::Home,
    lock::{self, Lock},
    log,
    name::AgentName,
    presence::Presence,
    reading::Reading,
};

/// When a client was killed, its waker may hold the mailbox's locks for a moment longer. So a session that finds its
/// mailbox taken tries for this long before it takes another name.
const GHOSTS_LINGER: Duration = Duration::from_millis(2500);
/// How long a session that goes on in another process leaves its mailbox to the one before, which is about to end. A client
/// that is slow to end does not keep it longer.
const HANDED_ON_WITHIN: Duration = Duration::from_secs(5);
/// How long after a claim a session may take until its server or waker has moved in. Past that the claimant has died.
const MOVES_IN_WITHIN: Duration = Duration::from_secs(5);
/// Stands in a mailbox from the claim until the session's server or waker holds the presence lock.
const RESERVED: &str = "reserved";
const LONGEST_POINTER_BYTES: u64 = 4096;

/// What a process knows of the session it belongs to.
#[derive(Debug, Clone)]
pub struct Claimant {
    pub host: HostKey,
    pub session: Option<String>,
    /// The session that this one goes on from in another process, which is about to end.
    pub continues: Option<String>,
    /// The name the person asked for.
    pub wanted: Option<AgentName>,
    /// What the person called the session in its client.
    pub called: Option<String>,
    /// Where it starts.
    pub cwd: Option<PathBuf>,
    pub trust: Trust,
}

impl Claimant {
    /// Somebody of whom nothing is known but the host.
    #[must_use]
    pub fn new(host: HostKey, trust: Trust) -> Self {
        Self { host, session: None, continues: None, wanted: None, called: None, cwd: None, trust }
    }
}

/// Which record decides when session and host disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// The session was just started, resumed or forked, so its id is new information.
    Session,
    /// The session goes on in its host. After `/clear` it has a new id, while server and waker still know the old one.
    Host,
}

/// What a claim came to.
#[derive(Debug)]
pub struct Claim {
    pub mailbox: Mailbox,
    /// The wanted name could not be had because another session is using it.
    pub denied: Option<AgentName>,
}

#[derive(Serialize, Deserialize)]
struct Pointer {
    v: u64,
    agent: AgentName,
    /// Which mailbox that is, should another have the name by now.
    #[serde(skip_serializing_if = "Option::is_none")]
    mailbox: Option<String>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

/// The agent this claimant is; claims a name if it has none yet.
///
/// # Errors
/// A `FsError` when the home cannot be used. Nothing is half claimed then: a mailbox that was made stays, empty.
pub fn claim(home: &Home, claimant: &Claimant) -> Result<Claim, FsError> {
    let give_up = Instant::now() + if claimant.continues.is_some() { HANDED_ON_WITHIN } else { GHOSTS_LINGER };
    loop {
        let patience = if Instant::now() < give_up { Patience::Wait } else { Patience::End };
        if let Some(claim) = attempt(home, claimant, patience)? {
            return Ok(claim);
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// The agent of a host that has claimed before; claims nothing.
#[must_use]
pub fn find(home: &Home, host: &HostKey) -> Option<Mailbox> {
    read_pointer(home, &host_file(host))
}

/// The agent a session is now, for those who know the session and not its host; claims nothing.
#[must_use]
pub fn of_session(home: &Home, session: &str) -> Option<Mailbox> {
    read_pointer(home, &session_file(session)).filter(|mailbox| Record::of(mailbox).session.as_deref() == Some(session))
}

/// The agent whom a session's record leads to, whatever session that has now.
pub(super) fn owner(home: &Home, session: &str) -> Option<Mailbox> {
    read_pointer(home, &session_file(session))
}

/// Gives an agent another name; its mailbox, letters and sessions follow, and the old address still works.
///
/// # Errors
/// [`RenameError`]; nothing has changed then.
pub fn rename(home: &Home, mailbox: &Mailbox, new: &AgentName) -> Result<Mailbox, RenameError> {
    if new.is_reserved() || mailbox.name().is_reserved() {
        return Err(RenameError::Reserved(if new.is_reserved() { new.clone() } else { mailbox.name().clone() }));
    }
    if let Some(name) = [new, mailbox.name()].into_iter().find(|name| name.is_elsewhere()) {
        return Err(RenameError::Elsewhere(name.clone()));
    }
    if new == mailbox.name() {
        return Ok(mailbox.clone());
    }
    let _guard = no_claims(home)?;
    match home.rename(mailbox, new) {
        Err(error) if error.is_already_there() => Err(RenameError::Taken(new.clone())),
        renamed => Ok(renamed?),
    }
}

/// Why an agent keeps its name.
#[derive(Debug, thiserror::Error)]
pub enum RenameError {
    #[error("`{0}` is another agent's name, or was and still leads to it")]
    Taken(AgentName),
    #[error("`{0}` is reserved")]
    Reserved(AgentName),
    #[error("`{0}` names an agent of another machine")]
    Elsewhere(AgentName),
    #[error("`{0}` is no agent any more")]
    Gone(AgentName),
    #[error(transparent)]
    Fs(#[from] FsError),
}

/// Says "here" for a session from one of its long-lived processes; the name is no longer merely reserved then.
///
/// # Errors
/// A `FsError` when the lock cannot be taken.
pub fn move_in(mailbox: &Mailbox) -> Result<Presence, FsError> {
    let presence = mailbox.hold_presence()?;
    disk::remove(&mailbox.path().join(RESERVED))?;
    Ok(presence)
}

/// Keeps everybody from claiming or changing a name.
///
/// # Errors
/// A `FsError` when the lock cannot be had.
pub(super) fn no_claims(home: &Home) -> Result<Lock, FsError> {
    lock::exclusive(&home.subdir("sessions")?.join("claims.lock"))
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum Patience {
    Wait,
    End,
}

/// One try under the lock; `None` asks to wait for the leftovers of a dead session to go.
fn attempt(home: &Home, claimant: &Claimant, patience: Patience) -> Result<Option<Claim>, FsError> {
    let _guard = no_claims(home)?;
    let leads_to = |file: &str| {
        let pointer = pointer_to_write(home, file)?; // one that may be readable later must not cost the session its name
        Ok::<_, FsError>(pointer.and_then(|pointer| followed(home, file, &pointer)))
    };
    // A process never comes back, and a session of one that serves many does: somebody may have taken its name meanwhile.
    let is_own = |mailbox: &Mailbox| {
        let is_anothers = || Record::of(mailbox).host.is_some_and(|host| host != claimant.host.as_str());
        let is_taken = || matches!(occupancy(mailbox, Some(&claimant.host)), Occupancy::Taken);
        claimant.host.life().is_some() || !is_anothers() || !is_taken()
    };
    let of_host = leads_to(&host_file(&claimant.host))?.filter(is_own);
    let of = |session: &Option<String>| match session {
        Some(session) => leads_to(&session_file(session)),
        None => Ok(None),
    };
    let handed_on = of(&claimant.continues)?;
    let of_sessions: Vec<Mailbox> = handed_on.iter().cloned().chain(of(&claimant.session)?).collect();
    let same = |a: &Mailbox, b: &Mailbox| a.name() == b.name();

    if let Some(mailbox) = &of_host {
        let moves_on =
            claimant.trust == Trust::Session && of_sessions.first().is_some_and(|other| !same(other, mailbox));
        if !moves_on {
            return settle(home, claimant, mailbox.clone(), None).map(Some);
        }
    }
    let mut denied = None;
    let wanted = claimant.wanted.as_ref().filter(|_| of_host.is_none());
    let wanted_mailbox = wanted.and_then(|name| home.mailbox(name));
    for candidate in wanted_mailbox.iter().chain(&of_sessions) {
        match occupancy(candidate, Some(&claimant.host)) {
            Occupancy::Free => return settle(home, claimant, candidate.clone(), denied).map(Some),
            Occupancy::Taken if patience == Patience::Wait => return Ok(None),
            Occupancy::Taken if Some(candidate) == handed_on.as_ref() => {
                return settle(home, claimant, candidate.clone(), denied).map(Some);
            }
            Occupancy::Taken if Some(candidate) == wanted_mailbox.as_ref() => denied = wanted.cloned(),
            Occupancy::Taken => denied = denied.or_else(|| Some(candidate.name().clone())),
        }
    }
    if let Some(mailbox) = of_host {
        return settle(home, claimant, mailbox, denied).map(Some);
    }
    let (called, cwd) = (claimant.called.as_deref(), claimant.cwd.as_deref());
    let is_free = |mailbox: &Mailbox| matches!(occupancy(mailbox, Some(&claimant.host)), Occupancy::Free);
    let fresh = match wanted.filter(|_| wanted_mailbox.is_none()) {
        Some(name) => home.claim(name)?,
        None => {
            if let Some(chosen) = first_name::choose(home, called, cwd, is_free)? {
                chosen
            } else {
                let made_up = claim_new(home)?;
                of_sessions.last().map_or(Ok(()), |owner| note_beside(owner, &made_up))?;
                made_up
            }
        }
    };
    settle(home, claimant, fresh, denied).map(Some)
}

/// Whether a mailbox may be taken over.
pub(super) enum Occupancy {
    Free,
    Taken,
}

/// Whether a live session other than that of `host` has the mailbox.
pub(super) fn occupancy(mailbox: &Mailbox, host: Option<&HostKey>) -> Occupancy {
    let record = Record::of(mailbox);
    if host.is_some_and(|host| record.host.as_deref() == Some(host.as_str())) {
        return Occupancy::Free;
    }
    let taken = record.ended.is_none() && (mailbox.is_online() || is_reserved(mailbox));
    if taken { Occupancy::Taken } else { Occupancy::Free }
}

fn is_reserved(mailbox: &Mailbox) -> bool {
    let written = mailbox.path().join(RESERVED).metadata().and_then(|facts| facts.modified());
    written.is_ok_and(|at| at.elapsed().is_ok_and(|age| age < MOVES_IN_WITHIN))
}

/// Notes the outcome where the other processes of the session will look.
fn settle(home: &Home, claimant: &Claimant, mailbox: Mailbox, denied: Option<AgentName>) -> Result<Claim, FsError> {
    write_pointer(home, &host_file(&claimant.host), &mailbox)?;
    if let Some(session) = &claimant.session {
        let file = session_file(session);
        let moves = match read_pointer(home, &file) {
            None => true,
            // A second terminal on a live session gets another name; the session stays with the first.
            Some(owner) => {
                claimant.trust == Trust::Session && matches!(occupancy(&owner, Some(&claimant.host)), Occupancy::Free)
            }
        };
        if moves {
            write_pointer(home, &file, &mailbox)?;
        }
    }
    let goes_on = match Record::read(&mailbox) {
        Reading::Known(record) => record.host.as_deref() == Some(claimant.host.as_str()) && record.ended.is_none(),
        Reading::Missing | Reading::Unreadable(_) => false,
    };
    if !goes_on {
        mailbox.furnish()?; // somebody may have tidied up in it
        let now = Timestamp::now();
        disk::replace(&mailbox.path().join(RESERVED), b"", Durability::Process)?;
        Record::take_over(&mailbox, now, |record| {
            record.host = Some(claimant.host.to_string());
            record.ended = None;
            record.state = Activity::Idle;
            record.started = Some(now);
            record.client.clear();
            record.headless = false;
            record.forget_obstacles();
            if record.session != claimant.session && (record.session.is_none() || record.session != claimant.continues)
            {
                record.called = None; // another session, which nobody may have called anything
            }
        })?;
    }
    Ok(Claim { mailbox, denied })
}

/// Notes with the agent whose session it is that another terminal has a name of its own; see [`beside`](super::beside).
fn note_beside(owner: &Mailbox, beside: &Mailbox) -> Result<(), FsError> {
    Record::change(owner, Timestamp::now(), |record| {
        if !record.beside.contains(beside.name()) {
            record.beside.push(beside.name().clone());
        }
    })?;
    Ok(())
}

fn claim_new(home: &Home) -> Result<Mailbox, FsError> {
    for name in generate::candidates() {
        match home.claim(&name) {
            Err(error) if error.is_already_there() => {}
            claimed => return claimed,
        }
    }
    unreachable!("candidates never run out")
}

/// Whether a record in `sessions/` is that of a session which is online.
#[must_use]
pub fn leads_to_somebody_online(home: &Home, record: &Path) -> bool {
    let file = record.file_name().and_then(|name| name.to_str());
    file.and_then(|file| read_pointer(home, file)).is_some_and(|mailbox| mailbox.is_online())
}

fn read_pointer(home: &Home, file: &str) -> Option<Mailbox> {
    match pointer(home, file) {
        Reading::Known(pointer) => followed(home, file, &pointer),
        Reading::Missing | Reading::Unreadable(_) => None,
    }
}

/// The mailbox a pointer was written for, whatever its name is now; `None` when it is gone.
fn followed(home: &Home, file: &str, pointer: &Pointer) -> Option<Mailbox> {
    let mailbox = home.mailbox(&pointer.agent)?;
    mailbox.is_meant(pointer.mailbox.as_deref(), &home.path().join("sessions").join(file)).then_some(mailbox)
}

fn pointer(home: &Home, file: &str) -> Reading<Pointer> {
    Reading::of(&home.path().join("sessions").join(file), LONGEST_POINTER_BYTES)
}

/// As [`pointer()`], for those who may write it, under the lock of all claims: one that will never be readable is moved
/// aside.
fn pointer_to_write(home: &Home, file: &str) -> Result<Option<Pointer>, FsError> {
    match pointer(home, file) {
        Reading::Known(pointer) => Ok(Some(pointer)),
        Reading::Missing => Ok(None),
        Reading::Unreadable(unreadable) => {
            let aside = unreadable.move_aside()?;
            log::line(home, &format!("sessions: {} could not be read: {}", aside.display(), unreadable.why));
            Ok(None)
        }
    }
}

fn write_pointer(home: &Home, file: &str, mailbox: &Mailbox) -> Result<(), FsError> {
    let extra = match pointer_to_write(home, file)? {
        Some(pointer) if followed(home, file, &pointer).as_ref() == Some(mailbox) => return Ok(()),
        Some(pointer) => pointer.extra,
        None => Map::new(),
    };
    let path: PathBuf = home.path().join("sessions").join(file);
    let pointer = Pointer { v: 1, agent: mailbox.name().clone(), mailbox: mailbox.id(), extra };
    let text = serde_json::to_vec(&pointer).unwrap_or_default();
    disk::replace(&path, &text, Durability::Process)
}

fn host_file(host: &HostKey) -> String {
    format!("host-{host}.json")
}

/// Session ids are the client's; whatever they hold must stay a file name.
fn session_file(session: &str) -> String {
    let safe: String = session.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(80).collect();
    format!("session-{safe}.json")
}
