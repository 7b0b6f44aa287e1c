//! A home with letters, and the view of it on a screen that a test can read. The clock stands at noon.

use cc2cc::{
    agent::{Activity, Record, directory, reach},
    mailbox::{
        Key, Mailbox,
        home::Home,
        letter::{Letter, LetterId},
        lock::Lock,
        name::AgentName,
        presence::Presence,
        receipt::{Receipt, Step},
    },
    view::{
        action::Action, agents::Agent, draw, letter::Entry, model::Model, news::News, open_letter::OpenLetter,
        theme::Theme, work,
    },
};
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use ratatui::{Terminal, backend::TestBackend, buffer::Buffer};
use tempfile::TempDir;
use unicode_width::UnicodeWidthStr;

pub struct Stage {
    _dir: TempDir,
    pub home: Home,
    pub model: Model,
    terminal: Terminal<TestBackend>,
    present: Vec<(Presence, Lock)>,
    /// What the last keys asked of the world and the stage does not do.
    pub asked: Option<Action>,
}

pub fn noon() -> Timestamp {
    "2026-01-02T12:00:00Z".parse().unwrap()
}

pub fn minutes_ago(minutes: i64) -> Timestamp {
    noon() - SignedDuration::from_mins(minutes)
}

pub fn name(text: &str) -> AgentName {
    text.parse().unwrap()
}

impl Stage {
    /// An empty home on a screen of this size.
    pub fn new(columns: u16, rows: u16) -> Self {
        Self::in_theme(columns, rows, Theme::Colour)
    }

    pub fn in_theme(columns: u16, rows: u16, theme: Theme) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            home: Home::at(dir.path().join("mail")),
            _dir: dir,
            model: Model::new(theme, TimeZone::UTC, noon()),
            terminal: Terminal::new(TestBackend::new(columns, rows)).unwrap(),
            present: Vec::new(),
            asked: None,
        }
    }

    /// Three agents, two of them online, and a day's letters between them.
    pub fn with_a_day(columns: u16, rows: u16) -> Self {
        Self::new(columns, rows).set_with_a_day()
    }

    pub fn set_with_a_day(mut self) -> Self {
        self.online("brave-fox", Activity::Busy, "/srv/shop/api");
        self.online("calm-owl", Activity::Idle, "/srv/shop/web");
        self.home.claim(&name("swift-lynx")).unwrap();
        let asked =
            self.post("brave-fox", "calm-owl", "k-1", minutes_ago(120), "Does the web client still work?", None);
        self.climb(
            "calm-owl",
            &asked,
            &[(Step::Notified, 1), (Step::Delivered, 2), (Step::Seen, 3), (Step::Answered, 61)],
        );
        self.post("calm-owl", "brave-fox", "k-2", minutes_ago(119), "Two tests fail:\n\n    login: 422", Some("k-1"));
        self.post("swift-lynx", "calm-owl", "k-3", minutes_ago(7), "Who owns infra now?", None);
        self.hold("swift-lynx", "brave-fox", "k-4", minutes_ago(3), "May I push to production?");
        self.refresh();
        self
    }

    /// An agent with a session that works somewhere.
    pub fn online(&mut self, agent: &str, state: Activity, cwd: &str) {
        let mailbox = self.home.claim(&name(agent)).unwrap();
        let host = Some(format!("host-of-{agent}"));
        let delivers_in = host.clone();
        let (cwd, branch) = (Some(cwd.into()), Some("main".into()));
        let told = Record { state, cwd, branch, host, delivers_in, ..Record::default() };
        Record::change(&mailbox, noon(), |record| *record = told).unwrap();
        let waker = reach::take_wakers_place(&mailbox).unwrap().unwrap();
        self.present.push((mailbox.hold_presence().unwrap(), waker));
    }

    pub fn at(&self, agent: &str) -> Mailbox {
        self.home.mailbox(&name(agent)).unwrap()
    }

    pub fn post(&self, from: &str, to: &str, id: &str, at: Timestamp, text: &str, thread: Option<&str>) -> LetterId {
        let letter = letter(from, to, id, at, text, thread);
        self.at(to).publish(&letter, Key::Fresh).unwrap();
        letter.id
    }

    pub fn hold(&self, from: &str, to: &str, id: &str, at: Timestamp, text: &str) {
        self.hold_letter(&letter(from, to, id, at, text, None));
    }

    /// As [`Stage::hold`], of a letter in a thread.
    pub fn hold_in(&self, from: &str, to: &str, id: &str, at: Timestamp, text: &str, thread: &str) -> LetterId {
        let letter = letter(from, to, id, at, text, Some(thread));
        self.hold_letter(&letter);
        letter.id
    }

    fn hold_letter(&self, letter: &Letter) {
        const WHY: &str = "brave-fox may do more than swift-lynx, and no letter may borrow what its sender lacks";
        let mailbox = self.at(letter.to.as_str());
        mailbox.publish_held(letter, Key::Fresh, WHY).unwrap();
        // When it was held is the clock's time, not the story's.
        mailbox.forget_receipts(&letter.id).unwrap();
        mailbox.note(&letter.id, &Receipt::at(Step::Held, letter.timestamp).why(WHY)).unwrap();
    }

    /// Notes steps of a letter, so many seconds after it was sent.
    pub fn climb(&self, to: &str, id: &LetterId, steps: &[(Step, i64)]) {
        let mailbox = self.at(to);
        let sent = cc2cc::agent::status::find_in(&mailbox, id).unwrap().letter.timestamp;
        for (step, seconds) in steps {
            mailbox.note(id, &Receipt::at(*step, sent + SignedDuration::from_secs(*seconds))).unwrap();
        }
    }

    /// Tells the view all that is in the home, as the feed would.
    pub fn refresh(&mut self) {
        let agents = directory::list(&self.home).unwrap();
        self.hear(News::Everyone(agents.iter().map(Agent::of).collect()));
        let (found, before) = cc2cc::agent::past::page(&self.home, None, usize::MAX).unwrap();
        let entries: Vec<_> = found.iter().map(Entry::of).collect();
        self.hear(News::Letters(entries.clone()));
        self.hear(News::Older { entries, before });
        if let Some(key) = self.model.open.as_ref().map(|open| open.key.clone()) {
            self.model.renew(OpenLetter::of(&work::read(&self.home, &key).unwrap(), &TimeZone::UTC));
        }
    }

    pub fn hear(&mut self, news: News) {
        if let Some(action) = self.model.hear(news) {
            self.asked = Some(action);
        }
    }

    /// Types characters; among them `\n` is Enter, `\t` Tab and `\x1b` Esc.
    pub fn types(&mut self, keys: &str) -> &mut Self {
        for key in keys.chars() {
            match key {
                '\n' => self.key(KeyCode::Enter),
                '\t' => self.key(KeyCode::Tab),
                '\x1b' => self.key(KeyCode::Esc),
                c => self.key(KeyCode::Char(c)),
            };
        }
        self
    }

    pub fn key(&mut self, code: KeyCode) -> &mut Self {
        self.event(Event::Key(KeyEvent::new(code, KeyModifiers::NONE)))
    }

    pub fn control(&mut self, key: char) -> &mut Self {
        self.event(Event::Key(KeyEvent::new(KeyCode::Char(key), KeyModifiers::CONTROL)))
    }

    /// What the binary does with it, without its threads.
    pub fn event(&mut self, event: Event) -> &mut Self {
        self.draw();
        match self.model.handle(event) {
            Some(Action::Read(key)) => {
                let found = work::read(&self.home, &key).unwrap();
                self.model.open_letter(OpenLetter::of(&found, &TimeZone::UTC));
            }
            Some(Action::Do(deed)) => {
                let done = deed.done_in(&self.home);
                self.model.learn(done);
                self.refresh();
            }
            asked => self.asked = asked.or(self.asked.take()),
        }
        self
    }

    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.terminal.backend_mut().resize(columns, rows);
    }

    fn draw(&mut self) {
        self.terminal.draw(|frame| draw::draw(frame, &mut self.model)).unwrap();
    }

    pub fn buffer(&mut self) -> &Buffer {
        self.draw();
        self.terminal.backend().buffer()
    }

    /// What one sees.
    pub fn screen(&mut self) -> String {
        let buffer = self.buffer();
        let mut screen = String::new();
        for y in 0..buffer.area.height {
            let mut line = String::new();
            let mut x = 0;
            while x < buffer.area.width {
                let symbol = buffer[(x, y)].symbol();
                line.push_str(symbol);
                x += u16::try_from(symbol.width().max(1)).unwrap();
            }
            screen.push_str(line.trim_end());
            screen.push('\n');
        }
        screen
    }

    /// The line of the screen that holds a text.
    pub fn line(&mut self, with: &str) -> String {
        let screen = self.screen();
        let line = screen.lines().find(|line| line.contains(with));
        line.unwrap_or_else(|| panic!("no line with {with:?} on\n{screen}")).to_owned()
    }

    /// The letters on the right, without the agents on the left.
    pub fn letters(&mut self) -> String {
        let lines = self
            .screen()
            .lines()
            .filter_map(|line| line.split_once('│').map(|(_, right)| right.trim_end().to_owned()))
            .filter(|line| !line.is_empty())
            .collect::<Vec<_>>();
        lines.join("\n")
    }

    pub fn last_line_but_one(&mut self) -> String {
        let screen = self.screen();
        screen.lines().rev().nth(1).unwrap().to_owned()
    }
}

fn letter(from: &str, to: &str, id: &str, at: Timestamp, text: &str, thread: Option<&str>) -> Letter {
    let mut letter = Letter::new(name(from), name(to), text, at);
    letter.id = id.parse().unwrap();
    letter.thread = thread.map(|thread| thread.parse().unwrap());
    letter.reply_to.clone_from(&letter.thread);
    letter
}
