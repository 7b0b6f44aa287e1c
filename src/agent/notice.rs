//! Telling a sender what became of a letter that did not simply arrive.
//!
//! There is no daemon, and the receiving side may be the one that is gone. So each sender keeps a pointer to what it
//! sent until the end of that letter's way is known, and looks the pointers through now and then. A refusal is reported
//! at once, and so is that a letter is held as it is sent. Two processes may look at once: a notice has an id made from
//! the letter's, so it is sent once.

use std::{path::Path, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::{
    Record,
    fingerprint::fingerprint,
    status::{self, Found},
    until::{Until, written_since},
};
use crate::mailbox::{
    Key, Mailbox, State,
    disk::{self, FsError},
    home::Home,
    letter::{Kind, Letter, LetterId, Priority, shorten},
    log,
    name::AgentName,
    receipt::{Receipt, Step},
    scan::Buried,
};

/// How long a letter may stay unseen by a session that is there, and by one that is away.
const UNSEEN_ONLINE: SignedDuration = SignedDuration::from_mins(10);
const UNSEEN_OFFLINE: SignedDuration = SignedDuration::from_hours(24);

const LIMIT_BYTES: u64 = 1024 * 1024;

/// What there is to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Occasion<'a> {
    /// The turn that it was in ended in this error.
    Failed(&'a str),
    Unseen,
    Held,
    Dead,
    Refused,
    /// Its recipient is idle, and nothing it wrote answers the letter.
    Unanswered,
}

/// How many letters wait in a mailbox. A notice is none; where very many files wait, those behind the first all count.
///
/// # Errors
/// A `FsError` when the mailbox cannot be listed.
pub fn letters_waiting(mailbox: &Mailbox) -> Result<usize, FsError> {
    const MOST_READ: usize = 100;
    let ids = mailbox.ids(State::Inbox)?;
    let is_notice =
        |id: &&LetterId| mailbox.read(State::Inbox, id).is_ok_and(|letter| letter.from == AgentName::system());
    Ok(ids.len() - ids.iter().take(MOST_READ).filter(is_notice).count())
}

/// Notes that `sender` has written `letter`, so that it learns what becomes of it.
///
/// # Errors
/// A `FsError`; the letter itself is safe.
pub fn remember(sender: &Mailbox, letter: &Letter) -> Result<(), FsError> {
    let sent = sender.path().join("sent");
    disk::create_dir(&sent)?;
    disk::real_dir(&sent)?;
    let pointer = sent.join(letter.id.as_str());
    let known = disk::read(&pointer, LIMIT_BYTES).unwrap_or_default();
    if known.split(|byte| *byte == b'\n').any(|line| line == letter.to.as_str().as_bytes()) {
        return Ok(());
    }
    disk::append_line(&pointer, letter.to.as_str())
}

/// Looks through what the person has sent once that is much: scripts send, and nobody looks into their mailbox.
pub fn sweep_if_many(home: &Home, sender: &Mailbox, now: Timestamp) {
    const MANY: usize = 200;
    if disk::names(&sender.path().join("sent")).is_ok_and(|names| names.len() > MANY) {
        sweep(home, sender, now);
    }
}

/// How often to look what became of the letters that a session has sent.
pub const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// Looks through what `sender` has sent, tells it what it should know, and forgets what is settled. What fails is logged
/// and tried again the next time; nobody's turn depends on it.
pub fn sweep(home: &Home, sender: &Mailbox, now: Timestamp) {
    let sent = sender.path().join("sent");
    if disk::real_dir(&sent).is_err() {
        return; // nothing sent yet, or a link that leads elsewhere
    }
    for name in disk::names(&sent).unwrap_or_default() {
        let Some(id) = name.to_str().and_then(|name| name.parse::<LetterId>().ok()) else { continue };
        if let Err(error) = sweep_one(home, &sent.join(&name), &id, now)
            && !error.is_not_found()
        {
            // One that is gone was looked through by another process.
            log::line(home, &format!("notices: {error}"));
        }
    }
}

fn sweep_one(home: &Home, pointer: &Path, id: &LetterId, now: Timestamp) -> Result<(), FsError> {
    let recipients = disk::read(pointer, LIMIT_BYTES)?;
    let mut settled = true;
    for recipient in String::from_utf8_lossy(&recipients).lines().filter_map(|line| line.parse::<AgentName>().ok()) {
        settled &= follow(home, &recipient, id, now)?;
    }
    if settled { disk::remove(pointer) } else { Ok(()) }
}

/// Tells the sender of a letter that it is held.
///
/// # Errors
/// A `FsError` when the notice cannot be stored.
pub fn held(home: &Home, found: &Found, now: Timestamp) -> Result<(), FsError> {
    tell(home, found, Occasion::Held, now)
}

/// Takes a notice that a letter is held out of its sender's inbox, if it still waits there: a person has decided.
///
/// # Errors
/// A `FsError` when it cannot be moved.
pub fn no_longer_held(home: &Home, found: &Found) -> Result<(), FsError> {
    let Some(sender) = home.mailbox(&found.letter.from) else { return Ok(()) };
    let decided = Receipt::now(Step::Seen).why("a person has decided meanwhile");
    sender.finish(&id_of("held", found), State::Inbox, Some(&decided)).map(drop)
}

/// Tells the sender of a letter that a person has refused it.
///
/// # Errors
/// A `FsError` when the notice cannot be stored.
pub fn refused(home: &Home, found: &Found, now: Timestamp) -> Result<(), FsError> {
    tell(home, found, Occasion::Refused, now)
}

/// Tells the owner of a mailbox of files in it that were no letters, a few by name.
///
/// # Errors
/// A `FsError` when the notice cannot be stored.
pub fn buried(mailbox: &Mailbox, buried: &[Buried], now: Timestamp) -> Result<(), FsError> {
    const NAMED: usize = 5;
    if buried.is_empty() {
        return Ok(());
    }
    let line = |buried: &Buried| format!("{}: {}", shorten(&buried.file_name.to_string_lossy(), 60), buried.reason);
    let mut lines = vec![format!("{} in your inbox were no letters and lie in dead/ now:", count(buried.len()))];
    lines.extend(buried.iter().take(NAMED).map(line));
    if buried.len() > NAMED {
        lines.push(format!("and {} more; `cc2cc inbox --dead` lists them", buried.len() - NAMED));
    }
    let mut notice = Letter::new(AgentName::system(), mailbox.name().clone(), lines.join("\n"), now);
    notice.kind = Kind::Status;
    notice.priority = Priority::Low;
    mailbox.publish(&notice, Key::Fresh).map(drop)
}

fn count(files: usize) -> String {
    if files == 1 { "1 file".to_owned() } else { format!("{files} files") }
}

/// Whether nothing more is to be expected of one copy of a letter.
fn follow(home: &Home, recipient: &AgentName, id: &LetterId, now: Timestamp) -> Result<bool, FsError> {
    let found = home.mailbox(recipient).and_then(|mailbox| status::find_in(&mailbox, id));
    let Some(found) = found else { return Ok(true) };
    match found.state {
        State::Done => return unanswered(home, &found, now),
        State::Dead => {
            let refused = found.status().stage == status::Stage::Refused;
            tell(home, &found, if refused { Occasion::Refused } else { Occasion::Dead }, now)?;
            return Ok(true);
        }
        State::Held => tell(home, &found, Occasion::Held, now)?,
        State::Inbox | State::Claimed => {
            let age = now.duration_since(found.letter.timestamp);
            let online = Record::of(&found.mailbox).is_online(&found.mailbox);
            if age >= UNSEEN_OFFLINE || (online && age >= UNSEEN_ONLINE) {
                tell(home, &found, Occasion::Unseen, now)?;
            }
        }
    }
    Ok(false)
}

/// Tells the sender of a letter that wants an answer, once, that its recipient has gone idle without one. Whether nothing
/// more is to be expected of it.
fn unanswered(home: &Home, found: &Found, now: Timestamp) -> Result<bool, FsError> {
    let Found { mailbox, letter, .. } = found;
    let wants_one = matches!(letter.kind, Kind::Task | Kind::Question) && !mailbox.name().is_user();
    let has_one = || {
        let sender = home.mailbox(&letter.from);
        let answered = mailbox.receipts(&letter.id).iter().any(|receipt| receipt.step == Step::Answered);
        answered || sender.is_some_and(|sender| written_since(&sender, mailbox.name(), letter.timestamp).is_some())
    };
    if !wants_one || has_one() || now.duration_since(letter.timestamp) >= UNSEEN_OFFLINE {
        return Ok(true);
    }
    if Until::Idle.is_so(mailbox, now).is_none() {
        return Ok(false);
    }
    tell(home, found, Occasion::Unanswered, now)?;
    Ok(true)
}

/// Tells the senders of letters that a session was given that its turn with them has failed.
///
/// # Errors
/// A `FsError` when a notice cannot be stored.
pub fn failed(home: &Home, mailbox: &Mailbox, why: &str, now: Timestamp) -> Result<(), FsError> {
    let given = mailbox.ids(State::Claimed)?;
    given
        .iter()
        .filter_map(|id| status::find_in(mailbox, id))
        .try_for_each(|found| tell(home, &found, Occasion::Failed(why), now))
}

fn tell(home: &Home, found: &Found, news: Occasion, now: Timestamp) -> Result<(), FsError> {
    let letter = &found.letter;
    if letter.from.is_elsewhere() {
        return Ok(()); // its own machine tells it, by the receipts that go there
    }
    let sender = if letter.from.is_user() { Some(home.ensure(&letter.from)?) } else { home.mailbox(&letter.from) };
    let Some(sender) = sender.filter(|_| letter.from != AgentName::system()) else { return Ok(()) };
    let to = found.mailbox.name();
    let why = found.status().why.map(|why| format!(": {why}")).unwrap_or_default();
    let first_line = letter.first_line(60);
    let (kind, text) = match news {
        Occasion::Failed(error) => (
            "failed",
            format!(
                "the turn of {to} with your letter failed ({error}); it goes before the model with the next that works"
            ),
        ),
        Occasion::Unseen => ("unseen", format!("{to} has not seen your letter yet")),
        Occasion::Held => ("held", format!("your letter to {to} is held until a person accepts it{why}")),
        Occasion::Dead => ("dead", format!("your letter to {to} was not delivered{why}")),
        Occasion::Unanswered => ("unanswered", format!("{to} has gone idle without answering your letter")),
        Occasion::Refused => ("refused", format!("your letter to {to} was refused{why}")),
    };
    let text = format!("{text} («{first_line}»)");
    let mut notice = Letter::new(AgentName::system(), sender.name().clone(), text, now);
    notice.id = id_of(kind, found);
    notice.kind = Kind::Status;
    // A refusal is an answer, and that there is none is one, too; the rest can wait until the session has a turn anyway.
    let is_final = matches!(news, Occasion::Refused | Occasion::Unanswered);
    notice.priority = if is_final { Priority::Normal } else { Priority::Low };
    notice.origin.hops = letter.origin.hops; // it begins no count anew
    notice.reply_to = Some(letter.id.clone());
    notice.thread = Some(letter.thread_id().clone());
    sender.publish(&notice, Key::Chosen).map(drop)
}

/// The id of the notice of this kind about one copy of a letter: whoever makes it makes the same one, and it does not hold
/// the letter's own, since what a person types of that is to mean the letter.
fn id_of(kind: &str, found: &Found) -> LetterId {
    // No name, kind or id holds the bytes between, so that no two notices are made from the same.
    let of = format!("{kind}\0{}\0{}", found.mailbox.name(), found.letter.id);
    let half = |which: u8| u128::from(fingerprint([which].into_iter().chain(of.bytes())));
    LetterId::made_from((half(0) << 64 | half(1)).to_be_bytes())
}
