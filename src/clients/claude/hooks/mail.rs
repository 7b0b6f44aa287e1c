//! Mail in the hooks of a turn: the only place where letters are put before the model of a session that has hooks.
//!
//! On `UserPromptSubmit` (a person typed, or the waker woke the session) what was delivered before is settled, and what
//! waits is delivered with the hook's answer. On `Stop` (a turn is over) what was delivered is settled.

use std::{cell::Cell, path::Path};

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    answer::{self, Answer},
    event::HookEvent,
};
use crate::{
    agent::{
        Activity, Record,
        identity::{self, Trust},
        policy::Config,
        timers::Timers,
        unproved::Unproved,
        work::Work,
    },
    clients::{
        claude::{
            client::Claude,
            client_name, host_process,
            prompt::{self, PromptAuthor},
            slash_commands,
        },
        shown, wakes,
    },
    delivery::{
        client,
        deliver::{self, Delivery, deliver},
        evidence::{Cause, Why},
        settle,
    },
    mailbox::{Mailbox, disk::FsError, home::Home, letter::Priority, log, scan::Waiting},
};

/// Answers `UserPromptSubmit`.
///
/// # Errors
/// When the home cannot be used; the prompt then goes on its way without mail.
pub fn on_prompt(home: &Home, input: &HookEvent) -> Result<()> {
    let prompt = input.prompt.as_deref().unwrap_or_default();
    let author = prompt::author(prompt, input.source.as_deref());
    let mut is_wake = false;
    match take_in(home, input, author, &mut is_wake) {
        Err(error) if is_wake => {
            // A wake that delivers nothing must not cost a turn.
            log::line(home, &format!("delivery: {error:#}"));
            let block = Some(format!("cc2cc: the letters cannot be delivered: {error:#}"));
            answer::print(&Answer { block, ..Answer::default() }, "UserPromptSubmit")
        }
        outcome => outcome,
    }
}

/// Says in `is_wake` whether the prompt is a wake of ours and nothing else, as soon as that is known.
fn take_in(home: &Home, input: &HookEvent, author: PromptAuthor, is_wake: &mut bool) -> Result<()> {
    let event = "UserPromptSubmit";
    let mut client = Claude::of_event(input, Trust::Host);
    let mailbox = client::mailbox(&client, home)?.context("the client has gone")?;
    *is_wake = matches!(author, PromptAuthor::Waker(word) if wakes::is_known(&mailbox, word));
    let prompt = input.prompt.as_deref().unwrap_or_default();
    let is_typed = |record: &Record| author == PromptAuthor::Person && !record.timers.say(prompt);
    if let Some(command) = slash_commands::command(prompt)
        && is_typed(&Record::of(&mailbox))
        && let Some(answer) = slash_commands::answer(home, &mailbox, command)
    {
        return answer::print(&answer, event);
    }
    let now = Timestamp::now();
    let (mailbox, named) = client_name::heed(home, mailbox, input)?;
    settle::settle(&mut client, &mailbox, now, settle::From::Session)?;
    let mut delivery = deliver(&client, home, &mailbox, now, |_| true)?;
    delivery.troubles.splice(0..0, named);
    if delivery.is_empty() && *is_wake {
        // Nothing for the model: it was held, or a person's prompt took it before. A block makes no model request;
        // Claude Code shows two lines for it.
        let block = message(&delivery).or_else(|| Some("cc2cc: the letters have arrived already".to_owned()));
        answer::print(&Answer { block, ..Answer::default() }, event)?;
        return Ok(delivery.note_shown(&mailbox)?);
    }
    answer_with(&mailbox, input, &delivery, event, now, |record| {
        record.state = Activity::Busy;
        record.asks = None;
        if is_typed(record) {
            record.hops = 0;
            note_work(home, record, prompt, now);
        }
    })
}

/// Notes what the person asked for, unless the agent has said what it works on.
fn note_work(home: &Home, record: &mut Record, prompt: &str, now: Timestamp) {
    if record.work.as_ref().is_some_and(|work| work.said) {
        return;
    }
    if let Some(work) = Work::asked(prompt, now) {
        // A file that cannot be used may forbid it.
        let is_shared = Config::load(home).is_ok_and(|config| config.shares_activity());
        record.work = is_shared.then_some(work);
    }
}

/// Answers `Stop`: the turn's letters are looked up. What came meanwhile is left to the waker, although a Stop hook's
/// context makes the model go on: Claude Code shows that context to the person, raw and whole, under "Stop hook says".
/// A headless session has no waker and no screen, so there it goes in at once, unless only `low` letters wait.
///
/// What the model need not be woken for, held letters and notices, is shown to the person.
///
/// # Errors
/// When the home cannot be used; the turn then ends as it would have.
pub fn on_stop(home: &Home, input: &HookEvent) -> Result<()> {
    let mut client = Claude::of_event(input, Trust::Host);
    let mailbox = client::mailbox(&client, home)?.context("the client has gone")?;
    let now = Timestamp::now();
    settle::settle(&mut client, &mailbox, now, settle::From::Session)?;
    let has_waker = host_process::part() == host_process::Part::Attended;
    let wanted = |letter: &Waiting| !has_waker && letter.priority != Priority::Low;
    let delivery = deliver(&client, home, &mailbox, now, wanted)?;
    let state = if delivery.is_empty() { Activity::Idle } else { Activity::Busy };
    answer_with(&mailbox, input, &delivery, "Stop", now, |record| {
        record.state = state;
        (record.asks, record.failing) = (None, None);
        record.timers = timers(&input.session_crons);
    })
}

/// Answers with the letters, and notes them as delivered only once they have left this process.
fn answer_with(
    mailbox: &Mailbox,
    input: &HookEvent,
    delivery: &Delivery,
    event: &str,
    now: Timestamp,
    change: impl Fn(&mut Record),
) -> Result<()> {
    let is_new_id = Cell::new(false);
    let noted = change_where_it_is(mailbox, now, |record| {
        change(record);
        is_new_id.set(record.session != input.session_id);
        if !delivery.is_empty() {
            // What this turn writes comes after these letters, whatever went before: along any chain of turns it grows.
            record.hops = delivery.hops;
        }
        record.session.clone_from(&input.session_id);
        record.evidence.clone_from(&input.transcript_path);
        record.delivers_in.clone_from(&record.host);
        record.level = input.level().or(record.level);
        if let Some(cwd) = &input.cwd
            && (record.cwd.as_ref() != Some(cwd) || event == "Stop")
        {
            record.locate(Path::new(cwd)); // the session has moved, or its turn may have changed the branch
        }
    });
    let mailbox = &match noted {
        Ok(mailbox) => mailbox,
        Err(error) => {
            // The client is not given these letters, so there will never be evidence of them.
            for letter in &delivery.letters {
                let receipts = mailbox.receipts(&letter.id).len();
                mailbox.give_back_if_still(&letter.id, receipts, Why::Blocked.as_str())?;
            }
            return Err(error.into());
        }
    };
    let transcript = input.transcript_path.as_deref();
    if event == "Stop" && !transcript.is_some_and(|path| Path::new(path).exists()) {
        let why = Cause::NoRecord.as_str();
        Unproved::no_record(mailbox, input.session_id.as_deref(), transcript, why)?;
    }
    let news = Unproved::news(mailbox, input.session_id.as_deref());
    let lines: Vec<String> = message(delivery).into_iter().chain(news.clone()).collect();
    let message = (!lines.is_empty()).then(|| lines.join("\n"));
    answer::print(&Answer { context: delivery.context.clone(), message, ..Answer::default() }, event)?;
    let known = || if is_new_id.get() { note_session(mailbox, input) } else { Ok(()) };
    if let Err(error) = note_answered(mailbox, input, delivery, news.is_some()).and_then(|()| known()) {
        // The answer is out. A complaint behind it would make it one that the client cannot read.
        if let Some(home) = mailbox.path().parent() {
            log::line(&Home::at(home), &format!("hook {event}, after its answer: {error:#}"));
        }
    }
    Ok(())
}

/// Notes what the answer held.
fn note_answered(mailbox: &Mailbox, input: &HookEvent, delivery: &Delivery, news: bool) -> Result<()> {
    delivery.note_delivered(mailbox)?;
    if news {
        Unproved::note_shown(mailbox, input.session_id.as_deref())?;
    }
    Ok(delivery.note_shown(mailbox)?)
}

/// Notes under which id the session goes on, for what resumes it: older clients change it without a word as a session goes
/// into the background.
fn note_session(mailbox: &Mailbox, input: &HookEvent) -> Result<()> {
    let claimant = host_process::claimant(input.session_id.clone(), Trust::Host);
    if let (Some(home), Some(claimant)) = (mailbox.path().parent(), claimant) {
        identity::claim(&Home::at(home), &claimant)?;
    }
    Ok(())
}

/// Changes the record of a mailbox that may be renamed at this moment; gives the mailbox as it is called then.
fn change_where_it_is(mailbox: &Mailbox, now: Timestamp, change: impl Fn(&mut Record)) -> Result<Mailbox, FsError> {
    let mut mailbox = mailbox.clone();
    loop {
        let Err(error) = Record::change(&mailbox, now, &change) else { return Ok(mailbox) };
        match deliver::renamed(&mailbox).filter(|_| error.is_not_found()) {
            Some(renamed) => mailbox = renamed,
            None => return Err(error),
        }
    }
}

/// How the person of a session decides about a held letter: with the plugin's commands.
fn how_to_decide(id: &str) -> String {
    format!("/cc2cc:accept {id}\n  /cc2cc:accept --always {id}\n  /cc2cc:refuse {id}")
}

/// What the person sees of a delivery.
fn message(delivery: &Delivery) -> Option<String> {
    shown::lines(delivery, how_to_decide)
}

/// What the client says that its timers will say.
fn timers(named: &Value) -> Timers {
    Timers::saying(named.as_array().into_iter().flatten().filter_map(|timer| timer["prompt"].as_str()))
}
