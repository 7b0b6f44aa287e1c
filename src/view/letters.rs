//! The letters on the right: folded into threads, filtered, the newest first.

use std::collections::{HashMap, HashSet};

use super::{
    action::Query,
    letter::{Entry, LetterRef},
    window::Window,
};
use crate::{
    agent::status::Stage,
    mailbox::{letter::LetterId, name::AgentName},
};

#[derive(Debug, Default)]
pub struct Letters {
    entries: Vec<Entry>,
    index: HashMap<LetterRef, usize>,
    threads: HashMap<LetterId, Vec<usize>>,
    unfolded: HashSet<LetterId>,
    query: Query,
    /// Letters that a search on the disk has found to be wanted, beyond what the view keeps of them.
    hits: HashSet<LetterRef>,
    rows: Vec<Row>,
    cursor: Option<Spot>,
    pub window: Window,
}

/// One line of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Which letter it shows.
    entry: usize,
    pub part: Folding,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folding {
    /// A letter that is alone in its thread.
    Alone,
    /// The line of a thread, with its newest letter; a notice about one is no news of it.
    Folded {
        letters: usize,
        /// Whether one is held that the line does not show.
        holds: bool,
    },
    Unfolded {
        letters: usize,
    },
    /// A letter below the line of its thread.
    Member,
}

/// What the cursor is on: a letter or a thread, never a line. What arrives moves the lines, and a key must not act on
/// another letter than the one looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Spot {
    Thread(LetterId),
    Letter(LetterRef),
}

impl Letters {
    /// Takes in letters as they are now.
    pub fn update(&mut self, entries: impl IntoIterator<Item = Entry>) {
        for entry in entries {
            match self.index.get(&entry.key) {
                Some(at) => self.entries[*at] = entry,
                None => self.add(entry),
            }
        }
        self.arrange();
    }

    /// Takes in letters as somebody saw them a moment ago: what is known already is newer.
    pub fn add_missing(&mut self, entries: impl IntoIterator<Item = Entry>) {
        for entry in entries {
            if !self.index.contains_key(&entry.key) {
                self.add(entry);
            }
        }
        self.arrange();
    }

    fn add(&mut self, entry: Entry) {
        let at = self.entries.len();
        self.index.insert(entry.key.clone(), at);
        self.threads.entry(entry.thread.clone()).or_default().push(at);
        self.entries.push(entry);
    }

    /// An agent has another name, and so have the letters in its mailbox.
    pub fn rename(&mut self, was: &AgentName, new: &AgentName) {
        for (at, entry) in self.entries.iter_mut().enumerate().filter(|(_, entry)| entry.key.to == *was) {
            self.index.remove(&entry.key);
            entry.key.to.clone_from(new);
            self.index.insert(entry.key.clone(), at);
        }
        if let Some(Spot::Letter(key)) = &mut self.cursor
            && key.to == *was
        {
            key.to.clone_from(new);
        }
        if self.query.agent.as_ref() == Some(was) {
            self.query.agent = Some(new.clone());
        }
        self.arrange();
    }

    /// A mailbox is no more, and its letters with it.
    pub fn forget(&mut self, gone: &AgentName) {
        let left = self.entries.drain(..).filter(|entry| entry.key.to != *gone).collect::<Vec<_>>();
        self.index.clear();
        self.threads.clear();
        self.add_missing(left);
    }

    #[must_use]
    pub fn query(&self) -> &Query {
        &self.query
    }

    #[must_use]
    pub fn is_filtered(&self) -> bool {
        self.query != Query::default()
    }

    pub fn show_only(&mut self, query: Query) {
        if self.query != query {
            self.query = query;
            self.hits.clear();
            self.window.top = 0;
            self.cursor = None;
            self.arrange();
        }
    }

    /// Takes in what a search on the disk found.
    pub fn add_hits(&mut self, query: &Query, entries: Vec<Entry>) {
        if self.query == *query {
            self.hits.extend(entries.iter().map(|entry| entry.key.clone()));
        }
        self.add_missing(entries);
    }

    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    #[must_use]
    pub fn entry(&self, row: Row) -> &Entry {
        &self.entries[row.entry]
    }

    #[must_use]
    pub fn find(&self, key: &LetterRef) -> Option<&Entry> {
        self.index.get(key).map(|at| &self.entries[*at])
    }

    /// How many letters are known.
    #[must_use]
    pub fn known(&self) -> usize {
        self.entries.len()
    }

    #[must_use]
    pub fn selected(&self) -> Option<Row> {
        self.position().map(|at| self.rows[at])
    }

    #[must_use]
    pub fn position(&self) -> Option<usize> {
        let cursor = self.cursor.as_ref()?;
        self.rows.iter().position(|row| self.is_at(*row, cursor))
    }

    pub fn go_to(&mut self, at: usize) {
        let at = at.min(self.rows.len().saturating_sub(1));
        self.cursor = self.rows.get(at).map(|row| self.spot(*row));
        self.window.reveal(at, self.rows.len());
    }

    pub fn step(&mut self, by: isize) {
        self.go_to(Window::step(self.position().unwrap_or(0), by, self.rows.len()));
    }

    #[must_use]
    pub fn knows_held(&self) -> bool {
        self.entries.iter().any(|entry| entry.stage == Stage::Held)
    }

    /// Goes to the next held letter below, or from the last to the first. Its thread is unfolded, and a filter that hides
    /// all of them goes; true where the filter stays.
    pub fn go_to_held(&mut self) -> bool {
        let keeps_filter = self.entries.iter().any(|entry| entry.stage == Stage::Held && self.is_shown(entry));
        if !keeps_filter {
            self.show_only(Query::default());
        }
        let here = self.position();
        let held: Vec<_> = (0..self.rows.len()).filter(|at| self.shows_held(self.rows[*at])).collect();
        let Some(next) = held.iter().find(|at| Some(**at) > here).or(held.first()) else { return keeps_filter };
        self.go_to(*next);
        if let Folding::Folded { .. } = self.rows[*next].part {
            self.unfold();
            let below = (next + 1..self.rows.len()).find(|at| self.shows_held(self.rows[*at]));
            self.go_to(below.unwrap_or(*next));
        }
        keeps_filter
    }

    /// Whether the letter of a line is held, or one that is folded into it.
    fn shows_held(&self, row: Row) -> bool {
        let is_held = self.entry(row).stage == Stage::Held;
        match row.part {
            Folding::Folded { holds, .. } => is_held || holds,
            Folding::Unfolded { .. } => false, // it stands below again
            Folding::Alone | Folding::Member => is_held,
        }
    }

    pub fn unfold(&mut self) {
        if let Some(row) = self.selected()
            && let Folding::Folded { .. } = row.part
        {
            self.unfolded.insert(self.entry(row).thread.clone());
            self.arrange();
        }
    }

    /// Folds the thread that the cursor is in. False when there is nothing to fold.
    pub fn fold(&mut self) -> bool {
        let thread = self.selected().map(|row| self.entry(row).thread.clone());
        let folded = thread.is_some_and(|thread| {
            self.cursor = Some(Spot::Thread(thread.clone()));
            self.unfolded.remove(&thread)
        });
        self.arrange();
        folded
    }

    /// A thread's line is one thing whatever letters come into it.
    fn spot(&self, row: Row) -> Spot {
        let entry = &self.entries[row.entry];
        if row.part == Folding::Member { Spot::Letter(entry.key.clone()) } else { Spot::Thread(entry.thread.clone()) }
    }

    fn is_at(&self, row: Row, spot: &Spot) -> bool {
        let entry = &self.entries[row.entry];
        match spot {
            Spot::Letter(key) => row.part == Folding::Member && entry.key == *key,
            Spot::Thread(thread) => row.part != Folding::Member && entry.thread == *thread,
        }
    }

    /// Lays the lines out anew. The cursor stays on what it is on, and the screen with it.
    fn arrange(&mut self) {
        let before = self.position();
        let mut threads: Vec<(usize, Vec<usize>)> = Vec::new();
        for members in self.threads.values() {
            let mut shown: Vec<_> = members.iter().copied().filter(|at| self.is_shown(&self.entries[*at])).collect();
            shown.sort_by(|a, b| self.age(*a).cmp(&self.age(*b)));
            if let Some(shows) = self.head(&shown) {
                threads.push((shows, shown));
            }
        }
        threads.sort_by(|(a, _), (b, _)| self.age(*b).cmp(&self.age(*a)));
        self.rows.clear();
        for (shows, members) in threads {
            let letters = members.len();
            let unfolded = self.unfolded.contains(&self.entries[shows].thread);
            let part = match letters {
                1 => Folding::Alone,
                _ if unfolded => Folding::Unfolded { letters },
                _ => Folding::Folded { letters, holds: self.holds(&members, shows) },
            };
            self.rows.push(Row { entry: shows, part });
            if let Folding::Unfolded { .. } = part {
                self.rows.extend(members.into_iter().map(|entry| Row { entry, part: Folding::Member }));
            }
        }
        let after = self.position();
        if let Some(row) = self.window.follow(before, after, self.rows.len()) {
            self.go_to(row);
        }
    }

    /// The letter that stands for its thread: the newest that somebody wrote, or else the newest notice.
    fn head(&self, members: &[usize]) -> Option<usize> {
        let written = members.iter().rev().find(|at| self.entries[**at].from != AgentName::system());
        written.or(members.last()).copied()
    }

    fn holds(&self, members: &[usize], shown: usize) -> bool {
        members.iter().any(|at| *at != shown && self.entries[*at].stage == Stage::Held)
    }

    fn age(&self, at: usize) -> (jiff::Timestamp, &LetterId, &AgentName) {
        let entry = &self.entries[at];
        (entry.at, &entry.key.id, &entry.key.to)
    }

    fn is_shown(&self, entry: &Entry) -> bool {
        let Query { agent, text } = &self.query;
        let is_wanted = agent.as_ref().is_none_or(|agent| entry.concerns(agent))
            && (text.is_empty() || entry.says(&text.to_lowercase()));
        is_wanted || self.hits.contains(&entry.key)
    }
}
