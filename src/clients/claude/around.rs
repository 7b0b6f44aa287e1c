//! Which living session is around this process, if any: whoever has none is the person.
//!
//! Variables outlive a session: a terminal server that was started from its Bash hands them to every terminal of the
//! person, for as long as it runs. So they count for what has no terminal of its own, while the session they name lives;
//! for all else the processes around it decide.

use std::{env, process};

use super::{
    host_process::{self, HOST_VARIABLE},
    kind::is_client,
};
use crate::{
    agent::{
        Record,
        host::{self, HostKey, Life},
        identity,
    },
    clients::opencode,
    mailbox::home::Home,
};

/// Who a command acts for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Around {
    /// No session that lives: the person, or a script of theirs.
    Nobody,
    /// The session in this process, whether or not it takes part.
    Session(HostKey),
    /// A session, and nothing tells which.
    SomeSession,
}

/// Looks around this process; `home` is where sessions leave their records.
#[must_use]
pub fn look(home: Option<&Home>) -> Around {
    let named = env::var(HOST_VARIABLE).ok().and_then(|text| HostKey::from_text(&text));
    if named.is_none() && env::var_os("CLAUDECODE").is_none() && env::var_os(HOST_VARIABLE).is_none() {
        // What a model runs may have lost them on purpose.
        let client = host::around(process::id()).find_map(|pid| {
            let words = host::command_line(pid);
            // One OpenCode serves many sessions, so its process names none.
            let of_many = || opencode::is_client(&words).then_some(None);
            is_client(&words).then(|| HostKey::of(pid)).or_else(of_many)
        });
        return match client {
            None => Around::Nobody,
            Some(Some(session)) => Around::Session(session),
            Some(None) => Around::SomeSession, // it ends at this moment
        };
    }
    let life = named.as_ref().map(HostKey::life);
    if let (Some(named), Some(None)) = (&named, life) {
        return Around::Session(named.clone()); // written by something else, which must know
    }
    let living = match life.flatten() {
        Some(Life::Goes(pid)) => Some(pid),
        _ => None,
    };
    for pid in host::around(process::id()) {
        if Some(pid) == living {
            break;
        }
        if is_client(&host::command_line(pid)) {
            // A process that was detached from a session may have become the child of one around that.
            let is_inside = living.is_some_and(|living| host::around(living).any(|other| other == pid));
            match HostKey::of(pid) {
                Some(nearest) if !is_inside => return Around::Session(nearest),
                _ => break,
            }
        }
    }
    by_variables(home, named, life.flatten())
}

/// What the variables say of a process with no client around it, or inside of the session they name.
fn by_variables(home: Option<&Home>, named: Option<HostKey>, life: Option<Life>) -> Around {
    let living = match life {
        Some(Life::Goes(pid)) => Some(pid),
        _ => None,
    };
    let is_child = living.is_some_and(|living| host::around(process::id()).any(|pid| pid == living));
    if !is_child && host::has_terminal_beside(living) {
        return Around::Nobody;
    }
    let is_online = |host: &HostKey| {
        let mailbox = home.and_then(|home| identity::find(home, host));
        mailbox.is_some_and(|mailbox| mailbox.is_online())
    };
    match (named, life) {
        (Some(named), Some(Life::Goes(_))) => Around::Session(named),
        (Some(named), Some(Life::Elsewhere)) if is_online(&named) => Around::Session(named),
        (Some(_), Some(_)) => Around::Nobody,
        (_, _) => by_session(home),
    }
}

/// What the session's id says, where the client has not told the host.
fn by_session(home: Option<&Home>) -> Around {
    let known = host_process::session().and_then(|session| identity::of_session(home?, &session));
    let Some(mailbox) = known else { return Around::SomeSession };
    let host = Record::of(&mailbox).host.and_then(|host| HostKey::from_text(&host));
    match host {
        _ if !mailbox.is_online() => Around::Nobody,
        Some(host) => Around::Session(host),
        None => Around::SomeSession,
    }
}
