//! How things look. Whatever a colour says, a word or a sign says as well; without colours nothing is lost.

use jiff::{SignedDuration, Timestamp};
use ratatui::style::{Color, Modifier, Style};

use super::agents::AgentState;
use crate::agent::status::Stage;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    Colour,
    /// For `NO_COLOR`.
    Plain,
}

impl Theme {
    /// What the person asked for; see <https://no-color.org>.
    #[must_use]
    pub fn from_env() -> Self {
        if std::env::var_os("NO_COLOR").is_some_and(|set| !set.is_empty()) { Self::Plain } else { Self::Colour }
    }

    fn in_colour(self, colour: Color) -> Style {
        if self == Self::Colour { Style::new().fg(colour) } else { Style::new() }
    }

    #[must_use]
    pub fn accent(self) -> Style {
        self.in_colour(Color::Cyan)
    }

    #[must_use]
    pub fn faint(self) -> Style {
        // Not a grey: there are colour schemes in which that is the background.
        Style::new().add_modifier(Modifier::DIM)
    }

    /// For what waits for the person.
    #[must_use]
    pub fn call(self) -> Style {
        self.in_colour(Color::Yellow).add_modifier(Modifier::BOLD)
    }

    /// For what went wrong.
    #[must_use]
    pub fn trouble(self) -> Style {
        self.in_colour(Color::Magenta).add_modifier(Modifier::BOLD)
    }

    #[must_use]
    pub fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    #[must_use]
    pub fn stage(self, stage: Stage) -> Style {
        match stage {
            Stage::Stored | Stage::Forwarded => self.faint(),
            Stage::Notified => self.in_colour(Color::LightBlue),
            Stage::Delivered => self.accent(),
            Stage::Seen => Style::new(),
            Stage::Answered => self.strong(),
            Stage::Held => self.call(),
            Stage::Expired | Stage::Refused | Stage::Dead => self.trouble(),
        }
    }

    #[must_use]
    pub fn presence(self, presence: AgentState) -> Style {
        match presence {
            AgentState::Busy => self.accent(),
            AgentState::Idle | AgentState::Person => Style::new(),
            AgentState::Asks => self.call(),
            AgentState::Failing | AgentState::Deaf => self.trouble(),
            AgentState::NextTurn | AgentState::Away => self.faint(),
        }
    }
}

/// One cell for how far a letter has come.
#[must_use]
pub fn sign(stage: Stage) -> &'static str {
    match stage {
        Stage::Stored => "○",
        Stage::Forwarded => "⇢",
        Stage::Notified => "◔",
        Stage::Delivered => "◑",
        Stage::Seen => "●",
        Stage::Answered => "✓",
        Stage::Held => "‖",
        Stage::Expired => "◌",
        Stage::Refused => "⊘",
        Stage::Dead => "×",
    }
}

/// All of them, in the order of the ladder.
pub const LADDER: [Stage; 10] = [
    Stage::Stored,
    Stage::Forwarded,
    Stage::Notified,
    Stage::Delivered,
    Stage::Seen,
    Stage::Answered,
    Stage::Held,
    Stage::Expired,
    Stage::Refused,
    Stage::Dead,
];

/// One cell for what an agent does; none of them is a sign of a letter.
#[must_use]
pub fn presence_sign(presence: AgentState) -> &'static str {
    match presence {
        AgentState::Busy => "◆",
        AgentState::Idle => "◇",
        AgentState::NextTurn => "◈",
        AgentState::Asks => "?",
        AgentState::Failing => "!",
        AgentState::Deaf => "∅",
        AgentState::Away => "·",
        AgentState::Person => "@",
    }
}

/// How long ago something was, in at most four cells.
#[must_use]
pub fn age(at: Timestamp, now: Timestamp) -> String {
    let age = now.duration_since(at);
    if age < SignedDuration::from_mins(1) { "now".to_owned() } else { span(age) }
}

/// A time of a minute or more in one number and a unit.
#[must_use]
pub fn span(time: SignedDuration) -> String {
    let minutes = time.as_secs() / 60;
    match minutes {
        ..=99 => format!("{minutes}m"),
        100..=2_879 => format!("{}h", minutes / 60),
        _ => format!("{}d", (minutes / 1_440).min(999)),
    }
}
