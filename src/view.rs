//! `cc2cc watch` on a terminal: who is there, the letters as they come and climb, and a person's hand in it.
//!
//! One thread draws and answers keys; others sleep until the home, the keyboard or a signal has something to say. What
//! is known is in [`model`], and what it looks like in [`draw`]; neither touches a disk or a terminal.

pub mod action;
pub mod agents;
pub mod cells;
pub mod composer;
pub mod draw;
pub mod input;
pub mod keys;
pub mod letter;
pub mod letters;
pub mod live;
pub mod model;
mod mouse;
pub mod news;
pub mod open_letter;
pub mod recipients;
pub mod terminal;
pub mod theme;
pub mod window;
pub mod work;

use std::{
    io,
    process::ExitCode,
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread::JoinHandle,
    time::Duration,
};

use jiff::{Timestamp, tz::TimeZone};

use self::{
    action::{Action, Query},
    letter::LetterRef,
    live::Message,
    model::{Model, Notice},
    news::News,
    open_letter::OpenLetter,
    terminal::Screen,
    theme::Theme,
};
use crate::{
    failure::{Code, Failure},
    mailbox::{home::Home, name::AgentName},
};

/// How often what is on the screen ages by itself.
const TICK: Duration = Duration::from_secs(20);
/// What a shell adds to the number of a signal that ended a process.
const BY_SIGNAL: u8 = 128;

/// Shows the home on the terminal until the person has seen enough; with an agent, its letters first.
///
/// # Errors
/// When the terminal cannot be used; it is as it was then.
pub fn run(home: &Home, agent: Option<AgentName>) -> Result<ExitCode, Failure> {
    let (messages, inbox) = mpsc::channel();
    let broken = |error: io::Error| Failure::new(Code::Failed, format!("could not use the terminal: {error}"));
    live::heed_signals(messages.clone()).map_err(broken)?;
    let screen = Screen::enter().map_err(broken)?;
    live::listen(messages.clone());
    live::follow(home.clone(), messages.clone());
    let mut model = Model::new(Theme::from_env(), TimeZone::system(), Timestamp::now());
    model.letters.show_only(Query { agent, text: String::new() });
    let mut view = View { home: home.clone(), model, screen, messages, going: Vec::new() };
    let ended = view.last(&inbox);
    drop(view.screen);
    // What the person has sent off is not given up.
    for deed in view.going {
        let _ = deed.join();
    }
    ended.map_err(broken)
}

struct View {
    home: Home,
    model: Model,
    screen: Screen,
    messages: Sender<Message>,
    going: Vec<JoinHandle<()>>,
}

impl View {
    /// Goes on until something ends it.
    fn last(&mut self, inbox: &Receiver<Message>) -> io::Result<ExitCode> {
        loop {
            self.screen.draw(|frame| draw::draw(frame, &mut self.model))?;
            let first = match inbox.recv_timeout(TICK) {
                Ok(message) => Some(message),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return Ok(ExitCode::FAILURE),
            };
            self.model.now = Timestamp::now();
            // However much has happened, it is drawn once.
            for message in first.into_iter().chain(inbox.try_iter()) {
                if let Some(code) = self.take(message)? {
                    return Ok(code);
                }
            }
        }
    }

    fn take(&mut self, message: Message) -> io::Result<Option<ExitCode>> {
        match message {
            Message::Terminal(event) => {
                if let Some(action) = self.model.handle(event) {
                    return self.act(action);
                }
            }
            Message::News(news) => return self.hear(news),
            Message::Done(done) => self.model.learn(done),
            Message::Continued => self.screen.return_to()?,
            Message::Ended(signal) => return Ok(Some(ExitCode::from(BY_SIGNAL + signal))),
            Message::Lost(error) => return Err(error),
        }
        Ok(None)
    }

    fn hear(&mut self, news: News) -> io::Result<Option<ExitCode>> {
        let is_open = match (&news, &self.model.open) {
            (News::Letters(entries), Some(open)) => entries.iter().any(|entry| entry.key == open.key),
            _ => false,
        };
        let action = self.model.hear(news);
        if is_open && let Some(key) = self.model.open.as_ref().map(|open| open.key.clone()) {
            self.read(&key, Model::renew);
        }
        action.map_or(Ok(None), |action| self.act(action))
    }

    fn read(&mut self, key: &LetterRef, show: fn(&mut Model, OpenLetter)) {
        match work::read(&self.home, key) {
            Ok(found) => {
                let open = OpenLetter::of(&found, &self.model.zone);
                show(&mut self.model, open);
            }
            Err(failure) => self.model.notice = Some(Notice::from(&failure)),
        }
    }

    fn act(&mut self, action: Action) -> io::Result<Option<ExitCode>> {
        match action {
            Action::Read(key) => self.read(&key, Model::open_letter),
            Action::Do(deed) => self.going.extend(live::set_going(&self.home, deed, &self.messages)),
            Action::Copy(id) => self.screen.copy(id.as_str())?,
            Action::LookBack(mark) => live::look_back(self.home.clone(), Some(mark), self.messages.clone()),
            Action::Search(wanted) => live::search(self.home.clone(), wanted, self.messages.clone()),
            Action::Mouse(on) => {
                self.screen.use_mouse(on)?;
                self.model.mouse = on;
                self.model.notice = Some(Notice::good(if on {
                    "the mouse selects and scrolls here; hold Shift to mark text"
                } else {
                    "the mouse is the terminal's again"
                }));
            }
            Action::Redraw => self.screen.forget()?,
            Action::Suspend => self.pause()?,
            Action::Quit => return Ok(Some(ExitCode::SUCCESS)),
        }
        Ok(None)
    }

    /// Gives the terminal back to the shell until it lets us go on.
    #[cfg(unix)]
    fn pause(&mut self) -> io::Result<()> {
        use rustix::process::{Signal, kill_current_process_group};
        self.screen.leave();
        kill_current_process_group(Signal::TSTP)?;
        // Here we go on, at once where no shell is there to stop for.
        self.screen.return_to()
    }

    #[cfg(windows)]
    #[expect(clippy::unnecessary_wraps, reason = "on Unix it can fail")]
    fn pause(&mut self) -> io::Result<()> {
        self.model.notice = Some(Notice::good("Windows has no shell that would wait"));
        Ok(())
    }
}
