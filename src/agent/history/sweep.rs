//! One look at every letter there is, by all processors at once, keeping the newest.

use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
    num::NonZero,
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread::{self, Builder},
};

use super::{
    filter::{Filter, Looked, order},
    matcher::{Matcher, Skim},
};
use crate::{
    agent::status::{self, Found},
    mailbox::{
        Mailbox, State,
        disk::FsError,
        fast_read::{self, Buffer, Folder},
        home::Home,
        letter::{self, LetterId},
    },
};

/// Files that one thread reads before it asks for more.
const BATCH: usize = 256;
/// More threads than this wait for the same disk.
const MOST_THREADS: usize = 8;
/// How often a search is made at most: once more whenever the set of mailboxes has changed after it.
const MOST_LOOKS: usize = 5;

pub fn look(home: &Home, filter: &Filter, limit: usize) -> Result<Looked, FsError> {
    let mut looks = 0;
    loop {
        let before = home.mailboxes()?;
        let looked = look_into(&before, &Matcher::new(home, filter)?, limit)?;
        looks += 1;
        if looks == MOST_LOOKS || home.mailboxes()? == before {
            return Ok(looked);
        }
    }
}

fn look_into(mailboxes: &[Mailbox], matcher: &Matcher, limit: usize) -> Result<Looked, FsError> {
    let mailboxes: Vec<&Mailbox> = mailboxes.iter().filter(|mailbox| matcher.may_lie_in(mailbox)).collect();
    let listed = shared_out(&mailboxes, Batches::default, |listed, mailbox| {
        list(mailbox, listed);
        Ok(())
    });
    let (batches, left_out): (Vec<_>, Vec<_>) =
        listed?.into_iter().map(|Batches { batches, left_out }| (batches, left_out)).unzip();
    let batches: Vec<Batch> = batches.into_iter().flatten().collect();
    let left_out = left_out.into_iter().flatten().collect();
    let kept = shared_out(
        &batches,
        || (Kept::new(limit), Buffer::default()),
        |(kept, buffer), batch| read(batch, matcher, kept, buffer),
    );
    let mut found: Vec<Found> = kept?.into_iter().flat_map(|(kept, _)| kept.into_found()).collect();
    found.sort_by(|a, b| order(a).cmp(&order(b)));
    found.dedup_by(|again, found| {
        let met_twice = order(again) == order(found); // it moved on meanwhile
        if met_twice {
            found.state = found.mailbox.state_of(&found.letter.id).unwrap_or(found.state);
        }
        met_twice
    });
    found.drain(..found.len().saturating_sub(limit));
    Ok(Looked { letters: found, left_out })
}

/// Gives the items to as many threads as there are processors, in turn; each thread has a result of its own.
fn shared_out<'a, T: Sync, R: Send>(
    items: &'a [T],
    begin: impl Fn() -> R + Sync,
    work: impl Fn(&mut R, &'a T) -> Result<(), FsError> + Sync,
) -> Result<Vec<R>, FsError> {
    let next = AtomicUsize::new(0);
    let one = || {
        let mut result = begin();
        while let Some(item) = items.get(next.fetch_add(1, Relaxed)) {
            work(&mut result, item)?;
        }
        Ok(result)
    };
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS).min(items.len());
    thread::scope(|scope| {
        // A thread that cannot be started leaves its share to the others.
        let others: Vec<_> = (1..threads).filter_map(|_| Builder::new().spawn_scoped(scope, one).ok()).collect();
        let mine = one();
        let others =
            others.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        std::iter::once(mine).chain(others).collect()
    })
}

/// Some letters of one directory.
struct Batch<'a> {
    mailbox: &'a Mailbox,
    state: State,
    dir: PathBuf,
    ids: Vec<LetterId>,
}

/// What listing some mailboxes came to.
#[derive(Default)]
struct Batches<'a> {
    batches: Vec<Batch<'a>>,
    /// Directories that cannot be listed; they must not hide the letters of all others.
    left_out: Vec<FsError>,
}

/// Finds the letters of a mailbox. A letter may move on behind our back; only the inbox is a place it may come back to,
/// so that one is looked at again.
fn list<'a>(mailbox: &'a Mailbox, listed: &mut Batches<'a>) {
    let Batches { batches, left_out } = listed;
    let mut ids = |state: State| match fast_read::ids(&mailbox.dir(state)) {
        Ok(ids) => ids,
        Err(error) => {
            // One that is not there has gone with its mailbox, or was tidied away.
            left_out.extend(Some(error).filter(|error| !error.is_not_found()));
            Vec::new()
        }
    };
    let mut add = |state: State, mut ids: Vec<LetterId>| {
        // Mostly the newest first, so that older ones need only a short look. That changes the time and never the
        // answer: neither ids, which senders may choose, nor file times narrow the search.
        ids.sort_unstable_by(|a, b| b.cmp(a));
        let dir = mailbox.dir(state);
        let batch = |ids: &[LetterId]| Batch { mailbox, state, dir: dir.clone(), ids: ids.to_vec() };
        batches.extend(ids.chunks(BATCH).map(batch));
    };
    let mut waiting = ids(State::Inbox);
    for state in [State::Claimed, State::Held, State::Done, State::Dead] {
        add(state, ids(state));
    }
    let again = ids(State::Inbox);
    waiting.sort_unstable();
    let come_back = again.into_iter().filter(|id| waiting.binary_search(id).is_err()).collect();
    add(State::Inbox, come_back);
    add(State::Inbox, waiting);
}

fn read(batch: &Batch, matcher: &Matcher, kept: &mut Kept, buffer: &mut Buffer) -> Result<(), FsError> {
    let folder = match Folder::open(&batch.dir) {
        Err(error) if error.is_not_found() => return Ok(()),
        opened => opened?,
    };
    for id in &batch.ids {
        match folder.read(id, buffer) {
            Ok(bytes) => kept.take(batch, id, bytes, matcher),
            // It has moved on since it was listed.
            Err(error) if error.is_not_found() => {
                if let Some(found) = status::find_in(batch.mailbox, id).filter(|found| matcher.takes(found)) {
                    kept.keep(found);
                }
            }
            Err(_) => {} // no letter that anybody could read
        }
    }
    Ok(())
}

/// The newest letters met so far.
struct Kept {
    limit: usize,
    oldest_first: BinaryHeap<Reverse<ByOrder>>,
}

impl Kept {
    fn new(limit: usize) -> Self {
        Self { limit, oldest_first: BinaryHeap::new() }
    }

    /// Looks no longer at a letter than it takes to know that it is not kept.
    fn take(&mut self, batch: &Batch, id: &LetterId, bytes: &[u8], matcher: &Matcher) {
        if !matcher.may_be(batch.mailbox, id, bytes) {
            return;
        }
        let glance = serde_json::from_slice::<Skim>(bytes).ok();
        if let Some(glance) = &glance
            && !(matcher.takes_glance(batch.mailbox, id, glance)
                && glance.timestamp.is_none_or(|at| self.has_room_at(at)))
        {
            return;
        }
        let letter = match glance {
            Some(Skim { timestamp: Some(_), .. }) => letter::parse(bytes, id, None).ok(),
            _ => batch.mailbox.read(batch.state, id).ok(), // what is missing is in the file's own facts
        };
        let found = letter.map(|letter| Found { mailbox: batch.mailbox.clone(), state: batch.state, letter });
        if let Some(found) = found.filter(|found| matcher.takes(found)) {
            self.keep(found);
        }
    }

    fn has_room_at(&self, at: jiff::Timestamp) -> bool {
        let oldest = self.oldest_first.peek();
        self.oldest_first.len() < self.limit || oldest.is_some_and(|oldest| oldest.0.0.letter.timestamp <= at)
    }

    fn keep(&mut self, found: Found) {
        self.oldest_first.push(Reverse(ByOrder(found)));
        if self.oldest_first.len() > self.limit {
            self.oldest_first.pop();
        }
    }

    fn into_found(self) -> impl Iterator<Item = Found> {
        self.oldest_first.into_iter().map(|Reverse(ByOrder(found))| found)
    }
}

struct ByOrder(Found);

impl Ord for ByOrder {
    fn cmp(&self, other: &Self) -> Ordering {
        order(&self.0).cmp(&order(&other.0))
    }
}

impl PartialOrd for ByOrder {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ByOrder {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for ByOrder {}
