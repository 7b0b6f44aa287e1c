//! What happens in all mailboxes, as it happens: letters and their steps, agents that come, go and get other names.
//!
//! An announced change says which letter to look at; what is reported is read from the files, so a letter that went its
//! whole way between two looks still has all its steps reported, in order and once. What nobody announces (silent mounts,
//! a system that refuses to watch, presence locks) is found by a slow beat. Nothing is read that has not changed.

mod event;
mod followed_mailbox;
mod letter_progress;
mod place;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant, SystemTime},
};

use jiff::Timestamp;

pub use self::event::Event;
use self::{
    followed_mailbox::{FollowedMailbox, Hint, Interest},
    place::Place,
};
use super::directory::Listed;
use crate::mailbox::{
    Mailbox,
    disk::FsError,
    home::Home,
    letter::LetterId,
    name::AgentName,
    watch::{
        BEAT, BEAT_UNWATCHED,
        paths::{Announced, PathWatch},
    },
};

/// How many mailboxes without anybody in them a beat looks at, in turn.
const QUIET_MAILBOXES_A_BEAT: usize = 50;

/// The live events of a home.
#[derive(Debug)]
pub struct Feed {
    home: Home,
    scope: Option<AgentName>,
    opened: Timestamp,
    watch: PathWatch,
    /// Whether the home is watched, and when it last changed.
    watched: bool,
    changed: Option<SystemTime>,
    followed: BTreeMap<AgentName, FollowedMailbox>,
    next_beat: Instant,
    /// The next of the quiet mailboxes to be looked at.
    turn: usize,
}

impl Feed {
    /// Begins to follow all mailboxes. With a scope only what concerns that agent is reported: letters from or to it, and
    /// what it does, through renames. Where the system refuses to watch, a beat takes its place.
    ///
    /// # Errors
    /// A `FsError` when the home cannot be listed; one that is not there yet has no mailboxes.
    pub fn open(home: &Home, scope: Option<AgentName>) -> Result<Self, FsError> {
        Self::over(home, scope, PathWatch::below(home.path()))
    }

    /// As [`Feed::open`], for whoever may hear of things with the next beat: it takes no watcher.
    ///
    /// # Errors
    /// As [`Feed::open`].
    pub fn by_beat(home: &Home, scope: Option<AgentName>) -> Result<Self, FsError> {
        Self::over(home, scope, PathWatch::by_beat(home.path()))
    }

    /// As [`Feed::open`], with a watch below the home that may be worse than the system's.
    ///
    /// # Errors
    /// As [`Feed::open`].
    pub fn over(home: &Home, scope: Option<AgentName>, watch: PathWatch) -> Result<Self, FsError> {
        let mut feed = Self {
            home: home.clone(),
            scope,
            opened: Timestamp::now(),
            watch,
            watched: false,
            changed: None,
            followed: BTreeMap::new(),
            next_beat: Instant::now(),
            turn: 0,
        };
        for mailbox in feed.list_home()? {
            let mut followed = feed.enter(mailbox.clone());
            followed.take_stock();
            followed.look_at_agent(feed.opened);
            feed.followed.insert(mailbox.name().clone(), followed);
        }
        feed.next_beat = Instant::now() + feed.pause();
        Ok(feed)
    }

    /// The agents as they are known now, by name; with a scope that one alone.
    #[must_use]
    pub fn agents(&self) -> Vec<Listed> {
        self.followed
            .values()
            .filter(|followed| followed.interest() == Interest::Agent)
            .map(FollowedMailbox::listed)
            .collect()
    }

    /// Whom all this is about, under the present name; `None` for everyone.
    #[must_use]
    pub fn scope(&self) -> Option<&AgentName> {
        self.scope.as_ref()
    }

    /// What has happened since the last call, in order for each letter; sleeps until something happens or `longest` is
    /// over.
    #[must_use]
    pub fn next(&mut self, longest: Duration) -> Vec<Event> {
        let asleep = Instant::now();
        loop {
            let left = longest.saturating_sub(asleep.elapsed());
            let until_beat = self.next_beat.saturating_duration_since(Instant::now());
            let announced = self.watch.take(left.min(until_beat));
            let mut events = self.attend(&announced);
            if Instant::now() >= self.next_beat {
                events.extend(self.beat());
                self.next_beat = Instant::now() + self.pause();
            }
            self.expect_answers(&events);
            events.retain(|event| self.concerns(event));
            if !events.is_empty() || asleep.elapsed() >= longest {
                return events;
            }
        }
    }

    fn pause(&self) -> Duration {
        if self.watched || self.watch.is_by_beat() { BEAT } else { BEAT_UNWATCHED }
    }

    /// Looks at what was announced.
    fn attend(&mut self, announced: &Announced) -> Vec<Event> {
        let mut homes = BTreeSet::new();
        let mut agents = BTreeSet::new();
        let mut letters: Vec<(AgentName, LetterId)> = Vec::new();
        let mut hints: BTreeMap<(AgentName, LetterId), Hint> = BTreeMap::new();
        for place in announced.paths.iter().filter_map(|path| Place::of(path)) {
            match place {
                Place::Mailbox(name) => drop(homes.insert(name)),
                Place::Agent(name) => drop(agents.insert(name)),
                Place::Letter(name, id, hint) => {
                    let letter = (name, id);
                    let known = hints.entry(letter.clone()).or_insert_with(|| {
                        letters.push(letter);
                        Hint::default()
                    });
                    known.arrived |= hint.arrived;
                    known.noted |= hint.noted;
                }
            }
        }
        let mut events = Vec::new();
        if !homes.is_empty() || announced.missed {
            events.extend(self.look_at_home(&homes));
        }
        if announced.missed {
            events.extend(self.followed.values_mut().flat_map(FollowedMailbox::compare));
        }
        for letter in &letters {
            if let Some(followed) = self.followed.get_mut(&letter.0) {
                events.extend(followed.look_at(&letter.1, hints[letter]));
            }
        }
        let now = Timestamp::now();
        for name in agents {
            if let Some(followed) = self.followed.get_mut(&name) {
                events.extend(followed.look_at_agent(now));
            }
        }
        events
    }

    /// Looks for what is not announced. Those who are there are looked at each time, the others in turn.
    fn beat(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        if self.changed.is_none() || self.changed != changed(&self.home) {
            events.extend(self.look_at_home(&BTreeSet::new()));
        }
        let count = self.followed.len();
        let doubt = self.followed.values().any(FollowedMailbox::must_be_looked_at);
        let turn = self.turn;
        let is_due = |place: usize| doubt || (place + count - turn.min(count)) % count < QUIET_MAILBOXES_A_BEAT;
        let now = Timestamp::now();
        for (place, followed) in self.followed.values_mut().enumerate() {
            if followed.is_lively() || is_due(place) {
                events.extend(followed.beat(&mut self.watch));
                events.extend(followed.look_at_agent(now));
            }
        }
        self.turn = (turn + QUIET_MAILBOXES_A_BEAT) % count.max(1);
        events
    }

    /// Finds mailboxes that were made, renamed or removed; those `named` may have been both.
    fn look_at_home(&mut self, named: &BTreeSet<AgentName>) -> Vec<Event> {
        let now = Timestamp::now();
        let Ok(listed) = self.list_home() else { return Vec::new() };
        let mut new: BTreeMap<AgentName, Mailbox> =
            listed.into_iter().map(|mailbox| (mailbox.name().clone(), mailbox)).collect();
        let gone: Vec<AgentName> = self.followed.keys().filter(|name| !new.contains_key(*name)).cloned().collect();
        let stayed: Vec<AgentName> = self.followed.keys().filter(|name| new.remove(*name).is_some()).cloned().collect();
        let mut events = Vec::new();
        for was in gone {
            let Some(mut followed) = self.followed.remove(&was) else { continue };
            let Some(mailbox) = self.home.mailbox(&was).and_then(|found| new.remove(found.name())) else {
                if followed.interest() == Interest::Agent {
                    events.push(Event::Offline(was, now)); // and more than that: it is no more
                }
                continue;
            };
            let agent = mailbox.name().clone();
            if self.scope.as_ref() == Some(&was) {
                self.scope = Some(agent.clone());
            }
            followed.moves_to(mailbox);
            followed.be_watched_by(&mut self.watch);
            if followed.interest() == Interest::Agent {
                events.push(Event::Renamed { agent: agent.clone(), was, at: now });
            }
            events.extend(followed.compare());
            events.extend(followed.look_at_agent(now));
            self.followed.insert(agent, followed);
        }
        for (name, mailbox) in new {
            let mut followed = self.enter(mailbox);
            followed.take_stock_of_old();
            events.extend(followed.compare());
            events.extend(followed.look_at_agent(now));
            self.followed.insert(name, followed);
        }
        for name in stayed.iter().filter(|name| named.contains(*name)) {
            if let Some(followed) = self.followed.get_mut(name) {
                followed.be_watched_by(&mut self.watch); // it may be another directory by now
                events.extend(followed.compare());
                events.extend(followed.look_at_agent(now));
            }
        }
        events
    }

    fn list_home(&mut self) -> Result<Vec<Mailbox>, FsError> {
        self.watched = self.watch.add(self.home.path());
        self.changed = changed(&self.home);
        self.home.mailboxes()
    }

    fn enter(&mut self, mailbox: Mailbox) -> FollowedMailbox {
        let is_meant = self.scope.as_ref().is_none_or(|scope| scope == mailbox.name());
        let interest = if is_meant { Interest::Agent } else { Interest::Letters };
        FollowedMailbox::enter(mailbox, interest, self.opened, &mut self.watch)
    }

    /// A reply says of which letter there will soon be more to tell.
    fn expect_answers(&mut self, events: &[Event]) {
        for event in events {
            if let Event::Sent(found) = event
                && let Some(answered) = &found.letter.reply_to
                && let Some(followed) = self.followed.get_mut(&found.letter.from)
            {
                followed.expect_more_of(answered);
            }
        }
    }

    fn concerns(&self, event: &Event) -> bool {
        let Some(scope) = &self.scope else { return true };
        match event {
            Event::Sent(found) | Event::Step { found, .. } | Event::Dead { found, .. } => {
                let is_from = || {
                    let from = &found.letter.from;
                    from == scope || self.home.mailbox(from).is_some_and(|mailbox| mailbox.name() == scope)
                };
                found.mailbox.name() == scope || is_from()
            }
            Event::Online(agent, _)
            | Event::Offline(agent, _)
            | Event::Idle(agent, _)
            | Event::Busy(agent, _)
            | Event::Deaf(agent, ..)
            | Event::Reach(agent, ..)
            | Event::Renamed { agent, .. } => agent == scope,
        }
    }
}

fn changed(home: &Home) -> Option<SystemTime> {
    home.path().metadata().and_then(|facts| facts.modified()).ok()
}
