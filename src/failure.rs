//! What went wrong, what can be done about it, and the exit code: the same for a person, a script and a model.

use std::{fmt, path::Path};

use crate::{
    agent::{
        client_program::ClientProgram,
        decisions::DecisionError,
        group_name::BadGroup,
        identity::RenameError,
        policy::ConfigError,
        send_error::{self, SendError},
        status::Found,
        which::WhichError,
    },
    mailbox::{
        State,
        disk::FsError,
        home::HomeError,
        letter::{BadId, LetterId},
        name::{AgentName, BadName},
    },
};

/// The exit codes; docs/reference.md documents them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    Failed = 1,
    Usage = 2,
    NotFound = 3,
    Held = 4,
    TimedOut = 5,
}

/// A failure as it is shown: a message, a hint, and nothing changed.
#[derive(Debug)]
pub struct Failure {
    pub code: Code,
    pub message: String,
    pub hint: Option<String>,
    /// The system let nobody write there, see [`FsError::is_forbidden`].
    pub forbidden: bool,
}

impl Failure {
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, forbidden: false }
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Wrong usage, in words of whatever reads it.
    #[must_use]
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Code::Usage, message)
    }

    /// Why a state of somebody is not waited for who has none.
    #[must_use]
    pub fn no_session(name: &AgentName, me: &AgentName) -> Self {
        let why = match name {
            name if name == me => format!("you are `{name}`"),
            name if name.is_elsewhere() => format!("`{name}` is not on this machine"),
            name => format!("`{name}` is a person"),
        };
        Self::new(Code::Usage, format!("{why}: only another session is waited for like this"))
    }

    #[must_use]
    pub fn no_such_letter(id: &LetterId) -> Self {
        Self::new(Code::NotFound, format!("no letter `{id}`")).hint(send_error::WHERE_LETTERS_ARE)
    }

    #[must_use]
    pub fn no_such_agent(name: &AgentName, nearest: Vec<AgentName>) -> Self {
        SendError::NoSuchAgent { name: name.to_string(), nearest }.into()
    }

    /// Why a model does not get the words of a letter.
    #[must_use]
    pub fn not_for_a_model(found: &Found) -> Self {
        let id = &found.letter.id;
        Self::new(
            Code::Held,
            match found.state {
                State::Inbox | State::Held => {
                    format!("the letter `{id}` is held: the person decides whether this session may read it")
                }
                State::Dead => format!("the letter `{id}` was refused: this session may not read it"),
                State::Claimed | State::Done => format!("the letter `{id}` is a notice to {}", found.mailbox.name()),
            },
        )
    }

    /// Why a teammate of an agent team neither writes nor gets letters.
    #[must_use]
    pub fn teammate() -> Self {
        Self::new(Code::Failed, "a teammate of an agent team has no agent name: the session of its lead has one")
            .hint("SendMessage reaches the lead, who can write the letter")
    }

    #[must_use]
    pub fn takes_no_part() -> Self {
        Self::new(Code::Failed, "this session has no agent name")
            .hint("start it with CC2CC_NAME=some-name; headless sessions take part only then")
    }

    /// A session of a client whose hooks have not named it.
    #[must_use]
    pub fn is_unheard(client: ClientProgram) -> Self {
        let title = client.title();
        let failure =
            Self::new(Code::Failed, format!("this {title} session has no agent name: no hook of cc2cc has run in it"));
        match client {
            ClientProgram::Codex => {
                failure.hint("the person trusts them with `/hooks` in Codex; `cc2cc doctor` says more")
            }
            _ => failure.hint("`cc2cc doctor` says what is missing"),
        }
    }

    /// A session of a terminal, in which nothing of the plugin runs, and what leaves it out where that is known.
    #[must_use]
    pub fn is_without_plugin(cause: Option<&str>) -> Self {
        let not_loaded = "cc2cc's plugin is not loaded in this Claude session";
        match cause {
            Some(cause) => Self::new(Code::Failed, format!("{not_loaded}: {cause} leaves it out"))
                .hint("start it without that, and it has a name"),
            None => Self::new(Code::Failed, format!("{not_loaded}, or its hooks are off"))
                .hint("other settings or another config folder leave it out; `cc2cc doctor` says what it knows"),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, "\nhint: {hint}"))
    }
}

impl std::error::Error for Failure {}

impl From<SendError> for Failure {
    fn from(error: SendError) -> Self {
        let code = match &error {
            SendError::NoSuchAgent { .. }
            | SendError::NoSuchGroup { .. }
            | SendError::NoSuchMachine { .. }
            | SendError::NobodyThere { .. }
            | SendError::NoRepo(_)
            | SendError::NoSuchLetter(_) => Code::NotFound,
            SendError::ToYourself(_) | SendError::Empty | SendError::TooLong | SendError::NoTime => Code::Usage,
            SendError::Refused { .. } | SendError::TooFast { .. } => Code::Held,
            SendError::Fs(_) | SendError::Config(_) => Code::Failed,
        };
        let forbidden = matches!(&error, SendError::Fs(error) if error.is_forbidden());
        Self { code, message: error.to_string(), hint: error.hint(), forbidden }
    }
}

impl From<DecisionError> for Failure {
    fn from(error: DecisionError) -> Self {
        match error {
            DecisionError::NoSuchLetter(id) => Self::no_such_letter(&id),
            DecisionError::Elsewhere { ref id, .. } => {
                let hint = format!("`cc2cc status {}` says how far it has come", id.short());
                Self::new(Code::Failed, error.to_string()).hint(hint)
            }
            DecisionError::Config(error) => error.into(),
            DecisionError::Fs(error) => error.into(),
        }
    }
}

impl From<WhichError> for Failure {
    fn from(error: WhichError) -> Self {
        match error {
            WhichError::Bad(error) => error.into(),
            WhichError::Fs(error) => error.into(),
            WhichError::Several { .. } => {
                Self::new(Code::Usage, error.to_string()).hint("write one of these; `cc2cc log` shows which is which")
            }
            WhichError::NoLast => {
                Self::new(Code::NotFound, error.to_string()).hint("`cc2cc inbox --all` lists the letters you have")
            }
        }
    }
}

impl From<RenameError> for Failure {
    fn from(error: RenameError) -> Self {
        match error {
            RenameError::Fs(error) => error.into(),
            RenameError::Taken(_) => {
                Self::new(Code::Failed, error.to_string()).hint("`cc2cc agents --all` lists the names in use")
            }
            RenameError::Gone(_) => {
                Self::new(Code::NotFound, error.to_string()).hint("`cc2cc agents --all` lists those there are")
            }
            RenameError::Elsewhere(_) => Self::new(Code::Usage, error.to_string())
                .hint("names of sessions here have no `@`; take one like `brave-fox`"),
            RenameError::Reserved(_) => Self::new(Code::Usage, error.to_string())
                .hint("take another one, like `brave-fox`; `user`, `all` and `system` are no session's"),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        SendError::from(error).into()
    }
}

impl From<BadGroup> for Failure {
    fn from(error: BadGroup) -> Self {
        Self::new(Code::Usage, error.to_string()).hint(BadGroup::HINT)
    }
}

impl From<BadName> for Failure {
    fn from(error: BadName) -> Self {
        Self::new(Code::Usage, error.to_string()).hint(format!("{}; `cc2cc agents --all` lists them", BadName::HINT))
    }
}

impl From<BadId> for Failure {
    fn from(error: BadId) -> Self {
        Self::new(Code::Usage, error.to_string()).hint(format!("{}; {}", BadId::HINT, send_error::WHERE_LETTERS_ARE))
    }
}

impl From<FsError> for Failure {
    fn from(error: FsError) -> Self {
        let failure = Self::new(Code::Failed, error.to_string()).hint("`cc2cc doctor` looks into it");
        Self { forbidden: error.is_forbidden(), ..failure }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(failure) => failure,
            Err(error) => Self::new(Code::Failed, format!("{error:#}")),
        }
    }
}

/// Whether a directory has things in it and is no home of letters, so that nobody should be told to close it.
fn holds_others(dir: &Path) -> bool {
    let names = dir.read_dir().into_iter().flatten().flatten().map(|entry| entry.file_name());
    let mut is_ours = names.map(|name| name == "sessions" || name.to_string_lossy().starts_with("to-")).peekable();
    is_ours.peek().is_some() && !is_ours.any(|is_ours| is_ours)
}

impl From<HomeError> for Failure {
    fn from(error: HomeError) -> Self {
        let failure = Self::new(Code::Failed, error.to_string());
        match error {
            HomeError::None => failure.hint("`export CC2CC_HOME=/a/directory/of/yours`"),
            HomeError::Relative(_) => {
                failure.hint("write the whole path, from the root on, as in `CC2CC_HOME=$HOME/mail`")
            }
            HomeError::Unsafe { path, .. } if path.is_dir() && !holds_others(&path) => {
                failure.hint(format!("`chmod 700 {}` if it is your directory, else set `CC2CC_HOME`", path.display()))
            }
            HomeError::Unsafe { path, .. } if path.is_dir() => {
                failure.hint("it is not for mail alone; set `CC2CC_HOME` to a directory of yours")
            }
            HomeError::Unsafe { .. } => failure.hint("move it away, or set `CC2CC_HOME` to another place"),
        }
    }
}
