//! The session's agent is online from the first request its client makes of us until we end.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Result;
use jiff::Timestamp;

use crate::{
    agent::{host::HostKey, identity, wish},
    clients::claude::{client_name::Follower, plugin_folder, without_hooks},
    mailbox::{
        Mailbox,
        home::Home,
        lock::Lock,
        log,
        presence::Presence,
        watch::{Watch, glance::Glance},
    },
    threads,
};

/// How long a session's processes may take to agree which agent it is, and how often the server looks until then.
const AGREED_WITHIN: Duration = Duration::from_secs(10);
const FIRST_LOOKS: Duration = Duration::from_millis(50);

/// Holds the presence of whatever agent the session is, as it changes.
#[derive(Debug)]
pub struct Online {
    home: Home,
    host: HostKey,
    here: Arc<Mutex<Option<Here>>>,
    has_begun: AtomicBool,
}

/// That the session's agent is here, for as long as this lives.
#[derive(Debug)]
struct Here {
    mailbox: Mailbox,
    _presence: Presence,
    _by_hand: Option<Lock>,
}

impl Online {
    pub fn new(home: &Home, host: &HostKey) -> Self {
        Self { home: home.clone(), host: host.clone(), here: Arc::default(), has_begun: AtomicBool::new(false) }
    }

    /// Brings an agent online that a request has just claimed.
    pub fn look_again(&self) {
        if let Err(error) = move_in(&self.home, &self.host, &self.here) {
            log::line(&self.home, &format!("server: {error:#}"));
        }
    }

    /// Called with every request; the first one brings the agent online before it is answered. A waker that waits for
    /// the server wakes from then on, and the session it wakes has the tools.
    pub fn begin(&self) {
        if self.has_begun.swap(true, Ordering::Relaxed) {
            return;
        }
        if let Err(error) = move_in(&self.home, &self.host, &self.here) {
            log::line(&self.home, &format!("server: {error:#}"));
        }
        let (home, host, here) = (self.home.clone(), self.host.clone(), Arc::clone(&self.here));
        if let Err(error) = threads::start("online", move || stay(&home, &host, &here)) {
            log::line(&self.home, &format!("server: {error}"));
        }
    }
}

/// Follows the session through renames and moves. What goes wrong is logged once and tried again with the next beat: a
/// server that gave up would be listed as away.
fn stay(home: &Home, host: &HostKey, here: &Mutex<Option<Here>>) {
    let (watch, started, mut swept) = (Watch::by_beat(), Instant::now(), Instant::now());
    let mut sessions = None;
    let mut name = Follower::default();
    let mut complaint = None;
    loop {
        let round = threads::guarded(|| -> Result<()> {
            if sessions.is_none() {
                sessions = Some(Glance::at(home.subdir("sessions")?));
            }
            let may_have_moved = held(here).as_ref().is_none_or(|here| !here.mailbox.exists());
            if sessions.as_mut().is_none_or(Glance::finds_change) || may_have_moved {
                move_in(home, host, here)?;
            }
            without_hooks::note_silence(home, host, started.elapsed())?;
            if let Some(Here { mailbox, .. }) = held(here).as_ref() {
                if without_hooks::brings_letters(mailbox) {
                    without_hooks::tend(home, mailbox, &mut swept);
                }
                name.look(home, mailbox)?;
                let now = Timestamp::now();
                wish::look(home, mailbox, now)?;
                wish::look_after(home, mailbox, now)?;
                let _ = plugin_folder::look(mailbox); // also where no waker is left to look
                if started.elapsed() < AGREED_WITHIN {
                    plugin_folder::note_server(mailbox)?; // a claim that is being made may forget it again
                }
            }
            Ok(())
        });
        let trouble = match round {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(format!("{error:#}")),
            Err(broken) => Some(broken),
        };
        if let Some(text) = trouble.as_ref().filter(|_| trouble != complaint) {
            log::line(home, &format!("server: {text}"));
        }
        complaint = trouble;
        // At the start the hook and this server agree on a name, and the waker waits for the server.
        watch.sleep(if started.elapsed() < AGREED_WITHIN { FIRST_LOOKS } else { Duration::MAX });
    }
}

fn held(here: &Mutex<Option<Here>>) -> std::sync::MutexGuard<'_, Option<Here>> {
    here.lock().unwrap_or_else(PoisonError::into_inner)
}

fn move_in(home: &Home, host: &HostKey, here: &Mutex<Option<Here>>) -> Result<()> {
    let mailbox = identity::find(home, host);
    let mut here = held(here);
    if here.as_ref().map(|here| &here.mailbox) != mailbox.as_ref() {
        *here = match mailbox {
            Some(mailbox) => {
                let (presence, by_hand) = (identity::move_in(&mailbox)?, without_hooks::show_by_hand(&mailbox)?);
                Some(Here { mailbox, _presence: presence, _by_hand: by_hand })
            }
            None => None,
        };
    }
    Ok(())
}
