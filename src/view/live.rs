//! Where the view's messages come from: the keyboard, the home, signals, and what it has set going itself. Each has a
//! thread that sleeps until there is something.

use std::{
    collections::{BTreeSet, HashMap},
    io,
    sync::mpsc::Sender,
    thread::JoinHandle,
    time::Duration,
};

use crossterm::event;

use super::{
    action::{Deed, Query},
    agents::Agent,
    letter::{Entry, LetterRef},
    news::{Done, News},
};
use crate::{
    agent::{
        directory::{self, Listed},
        feed::{Event, Feed},
        history::{self, Filter},
        past::{self, Mark},
        status::Found,
    },
    failure::{Code, Failure},
    mailbox::{State, home::Home, name::AgentName},
    threads,
};

/// Letters read at a time.
const PAGE: usize = 1_000;
/// Letters that one search brings.
const HITS: usize = 1_000;
/// The feed wakes by itself when there is something.
const LONG: Duration = Duration::from_secs(60 * 60);

#[derive(Debug)]
pub enum Message {
    Terminal(event::Event),
    News(News),
    Done(Result<Done, Failure>),
    /// The process was stopped and goes on.
    Continued,
    /// A signal asks us to end.
    Ended(u8),
    /// The keyboard is gone.
    Lost(io::Error),
}

/// Reads the keyboard.
pub fn listen(messages: Sender<Message>) {
    let lost = |why| Message::Lost(io::Error::other(why));
    begin("keyboard", messages, lost, |messages| {
        loop {
            let message = event::read().map_or_else(Message::Lost, Message::Terminal);
            let is_over = matches!(message, Message::Lost(_));
            if messages.send(message).is_err() || is_over {
                return;
            }
        }
    });
}

/// Starts a thread that has something to tell. That it cannot be started, or breaks, is told as well.
fn begin(
    name: &str,
    messages: Sender<Message>,
    broken: fn(String) -> Message,
    work: impl FnOnce(&Sender<Message>) + Send + 'static,
) -> Option<JoinHandle<()>> {
    let complain = messages.clone();
    let started = threads::start(name, move || {
        if let Err(why) = threads::guarded(|| work(&messages)) {
            drop(messages.send(broken(why)));
        }
    });
    started.map_err(|error| drop(complain.send(broken(error.to_string())))).ok()
}

fn trouble(why: String) -> Message {
    Message::News(News::Trouble(Failure::new(Code::Failed, why)))
}

/// Waits for signals. They are ours from when this returns.
///
/// # Errors
/// When the system does not let us wait for them.
#[cfg(unix)]
pub fn heed_signals(messages: Sender<Message>) -> io::Result<()> {
    use signal_hook::{
        consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM},
        iterator::Signals,
    };
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM, SIGCONT])?;
    threads::start("signals", move || {
        for signal in signals.forever() {
            let message = match signal {
                SIGCONT => Message::Continued,
                signal => Message::Ended(u8::try_from(signal).unwrap_or_default()),
            };
            if messages.send(message).is_err() {
                return;
            }
        }
    })
    .map(drop)
}

/// # Errors
/// Never; where there are no signals, closing the window ends us.
#[cfg(not(unix))]
pub fn heed_signals(_messages: Sender<Message>) -> io::Result<()> {
    Ok(())
}

/// Follows the home: who is there, the newest letters, and then whatever happens.
pub fn follow(home: Home, messages: Sender<Message>) {
    begin("feed", messages, trouble, move |messages| {
        // The feed is opened before anything is read, so that nothing falls between the two.
        let mut feed = match Feed::open(&home, None) {
            Ok(feed) => feed,
            Err(error) => return drop(messages.send(Message::News(News::Trouble(error.into())))),
        };
        let agents = feed.agents();
        let everyone = agents.iter().map(Agent::of).collect();
        let begun = messages.send(Message::News(News::Everyone(everyone))).is_ok()
            && messages.send(Message::News(older(&home, None))).is_ok();
        let mut open = begun && messages.send(Message::News(News::Letters(held(&agents)))).is_ok();
        while open {
            let news = digest(&home, feed.next(LONG));
            open = news.into_iter().all(|news| messages.send(Message::News(news)).is_ok());
        }
    });
}

/// All that waits for a person, however far back it is.
fn held(agents: &[Listed]) -> Vec<Entry> {
    let of = |agent: &Listed| {
        let mailbox = agent.mailbox.clone();
        let letters = mailbox.letters(State::Held).unwrap_or_default(); // renamed or removed just now
        let found = move |letter| Entry::of(&Found { mailbox: mailbox.clone(), state: State::Held, letter });
        letters.into_iter().map(found).collect::<Vec<_>>()
    };
    agents.iter().flat_map(of).collect()
}

/// What a batch of events comes to: each letter and each agent once, as it is now.
fn digest(home: &Home, events: Vec<Event>) -> Vec<News> {
    let mut news = Vec::new();
    let mut letters: HashMap<LetterRef, Box<Found>> = HashMap::new();
    let mut touched: BTreeSet<AgentName> = BTreeSet::new();
    for event in events {
        match event {
            Event::Sent(found) | Event::Step { found, .. } | Event::Dead { found, .. } => {
                touched.insert(found.mailbox.name().clone());
                let key = LetterRef { id: found.letter.id.clone(), to: found.mailbox.name().clone() };
                letters.insert(key, found);
            }
            Event::Online(agent, _)
            | Event::Offline(agent, _)
            | Event::Idle(agent, _)
            | Event::Busy(agent, _)
            | Event::Deaf(agent, ..)
            | Event::Reach(agent, ..) => {
                touched.insert(agent);
            }
            Event::Renamed { agent, was, .. } => {
                touched.insert(agent.clone());
                news.push(News::Renamed { was, new: agent });
            }
        }
    }
    if !letters.is_empty() {
        news.push(News::Letters(letters.values().map(|found| Entry::of(found)).collect()));
    }
    let (there, gone): (Vec<_>, Vec<_>) = touched.into_iter().partition(|name| home.mailbox(name).is_some());
    let there = there.iter().filter_map(|name| home.mailbox(name));
    let agents: Vec<_> = there.map(|mailbox| Agent::of(&directory::describe(mailbox))).collect();
    if !agents.is_empty() {
        news.push(News::Agents(agents));
    }
    news.extend(gone.into_iter().map(News::Gone));
    news
}

/// Looks further back.
pub fn look_back(home: Home, before: Option<Mark>, messages: Sender<Message>) {
    begin("older", messages, trouble, move |messages| {
        drop(messages.send(Message::News(older(&home, before.as_ref()))));
    });
}

fn older(home: &Home, before: Option<&Mark>) -> News {
    match past::page(home, before, PAGE) {
        Ok((found, before)) => News::Older { entries: found.iter().map(Entry::of).collect(), before },
        Err(error) => News::Trouble(error.into()),
    }
}

/// Looks for letters among all there are.
pub fn search(home: Home, query: Query, messages: Sender<Message>) {
    begin("search", messages, trouble, move |messages| {
        let text = Some(query.text.clone()).filter(|text| !text.is_empty());
        let filter = Filter { agent: query.agent.clone(), text, ..Filter::default() };
        let news = match history::newest(&home, &filter, HITS) {
            Ok(found) => News::Hits { query, entries: found.iter().map(Entry::of).collect() },
            Err(error) => News::Trouble(error.into()),
        };
        drop(messages.send(Message::News(news)));
    });
}

/// Does what the person asked for; it may take a moment. What has begun is to be waited for.
#[must_use]
pub fn set_going(home: &Home, deed: Deed, messages: &Sender<Message>) -> Option<JoinHandle<()>> {
    let home = home.clone();
    let broken = |why| Message::Done(Err(Failure::new(Code::Failed, why)));
    begin("deed", messages.clone(), broken, move |messages| drop(messages.send(Message::Done(deed.done_in(&home)))))
}
