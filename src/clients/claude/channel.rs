//! Letters as channel messages, where the client was started with a channel to this server.
//!
//! Nothing acknowledges a push: a client without the channel drops it in silence. So a pushed letter is a claim like
//! any other, looked up in the transcript, and the first one decides whether there is a channel at all: if the
//! transcript does not show it soon, it goes back, the server gives the channel up, and letters go the ordinary way;
//! a push that shows only later is a channel after all. While the server holds the channel's lock the waker lets it go first.

use std::{
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use anyhow::Result;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    asking,
    client::{Claude, ROOM_UNITS},
    host_process,
    permission_mode::may_bypass,
    transcript::Transcripts,
    without_hooks,
};
use crate::{
    agent::{
        Activity, Record,
        host::HostKey,
        identity,
        policy::{Admission, Config, Verdict},
    },
    delivery::{
        client::{Client, EvidencePlace},
        evidence::Way,
        frame::{self, Frame},
    },
    mailbox::{
        Mailbox, Moved, State,
        home::Home,
        letter::{Letter, LetterId, Priority},
        level::Level,
        lock,
        receipt::{Receipt, Step},
        watch::Watch,
    },
};

/// The method of a push.
pub const METHOD: &str = "notifications/claude/channel";
/// The capability by which a server says that it has a channel.
pub const CAPABILITY: &str = "claude/channel";

/// What a client drops although it will open the channel is sent before this.
const CLIENT_SETTLES: Duration = Duration::from_secs(3);
/// How long the transcript may need to show that a push was taken.
const TAKEN_WITHIN: Duration = Duration::from_secs(3);
/// How long the waker leaves a letter to the channel.
pub const GOES_FIRST: Duration = Duration::from_secs(1);
const LOCK: &str = "channel.lock";

/// The field of the record's part of this client.
const FIELD: &str = "channel";

/// What a session's channel has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// Offered, and not used yet.
    Offered,
    /// A push was taken.
    Open,
    /// A push was not taken; letters go the ordinary way.
    Silent,
}

impl Channel {
    /// As it stands in a record; `None` where the client was not told to open one.
    #[must_use]
    pub fn of(record: &Record) -> Option<Self> {
        let word = record.client.get(FIELD)?;
        [Self::Offered, Self::Open, Self::Silent].into_iter().find(|channel| word == channel.as_str())
    }

    fn note(self, record: &mut Record) {
        record.client.insert(FIELD.to_owned(), self.as_str().into());
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Offered => "offered",
            Self::Open => "open",
            Self::Silent => "silent",
        }
    }
}

/// One channel message.
#[derive(Debug)]
pub struct Push {
    pub content: String,
    pub meta: Map<String, Value>,
}

/// Whether the client was started with a channel to a server like this one; whether it opens it, nobody says.
#[must_use]
pub fn is_offered() -> bool {
    names_us(host_process::command_line().iter().map(String::as_str), host_process::runs_as_plugin())
}

/// Whether words of a command line open a channel to this plugin's server, or to one registered by hand.
fn names_us<'a>(words: impl Iterator<Item = &'a str>, from_plugin: bool) -> bool {
    let is_us = |entry: &str| match entry.split_once(':') {
        Some(("plugin", plugin)) => from_plugin && plugin.split('@').next() == Some("cc2cc"),
        Some(("server", _)) => !from_plugin, // the person gave it the name
        _ => false,
    };
    let mut listing = false;
    for word in words {
        let (flag, value) = word.split_once('=').unwrap_or((word, ""));
        let entries = if word.starts_with("--") {
            listing = matches!(flag, "--dangerously-load-development-channels" | "--channels");
            value
        } else {
            word
        };
        if listing && entries.split([',', ' ']).any(is_us) {
            return true;
        }
    }
    false
}

/// Whether a server pushes this mailbox's letters.
#[must_use]
pub fn is_open(mailbox: &Mailbox) -> bool {
    lock::is_kept(&mailbox.path().join(LOCK))
}

/// Pushes the session's letters as they come, until a push is not taken or another server of the session does it.
///
/// # Errors
/// When the home cannot be used, or the client no longer reads.
pub fn keep_open(home: &Home, host: &HostKey, push: impl Fn(Push) -> Result<()>) -> Result<()> {
    thread::sleep(CLIENT_SETTLES);
    let sessions = home.subdir("sessions")?;
    loop {
        let Some(mailbox) = identity::find(home, host) else {
            Watch::by_beat().sleep(Duration::MAX);
            continue;
        };
        let Some(lock) = take_lock(&mailbox)? else { return Ok(()) };
        mark(&mailbox, Channel::Offered)?;
        let inbox = mailbox.dir(State::Inbox);
        let watch = Watch::over([inbox.as_path(), Path::new(&sessions)]);
        while identity::find(home, host).as_ref() == Some(&mailbox) {
            if let Pushed::NotTaken(letter) = push_waiting(home, &mailbox, &push)? {
                mark(&mailbox, Channel::Silent)?;
                drop(lock);
                if !is_taken_late(&mailbox, &letter)? {
                    return Ok(());
                }
                break;
            }
            watch.sleep(Duration::MAX);
        }
    }
}

/// Takes the lock; a waker that looks whether it is free may have it for an instant.
fn take_lock(mailbox: &Mailbox) -> Result<Option<lock::Lock>> {
    let give_up = Instant::now() + Duration::from_secs(1);
    loop {
        let lock = lock::try_exclusive(&mailbox.path().join(LOCK))?;
        if lock.is_some() || Instant::now() > give_up {
            return Ok(lock);
        }
        thread::sleep(Duration::from_millis(10));
    }
}

fn mark(mailbox: &Mailbox, channel: Channel) -> Result<()> {
    if Channel::of(&Record::of(mailbox)) != Some(channel) {
        Record::change(mailbox, Timestamp::now(), |record| channel.note(record))?;
    }
    Ok(())
}

enum Pushed {
    Fine,
    /// There is no channel, as it seems: this letter is back in the inbox.
    NotTaken(LetterId),
}

/// Pushes what waits, oldest first, as far as it may go this way.
fn push_waiting(home: &Home, mailbox: &Mailbox, push: &impl Fn(Push) -> Result<()>) -> Result<Pushed> {
    if asking::is_under_way(mailbox) {
        return Ok(Pushed::Fine); // what comes now goes with the result of that call
    }
    let Ok(config) = Config::load(home) else { return Ok(Pushed::Fine) }; // others tell the person
    for waiting in mailbox.look(Timestamp::now())?.letters {
        if waiting.priority == Priority::Low {
            continue;
        }
        let Ok(letter) = waiting.into_letter(mailbox) else { continue };
        let Some(admission) = admission(&config, mailbox, &letter)? else { continue };
        if let Pushed::NotTaken(letter) = push_one(mailbox, &letter, admission, push)? {
            return Ok(Pushed::NotTaken(letter));
        }
    }
    Ok(Pushed::Fine)
}

/// Whether a letter may be pushed; `None` leaves it where it is.
///
/// Only a hook knows the session's mode as it is now. Where it might bypass permissions by now, the letter is judged as
/// if it did, and left to the hooks unless it may go even then.
fn admission(config: &Config, mailbox: &Mailbox, letter: &Letter) -> Result<Option<Admission>> {
    let receipts = mailbox.receipts(&letter.id);
    if receipts.iter().any(|receipt| receipt.step == Step::Returned) {
        return Ok(None); // pushed once without evidence: never twice this way
    }
    let record = Record::of(mailbox);
    let known = record.level_as_receiver();
    let level = if may_bypass(&host_process::command_line()) { Some(Level::Free) } else { known };
    if !record.delivers() {
        return Ok(
            Some(config.admit(mailbox, letter, &receipts, level)?).filter(|admission| *admission != Admission::Denied)
        );
    }
    if receipts.iter().any(|receipt| receipt.step == Step::Accepted) {
        return Ok(Some(Admission::ByAPerson));
    }
    let by_person = letter.from.is_reserved();
    let verdict = config.judge(letter, mailbox.name(), level);
    Ok((verdict == Verdict::Accept && (by_person || level.is_some())).then_some(Admission::Granted))
}

fn push_one(
    mailbox: &Mailbox,
    letter: &Letter,
    admission: Admission,
    push: &impl Fn(Push) -> Result<()>,
) -> Result<Pushed> {
    let record = Record::of(mailbox);
    let transcript = without_hooks::transcript(&record);
    let place = Claude::of_server(&record, transcript.clone(), Way::Push).place();
    let claim = place.note(record.host.clone());
    if mailbox.claim(&letter.id, &claim)? == Moved::Gone {
        return Ok(Pushed::Fine);
    }
    let before = Channel::of(&record);
    note_turn(mailbox, letter, admission)?;
    push(message(letter))?;
    mailbox.note(&letter.id, &Receipt::now(Step::Delivered))?;
    if before == Some(Channel::Open) {
        return Ok(Pushed::Fine); // whoever settles looks it up
    }
    if is_taken(mailbox, letter, transcript.as_deref(), claim.offset.unwrap_or(0))? {
        mark(mailbox, Channel::Open)?;
        return Ok(Pushed::Fine);
    }
    mailbox.give_back(&letter.id)?;
    Ok(Pushed::NotTaken(letter.id.clone()))
}

/// A channel message raises no hook that would note what its turn was given.
fn note_turn(mailbox: &Mailbox, letter: &Letter, admission: Admission) -> Result<()> {
    Record::change(mailbox, Timestamp::now(), |record| {
        record.hops = if admission == Admission::Granted { letter.origin.hops } else { 0 };
        if record.delivers() {
            record.state = Activity::Busy; // until its Stop
        }
    })?;
    Ok(())
}

/// Waits until the transcript knows the letter. Without hooks the transcript may be another one by now.
fn is_taken(mailbox: &Mailbox, letter: &Letter, transcript: Option<&Path>, offset: u64) -> Result<bool> {
    let give_up = Instant::now() + TAKEN_WITHIN;
    let mut transcripts = Transcripts::default();
    while Instant::now() < give_up {
        if transcript.is_some_and(|transcript| transcripts.knows_push(transcript, offset, &letter.id)) {
            return Ok(true);
        }
        if let Some(transcript) = elsewhere(mailbox, &letter.id, &mut transcripts) {
            mailbox.note(&letter.id, &pushed_into(&transcript).note(None))?;
            mailbox.note(&letter.id, &Receipt::now(Step::Delivered))?;
            return Ok(true);
        }
        thread::sleep(Duration::from_millis(25));
    }
    Ok(false)
}

/// Whether a push that was given up is taken after all, as a client does that had no time for it: then the letter, if it
/// still lies in the inbox, is claimed once more for that push, and is not told again.
fn is_taken_late(mailbox: &Mailbox, id: &LetterId) -> Result<bool> {
    let mut transcripts = Transcripts::default();
    let beat = Watch::by_beat();
    while mailbox.state_of(id) == Some(State::Inbox) {
        let record = Record::of(mailbox);
        let own = without_hooks::transcript(&record).filter(|transcript| transcripts.knows_push(transcript, 0, id));
        if let Some(transcript) = own.or_else(|| elsewhere(mailbox, id, &mut transcripts)) {
            if mailbox.claim(id, &pushed_into(&transcript).note(record.host.clone()))? == Moved::Gone {
                return Ok(false);
            }
            mailbox.note(id, &Receipt::now(Step::Delivered))?;
            return Ok(true);
        }
        beat.sleep(Duration::MAX);
    }
    Ok(false)
}

/// Where a transcript shows a push, as the claim of its letter says it.
fn pushed_into(transcript: &Path) -> EvidencePlace {
    EvidencePlace { way: Way::Push, record: Some(transcript.display().to_string()), length: None }
}

/// Another transcript that knows the letter, where no hook says which one is the session's.
fn elsewhere(mailbox: &Mailbox, id: &LetterId, transcripts: &mut Transcripts) -> Option<PathBuf> {
    if Record::of(mailbox).delivers() {
        return None;
    }
    without_hooks::recent_transcripts().into_iter().find(|transcript| transcripts.knows_push(transcript, 0, id))
}

/// A letter as a channel message. The client shows `user` to the person and writes all of it into the tag.
fn message(letter: &Letter) -> Push {
    let facts = [
        ("from", Some(letter.from.to_string())),
        ("user", Some(letter.from.to_string())),
        ("id", Some(letter.id.to_string())),
        ("by", frame::author(letter).map(|author| author.as_str().to_owned())),
        ("type", Some(letter.kind.as_str().to_owned())),
        ("reply_to", letter.reply_to.as_ref().map(ToString::to_string)),
        ("sent_to", letter.origin.sent_to.clone()),
        ("cwd", letter.origin.cwd.clone()),
        ("branch", letter.origin.branch.clone()),
        ("level", letter.origin.level.map(|level| level.as_str().to_owned())),
    ];
    let facts = facts.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let meta = facts.map(|(name, value)| (name.to_owned(), Value::from(frame::attribute(&value)))).collect();
    Push { content: Frame::new(ROOM_UNITS).text_of(letter), meta }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_offered_to_the_server_that_the_command_line_names() {
        let named = |line: &str, from_plugin| names_us(line.split(' '), from_plugin);
        let development = "--dangerously-load-development-channels";
        assert!(named(&format!("claude {development} server:cc2cc"), false));
        assert!(named(&format!("claude {development} server:other plugin:cc2cc@skills-dir --debug"), true));
        assert!(named(&format!("claude {development}=plugin:cc2cc@skills-dir"), true));
        assert!(named("claude --channels plugin:cc2cc@here,server:x", true));
        assert!(!named(&format!("claude {development} server:cc2cc"), true), "that one was registered by hand");
        assert!(!named(&format!("claude {development} plugin:cc2cc@skills-dir"), false));
        assert!(!named(&format!("claude {development} plugin:other@skills-dir"), true));
        assert!(!named(&format!("claude {development} --debug server:cc2cc"), false), "it is no longer in the list");
        assert!(!named("claude tell me about plugin:cc2cc@skills-dir", true));
    }
}
