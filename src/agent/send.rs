//! Sending: from an address and a text to letters in inboxes, saying no more than is true.

use std::path::PathBuf;

use jiff::Timestamp;

use super::{
    Record, beside,
    directory::{self, Address, Meant},
    group_name::GroupName,
    groups, machines, notice,
    notify::Attention,
    policy::{Config, ConfigError, Verdict},
    rate_limit::{Account, Permit},
    reach::Standing,
    repo, status,
};
use crate::mailbox::{
    Key, Mailbox, Published, State,
    disk::FsError,
    home::Home,
    letter::{Author, Kind, Letter, LetterId, Origin, Priority, TEXT_LIMIT_BYTES},
    machine_name::MachineName,
    name::AgentName,
    receipt::{Receipt, Step},
};

/// Who sends: a session's agent, or the person.
#[derive(Debug, Clone)]
pub struct Sender {
    pub name: AgentName,
    pub origin: Origin,
    /// Where `@dir` and `@repo` are.
    pub cwd: PathBuf,
}

impl Sender {
    /// A session, as its own record describes it.
    #[must_use]
    pub fn agent(mailbox: &Mailbox) -> Self {
        let record = Record::of(mailbox);
        let cwd = record.cwd.as_ref().map(PathBuf::from).or_else(|| std::env::current_dir().ok()).unwrap_or_default();
        Self { name: mailbox.name().clone(), origin: record.origin(), cwd }
    }

    /// The person at a terminal, working in the current directory.
    #[must_use]
    pub fn user() -> Self {
        Self::account().by_hand()
    }

    /// A program of the account that no session and no terminal is around, such as a job of cron. It writes as `user`, and
    /// its words are not the person's.
    #[must_use]
    pub fn script() -> Self {
        let mut script = Self::account();
        script.origin.author = Some(Author::Script);
        script
    }

    fn account() -> Self {
        let cwd = std::env::current_dir().unwrap_or_default();
        let mut record = Record::default();
        record.locate(&cwd);
        let origin = Origin { hops: 0, ..record.origin() };
        Self { name: AgentName::user(), origin, cwd }
    }

    /// The same agent when its person, not its model, is speaking. No rule holds that back, and the hops begin anew.
    #[must_use]
    pub fn by_hand(mut self) -> Self {
        self.origin.hops = 0;
        self.origin.author = Some(Author::Person);
        self
    }

    /// The same agent when a subagent of its session is speaking.
    #[must_use]
    pub fn by_subagent(mut self) -> Self {
        self.origin.author = Some(Author::Subagent);
        self
    }

    /// Whether no rule and no rate limit is for it.
    fn is_free(&self) -> bool {
        self.name.is_user() || self.origin.author == Some(Author::Person)
    }
}

/// What is to be sent.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    pub text: String,
    pub kind: Option<Kind>,
    pub priority: Priority,
    pub reply_to: Option<LetterId>,
    pub ttl_seconds: Option<u64>,
    /// The sender's own id, which makes sending again harmless.
    pub id: Option<LetterId>,
    pub offline_too: bool,
}

/// What became of the letter to one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is in the inbox, durably.
    Stored,
    /// It was sent before and lies there; nothing was written.
    Already(State),
    /// It waits for the recipient's person, because of this.
    Held(String),
    /// The recipient does not take it, because of this. Only in a group; to one agent it is an error.
    Refused(String),
    /// It could not be stored, because of this. Only in a group.
    Failed(String),
}

/// One recipient's part of a sending.
#[derive(Debug, Clone)]
pub struct Sent {
    pub id: LetterId,
    pub to: AgentName,
    pub fate: Fate,
    /// How the recipient is reached; `None` where nothing was sent.
    pub standing: Option<Standing>,
}

/// Why nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("no agent named `{name}`")]
    NoSuchAgent { name: String, nearest: Vec<AgentName> },
    #[error("no machine named `{machine}` is linked to this one")]
    NoSuchMachine { machine: MachineName, known: Vec<MachineName> },
    #[error("no group named `{name}`")]
    NoSuchGroup { name: GroupName, groups: Vec<GroupName> },
    #[error("nobody to send to: {address} means no agent {}", if *.offline_too { "at all" } else { "that is online" })]
    NobodyThere { address: Address, offline_too: bool },
    #[error("@repo means the agents in your git repository, and {} is in none", .0.display())]
    NoRepo(PathBuf),
    #[error("you are `{0}`: a letter to yourself goes nowhere")]
    ToYourself(AgentName),
    #[error("no letter `{0}` to reply to")]
    NoSuchLetter(LetterId),
    #[error("the text is empty")]
    Empty,
    #[error("the text has {0} bytes; a letter holds at most 1 MiB")]
    TooLong(usize),
    #[error("{to} does not take this letter: {why}")]
    Refused { to: AgentName, why: String },
    #[error("too many letters to {to} in a short time; nothing was sent, retry after {seconds} s")]
    TooFast { to: AgentName, seconds: u64 },
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("a time to live of 0 would expire at once")]
    NoTime,
    #[error(transparent)]
    Fs(#[from] FsError),
}

/// The hint for an id that no letter has.
pub const WHERE_LETTERS_ARE: &str = "`cc2cc inbox --all` lists the letters you have, `cc2cc log` all, with their ids";

impl SendError {
    /// What the sender can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoSuchAgent { nearest, .. } => Some(match nearest.as_slice() {
                [] => "`cc2cc agents --all` lists everyone".to_owned(),
                names => {
                    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
                    format!("did you mean {}? `cc2cc agents --all` lists everyone", names.join(" or "))
                }
            }),
            Self::NoSuchMachine { known, .. } if known.is_empty() => {
                Some("no machine is; leave out what stands behind the @ to write to an agent here".to_owned())
            }
            Self::NoSuchMachine { known, .. } => {
                let names: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
                Some(format!("linked is {}", names.join(", ")))
            }
            Self::NoSuchGroup { groups, .. } if groups.is_empty() => {
                Some("there is no group yet; `cc2cc join NAME` in a session begins one".to_owned())
            }
            Self::NoSuchGroup { groups, .. } => {
                let names: Vec<_> = groups.iter().map(ToString::to_string).collect();
                Some(format!("there is {}; `cc2cc join NAME` in a session begins another", names.join(", ")))
            }
            Self::NobodyThere { offline_too: false, .. } => {
                Some("a letter to a name also reaches those who are away; `cc2cc agents --all` lists them".to_owned())
            }
            Self::NobodyThere { .. } => Some("`cc2cc agents --all` lists everyone".to_owned()),
            Self::ToYourself(_) => Some("`cc2cc agents` lists whom you can write to".to_owned()),
            Self::NoTime => Some("`10m` gives it ten minutes".to_owned()),
            Self::Refused { .. } => Some("a rule in `config.toml` says so, which only the person changes".to_owned()),
            Self::NoSuchLetter(_) => Some(WHERE_LETTERS_ARE.to_owned()),
            Self::Empty => Some("say what the letter is to say, as in `please run the tests`".to_owned()),
            Self::TooLong(_) => Some("write it to a file and send its path".to_owned()),
            Self::Fs(_) => Some("`cc2cc doctor` looks into it".to_owned()),
            Self::TooFast { .. } => Some("put what you have to say into one letter".to_owned()),
            Self::Config(_) => {
                Some("fix the file or move it away; `cc2cc doctor` says whether it can be read then".to_owned())
            }
            Self::NoRepo(_) => Some("`@dir` means those in your directory, `@all` everyone who is online".to_owned()),
        }
    }
}

/// Sends a draft; for a group it gives the fate of each copy.
///
/// # Errors
/// [`SendError`] says why nothing was sent.
pub fn send(
    home: &Home,
    sender: &Sender,
    address: &Address,
    draft: &Draft,
    now: Timestamp,
) -> Result<Vec<Sent>, SendError> {
    check(draft)?;
    let address = &settled(home, address)?;
    let recipients = recipients(home, sender, address, draft)?;
    let answered = draft.reply_to.as_ref().map(|id| answered(home, sender, id)).transpose()?;
    let mut letter = Letter::new(sender.name.clone(), sender.name.clone(), &draft.text, now);
    letter.id = draft.id.clone().unwrap_or(letter.id);
    letter.priority = draft.priority;
    letter.reply_to.clone_from(&draft.reply_to);
    letter.ttl_seconds = draft.ttl_seconds;
    letter.kind = draft.kind.clone().unwrap_or(if answered.is_some() { Kind::Response } else { Kind::Message });
    letter.thread = answered.as_ref().map(|found| found.letter.thread_id().clone());
    letter.origin = sender.origin.clone();
    letter.origin.sent_to = (!matches!(address, Address::Agent(_))).then(|| address.to_string());
    // The person is always heard, whatever the configuration says or fails to say.
    let config = if sender.is_free() { Config::default() } else { Config::load(home)? };
    let is_group = !matches!(address, Address::Agent(_));
    let own = if sender.name.is_user() { Some(home.ensure(&sender.name)?) } else { home.mailbox(&sender.name) };
    let mut account = own.as_ref().filter(|_| !sender.is_free()).map(|own| open_account(home, own)).transpose()?;
    // All recipients are asked for before the first copy goes out: the rate limit lets a group through as a whole or
    // not at all. Everything else is judged for each copy on its own.
    let ids = ids(account.as_ref(), &recipients, draft, &letter, now)?;
    let mut sent = Vec::with_capacity(recipients.len());
    for (mailbox, (id, key, novelty)) in recipients.into_iter().zip(ids) {
        letter.id = id;
        if novelty == Novelty::New {
            // Before the letter: should this process be killed in between, the model sends it again, and it must be this one.
            let _ = account.as_mut().map(|account| account.sends(mailbox.name(), &letter, now));
        }
        let outcome = match deliver(home, &config, &mailbox, &mut letter, key) {
            Err(error) if is_group => {
                let (to, id) = (mailbox.name().clone(), letter.id.clone());
                Sent { id, to, fate: Fate::Failed(error.to_string()), standing: None }
            }
            outcome => outcome?,
        };
        match &outcome.fate {
            Fate::Refused(why) if !is_group => {
                return Err(SendError::Refused { to: outcome.to, why: why.clone() });
            }
            fate @ (Fate::Stored | Fate::Held(_) | Fate::Already(State::Inbox | State::Held)) => {
                // The letter is out; what is noted of it now may fail. Whoever sent it before may have been killed here.
                let is_held = matches!(fate, Fate::Held(_) | Fate::Already(State::Held));
                let _ = own.as_ref().map(|own| notice::remember(own, &letter));
                if is_held {
                    config.notify(&letter, Attention::Held);
                    let held = home.mailbox(&outcome.to).and_then(|mailbox| status::find_in(&mailbox, &outcome.id));
                    let _ = held.map(|held| notice::held(home, &held, now));
                } else if outcome.to.is_user() {
                    config.notify(&letter, Attention::Letter);
                }
            }
            _ => {}
        }
        sent.push(outcome);
    }
    if let Some(own) = own.as_ref().filter(|_| sender.name.is_user()) {
        notice::sweep_if_many(home, own, now);
    }
    if let Some(found) = answered.filter(|found| found.mailbox.name() == &sender.name) {
        let mut receipt = Receipt::at(Step::Answered, now);
        receipt.by = sent.first().map(|sent| sent.id.clone());
        let _ = found.mailbox.note(&found.letter.id, &receipt); // the reply itself is safe
    }
    Ok(sent)
}

/// The sender's account; should the sender be renamed at this moment, where it is then.
fn open_account(home: &Home, own: &Mailbox) -> Result<Account, FsError> {
    match Account::open(own) {
        Err(error) if error.is_not_found() => Account::open(&home.mailbox(own.name()).ok_or(error)?),
        opened => opened,
    }
}

/// Whether a letter goes out for the first time, as far as its sender's account knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Novelty {
    New,
    Repeated,
}

/// The id under which the letter goes to each recipient: its own, or that of the same letter a moment ago.
fn ids(
    account: Option<&Account>,
    recipients: &[Mailbox],
    draft: &Draft,
    letter: &Letter,
    now: Timestamp,
) -> Result<Vec<(LetterId, Key, Novelty)>, SendError> {
    let id_for = |mailbox: &Mailbox| {
        let (id, key) = (letter.id.clone(), if draft.id.is_some() { Key::Chosen } else { Key::Fresh });
        match account.map_or(Permit::Go, |account| account.permit(mailbox, letter, now)) {
            Permit::Repeat(earlier) if draft.id.is_none() => Ok((earlier, Key::Chosen, Novelty::Repeated)),
            Permit::Repeat(earlier) if earlier == id => Ok((id, key, Novelty::Repeated)),
            Permit::Go | Permit::Repeat(_) => Ok((id, key, Novelty::New)),
            Permit::Wait(seconds) => Err(SendError::TooFast { to: mailbox.name().clone(), seconds }),
        }
    };
    recipients.iter().map(id_for).collect()
}

fn check(draft: &Draft) -> Result<(), SendError> {
    match draft {
        draft if draft.text.trim().is_empty() => Err(SendError::Empty),
        draft if draft.text.len() > TEXT_LIMIT_BYTES => Err(SendError::TooLong(draft.text.len())),
        draft if draft.ttl_seconds == Some(0) => Err(SendError::NoTime),
        _ => Ok(()),
    }
}

/// An address of which each group is one: `@name` means the agent of that name where no group has it.
fn settled(home: &Home, address: &Address) -> Result<Address, SendError> {
    match address {
        Address::Group(name) => {
            let groups = groups::all(home)?;
            match home.mailbox(name.as_agent()) {
                _ if groups.contains_key(name) => Ok(address.clone()),
                Some(_) => Ok(Address::Agent(name.as_agent().clone())),
                None => Err(SendError::NoSuchGroup { name: name.clone(), groups: groups.into_keys().collect() }),
            }
        }
        Address::Several(all) => {
            all.iter().map(|one| settled(home, one)).collect::<Result<_, _>>().map(Address::Several)
        }
        Address::Agent(_) | Address::All | Address::AllOn(_) | Address::Repo | Address::Dir => Ok(address.clone()),
    }
}

fn recipients(home: &Home, sender: &Sender, address: &Address, draft: &Draft) -> Result<Vec<Mailbox>, SendError> {
    if let Address::Several(all) = address {
        let mut found: Vec<Mailbox> = Vec::new();
        for one in all {
            for mailbox in recipients(home, sender, one, draft)? {
                if !found.contains(&mailbox) {
                    found.push(mailbox);
                }
            }
        }
        return Ok(found);
    }
    if let Some(machine) = address.machine() {
        let known = machines::known(home);
        if !known.contains(&machine) {
            return Err(SendError::NoSuchMachine { machine, known });
        }
    }
    if let Address::AllOn(machine) = address {
        let heard = machines::heard(home.path(), machine).map(|heard| heard.agents).unwrap_or_default();
        let names = heard.iter().map(|agent| agent.name.on(machine));
        let there = names.filter(|name| {
            let standing = Standing::of(&home.mailbox_to_be(name), &Record::default(), Timestamp::now());
            !name.there().is_reserved() && (standing.is_online() || draft.offline_too)
        });
        let found: Vec<Mailbox> = there.map(|name| home.mailbox_to_be(&name)).collect();
        let (address, offline_too) = (address.clone(), draft.offline_too);
        return if found.is_empty() { Err(SendError::NobodyThere { address, offline_too }) } else { Ok(found) };
    }
    let Address::Agent(name) = address else {
        if *address == Address::Repo && repo::at(&sender.cwd).is_none() {
            return Err(SendError::NoRepo(sender.cwd.clone()));
        }
        let meant = if draft.offline_too { Meant::OfflineToo } else { Meant::Online };
        let group = directory::group(home, address, &sender.name, &sender.cwd, meant)?;
        return if group.is_empty() {
            Err(SendError::NobodyThere { address: address.clone(), offline_too: draft.offline_too })
        } else {
            Ok(group)
        };
    };
    let found = if is_made_by_sending(name) { Some(home.mailbox_to_be(name)) } else { home.mailbox(name) };
    let mailbox = found.ok_or_else(|| SendError::NoSuchAgent {
        name: name.to_string(),
        nearest: directory::nearest(home, name.as_str()),
    })?;
    let mailbox = beside::meant(home, mailbox);
    if *mailbox.name() == sender.name { Err(SendError::ToYourself(sender.name.clone())) } else { Ok(vec![mailbox]) }
}

/// Whether a mailbox comes with the first letter to it: the person's, and here that of an agent of another machine.
fn is_made_by_sending(name: &AgentName) -> bool {
    name.is_user() || name.is_elsewhere() && (name.there().is_user() || !name.there().is_reserved())
}

/// The letter being answered: the sender's own copy of it, else any.
fn answered(home: &Home, sender: &Sender, id: &LetterId) -> Result<status::Found, SendError> {
    let mut found = status::find(home, id)?;
    found.sort_by_key(|found| found.mailbox.name() != &sender.name);
    found.into_iter().next().ok_or_else(|| SendError::NoSuchLetter(id.clone()))
}

/// How often a mailbox is looked for again that was moved, renamed or taken aside while a letter went there.
const LOOKS_AGAIN: usize = 64;

/// Publishes into one mailbox; should it be renamed meanwhile, into the renamed one. A mailbox that was gone for an instant,
/// or lacks a directory, is furnished and tried again.
pub(super) fn deliver(
    home: &Home,
    config: &Config,
    mailbox: &Mailbox,
    letter: &mut Letter,
    key: Key,
) -> Result<Sent, FsError> {
    let mut mailbox = mailbox.clone();
    let mut tried = key;
    let mut looks = 0;
    loop {
        letter.to = mailbox.name().clone();
        let record = Record::of(&mailbox);
        let verdict = config.judge(letter, mailbox.name(), record.level);
        let published = match &verdict {
            Verdict::Accept => mailbox.publish(letter, tried),
            Verdict::Hold(why) => mailbox.publish_held(letter, tried, why),
            Verdict::Refuse(why) => {
                let (id, to) = (letter.id.clone(), letter.to.clone());
                return Ok(Sent { id, to, fate: Fate::Refused(why.clone()), standing: None });
            }
        };
        let published = match published {
            Err(error) if error.is_not_found() && looks < LOOKS_AGAIN => match home.mailbox(mailbox.name()) {
                Some(found) => {
                    if found == mailbox {
                        found.furnish()?;
                    }
                    // The letter may have been in before the move took it along.
                    mailbox = found;
                    tried = if key == Key::Fresh { Key::TriedBefore } else { key };
                    looks += 1;
                    continue;
                }
                None if is_made_by_sending(mailbox.name()) => {
                    mailbox = home.ensure(mailbox.name())?;
                    looks += 1;
                    continue;
                }
                None => return Err(error),
            },
            published => published?,
        };
        let fate = match (published, verdict) {
            (Published::Already(state), _) if looks == 0 => Fate::Already(state),
            (_, Verdict::Hold(why)) => Fate::Held(why),
            _ => Fate::Stored,
        };
        let standing = Some(Standing::of(&mailbox, &record, Timestamp::now()));
        return Ok(Sent { id: letter.id.clone(), to: letter.to.clone(), fate, standing });
    }
}

/// Notes beside the letter that this one answers that it has been answered, where that letter went to another machine.
///
/// # Errors
/// A `FsError` when it cannot be noted.
pub(super) fn note_answer(home: &Home, answer: &Letter, now: Timestamp) -> Result<(), FsError> {
    let Some((id, mailbox)) = answer.reply_to.as_ref().zip(home.mailbox(&answer.from)) else { return Ok(()) };
    let is_noted = |receipt: &Receipt| receipt.step == Step::Answered && receipt.by.as_ref() == Some(&answer.id);
    if mailbox.state_of(id).is_none() || mailbox.receipts(id).iter().any(is_noted) {
        return Ok(());
    }
    let mut receipt = Receipt::at(Step::Answered, now);
    receipt.by = Some(answer.id.clone());
    mailbox.note(id, &receipt)
}
