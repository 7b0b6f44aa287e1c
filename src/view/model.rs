//! All that the view knows and shows. It reads no disk and writes to none: news come in, and what a key asks for goes
//! out as an [`Action`].

use jiff::{Timestamp, tz::TimeZone};
use ratatui::layout::Rect;

use super::{
    action::Action,
    agents::Agents,
    composer::Composer,
    input::Input,
    letter::{Entry, LetterRef},
    letters::Letters,
    news::{Done, News},
    open_letter::OpenLetter,
    theme::Theme,
};
use crate::{
    agent::past::Mark,
    failure::Failure,
    mailbox::{letter::LetterId, name::AgentName},
};

#[derive(Debug)]
pub struct Model {
    pub agents: Agents,
    pub letters: Letters,
    pub focus: Focus,
    pub mode: Mode,
    /// The letter that is open.
    pub open: Option<OpenLetter>,
    pub notice: Option<Notice>,
    /// What was written and not sent.
    pub kept: Option<Composer>,
    pub older: Older,
    pub searching: bool,
    /// Whether the mouse is ours.
    pub mouse: bool,
    /// Pages that the keys and signs take, as drawn last.
    pub help_pages: usize,
    /// Whether the screen is too small to show anything.
    pub is_hidden: bool,
    pub areas: Areas,
    pub now: Timestamp,
    pub zone: TimeZone,
    pub theme: Theme,
}

/// Where the panes are on the screen, as drawn last.
#[derive(Debug, Clone, Copy, Default)]
pub struct Areas {
    pub agents: Rect,
    pub letters: Rect,
    pub open: Rect,
    /// Where the text of a draft is.
    pub text: Rect,
}

/// The pane that the keys are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    Agents,
    Letters,
    OpenLetter,
}

#[derive(Debug)]
pub enum Mode {
    Browse,
    /// The keys and signs, from this page on.
    Help(usize),
    Search(Input),
    Write(Composer),
    /// What to tell the sender of a letter that is refused.
    Refuse(LetterId, Input),
}

/// What is known of letters older than those shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Older {
    /// There are some.
    Before(Mark),
    Loading,
    /// All letters there are have been read.
    None,
}

/// One line about what happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub text: String,
    pub is_trouble: bool,
}

impl Notice {
    #[must_use]
    pub fn good(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_trouble: false }
    }

    #[must_use]
    pub fn trouble(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_trouble: true }
    }
}

impl From<&Failure> for Notice {
    fn from(failure: &Failure) -> Self {
        let hint = failure.hint.as_ref().map(|hint| format!(" · {hint}")).unwrap_or_default();
        Self::trouble(super::cells::one_line(&format!("{}{hint}", failure.message), 500))
    }
}

impl Model {
    #[must_use]
    pub fn new(theme: Theme, zone: TimeZone, now: Timestamp) -> Self {
        Self {
            agents: Agents::default(),
            letters: Letters::default(),
            focus: Focus::Letters,
            mode: Mode::Browse,
            open: None,
            notice: None,
            kept: None,
            older: Older::Loading,
            searching: false,
            mouse: false,
            help_pages: 1,
            is_hidden: false,
            areas: Areas::default(),
            now,
            zone,
            theme,
        }
    }

    /// The letter that keys like answer and accept are about: the one that is open, else the one under the cursor.
    #[must_use]
    pub fn subject(&self) -> Option<&Entry> {
        match (&self.open, self.focus) {
            (Some(open), Focus::OpenLetter) => self.letters.find(&open.key),
            _ => self.letters.selected().map(|row| self.letters.entry(row)),
        }
    }

    /// Takes in what happened in the home. What one wants to see may then be worth a search.
    pub fn hear(&mut self, news: News) -> Option<Action> {
        match news {
            News::Everyone(agents) => self.agents.replace(agents),
            News::Agents(agents) => self.agents.update(agents),
            News::Gone(name) => {
                self.letters.forget(&name);
                self.agents.remove(&name);
            }
            News::Letters(entries) => self.letters.update(entries),
            News::Renamed { was, new } => {
                self.agents.rename(&was, &new);
                self.letters.rename(&was, &new);
                if let Some(open) = self.open.as_mut().filter(|open| open.key.to == was) {
                    open.key.to = new;
                }
            }
            News::Older { entries, before } => {
                let is_first = self.letters.known() == 0;
                self.letters.add_missing(entries);
                self.older = before.map_or(Older::None, Older::Before);
                return if is_first { self.look_on_disk() } else { None };
            }
            News::Hits { query, entries } => {
                self.searching &= *self.letters.query() != query;
                self.letters.add_hits(&query, entries);
            }
            News::Trouble(failure) => {
                self.searching = false;
                if self.older == Older::Loading {
                    self.older = Older::None;
                }
                self.notice = Some(Notice::from(&failure));
            }
        }
        None
    }

    /// Whom a new letter goes to: the agent that is chosen, else the one whose letters alone are shown, else whoever wrote
    /// the letter that is chosen, or got it from the person. `None` where nobody is.
    #[must_use]
    pub fn addressee(&self) -> Option<&AgentName> {
        let chosen = if self.focus == Focus::Agents { self.agents.selected().map(|agent| &agent.name) } else { None };
        let of_letter = || self.subject().map(|entry| if entry.from.is_user() { &entry.key.to } else { &entry.from });
        let last_chosen = || self.agents.selected().map(|agent| &agent.name);
        let chosen = chosen.or(self.letters.query().agent.as_ref()).or_else(of_letter).or_else(last_chosen);
        chosen.filter(|name| !name.is_user() && **name != AgentName::system())
    }

    /// Takes in what became of something that the person asked for.
    pub fn learn(&mut self, done: Result<Done, Failure>) {
        match done {
            Ok(Done::Sent(line)) => {
                if matches!(&self.mode, Mode::Write(draft) if draft.sending) {
                    self.mode = Mode::Browse;
                }
                self.notice = Some(Notice::good(line));
            }
            Ok(Done::Decided(line)) => self.notice = Some(Notice::good(line)),
            Err(failure) => {
                if let Mode::Write(draft) = &mut self.mode {
                    draft.has_failed |= draft.sending;
                    draft.sending = false; // nothing that was written is lost
                }
                self.notice = Some(Notice::from(&failure));
            }
        }
    }

    /// Opens a letter.
    pub fn open_letter(&mut self, open: OpenLetter) {
        self.open = Some(open);
        self.focus = Focus::OpenLetter;
    }

    /// Shows the letter that is open as it is now.
    pub fn renew(&mut self, newer: OpenLetter) {
        if let Some(open) = self.open.as_mut().filter(|open| open.key == newer.key) {
            open.renew(newer);
        }
    }

    #[must_use]
    pub fn is_open(&self, key: &LetterRef) -> bool {
        self.open.as_ref().is_some_and(|open| open.key == *key)
    }

    /// What is on the screen may be all that the view knows of, but not all there is.
    pub(super) fn look_on_disk(&mut self) -> Option<Action> {
        self.searching = self.older != Older::None && self.letters.is_filtered();
        self.searching.then(|| Action::Search(self.letters.query().clone()))
    }
}
