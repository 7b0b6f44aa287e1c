//! Who runs a verb: the agent of the session around it, or the person at a terminal.

use std::sync::OnceLock;

use crate::{
    agent::{
        client_program::ClientProgram,
        host::{self, HostKey},
        identity,
        sender::Sender,
        status::Found,
    },
    clients::{
        claude::{
            around::Around,
            background,
            kind::{self, ClientKind},
            settings,
        },
        shell,
    },
    failure::{Code, Failure},
    mailbox::{Mailbox, home::Home, name::AgentName},
};

/// The agent of the session around us; `None` for the person.
///
/// # Errors
/// In a session that has no agent: its words must not pass for the person's.
pub fn agent(home: &Home) -> Result<Option<Mailbox>, Failure> {
    match look() {
        Around::Nobody => Ok(None),
        Around::Session(host) => identity::find(home, host).map(Some).ok_or_else(|| nameless(host)),
        Around::SomeSession => Err(Failure::takes_no_part()),
    }
}

/// Why the session in this process has no agent.
fn nameless(host: &HostKey) -> Failure {
    let client = ClientProgram::of_key(host);
    if client != ClientProgram::ClaudeCode {
        return Failure::is_unheard(client);
    }
    let pid = host.as_str().split('-').next().and_then(|pid| pid.parse().ok());
    match pid.map(|pid| (kind::of(pid), pid)) {
        Some((ClientKind::Terminal, pid)) => {
            let by_settings = || settings::silence(&settings::project());
            Failure::is_without_plugin(kind::without_plugins(pid).or_else(by_settings).as_deref())
        }
        _ => Failure::takes_no_part(),
    }
}

/// Whether a session, not a person, runs us.
pub fn in_a_session() -> bool {
    *look() != Around::Nobody
}

/// Looks once: what is around a process does not change.
fn look() -> &'static Around {
    static SEEN: OnceLock<Around> = OnceLock::new();
    SEEN.get_or_init(|| shell::look(background::home().ok().as_ref()))
}

/// Whoever reads what a verb prints: a person, or the model of a session.
pub struct Reader {
    is_model: bool,
    own: Option<AgentName>,
}

impl Reader {
    pub fn of(home: &Home) -> Self {
        let own = agent(home).ok().flatten().map(|mailbox| mailbox.name().clone());
        Self { is_model: in_a_session(), own }
    }

    /// Whether this reader may have a letter's words. A model may not while a person is asked about the letter, nor when
    /// they have refused it, nor through a notice to somebody else that quotes it; what it wrote itself it knows.
    pub fn may_read(&self, found: &Found) -> bool {
        let is_own = |name: &AgentName| self.own.as_ref() == Some(name);
        let from = &found.letter.from;
        if !self.is_model || is_own(from) {
            return true;
        }
        if *from == AgentName::system() { is_own(found.mailbox.name()) } else { !found.is_withheld() }
    }
}

/// Whoever runs the verb, as a sender: the session around it, the person at the terminal that it has, or else a script.
///
/// # Errors
/// As [`agent`].
pub fn sender(home: &Home) -> Result<Sender, Failure> {
    let account = || if host::has_terminal_beside(None) { Sender::user() } else { Sender::script() };
    Ok(agent(home)?.map_or_else(account, |mailbox| Sender::agent(&mailbox)))
}

/// The mailbox of whoever runs the verb, or of the agent named; the person's is made on first use.
///
/// # Errors
/// As [`agent`], or when there is no agent of that name.
pub fn mailbox(home: &Home, named: Option<&str>) -> Result<Mailbox, Failure> {
    match named {
        Some(text) => named_agent(home, &text.parse()?),
        None => match agent(home)? {
            Some(mailbox) => Ok(mailbox),
            None => Ok(home.ensure(&AgentName::user())?),
        },
    }
}

/// The mailbox of another session than one's own.
///
/// # Errors
/// When there is no such agent, or it is no session, or one's own.
pub fn other_session(home: &Home, named: &str) -> Result<Mailbox, Failure> {
    let name: AgentName = named.parse()?;
    let me = agent(home)?.map_or_else(AgentName::user, |own| own.name().clone());
    if name.is_reserved() || name.is_elsewhere() {
        return Err(Failure::no_session(&name, &me));
    }
    let found = named_agent(home, &name)?;
    if *found.name() == me { Err(Failure::no_session(found.name(), &me)) } else { Ok(found) }
}

/// The session that a verb changes: the one named, or one's own.
///
/// # Errors
/// `person` where that is the person, who is no session; or when there is no such agent, or a session reaches for another.
pub fn session(home: &Home, named: Option<&str>, person: impl FnOnce() -> Failure) -> Result<Mailbox, Failure> {
    let session = match named.map(str::parse::<AgentName>).transpose()? {
        Some(name) if name.is_user() => None,
        Some(name) => Some(named_agent(home, &name)?),
        None => agent(home)?,
    };
    let session = session.ok_or_else(person)?;
    check_own(home, &session)?;
    Ok(session)
}

/// What only a person may do to a mailbox that is not one's own.
///
/// # Errors
/// When a session reaches for another's mailbox.
pub fn check_own(home: &Home, mailbox: &Mailbox) -> Result<(), Failure> {
    match agent(home) {
        Ok(Some(own)) if own == *mailbox => Ok(()),
        Ok(None) => Ok(()),
        _ => Err(Failure::new(Code::Held, format!("only a person may do this to {}", mailbox.name()))
            .hint("leave `--agent` out: a session does it to itself alone")),
    }
}

fn named_agent(home: &Home, name: &AgentName) -> Result<Mailbox, Failure> {
    home.mailbox(name)
        .ok_or_else(|| Failure::no_such_agent(name, crate::agent::directory::nearest(home, name.as_str())))
}
