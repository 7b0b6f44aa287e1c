//! The keys while something is being written: a letter, a search, a reason.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::view::{
    action::{Action, Deed, Query},
    composer::{Composer, Field},
    input::Input,
    model::{Focus, Mode, Model, Notice},
};

/// What is told to the sender of a refused letter if nothing else is said.
const NO_REASON: &str = "the person did not want it";

impl Model {
    pub(super) fn refuse(&mut self, key: KeyEvent) -> Option<Action> {
        let Mode::Refuse(id, why) = &mut self.mode else { return None };
        match key.code {
            KeyCode::Esc => self.mode = Mode::Browse,
            KeyCode::Enter => {
                let why = if why.is_empty() { NO_REASON.to_owned() } else { why.text().trim().to_owned() };
                let action = Action::Do(Deed::Refuse { id: id.clone(), why });
                self.mode = Mode::Browse;
                return Some(action);
            }
            _ => edit(why, key),
        }
        None
    }

    pub(super) fn search(&mut self, key: KeyEvent) -> Option<Action> {
        let Mode::Search(input) = &mut self.mode else { return None };
        match key.code {
            KeyCode::Esc => {
                self.mode = Mode::Browse;
                self.searching = false;
                self.say_only("");
                None
            }
            KeyCode::Enter => {
                self.mode = Mode::Browse;
                self.focus = Focus::Letters;
                self.look_on_disk()
            }
            _ => {
                edit(input, key);
                let text = input.text().trim().to_owned();
                self.say_only(&text);
                None
            }
        }
    }

    fn say_only(&mut self, text: &str) {
        let agent = self.letters.query().agent.clone();
        self.letters.show_only(Query { agent, text: text.to_owned() });
    }

    pub(super) fn write(&mut self, key: KeyEvent) -> Option<Action> {
        let width = usize::from(self.areas.text.width);
        let agents = self.agents.list();
        let Mode::Write(draft) = &mut self.mode else { return None };
        if draft.sending {
            return None;
        }
        self.notice = None;
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let new_line = KeyModifiers::ALT | KeyModifiers::SHIFT;
        match (key.code, draft.field) {
            (KeyCode::Esc, _) => {
                if !draft.text.is_empty() {
                    self.notice = Some(Notice::good(if draft.has_failed {
                        "not sent, and kept: ↑ in an empty letter brings it back"
                    } else {
                        "kept: the same key goes on with it"
                    }));
                    self.kept = Some(draft.clone());
                }
                self.mode = Mode::Browse;
            }
            (KeyCode::Tab | KeyCode::BackTab | KeyCode::Enter, Field::To) => {
                draft.take_marked(agents);
                draft.field = Field::Text;
            }
            (KeyCode::Right | KeyCode::End, Field::To) if draft.to.is_at_end() => drop(draft.take_marked(agents)),
            (KeyCode::Down, Field::To) => drop(draft.mark_by(1, agents)),
            (KeyCode::Up, Field::To) => drop(draft.mark_by(-1, agents)),
            (KeyCode::Tab | KeyCode::BackTab, Field::Text) => draft.field = Field::To,
            (KeyCode::Up, Field::Text) if draft.text.text().is_empty() => {
                if let Some(kept) = self.kept.take() {
                    self.mode = Mode::Write(Composer { has_failed: false, ..kept });
                }
            }
            (KeyCode::Char('j'), Field::Text) if control => draft.text.insert("\n"),
            (KeyCode::Enter, Field::Text) if key.modifiers.intersects(new_line) => draft.text.insert("\n"),
            (KeyCode::Enter, Field::Text) => {
                draft.sending = true;
                let answers = draft.answers.as_ref().map(|answered| answered.id.clone());
                let (to, text) = (draft.to.text().trim().to_owned(), draft.text.text().to_owned());
                return Some(Action::Do(Deed::Send { to, text, answers }));
            }
            (KeyCode::Up, Field::Text) => draft.text.climb(-1, width),
            (KeyCode::Down, Field::Text) => draft.text.climb(1, width),
            (_, Field::To) => {
                edit(&mut draft.to, key);
                draft.mark_first(agents);
            }
            (_, Field::Text) => edit(&mut draft.text, key),
        }
        None
    }

    pub(super) fn paste(&mut self, text: &str) {
        match &mut self.mode {
            Mode::Write(draft) if draft.sending => {}
            Mode::Write(draft) if draft.field == Field::Text => draft.text.insert(text),
            Mode::Write(draft) => {
                draft.to.insert(&on_one_line(text));
                draft.mark_first(self.agents.list());
            }
            Mode::Refuse(_, line) | Mode::Search(line) => line.insert(&on_one_line(text)),
            Mode::Browse | Mode::Help(_) => {}
        }
        if let Mode::Search(line) = &self.mode {
            let text = line.text().trim().to_owned();
            self.say_only(&text);
        }
    }
}

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The keys that work in every text.
fn edit(input: &mut Input, key: KeyEvent) {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Char('a') if control => input.home(),
        KeyCode::Char('e') if control => input.end(),
        KeyCode::Char('u') if control => input.rub_out_line(),
        KeyCode::Char('w') if control => input.rub_out_word(),
        KeyCode::Char('h') if control => input.rub_out(),
        KeyCode::Char(c) if !control => input.insert(c.encode_utf8(&mut [0; 4])),
        KeyCode::Backspace => input.rub_out(),
        KeyCode::Delete => input.delete(),
        KeyCode::Left => input.left(),
        KeyCode::Right => input.right(),
        KeyCode::Home => input.home(),
        KeyCode::End => input.end(),
        _ => {}
    }
}
