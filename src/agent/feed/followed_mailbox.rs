//! One mailbox as the feed follows it.
//!
//! Opening reads no letter: what lies in the inbox, claimed, held or dead counts as known, and `done/` is not listed. A
//! letter in `done/` of which only a receipt is announced was there before, unless it was written and taken since the
//! opening.

use std::{
    cell::Cell,
    collections::{HashMap, HashSet},
    mem,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use jiff::Timestamp;

use super::{
    event::{self, Event},
    letter_progress::LetterProgress,
};
use crate::{
    agent::{
        Record,
        directory::Listed,
        reach::{Reach, Standing},
        status::Found,
    },
    mailbox::{
        Mailbox, State,
        letter::{LetterId, Unreadable},
        receipt::{Receipt, Step},
        watch::paths::PathWatch,
    },
};

/// Where letters lie that may still go on; `done/` is too large to be listed without need.
const LISTED: [State; 4] = [State::Inbox, State::Claimed, State::Held, State::Dead];
/// How coarsely file systems tell the time.
const BLUR: Duration = Duration::from_secs(1);

/// What of a mailbox is of interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interest {
    /// Its letters, who is there, and what they do.
    Agent,
    Letters,
}

/// What an announcement says of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hint {
    /// It was in the inbox or held: if it is not known, it is new.
    pub arrived: bool,
    /// Something was noted of it.
    pub noted: bool,
}

/// What was announced here since the last beat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hearing {
    Nothing,
    Something,
    /// Nothing, but the last beat found that something had changed. The announcement may be on its way.
    Doubtful,
    /// Something has changed that was not announced.
    Silent,
}

#[derive(Debug)]
pub struct FollowedMailbox {
    mailbox: Mailbox,
    interest: Interest,
    record: Record,
    standing: Standing,
    /// Letters in the inbox; `None` until somebody asks again.
    unread: Cell<Option<usize>>,
    opened: Timestamp,
    progress: HashMap<LetterId, LetterProgress>,
    /// What lay in `done/` unnoticed; asked for only once something may have come there unannounced.
    done: Option<HashSet<LetterId>>,
    /// Files that were not complete yet, and letters of which more may come unannounced.
    again: Vec<LetterId>,
    watched: bool,
    hearing: Hearing,
    times: Vec<Option<SystemTime>>,
}

impl FollowedMailbox {
    /// Watches first, then looks, so that nothing is missed in between. Letters written before `opened` are no news.
    pub fn enter(mailbox: Mailbox, interest: Interest, opened: Timestamp, watch: &mut PathWatch) -> Self {
        let mut followed = Self {
            mailbox,
            interest,
            record: Record::default(),
            standing: Standing::away(),
            unread: Cell::new(None),
            opened,
            progress: HashMap::new(),
            done: None,
            again: Vec::new(),
            watched: false,
            hearing: Hearing::Nothing,
            times: Vec::new(),
        };
        followed.be_watched_by(watch);
        followed.times = followed.times_now();
        followed
    }

    /// Takes all letters that are there for known.
    pub fn take_stock(&mut self) {
        for state in LISTED {
            let ids = self.mailbox.ids(state).unwrap_or_default();
            self.progress.extend(ids.into_iter().map(|id| (id, LetterProgress::of_before(state))));
        }
    }

    /// Takes those that are older than the feed for known: the mailbox was made, or moved here, meanwhile.
    pub fn take_stock_of_old(&mut self) {
        for state in LISTED {
            let ids = self.mailbox.ids(state).unwrap_or_default();
            let old = ids.into_iter().filter(|id| !self.is_of_late(state, id));
            let old: Vec<_> = old.map(|id| (id, LetterProgress::of_before(state))).collect();
            self.progress.extend(old);
        }
    }

    pub fn be_watched_by(&mut self, watch: &mut PathWatch) {
        let own = (self.interest == Interest::Agent).then(|| self.mailbox.path().to_owned());
        let places = self.telling_places().into_iter().chain(own);
        let refused = places.filter(|place| !watch.add(place)).count();
        self.watched = refused == 0;
    }

    /// Whether only looking tells what happens here.
    pub fn must_be_looked_at(&self) -> bool {
        !self.watched || self.hearing == Hearing::Silent
    }

    /// Whether the next beat should not pass it by.
    pub fn is_lively(&self) -> bool {
        self.standing.is_online()
            || self.must_be_looked_at()
            || self.hearing == Hearing::Doubtful
            || !self.again.is_empty()
    }

    pub fn interest(&self) -> Interest {
        self.interest
    }

    /// The mailbox has another name now.
    pub fn moves_to(&mut self, mailbox: Mailbox) {
        self.mailbox = mailbox;
    }

    pub fn listed(&self) -> Listed {
        let unread = self.unread.get().unwrap_or_else(|| self.mailbox.count(State::Inbox).unwrap_or(0));
        self.unread.set(Some(unread));
        Listed { mailbox: self.mailbox.clone(), record: self.record.clone(), standing: self.standing.clone(), unread }
    }

    /// Looks who is there, and tells what has changed.
    pub fn look_at_agent(&mut self, now: Timestamp) -> Vec<Event> {
        let mut events = Vec::new();
        if self.interest == Interest::Letters || !self.mailbox.exists() {
            return events; // renamed or removed; the home tells
        }
        let record = Record::of(&self.mailbox);
        let standing = Standing::of(&self.mailbox, &record, now);
        let name = || self.mailbox.name().clone();
        match (self.standing.is_online(), standing.is_online()) {
            (false, true) => events.push(Event::Online(name(), now)),
            (true, false) => events.push(Event::Offline(name(), now)),
            _ => {}
        }
        let told = |standing: &Standing| match standing.reach {
            Reach::Wakes => (standing.reach, Some(standing.activity), None),
            reach => (reach, None, standing.why.clone()),
        };
        if standing.is_online() && told(&standing) != told(&self.standing) {
            events.push(Event::standing(name(), &standing, now));
        }
        (self.record, self.standing) = (record, standing);
        events
    }

    /// Looks at a letter that was announced.
    pub fn look_at(&mut self, id: &LetterId, hint: Hint) -> Vec<Event> {
        self.hearing = Hearing::Something;
        self.look(id, hint)
    }

    /// What a beat is for: finds what was not announced.
    ///
    /// A letter may pass to `done/` between two looks. So `done/` is listed when a directory has changed, holds nothing
    /// new, and nothing is announced until the next beat. Watches also lose single announcements, as was seen under
    /// Wine, so the letters reported last are looked at again.
    pub fn beat(&mut self, watch: &mut PathWatch) -> Vec<Event> {
        let again = mem::take(&mut self.again);
        let mut events: Vec<_> = again.iter().flat_map(|id| self.look(id, Hint::default())).collect();
        let heard = self.hearing == Hearing::Something;
        self.hearing = match self.hearing {
            Hearing::Nothing | Hearing::Something => Hearing::Nothing,
            Hearing::Doubtful | Hearing::Silent => Hearing::Silent,
        };
        let times = self.times_now();
        let changed = times != self.times;
        if changed {
            self.times = times;
            self.unread.set(None);
            self.be_watched_by(watch); // a directory may have been made anew
            let found = self.look_for_new();
            if !found.is_empty() {
                self.hearing = Hearing::Silent;
            } else if !heard && self.hearing == Hearing::Nothing {
                self.hearing = Hearing::Doubtful; // a letter may have gone its whole way
            }
            events.extend(found);
        }
        if self.must_be_looked_at() {
            if changed {
                events.extend(self.look_for_newly_done());
            }
            events.extend(self.follow(LetterProgress::is_warm));
        } else {
            events.extend(self.follow(LetterProgress::is_recent));
        }
        events
    }

    /// Looks at all that may have changed, whatever was announced.
    pub fn compare(&mut self) -> Vec<Event> {
        self.unread.set(None);
        let mut events = self.look_for_new();
        events.extend(self.look_for_newly_done());
        events.extend(self.follow(LetterProgress::is_warm));
        events
    }

    /// A letter of this mailbox may have been answered, and perhaps nobody will announce it.
    pub fn expect_more_of(&mut self, id: &LetterId) {
        if self.must_be_looked_at() {
            self.again.push(id.clone());
        }
    }

    fn look(&mut self, id: &LetterId, hint: Hint) -> Vec<Event> {
        self.unread.set(None);
        loop {
            let size = self.size_of_receipts(id);
            let receipts = self.mailbox.receipts(id);
            let Some(state) = self.mailbox.state_of(id) else {
                if receipts.is_empty() && self.mailbox.exists() {
                    self.progress.remove(id); // pruned
                }
                return Vec::new();
            };
            let is_known = self.progress.contains_key(id);
            let is_new = !is_known && (state != State::Done || hint.arrived || self.came_to_be_done(id));
            let begin = || if is_new { LetterProgress::new() } else { LetterProgress::of_before(state) };
            let progress = self.progress.entry(id.clone()).or_insert_with(begin);
            progress.begin(&receipts, self.opened, hint.noted);
            let news = progress.news(&receipts, state);
            if news.is_empty() && !is_new {
                progress.report(&news, state, size);
                return Vec::new();
            }
            match self.mailbox.read(state, id) {
                Ok(letter) => {
                    progress.report(&news, state, size);
                    let found = Found { mailbox: self.mailbox.clone(), state, letter };
                    return event::reported(found, is_new, news);
                }
                Err(why) => {
                    if is_new {
                        self.progress.remove(id);
                    }
                    match why {
                        Unreadable::Gone => {} // it has moved on
                        Unreadable::Unsettled => {
                            self.again.push(id.clone());
                            return Vec::new();
                        }
                        _ => return Vec::new(),
                    }
                }
            }
        }
    }

    /// Whether a letter in `done/` that nobody announced went its whole way since the opening.
    fn came_to_be_done(&self, id: &LetterId) -> bool {
        if let Some(done) = &self.done {
            return !done.contains(id);
        }
        let is_taking = |step| matches!(step, Step::Claimed | Step::Delivered | Step::Seen);
        let is_recent = |receipt: &Receipt| is_taking(receipt.step) && receipt.at >= self.opened;
        self.is_of_late(State::Done, id) && self.mailbox.receipts(id).iter().any(is_recent)
    }

    /// Whether a letter's file was written since the opening; moving it keeps its time.
    fn is_of_late(&self, state: State, id: &LetterId) -> bool {
        let written = self.mailbox.file(state, id).metadata().and_then(|facts| facts.modified());
        written.is_ok_and(|written| written + BLUR >= SystemTime::from(self.opened))
    }

    fn look_for_new(&mut self) -> Vec<Event> {
        let ids = LISTED.iter().flat_map(|state| self.mailbox.ids(*state).unwrap_or_default());
        let mut new: Vec<LetterId> = ids.filter(|id| !self.progress.contains_key(id)).collect();
        new.sort();
        new.dedup();
        new.iter().flat_map(|id| self.look(id, Hint::default())).collect()
    }

    fn look_for_newly_done(&mut self) -> Vec<Event> {
        let ids = self.mailbox.ids(State::Done).unwrap_or_default();
        let is_new = |id: &LetterId| !self.progress.contains_key(id) && self.came_to_be_done(id);
        let (mut new, old): (Vec<_>, Vec<_>) = ids.into_iter().partition(is_new);
        self.done = Some(old.into_iter().collect());
        new.sort();
        new.iter().flat_map(|id| self.look(id, Hint::default())).collect()
    }

    /// Those of the letters meant whose receipts have grown or that have moved.
    fn follow(&mut self, is_meant: fn(&LetterProgress) -> bool) -> Vec<Event> {
        let has_changed = |(id, progress): &(&LetterId, &LetterProgress)| {
            let (state, size) = progress.seen_at;
            is_meant(progress)
                && (self.size_of_receipts(id) != size || self.mailbox.file(state, id).symlink_metadata().is_err())
        };
        let mut changed: Vec<LetterId> = self.progress.iter().filter(has_changed).map(|(id, _)| id.clone()).collect();
        changed.sort();
        changed.iter().flat_map(|id| self.look(id, Hint::default())).collect()
    }

    fn size_of_receipts(&self, id: &LetterId) -> u64 {
        self.receipts().join(format!("{id}.jsonl")).metadata().map_or(0, |facts| facts.len())
    }

    fn receipts(&self) -> PathBuf {
        self.mailbox.path().join("receipts")
    }

    /// The directories in which every step that is reported leaves a mark; what comes to `claimed/` or `done/` is noted.
    fn telling_places(&self) -> [PathBuf; 4] {
        let [inbox, held, dead] = [State::Inbox, State::Held, State::Dead].map(|state| self.mailbox.dir(state));
        [inbox, held, dead, self.receipts()]
    }

    fn times_now(&self) -> Vec<Option<SystemTime>> {
        let changed = |path: PathBuf| path.metadata().and_then(|facts| facts.modified()).ok();
        let quiet = [State::Claimed, State::Done].map(|state| self.mailbox.dir(state));
        let quiet = quiet.into_iter().filter(|_| self.must_be_looked_at());
        self.telling_places().into_iter().chain(quiet).map(changed).collect()
    }
}
