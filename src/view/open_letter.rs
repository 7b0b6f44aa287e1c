//! The letter that is open: its facts, the times of its steps, all of its text.

use jiff::{Timestamp, tz::TimeZone};

use super::{cells, letter::LetterRef, theme, window::Window};
use crate::{
    agent::status::{Found, Stage},
    mailbox::receipt::Step,
    report::text::home_as_tilde,
    text::columns,
};

#[derive(Debug, Clone)]
pub struct OpenLetter {
    pub key: LetterRef,
    head: Vec<Fact>,
    text: String,
    /// How all that looks on a screen this wide.
    laid: Laid,
    pub window: Window,
}

#[derive(Debug, Clone, Default)]
struct Laid {
    width: usize,
    above: Vec<Fact>,
    lines: Vec<String>,
}

/// A line above the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// Who wrote to whom.
    Title(String),
    Plain(String),
    /// Why it is held or dead.
    Why(String),
    /// When the letter came how far.
    Step {
        stage: Option<Stage>,
        name: &'static str,
        when: String,
        note: String,
    },
}

impl OpenLetter {
    #[must_use]
    pub fn of(found: &Found, zone: &TimeZone) -> Self {
        let letter = &found.letter;
        let to = found.mailbox.name();
        let mut head = vec![Fact::Title(format!("{} → {to}", letter.from))];
        let mut facts = vec![letter.kind.as_str().to_owned()];
        if letter.priority.as_str() != "normal" {
            facts.push(format!("{} priority", letter.priority.as_str()));
        }
        facts.extend(letter.origin.sent_to.as_ref().map(|group| format!("to {group}")));
        facts.extend(letter.origin.client.clone());
        facts.extend(letter.origin.cwd.as_deref().map(|cwd| format!("from {}", home_as_tilde(cwd))));
        head.push(Fact::Plain(cells::one_line(&facts.join(" · "), 300)));
        head.push(Fact::Plain(format!("id {}", letter.id)));
        head.extend(letter.reply_to.as_ref().map(|id| Fact::Plain(format!("answers {id}"))));
        let status = found.status();
        let sent = letter.timestamp;
        head.push(Fact::Step {
            stage: Some(Stage::Stored),
            name: "stored",
            when: at(sent, zone, "%Y-%m-%d %H:%M:%S%.3f"),
            note: String::new(),
        });
        for receipt in &status.steps {
            let Some((stage, name)) = shown(receipt.step) else { continue };
            let why = receipt
                .why
                .as_deref()
                .filter(|why| status.why.as_deref() != Some(why))
                .map(|why| cells::one_line(why, 200));
            let by = receipt.by.as_ref().map(|id| format!("by {id}"));
            let note: Vec<_> = [Some(later(receipt.at, sent)), why, by].into_iter().flatten().collect();
            let when = at(receipt.at, zone, "%Y-%m-%d %H:%M:%S%.3f");
            head.push(Fact::Step { stage, name, when, note: note.join("  ") });
        }
        if status.stage == Stage::Dead {
            let when = at(status.since, zone, "%Y-%m-%d %H:%M:%S%.3f");
            head.push(Fact::Step { stage: Some(Stage::Dead), name: "dead", when, note: later(status.since, sent) });
        }
        head.extend(status.why.map(|why| Fact::Why(format!("because {}", cells::one_line(&why, 1_000)))));
        let key = LetterRef { id: letter.id.clone(), to: to.clone() };
        let text = cells::safe(&letter.content.text);
        Self { key, head, text, laid: Laid::default(), window: Window::default() }
    }

    /// The same letter, further on its way: what is on the screen stays.
    pub fn renew(&mut self, newer: Self) {
        self.key = newer.key;
        self.head = newer.head;
        let before = self.laid.above.len();
        let width = std::mem::take(&mut self.laid).width;
        self.lay(width);
        if self.window.top >= before {
            self.window.top = (self.window.top + self.laid.above.len()).saturating_sub(before);
        }
    }

    /// Lays all of it out for a screen this wide.
    pub fn lay(&mut self, width: usize) {
        if self.laid.width == width {
            return;
        }
        let fold = |fact: &Fact| match fact {
            Fact::Why(text) => columns::wrapped(text, width).into_iter().map(Fact::Why).collect(),
            fact => vec![fact.clone()],
        };
        let above = self.head.iter().flat_map(fold).collect();
        self.laid = Laid { width, above, lines: columns::wrapped(&self.text, width) };
    }

    /// The lines above the text, as laid out last.
    #[must_use]
    pub fn above(&self) -> &[Fact] {
        &self.laid.above
    }

    /// The lines of the text, as laid out last.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.laid.lines
    }

    /// How many lines there are in all, as laid out last.
    #[must_use]
    pub fn len(&self) -> usize {
        self.laid.above.len() + 1 + self.laid.lines.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub fn scroll(&mut self, by: isize) {
        self.window.top = self.window.top.saturating_add_signed(by);
        self.window.clamp(self.len());
    }
}

/// What a step is called here; those between cc2cc and itself are nobody's business.
fn shown(step: Step) -> Option<(Option<Stage>, &'static str)> {
    Some(match step {
        Step::Forwarded => (Some(Stage::Forwarded), "forwarded"),
        Step::Notified => (Some(Stage::Notified), "notified"),
        Step::Delivered => (Some(Stage::Delivered), "delivered"),
        Step::Seen => (Some(Stage::Seen), "seen"),
        Step::Answered => (Some(Stage::Answered), "answered"),
        Step::Held => (Some(Stage::Held), "held"),
        Step::Refused => (Some(Stage::Refused), "refused"),
        Step::Expired => (Some(Stage::Expired), "expired"),
        Step::Returned => (None, "returned"),
        Step::Unproved => (None, "not proved"),
        Step::Accepted => (None, "accepted"),
        Step::Retried => (None, "retried"),
        Step::Claimed | Step::Shown | Step::Unknown => return None,
    })
}

fn at(time: Timestamp, zone: &TimeZone, format: &str) -> String {
    time.to_zoned(zone.clone()).strftime(format).to_string()
}

/// How long after the sending a step came.
fn later(step: Timestamp, sent: Timestamp) -> String {
    let ms = step.duration_since(sent).as_millis();
    match ms {
        ..0 => String::new(),
        0..=9_999 => format!("+{ms} ms"),
        10_000..=99_999 => format!("+{} s", ms / 1_000),
        _ => format!("+{}", theme::span(step.duration_since(sent))),
    }
}
