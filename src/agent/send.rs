//! Sending: from an address and a text to letters in inboxes, saying no more than is true.

use jiff::Timestamp;

use super::{
    Record,
    directory::{Address, Meant},
    notice,
    notify::Attention,
    policy::{Config, Verdict},
    rate_limit::{Account, Permit},
    reach::Standing,
    recipients::{self, is_made_by_sending},
    send_error::SendError,
    sender::Sender,
    status,
};
use crate::mailbox::{
    Key, Mailbox, Published, State,
    disk::FsError,
    home::Home,
    letter::{Kind, Letter, LetterId, Priority, TEXT_LIMIT_BYTES},
    name::AgentName,
    receipt::{Receipt, Step},
};

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
    let address = &recipients::settled(home, address)?;
    let meant = if draft.offline_too { Meant::OfflineToo } else { Meant::Online };
    let recipients = recipients::recipients(home, sender, address, meant)?;
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
        draft if draft.text.len() > TEXT_LIMIT_BYTES => Err(SendError::TooLong),
        draft if draft.ttl_seconds == Some(0) => Err(SendError::NoTime),
        _ => Ok(()),
    }
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
