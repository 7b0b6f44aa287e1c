//! The running link says of itself what is in the way, for whoever asks why letters wait.

use std::sync::Mutex;

use jiff::Timestamp;

use crate::{
    agent::machines::{self, LinkState},
    mailbox::{
        disk::{self, Durability},
        home::Home,
        log,
    },
};

/// Writes it, each change once.
#[derive(Debug)]
pub struct StateKeeper {
    home: Home,
    last: Mutex<Option<LinkState>>,
}

impl StateKeeper {
    pub fn new(home: &Home) -> Self {
        Self { home: home.clone(), last: Mutex::default() }
    }

    pub fn connected(&self, connected: bool, why: Option<String>) {
        self.change(Some(connected), why);
    }

    /// What is in the way of letters that go out; `None` when nothing is. Without a connection that is the reason, and what
    /// fails meanwhile is no other.
    pub fn in_the_way(&self, why: Option<String>) {
        let is_away = |last: &LinkState| !last.connected && last.why.is_some();
        if !self.last.lock().is_ok_and(|last| last.as_ref().is_some_and(is_away)) {
            self.change(None, why);
        }
    }

    fn change(&self, connected: Option<bool>, why: Option<String>) {
        let Ok(mut last) = self.last.lock() else { return };
        let connected = connected.or(last.as_ref().map(|last| last.connected)).unwrap_or(false);
        if last.as_ref().is_some_and(|last| last.connected == connected && last.why == why) {
            return;
        }
        if let Some(why) = &why {
            log::line(&self.home, &format!("link: {why}"));
        }
        let state = LinkState { connected, since: Timestamp::now(), why };
        let bytes = serde_json::to_vec_pretty(&state).unwrap_or_default();
        let _ = disk::replace(&machines::place(self.home.path(), machines::STATE), &bytes, Durability::Process);
        *last = Some(state);
    }
}
