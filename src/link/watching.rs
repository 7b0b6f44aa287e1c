//! What happens in the mailboxes, told to the parts of a running link: a letter to send, a step to tell of, somebody who came.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Result;

use super::{carrier::Carrier, following};
use crate::{
    agent::{
        feed::{Event, Feed},
        status::Found,
    },
    threads,
};

const BEAT: Duration = Duration::from_secs(2);

/// A thread that watches.
#[derive(Debug)]
pub struct WatchingThread(Arc<AtomicBool>);

impl WatchingThread {
    /// Lets it end with its next look.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Begins to watch. What is there already, the parts look for themselves afterwards.
pub fn begin(carrier: &Arc<Carrier>) -> Result<WatchingThread> {
    let mut feed = Feed::open(&carrier.home, None)?;
    let carrier: Weak<Carrier> = Arc::downgrade(carrier);
    let over = Arc::new(AtomicBool::new(false));
    let watching = WatchingThread(over.clone());
    threads::start("watching", move || {
        while !over.load(Ordering::Relaxed) {
            let events = feed.next(BEAT);
            let Some(carrier) = carrier.upgrade() else { return };
            for event in &events {
                tell(&carrier, event);
            }
        }
    })?;
    Ok(watching)
}

fn tell(carrier: &Carrier, event: &Event) {
    match event {
        Event::Sent(found) | Event::Dead { found, .. } | Event::Step { found, .. } => of_letter(carrier, found),
        Event::Online(..)
        | Event::Offline(..)
        | Event::Idle(..)
        | Event::Busy(..)
        | Event::Deaf(..)
        | Event::Reach(..)
        | Event::Renamed { .. } => carrier.to_say.notify_one(),
    }
}

fn of_letter(carrier: &Carrier, found: &Found) {
    if found.mailbox.name().is_elsewhere() {
        carrier.to_go.notify_one();
    }
    if let Some(machine) = found.letter.from.machine() {
        for name in following::names(&carrier.home, &machine, &found.letter.id, &found.letter.to) {
            carrier.tell(&machine, &found.letter.id, &name);
        }
    }
}
