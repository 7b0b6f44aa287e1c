//! Who may write to whom: `config.toml` in the home, and three rules that hold without it.
//!
//! Letters of the person are always delivered. The privilege rule: what a session that asks for permission
//! sends to one that does not ask waits for the person. And a chain of replies with no person in it ends.
//!
//! ```toml
//! policy = "accept"              # accept | hold | refuse: for everyone
//! hop-limit = 24                 # letters without a person before the next is held
//! share-activity = true          # whether others see the beginning of what a session was asked for
//! tools = "allow"                # allow | ask: whether a person is asked before a model uses the tools of the mail
//! peek = "repo"                  # repo | all: into which sessions a model may look with `cc2cc peek`
//!
//! [dirs]
//! "~/proj/api" = "api"           # sessions that start there, or below, are called api, api-2 and so on
//!
//! [groups]
//! "~/proj/api" = ["backend"]     # sessions that start there, or below, join these
//!
//! [from]
//! noisy-crow = "hold"            # what this agent sends, to anyone
//!
//! [repos]
//! "~/proj/shop" = "accept"       # a standing yes among the sessions of this repository
//!
//! [notify]
//! command = ["notify-send", "{from}", "{line}"]   # for each letter to the person, and each that waits for their yes
//!
//! [machines]
//! laptop = "accept"              # letters of that machine are judged like those here; without it they are held
//!
//! [agents.calm-owl]
//! policy = "hold"                # what anyone sends to calm-owl
//! from.brave-fox = "accept"      # a standing yes, also against the privilege rule
//! ```

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::Deserialize;

use super::{
    Record,
    group_name::GroupName,
    link_settings::LinkSettings,
    notify::{Attention, Notify},
};
use crate::mailbox::{
    Mailbox, Moved, State,
    disk::{self, FsError},
    home::{self, Home},
    lenient,
    letter::{Letter, shorten},
    level::Level,
    machine_name::MachineName,
    name::AgentName,
    receipt::{Receipt, Step},
};

const LIMIT_BYTES: u64 = 1024 * 1024;
const HOP_LIMIT: u32 = 24;
/// Stands for a hop count that was lost: above any limit, and far enough from the largest number for other versions to
/// count on from it.
pub const HOPS_UNKNOWN: u32 = 1_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    Accept,
    Hold,
    Refuse,
}

/// Whether a client asks its person before a model uses the tools that only write or read mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tools {
    #[default]
    Allow,
    /// As the session's own permissions say.
    Ask,
}

/// Into which sessions a model may look. A person looks into each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Peek {
    /// Those of its own repository.
    #[default]
    Repo,
    All,
}

/// `config.toml`; all of it is optional.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Config {
    policy: Rule,
    hop_limit: u32,
    tools: Tools,
    peek: Peek,
    dirs: BTreeMap<Directory, AgentName>,
    groups: BTreeMap<Directory, Vec<GroupName>>,
    from: BTreeMap<AgentName, Rule>,
    repos: BTreeMap<Directory, Rule>,
    agents: BTreeMap<AgentName, ForAgent>,
    notify: Notify,
    machines: BTreeMap<MachineName, Rule>,
    link: Option<LinkSettings>,
    share_activity: bool,
    /// Where names are looked up: a rule follows its agent through renames.
    #[serde(skip)]
    home: Option<Home>,
}

/// A directory as a person writes it: a whole path, or one that begins with `~`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
struct Directory(PathBuf);

impl TryFrom<String> for Directory {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let below_home = text.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with(['/', '\\']));
        let path = match below_home {
            Some(rest) => home::of_person().map(|home| home.join(rest.trim_start_matches(['/', '\\']))),
            None => Some(PathBuf::from(&text)),
        };
        path.filter(|path| path.is_absolute()).map(Self).ok_or_else(|| format!("`{text}` is not a whole path"))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct ForAgent {
    policy: Option<Rule>,
    from: BTreeMap<AgentName, Rule>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            policy: Rule::Accept,
            hop_limit: HOP_LIMIT,
            tools: Tools::default(),
            peek: Peek::default(),
            dirs: BTreeMap::new(),
            groups: BTreeMap::new(),
            from: BTreeMap::new(),
            repos: BTreeMap::new(),
            agents: BTreeMap::new(),
            notify: Notify::default(),
            machines: BTreeMap::new(),
            link: None,
            share_activity: true,
            home: None,
        }
    }
}

/// The configuration cannot be used. Until it can, nothing is delivered, since it might forbid that, and no turn is
/// spent: the waker does not wake, and a wake that comes all the same is blocked. What the person sends is stored,
/// since no rule could forbid it.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{} cannot be used: {why}", path.display())]
    Invalid { path: PathBuf, why: String },
    #[error(transparent)]
    Fs(#[from] FsError),
}

/// A standing yes of the person's, against the privilege rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trusted {
    Pair {
        from: AgentName,
        to: AgentName,
    },
    Sender(AgentName),
    /// Its letters are judged like those of agents here.
    Machine(MachineName),
    Repo(PathBuf),
}

impl Trusted {
    /// Whether it is for letters of a machine, or of an agent there.
    #[must_use]
    pub fn is_of_machine(&self, machine: &MachineName) -> bool {
        match self {
            Self::Pair { from, .. } | Self::Sender(from) => from.machine().as_ref() == Some(machine),
            Self::Machine(trusted) => trusted == machine,
            Self::Repo(_) => false,
        }
    }
}

/// What is to become of a letter, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Accept,
    Hold(String),
    Refuse(String),
}

/// Whether a waiting letter may go to its receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    Granted,
    /// A person has let it pass.
    ByAPerson,
    /// It lies in `held/` or `dead/` now.
    Denied,
}

impl Config {
    /// Reads `config.toml`; without one, the defaults.
    ///
    /// # Errors
    /// [`ConfigError`] names the file and what is wrong with it.
    pub fn load(home: &Home) -> Result<Self, ConfigError> {
        let path = home.path().join("config.toml");
        let bytes = match disk::read(&path, LIMIT_BYTES) {
            Err(error) if error.is_not_found() => return Ok(Self::default()),
            read => read?,
        };
        let text = lenient::text(&bytes);
        let mut config: Self = toml::from_str(&text).map_err(|error: toml::de::Error| {
            let upto = error.span().map_or(0, |span| span.start).min(text.len());
            let line = text.as_bytes()[..upto].split(|byte| *byte == b'\n').count();
            let why = format!("line {line}: {}", shorten(error.message(), 200));
            ConfigError::Invalid { path, why }
        })?;
        if config.repos.values().any(|rule| *rule != Rule::Accept) {
            let why = "[repos] knows only \"accept\"; [agents.NAME] holds and refuses".to_owned();
            return Err(ConfigError::Invalid { path: home.path().join("config.toml"), why });
        }
        if let Some(name) = config.dirs.values().find(|name| name.is_reserved() || name.is_elsewhere()) {
            let why = if name.is_reserved() { "is reserved" } else { "is the name of an agent elsewhere" };
            return Err(ConfigError::Invalid { path: home.path().join("config.toml"), why: format!("`{name}` {why}") });
        }
        config.home = Some(home.clone());
        Ok(config)
    }

    /// Whether the person is asked before a model uses the tools of the mail.
    #[must_use]
    pub fn tools(&self) -> Tools {
        self.tools
    }

    /// Into which sessions a model may look.
    #[must_use]
    pub fn peek(&self) -> Peek {
        self.peek
    }

    /// The name for sessions that start in `cwd`: that of the nearest directory around it.
    #[must_use]
    pub fn name_of_dir(&self, cwd: &Path) -> Option<&AgentName> {
        let around = self.dirs.iter().filter(|(dir, _)| cwd.starts_with(&dir.0));
        around.max_by_key(|(dir, _)| dir.0.components().count()).map(|(_, name)| name)
    }

    /// Whether others see what a person asked their session for.
    #[must_use]
    pub fn shares_activity(&self) -> bool {
        self.share_activity
    }

    /// The groups for sessions that start in `cwd`: those of every directory around it.
    #[must_use]
    pub fn groups_of_dir(&self, cwd: &Path) -> Vec<GroupName> {
        let around = self.groups.iter().filter(|(dir, _)| cwd.starts_with(&dir.0));
        around.flat_map(|(_, groups)| groups.iter().cloned()).collect()
    }

    /// Judges a letter to `receiver`, who acts at `level`; `None` when that is not known yet.
    #[must_use]
    pub fn judge(&self, letter: &Letter, receiver: &AgentName, level: Option<Level>) -> Verdict {
        let sender = &letter.from;
        // Rules are for what models write.
        if sender.is_reserved() || letter.is_by_person() {
            return Verdict::Accept; // the person, a script of theirs, or a notice of ours
        }
        let for_agent = self.rule_of(&self.agents, receiver);
        let for_pair = for_agent.and_then(|agent| self.rule_of(&agent.from, sender));
        let for_pair = for_pair.or_else(|| self.rule_of(&self.from, sender)).copied();
        let of_machine = sender.machine().filter(|_| for_pair.is_none());
        if let Some(machine) = of_machine {
            match self.machines.get(&machine) {
                Some(Rule::Accept) => {}
                Some(Rule::Refuse) => return Verdict::Refuse(format!("config.toml refuses letters from {machine}")),
                Some(Rule::Hold) | None => {
                    return Verdict::Hold(format!("letters from {machine} wait until `cc2cc link trust {machine}`"));
                }
            }
        }
        let rule = for_pair.or_else(|| for_agent.and_then(|agent| agent.policy)).unwrap_or(self.policy);
        match rule {
            Rule::Refuse => Verdict::Refuse(format!("config.toml refuses letters from {sender} to {receiver}")),
            Rule::Hold => Verdict::Hold(format!("config.toml holds letters from {sender} to {receiver}")),
            Rule::Accept if letter.origin.hops > self.hop_limit && letter.origin.hops >= HOPS_UNKNOWN => {
                Verdict::Hold("nobody knows how many letters ago a person has spoken".to_owned())
            }
            Rule::Accept if letter.origin.hops > self.hop_limit => {
                Verdict::Hold(format!("{} letters without human input", letter.origin.hops))
            }
            Rule::Accept
                if for_pair.is_none()
                    && level == Some(Level::Free)
                    && letter.origin.level != Some(Level::Free)
                    && !self.is_among_friends(letter, receiver) =>
            {
                Verdict::Hold(format!("{receiver} acts without asking, and {sender} does not"))
            }
            Rule::Accept => Verdict::Accept,
        }
    }

    /// Whether sender and receiver work in one repository that the person trusts.
    fn is_among_friends(&self, letter: &Letter, receiver: &AgentName) -> bool {
        let Some(of_sender) = letter.origin.repo.as_deref().map(Path::new) else { return false };
        let is_trusted = || self.repos.keys().any(|repo| repo.0 == of_sender);
        let mailbox = || self.home.as_ref()?.mailbox(receiver);
        is_trusted()
            && mailbox().is_some_and(|found| Record::of(&found).repo.as_deref().map(Path::new) == Some(of_sender))
    }

    /// What connects this machine with others; `None` where nothing does.
    #[must_use]
    pub fn link(&self) -> Option<&LinkSettings> {
        self.link.as_ref()
    }

    /// What is to become of letters from a machine.
    #[must_use]
    pub fn of_machine(&self, machine: &MachineName) -> Rule {
        self.machines.get(machine).copied().unwrap_or(Rule::Hold)
    }

    /// The standing yeses: pairs of sender and receiver, and repositories.
    #[must_use]
    pub fn trusted(&self) -> Vec<Trusted> {
        let pairs = self.agents.iter().flat_map(|(receiver, rules)| {
            let yes = rules.from.iter().filter(|(_, rule)| **rule == Rule::Accept);
            yes.map(|(sender, _)| Trusted::Pair { from: sender.clone(), to: receiver.clone() })
        });
        let senders = self.from.iter().filter(|(_, rule)| **rule == Rule::Accept);
        let senders = senders.map(|(sender, _)| Trusted::Sender(sender.clone()));
        let machines = self.machines.iter().filter(|(_, rule)| **rule == Rule::Accept);
        let machines = machines.map(|(machine, _)| Trusted::Machine(machine.clone()));
        pairs
            .chain(senders)
            .chain(machines)
            .chain(self.repos.keys().map(|repo| Trusted::Repo(repo.0.clone())))
            .collect()
    }

    /// Lets a waiting letter with these receipts go to its receiver, who acts at `level`, or puts it where it belongs
    /// instead. A letter that a person has accepted is let through.
    ///
    /// It was judged when it was sent as well. A session's level is known only from its last prompt or turn, and a
    /// session that never had a prompt has none: what was right to send may be wrong to deliver.
    ///
    /// # Errors
    /// A `FsError` when it cannot be moved.
    pub fn admit(
        &self,
        mailbox: &Mailbox,
        letter: &Letter,
        receipts: &[Receipt],
        level: Option<Level>,
    ) -> Result<Admission, FsError> {
        if receipts.iter().any(|receipt| receipt.step == Step::Accepted) {
            return Ok(Admission::ByAPerson);
        }
        match self.judge(letter, mailbox.name(), level) {
            Verdict::Accept => return Ok(Admission::Granted),
            Verdict::Hold(why) => {
                // Of two that deliver at once, one holds it.
                if mailbox.hold(&letter.id, &why)? == Moved::Mine {
                    self.notify(letter, Attention::Held);
                }
            }
            Verdict::Refuse(why) => drop(mailbox.refuse(&letter.id, State::Inbox, &why)?),
        }
        Ok(Admission::Denied)
    }

    /// Runs the person's command for a letter that was just stored.
    pub fn notify(&self, letter: &Letter, attention: Attention) {
        if let Some(home) = &self.home {
            self.notify.run(home, letter, attention, Timestamp::now());
        }
    }

    /// The command that is run for the person; `None` when there is none.
    #[must_use]
    pub fn notifier(&self) -> Option<&str> {
        self.notify.program()
    }

    /// What a table says of an agent, under its name now or one it had.
    fn rule_of<'a, T>(&self, table: &'a BTreeMap<AgentName, T>, agent: &AgentName) -> Option<&'a T> {
        let now = |name: &AgentName| {
            let mailbox = self.home.as_ref().and_then(|home| home.mailbox(name));
            mailbox.map_or_else(|| name.clone(), |mailbox| mailbox.name().clone())
        };
        table.get(agent).or_else(|| {
            let agent = now(agent);
            table.iter().find(|(name, _)| now(name) == agent).map(|(_, rule)| rule)
        })
    }
}
