//! What each key does.

mod writing;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseEvent};

use super::{
    action::{Action, Deed, Query},
    composer::Composer,
    input::Input,
    letters::Folding,
    model::{Focus, Mode, Model, Notice, Older},
};
use crate::{agent::status::Stage, mailbox::letter::LetterId};

impl Model {
    /// Takes in what the terminal says.
    pub fn handle(&mut self, event: Event) -> Option<Action> {
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => self.press(key),
            Event::Paste(text) => {
                self.paste(&text);
                None
            }
            Event::Mouse(mouse) => self.point(mouse),
            _ => None,
        }
    }

    fn press(&mut self, key: KeyEvent) -> Option<Action> {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            match key.code {
                KeyCode::Char('c') => return Some(Action::Quit),
                KeyCode::Char('z') => return Some(Action::Suspend),
                KeyCode::Char('l') => return Some(Action::Redraw),
                _ => {}
            }
        }
        if self.is_hidden {
            return (key.code == KeyCode::Char('q')).then_some(Action::Quit); // nobody acts on what they do not see
        }
        match &mut self.mode {
            Mode::Browse => self.browse(key),
            Mode::Help(page) => {
                let is_last = *page + 1 >= self.help_pages || key.code == KeyCode::Esc;
                self.mode = if is_last { Mode::Browse } else { Mode::Help(*page + 1) };
                None
            }
            Mode::Search(_) => self.search(key),
            Mode::Write(_) => self.write(key),
            Mode::Refuse(..) => self.refuse(key),
        }
    }

    fn browse(&mut self, key: KeyEvent) -> Option<Action> {
        if key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
            return None; // meant for another program, such as the one this runs in
        }
        self.notice = None;
        let page = isize::try_from(self.page().max(2) - 1).unwrap_or(isize::MAX);
        match key.code {
            KeyCode::Up | KeyCode::Char('k') => return self.step(-1),
            KeyCode::Down | KeyCode::Char('j') => return self.step(1),
            KeyCode::PageUp => return self.step(-page),
            KeyCode::PageDown | KeyCode::Char(' ') => return self.step(page),
            KeyCode::Home | KeyCode::Char('g') => return self.step(isize::MIN),
            KeyCode::End | KeyCode::Char('G') => return self.step(isize::MAX),
            KeyCode::Tab => self.focus = self.next_pane(),
            KeyCode::BackTab => {
                self.focus = self.next_pane();
                self.focus = if self.open.is_some() { self.next_pane() } else { self.focus };
            }
            KeyCode::Enter | KeyCode::Right | KeyCode::Char('l' | 'o') => return self.open(),
            KeyCode::Left | KeyCode::Char('h') => self.back(),
            KeyCode::Esc => self.leave(),
            KeyCode::Char('f') => return self.filter_by_agent(),
            KeyCode::Char('H') => self.go_to_held(),
            KeyCode::Char('/') => self.mode = Mode::Search(Input::new(self.letters.query().text.clone())),
            KeyCode::Char('n') => self.compose(),
            KeyCode::Char('r') => self.answer(),
            KeyCode::Char('a') => return self.accept(),
            KeyCode::Char('x') => self.ask_why(),
            KeyCode::Char('y') => return self.copy(),
            KeyCode::Char('m') => return Some(Action::Mouse(!self.mouse)),
            KeyCode::Char('?') => self.mode = Mode::Help(0),
            KeyCode::Char('q') => return Some(Action::Quit),
            _ => {}
        }
        None
    }

    fn page(&self) -> usize {
        match (self.focus, &self.open) {
            (Focus::Agents, _) => self.agents.window.height,
            (Focus::OpenLetter, Some(open)) => open.window.height,
            _ => self.letters.window.height,
        }
    }

    pub(super) fn step(&mut self, by: isize) -> Option<Action> {
        match (self.focus, &mut self.open) {
            (Focus::Agents, _) => self.agents.step(by),
            (Focus::OpenLetter, Some(open)) => open.scroll(by),
            _ => {
                self.letters.step(by);
                return self.more_if_near_the_end();
            }
        }
        None
    }

    fn more_if_near_the_end(&mut self) -> Option<Action> {
        let left = self.letters.rows().len().saturating_sub(self.letters.position()? + 1);
        if left > self.letters.window.height {
            return None;
        }
        match std::mem::replace(&mut self.older, Older::Loading) {
            Older::Before(mark) => Some(Action::LookBack(mark)),
            other => {
                self.older = other;
                None
            }
        }
    }

    fn next_pane(&self) -> Focus {
        match self.focus {
            Focus::Agents => Focus::Letters,
            Focus::Letters if self.open.is_some() => Focus::OpenLetter,
            Focus::Letters | Focus::OpenLetter => Focus::Agents,
        }
    }

    pub(super) fn open(&mut self) -> Option<Action> {
        match self.focus {
            Focus::Agents => return self.filter_by_agent(),
            Focus::OpenLetter => {}
            Focus::Letters => {
                let row = self.letters.selected()?;
                match row.part {
                    Folding::Folded { .. } => self.letters.unfold(),
                    Folding::Unfolded { .. } => drop(self.letters.fold()),
                    Folding::Alone | Folding::Member => return Some(Action::Read(self.letters.entry(row).key.clone())),
                }
            }
        }
        None
    }

    /// One step out of what one is in.
    fn back(&mut self) {
        match self.focus {
            Focus::OpenLetter => self.close(),
            Focus::Letters => drop(self.letters.fold()),
            Focus::Agents => {}
        }
    }

    fn leave(&mut self) {
        if self.open.is_some() {
            self.close();
        } else if self.letters.is_filtered() {
            self.letters.show_only(Query::default());
            self.searching = false;
        } else {
            self.back();
        }
    }

    fn close(&mut self) {
        self.open = None;
        if self.focus == Focus::OpenLetter {
            self.focus = Focus::Letters;
        }
    }

    /// Shows the letters of one agent, or of all again.
    fn filter_by_agent(&mut self) -> Option<Action> {
        let chosen = match self.focus {
            Focus::Agents => self.agents.selected().map(|agent| agent.name.clone()),
            _ => self.subject().map(|entry| entry.from.clone()),
        };
        let Query { agent, text } = self.letters.query().clone();
        let agent = if agent == chosen { None } else { chosen };
        self.letters.show_only(Query { agent, text });
        self.look_on_disk()
    }

    /// Goes to the next letter that waits for a person, wherever it is in the list.
    fn go_to_held(&mut self) {
        if !self.letters.knows_held() {
            self.notice = Some(Notice::good("nothing is held"));
            return;
        }
        self.close();
        self.focus = Focus::Letters;
        self.searching &= self.letters.go_to_held();
    }

    fn compose(&mut self) {
        if self.agents.list().iter().all(|agent| agent.name.is_user()) {
            self.notice = Some(Notice::good("nobody to write to yet: start `claude` in another terminal"));
            return;
        }
        self.take_up(Composer::to(self.addressee()));
    }

    fn answer(&mut self) {
        let Some(entry) = self.subject() else { return };
        match Composer::answer(entry) {
            Some(draft) => self.take_up(draft),
            None => self.notice = Some(Notice::trouble("a notice of cc2cc itself takes no answer")),
        }
    }

    /// Goes on with what was written before if it is about the same.
    fn take_up(&mut self, draft: Composer) {
        let kept = self.kept.take_if(|kept| draft.continues(kept));
        self.mode = Mode::Write(kept.unwrap_or(draft));
    }

    /// The held letter that a decision is about. Of a folded thread one must see first which.
    fn held(&mut self) -> Option<LetterId> {
        if self.focus != Focus::OpenLetter
            && let Some(Folding::Folded { .. }) = self.letters.selected().map(|row| row.part)
        {
            self.letters.unfold();
            self.notice = Some(Notice::good("this is a thread: choose the letter that is held"));
            return None;
        }
        let entry = self.subject()?;
        if entry.stage == Stage::Held {
            return Some(entry.key.id.clone());
        }
        self.notice = Some(Notice::trouble(format!("this letter is not held but {}", entry.stage.as_str())));
        None
    }

    fn accept(&mut self) -> Option<Action> {
        self.held().map(|id| Action::Do(Deed::Accept(id)))
    }

    fn ask_why(&mut self) {
        if let Some(id) = self.held() {
            self.mode = Mode::Refuse(id, Input::default());
        }
    }

    fn copy(&mut self) -> Option<Action> {
        let id = self.subject()?.key.id.clone();
        self.notice = Some(Notice::good(format!("{id} went to the terminal's clipboard (OSC 52), if it has one")));
        Some(Action::Copy(id))
    }

    fn point(&mut self, mouse: MouseEvent) -> Option<Action> {
        if matches!(self.mode, Mode::Browse) { super::mouse::point(self, mouse) } else { None }
    }
}
