//! The mailman: the only one who puts letters before the model.
//!
//! On `UserPromptSubmit` (a person typed, or the bell woke the session) it settles what was delivered before, claims what
//! waits, and hands it over with the hook's answer. On `Stop` (a turn is over) it settles.

use std::path::Path;

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    client,
    evidence::{Cause, Why},
    frame::Frame,
    hook::{self, Answer, Input},
    prompt::{self, Author},
    proof::{self, Way},
    typed, wakes,
};
use crate::{
    agent::{
        Activity, Record, holding,
        identity::{self, Trust},
        policy::{Admission, Config},
        status::Found,
        timers::Timers,
        unproved::Unproved,
    },
    mailbox::{
        Mailbox, Moved, State,
        disk::FsError,
        home::Home,
        letter::{Letter, Priority, shorten},
        log,
        name::AgentName,
        receipts::{Receipt, Step},
        scan::Waiting,
    },
    text::terminal::printable,
};

/// Letters named one by one on the person's screen.
const NAMED: usize = 5;

/// Answers `UserPromptSubmit`.
///
/// # Errors
/// When the home cannot be used; the prompt then goes on its way without mail.
pub fn on_prompt(home: &Home, input: &Input) -> Result<()> {
    let prompt = input.prompt.as_deref().unwrap_or_default();
    let author = prompt::author(prompt, input.source.as_deref());
    let mut is_wake = false;
    match bring(home, input, author, &mut is_wake) {
        Err(error) if is_wake => {
            // A wake that brings nothing must not cost a turn.
            log::line(home, &format!("mailman: {error:#}"));
            let block = Some(format!("cc2cc: the letters cannot be brought: {error:#}"));
            hook::print(&Answer { block, ..Answer::default() }, "UserPromptSubmit")
        }
        outcome => outcome,
    }
}

/// Says in `is_wake` whether the prompt is a wake of ours and nothing else, as soon as that is known.
fn bring(home: &Home, input: &Input, author: Author, is_wake: &mut bool) -> Result<()> {
    let event = "UserPromptSubmit";
    let mailbox = my_mailbox(home, input)?;
    *is_wake = matches!(author, Author::Waker(word) if wakes::is_known(&mailbox, word));
    let prompt = input.prompt.as_deref().unwrap_or_default();
    let is_typed = |record: &Record| author == Author::Person && !record.timers.say(prompt);
    if let Some(command) = typed::command(prompt)
        && is_typed(&Record::of(&mailbox))
        && let Some(answer) = typed::answer(home, &mailbox, command)
    {
        return hook::print(&answer, event);
    }
    let now = Timestamp::now();
    proof::settle(&mailbox, now, proof::From::Session)?;
    let delivery = deliver(home, &mailbox, input, Way::Hook, now, |_| true)?;
    if delivery.is_empty() && *is_wake {
        // Nothing for the model: it was held, or went in with an earlier prompt. No turn for nothing.
        let block = delivery.message().or_else(|| Some("cc2cc: the letters have come already".to_owned()));
        hook::print(&Answer { block, ..Answer::default() }, event)?;
        return note_told(&mailbox, &delivery);
    }
    hand_over(&mailbox, input, &delivery, event, now, |record| {
        record.state = Activity::Busy;
        if is_typed(record) {
            record.hops = 0;
        }
    })
}

/// Answers `Stop`: the turn's letters are looked up. What came meanwhile is left to the bell, which starts a turn of its
/// own for it: the client would show the person the whole frame here. A headless session has no bell, so there it goes
/// in at once and the model goes on.
///
/// # Errors
/// When the home cannot be used; the turn then ends as it would have.
pub fn on_stop(home: &Home, input: &Input) -> Result<()> {
    let mailbox = my_mailbox(home, input)?;
    let now = Timestamp::now();
    proof::settle(&mailbox, now, proof::From::Session)?;
    let bell_rings = client::part() == client::Part::Attended;
    let mut delivery =
        deliver(home, &mailbox, input, Way::Hook, now, |letter| !bell_rings && letter.priority != Priority::Low)?;
    if delivery.is_empty() {
        delivery.notices = untold_notices(&mailbox, now)?;
    }
    let state = if delivery.is_empty() { Activity::Idle } else { Activity::Busy };
    hand_over(&mailbox, input, &delivery, "Stop", now, |record| {
        record.state = state;
        record.timers = timers(&input.session_crons);
    })
}

/// What one delivery consists of.
#[derive(Debug, Default)]
pub(super) struct Delivery {
    pub(super) letters: Vec<Letter>,
    pub(super) context: Option<String>,
    /// Letters since a person last spoke or let one pass.
    pub(super) hops: u32,
    /// Held letters the person is told of with this answer.
    held: Vec<Found>,
    /// Notices that wait for the model's next turn, of which the person can know now.
    notices: Vec<Letter>,
    /// Letters that had no room.
    more: usize,
    /// Lines for the person about files that were no letters.
    troubles: Vec<String>,
}

impl Delivery {
    fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }

    /// What the person sees.
    fn message(&self) -> Option<String> {
        let line = |letter: &Letter| format!("✉ {}: {}", letter.from, letter.first_line(100));
        let mut lines: Vec<String> = self.letters.iter().take(NAMED).map(line).collect();
        if self.letters.len() > NAMED {
            lines.push(format!("✉ and {} more", self.letters.len() - NAMED));
        }
        if self.more > 0 {
            lines.push(format!("✉ {} more waiting for the next turn", self.more));
        }
        lines.extend(self.notices.iter().map(|notice| format!("✉ {}", notice.first_line(200))));
        lines.extend(self.held.iter().map(held_line));
        lines.extend(self.troubles.iter().take(NAMED).cloned());
        if self.troubles.len() > NAMED {
            lines.push(format!("cc2cc: and {} more in dead/", self.troubles.len() - NAMED));
        }
        (!lines.is_empty()).then(|| printable(&lines.join("\n")))
    }
}

/// Claims what waits, oldest first, as far as there is room. Nothing is claimed unless something is `wanted`.
pub(super) fn deliver(
    home: &Home,
    mailbox: &Mailbox,
    input: &Input,
    way: Way,
    now: Timestamp,
    wanted: impl Fn(&Waiting) -> bool,
) -> Result<Delivery> {
    let look = mailbox.look(now)?;
    let mut delivery = Delivery::default();
    for buried in look.buried {
        let file = shorten(&buried.file_name.to_string_lossy(), 60);
        delivery.troubles.push(format!("cc2cc: {file} is not a letter and lies in dead/ now: {}", buried.reason));
    }
    if !look.letters.iter().any(wanted) {
        delivery.held = holding::untold(mailbox)?.into_iter().take(NAMED).collect();
        return Ok(delivery);
    }
    let config = Config::load(home)?;
    let mode = input.permission_mode.as_deref();
    let note = claim_note(input, way, Record::of(mailbox).host);
    let mut frame = Frame::default();
    for Waiting { id, .. } in look.letters {
        let Ok(letter) = mailbox.read(State::Inbox, &id) else { continue };
        match take(mailbox, &config, mode, &letter, &note, &mut frame) {
            Ok(Taken::Mine(admission)) => {
                if admission == Admission::Granted {
                    delivery.hops = delivery.hops.max(letter.origin.hops);
                }
                delivery.letters.push(letter);
            }
            Ok(Taken::NotMine) => {}
            Ok(Taken::NoRoom) => {
                // What has no room keeps its place before those that come after it.
                delivery.more = mailbox.count(State::Inbox).unwrap_or(1);
                break;
            }
            // A mailbox that is renamed meanwhile must not keep back what is claimed already.
            Err(_) if !delivery.letters.is_empty() => break,
            Err(error) => return Err(error.into()),
        }
    }
    delivery.context = (!frame.is_empty()).then(|| frame.finish(delivery.more));
    delivery.held = match holding::untold(mailbox) {
        Err(_) if !delivery.letters.is_empty() => Vec::new(),
        untold => untold?.into_iter().take(NAMED).collect(),
    };
    Ok(delivery)
}

/// What became of an attempt to take one waiting letter for the frame.
enum Taken {
    Mine(Admission),
    /// It may not go to the model, or another process was first.
    NotMine,
    NoRoom,
}

fn take(
    mailbox: &Mailbox,
    config: &Config,
    mode: Option<&str>,
    letter: &Letter,
    note: &Receipt,
    frame: &mut Frame,
) -> Result<Taken, FsError> {
    let admission = config.admit(mailbox, letter, mode)?;
    if admission == Admission::Denied {
        return Ok(Taken::NotMine);
    }
    let redelivered = mailbox.receipts(&letter.id).iter().any(|receipt| receipt.step == Step::Returned);
    let Some(rendered) = frame.room_for(letter, redelivered) else { return Ok(Taken::NoRoom) };
    if mailbox.claim(&letter.id, &Receipt { at: Timestamp::now(), ..note.clone() })? == Moved::Gone {
        return Ok(Taken::NotMine);
    }
    frame.put(rendered);
    Ok(Taken::Mine(admission))
}

/// Hands the letters over, and notes that only once they have left this process.
fn hand_over(
    mailbox: &Mailbox,
    input: &Input,
    delivery: &Delivery,
    event: &str,
    now: Timestamp,
    change: impl Fn(&mut Record),
) -> Result<()> {
    let noted = change_where_it_is(mailbox, now, |record| {
        change(record);
        if !delivery.is_empty() {
            // What this turn writes comes after these letters, whatever went before: along any chain of turns it grows.
            record.hops = delivery.hops;
        }
        record.session.clone_from(&input.session_id);
        record.transcript.clone_from(&input.transcript_path);
        record.hooks_of.clone_from(&record.host);
        record.permission_mode = input.permission_mode.clone().or_else(|| record.permission_mode.take());
        if let Some(cwd) = &input.cwd
            && (record.cwd.as_ref() != Some(cwd) || event == "Stop")
        {
            record.locate(Path::new(cwd)); // the session has moved, or its turn may have changed the branch
        }
    });
    let mailbox = &match noted {
        Ok(mailbox) => mailbox,
        Err(error) => {
            // Nobody has been told of these letters, so nobody will ever prove them.
            for letter in &delivery.letters {
                let receipts = mailbox.receipts(&letter.id).len();
                mailbox.give_back_if_still(&letter.id, receipts, Why::Blocked.as_str())?;
            }
            return Err(error.into());
        }
    };
    let transcript = input.transcript_path.as_deref();
    if event == "Stop" && !transcript.is_some_and(|path| Path::new(path).exists()) {
        let why = Cause::NoTranscript.as_str();
        Unproved::no_record(mailbox, input.session_id.as_deref(), transcript, why)?;
    }
    let news = Unproved::news(mailbox, input.session_id.as_deref());
    let lines: Vec<String> = delivery.message().into_iter().chain(news.clone()).collect();
    let message = (!lines.is_empty()).then(|| lines.join("\n"));
    hook::print(&Answer { context: delivery.context.clone(), message, ..Answer::default() }, event)?;
    if let Err(error) = note_handed_over(mailbox, input, delivery, news.is_some()) {
        // The answer is out. A complaint behind it would make it one that the client cannot read.
        if let Some(home) = mailbox.path().parent() {
            log::line(&Home::at(home), &format!("hook {event}, after its answer: {error:#}"));
        }
    }
    Ok(())
}

/// Notes what the answer told, in the mailbox as it is called by now.
fn note_handed_over(mailbox: &Mailbox, input: &Input, delivery: &Delivery, news: bool) -> Result<()> {
    for letter in &delivery.letters {
        let note = Receipt::now(Step::Delivered);
        match (mailbox.note(&letter.id, &note), renamed(mailbox)) {
            (Err(_), Some(renamed)) => renamed.note(&letter.id, &note)?,
            (noted, _) => noted?,
        }
    }
    if news {
        Unproved::told(mailbox, input.session_id.as_deref())?;
    }
    note_told(mailbox, delivery)
}

/// The mailbox under its new name, if it has lost the one it had.
fn renamed(mailbox: &Mailbox) -> Option<Mailbox> {
    let home = Home::at(mailbox.path().parent().filter(|_| !mailbox.exists())?);
    home.mailbox(mailbox.name()).filter(|renamed| renamed != mailbox)
}

/// Changes the record of a mailbox that may be renamed at this moment; gives the mailbox as it is called then.
fn change_where_it_is(mailbox: &Mailbox, now: Timestamp, change: impl Fn(&mut Record)) -> Result<Mailbox, FsError> {
    let mut mailbox = mailbox.clone();
    loop {
        let Err(error) = Record::change(&mailbox, now, &change) else { return Ok(mailbox) };
        match renamed(&mailbox).filter(|_| error.is_not_found()) {
            Some(renamed) => mailbox = renamed,
            None => return Err(error),
        }
    }
}

fn note_told(mailbox: &Mailbox, delivery: &Delivery) -> Result<()> {
    for id in delivery.held.iter().map(|held| &held.letter.id).chain(delivery.notices.iter().map(|notice| &notice.id)) {
        mailbox.note(id, &Receipt::now(Step::Told))?;
    }
    Ok(())
}

/// Notices of ours in the inbox that the person has not been shown.
fn untold_notices(mailbox: &Mailbox, now: Timestamp) -> Result<Vec<Letter>> {
    let ours = mailbox.look(now)?.letters.into_iter().filter(|letter| letter.from == AgentName::system());
    let untold = ours.filter(|letter| mailbox.receipts(&letter.id).iter().all(|receipt| receipt.step != Step::Told));
    Ok(untold.filter_map(|letter| mailbox.read(State::Inbox, &letter.id).ok()).take(NAMED).collect())
}

/// What the person sees of a held letter, and how to decide.
fn held_line(found: &Found) -> String {
    let Found { letter, .. } = found;
    let why = found.status().why.map(|why| format!(" ({why})")).unwrap_or_default();
    let (from, line, id) = (&letter.from, letter.first_line(80), &letter.id);
    format!(
        "✉ held: {from}: {line}{why}\n  /cc2cc:accept {id}\n  /cc2cc:refuse {id}\n  `cc2cc read {id}` in a terminal shows all of it"
    )
}

fn claim_note(input: &Input, way: Way, host: Option<String>) -> Receipt {
    let mut note = Receipt::now(Step::Claimed);
    note.via = way.word();
    note.offset = input.transcript_path.as_ref().map(|path| proof::length(path.as_ref()));
    note.transcript.clone_from(&input.transcript_path);
    note.host = host;
    note
}

/// What the client says that its timers will say.
fn timers(told: &Value) -> Timers {
    Timers::saying(told.as_array().into_iter().flatten().filter_map(|timer| timer["prompt"].as_str()))
}

fn my_mailbox(home: &Home, input: &Input) -> Result<Mailbox> {
    let claimant = client::claimant(input.session_id.clone(), Trust::Host).context("the client has gone")?;
    if let Some(mailbox) = identity::find(home, &claimant.host) {
        return Ok(mailbox);
    }
    Ok(identity::claim(home, &claimant)?.mailbox)
}
