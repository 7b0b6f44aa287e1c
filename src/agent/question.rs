//! A question: a letter whose sender waits for the answer, and what has come of it with each of those asked. Verbs and the
//! tool wait in this one way: whoever waits looks again whenever something may have changed.

use std::{
    collections::{BTreeSet, HashSet},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use super::{
    Record,
    reach::{Reach, Standing},
    send::{Fate, Sent},
    status::{self, Stage},
};
use crate::mailbox::{
    Mailbox, State,
    disk::FsError,
    home::Home,
    letter::{Kind, Letter, LetterId},
    name::AgentName,
};

/// How long is waited for an answer if nobody says, and at most.
pub const WITHIN: Duration = Duration::from_secs(2 * 60);
pub const LONGEST: Duration = Duration::from_secs(10 * 60);

/// Clocks that are not quite right, and a question that was sent a moment ago and is not sent again.
const BLUR: SignedDuration = SignedDuration::from_mins(1);

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terms {
    /// A letter that says that it answers.
    Replies,
    /// Whatever those asked write from now on: a model may forget to say what it answers.
    Anything,
    /// The same, as long as it can be written: whoever cannot be reached now is not waited for.
    AnythingWhileReachable,
    /// A reply, and no longer than it is the next thing that may come: somebody asked who writes something else, or cannot be
    /// reached now, is not waited for.
    NextWord,
}

impl Terms {
    fn needs_reach(self) -> bool {
        matches!(self, Self::AnythingWhileReachable | Self::NextWord)
    }
}

/// What has come of a question with one of those asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reaction {
    Awaited,
    /// It came in this letter.
    Came(LetterId),
    /// This letter came first, and is none.
    SomethingElse(LetterId),
    /// The question waits for the other one's person, because of this.
    QuestionHeld(String),
    /// The question was refused, because of this.
    QuestionRefused(String),
    QuestionExpired,
    /// The question could not be stored or read, because of this.
    QuestionDead(String),
    /// The question waits, and nobody can say when it will be read.
    OutOfReach(Standing),
}

/// One of those who were asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub id: LetterId,
    pub name: AgentName,
    pub reaction: Reaction,
}

/// A question that was sent, and waits for an answer of everyone asked.
#[derive(Debug)]
pub struct Question {
    home: Home,
    /// Whose question it is: the answers come here.
    me: Mailbox,
    terms: Terms,
    since: Timestamp,
    asked: Vec<Asked>,
    /// Letters that are of no importance to this question, so that none is read twice.
    unimportant: HashSet<LetterId>,
    /// Who asks me something meanwhile.
    asks_me: BTreeSet<AgentName>,
}

impl Question {
    /// The question that was sent like this, from a mailbox that was there before.
    #[must_use]
    pub fn new(home: &Home, me: Mailbox, sent: &[Sent], terms: Terms, since: Timestamp) -> Self {
        let asked = sent.iter().map(|sent| Asked {
            id: sent.id.clone(),
            name: sent.to.clone(),
            reaction: match &sent.fate {
                Fate::Stored | Fate::Already(_) => Reaction::Awaited,
                Fate::Held(why) => Reaction::QuestionHeld(why.clone()),
                Fate::Refused(why) => Reaction::QuestionRefused(why.clone()),
                Fate::Failed(why) => Reaction::QuestionDead(why.clone()),
            },
        });
        let asked = asked.collect();
        let (unimportant, asks_me) = (HashSet::new(), BTreeSet::new());
        Self { home: home.clone(), me, terms, since, asked, unimportant, asks_me }
    }

    /// Looks what has come since the last look; gives the letters that are news, and where they lie.
    ///
    /// # Errors
    /// A `FsError` when the mailbox cannot be listed.
    pub fn look(&mut self, now: Timestamp) -> Result<Vec<(State, Letter)>, FsError> {
        let mut news = self.letters(now)?;
        let others: Vec<Option<Reaction>> = self.asked.iter().map(|asked| self.without_letter(asked, now)).collect();
        if others.iter().any(Option::is_some) {
            news.extend(self.letters(now)?); // an answer that was the last thing somebody did
        }
        for (asked, other) in self.asked.iter_mut().zip(others) {
            if let Some(other) = other.filter(|_| asked.reaction == Reaction::Awaited) {
                asked.reaction = other;
            }
        }
        Ok(news)
    }

    #[must_use]
    pub fn asked(&self) -> &[Asked] {
        &self.asked
    }

    /// Those of whom an answer may still come while one waits.
    pub fn awaited(&self) -> impl Iterator<Item = &Asked> {
        self.asked.iter().filter(|asked| asked.reaction == Reaction::Awaited)
    }

    /// Those who have not answered.
    pub fn missing(&self) -> impl Iterator<Item = &Asked> {
        self.asked.iter().filter(|asked| !matches!(asked.reaction, Reaction::Came(_)))
    }

    /// Whose questions wait in this mailbox, as of the last look. Two who ask each other must not wait for each other.
    #[must_use]
    pub fn asks_me(&self) -> &BTreeSet<AgentName> {
        &self.asks_me
    }

    /// The mailbox that the answers come to, as it is called by now.
    #[must_use]
    pub fn mailbox(&self) -> &Mailbox {
        &self.me
    }

    /// Whether the mailbox has been renamed since the last time; it is followed.
    pub fn has_moved(&mut self) -> bool {
        let moved = self.home.mailbox(self.me.name()).filter(|_| !self.me.exists());
        moved.map(|moved| self.me = moved).is_some()
    }

    /// What letters tell, wherever a delivery may have put them meanwhile.
    fn letters(&mut self, now: Timestamp) -> Result<Vec<(State, Letter)>, FsError> {
        let mut news = Vec::new();
        self.asks_me.clear();
        for state in [State::Inbox, State::Claimed, State::Done] {
            for id in self.me.ids(state)? {
                if self.unimportant.contains(&id) || id.made_at().is_some_and(|at| self.is_before(state, at)) {
                    continue;
                }
                let Ok(letter) = self.me.read(state, &id) else { continue };
                if state == State::Inbox && letter.lapsed(now) {
                    continue;
                }
                if let Some(whose) = self.told_by(&letter) {
                    let is_reply = letter.reply_to.as_ref() == Some(&self.asked[whose].id);
                    let came = is_reply || self.terms != Terms::NextWord;
                    let reaction = if came { Reaction::Came(id.clone()) } else { Reaction::SomethingElse(id.clone()) };
                    self.asked[whose].reaction = reaction;
                    news.push((state, letter.clone()));
                }
                if state == State::Inbox && letter.kind == Kind::Question {
                    self.asks_me.insert(letter.from);
                } else {
                    self.unimportant.insert(id);
                }
            }
        }
        Ok(news)
    }

    /// Whether a letter made at this time is too old to matter; in the inbox a question may have waited for long.
    fn is_before(&self, state: State, at: Timestamp) -> bool {
        state != State::Inbox && self.since.duration_since(at) > BLUR
    }

    /// Whose answer to this question a letter is, or who writes something else instead.
    fn told_by(&self, letter: &Letter) -> Option<usize> {
        if letter.kind == Kind::Status {
            return None;
        }
        let is_open = |asked: &Asked| asked.reaction == Reaction::Awaited;
        let is_by = |asked: &Asked| is_open(asked) && self.is_called(asked, &letter.from);
        let is_new = letter.timestamp >= self.since;
        let of_id = |asked: &Asked| Some(&asked.id) == letter.reply_to.as_ref();
        if self.asked.iter().any(of_id) {
            let by_sender = self.asked.iter().position(|asked| of_id(asked) && is_by(asked));
            // Who was renamed meanwhile answers under another name.
            return by_sender
                .or_else(|| self.asked.iter().position(of_id).filter(|_| self.asked.len() == 1))
                .filter(|whose| is_open(&self.asked[*whose]));
        }
        let counts = match self.terms {
            Terms::Replies => false,
            Terms::Anything | Terms::AnythingWhileReachable => letter.reply_to.is_none() && is_new,
            Terms::NextWord => is_new,
        };
        if counts { self.asked.iter().position(is_by) } else { None }
    }

    fn is_called(&self, asked: &Asked, name: &AgentName) -> bool {
        asked.name == *name || self.home.mailbox(&asked.name).is_some_and(|mailbox| mailbox.name() == name)
    }

    /// Why no letter of somebody asked is to be awaited.
    fn without_letter(&self, asked: &Asked, now: Timestamp) -> Option<Reaction> {
        if asked.reaction != Reaction::Awaited {
            return None;
        }
        let mailbox = self.home.mailbox(&asked.name)?;
        let found = status::find_in(&mailbox, &asked.id)?;
        let status = found.status();
        let why = || status.why.clone().unwrap_or_default();
        match found.state {
            State::Held => return Some(Reaction::QuestionHeld(why())),
            State::Dead => {
                return Some(match status.stage {
                    Stage::Refused => Reaction::QuestionRefused(why()),
                    Stage::Expired => Reaction::QuestionExpired,
                    _ => Reaction::QuestionDead(why()),
                });
            }
            State::Inbox | State::Claimed | State::Done => {}
        }
        if !self.terms.needs_reach() || mailbox.name().is_user() {
            return None;
        }
        let standing = Standing::of(&mailbox, &Record::of(&mailbox), now);
        let is_out_of_reach = match standing.reach {
            Reach::Wakes | Reach::NextTurn | Reach::Elsewhere => false,
            Reach::Asks | Reach::Failing | Reach::Deaf | Reach::Away => true,
        };
        is_out_of_reach.then_some(Reaction::OutOfReach(standing))
    }
}
