//! The hooks of a session: short runs of this program that Codex starts with its events, and waits for.
//!
//! `SessionStart` comes with the first prompt, so a session has its name from then on. `UserPromptSubmit` delivers what
//! waits, for a prompt of the person's or a wake of ours, and `PostToolUse` what comes while the model works. `Stop` says
//! that a turn is over; what waits then is the waker's, since a hook's words there would be repeated as a prompt.

use std::{path::Path, process::ExitCode};

use anyhow::{Context, Result, bail};
use jiff::Timestamp;

use super::{
    client::Codex,
    event::{CodexAnswer, CodexEvent},
    naming, rollout, waker,
};
use crate::{
    agent::{
        Activity, Record, beside,
        identity::{self, Claim},
        notice,
        obstacle::Obstacle,
        policy::Config,
        work::Work,
    },
    clients::{shown, wakes},
    delivery::{
        client::{self, Client},
        deliver::{Delivery, deliver},
        evidence::Why,
        settle,
    },
    mailbox::{
        Mailbox,
        home::Home,
        letter::{Priority, shorten},
        log,
        scan::Waiting,
    },
    output,
    text::terminal::printable,
    threads,
};

/// Longest name of a tool in a listing.
const LONGEST_TOOL_CHARS: usize = 80;

/// Runs the hook `name`, or the waker that one of them has started, and always ends well.
#[must_use]
pub fn run(name: &str) -> ExitCode {
    std::panic::set_hook(Box::new(|_| {})); // the log line below says it
    let complaint = match threads::guarded(|| handle(name)) {
        Ok(Ok(())) => return ExitCode::SUCCESS,
        Ok(Err(error)) => format!("{error:#}"),
        Err(broken) => broken,
    };
    let _ = threads::guarded(|| {
        if let Ok(home) = Home::from_env() {
            log::line(&home, &format!("codex {name}: {complaint}"));
        }
        if name == "session-start" {
            let text = format!("cc2cc: mail is off for now: {complaint}. `cc2cc doctor` looks into it.");
            let _ = output::out(&format!("{}\n", serde_json::json!({ "systemMessage": printable(&text) })));
        }
    });
    ExitCode::SUCCESS
}

fn handle(name: &str) -> Result<()> {
    let mut event = CodexEvent::read()?;
    let rollout = event.transcript_path.clone();
    if rollout.as_deref().is_some_and(|rollout| !rollout::takes_part(Path::new(rollout))) {
        return Ok(());
    }
    let home = Home::from_env()?;
    if name == "waker" {
        return waker::keep_watch(&home, &event);
    }
    event.cc2cc_process = waker::process_of_the_client();
    match name {
        "session-start" => start(&home, &event)?,
        "user-prompt-submit" => on_prompt(&home, &event)?,
        "post-tool-use" => after_a_tool(&home, &event)?,
        "permission-request" => on_dialog(&home, &event)?,
        "stop" => on_stop(&home, &event)?,
        "session-end" => return end(&home, &event),
        unknown => bail!("there is no hook `{unknown}`"),
    }
    waker::start_unless_there(&home, &event)
}

/// Answers `SessionStart`: who you are, and what waits.
fn start(home: &Home, event: &CodexEvent) -> Result<()> {
    let mut client = Codex::of_event(event, naming::wanted());
    let claimant = client.claimant().context("the event is of no session")?;
    let Claim { mailbox, denied } = identity::claim(home, &claimant)?;
    let now = Timestamp::now();
    note(&mailbox, event, client.level(), now, |record| {
        record.forget_obstacles();
        if event.source.as_deref() == Some("startup") {
            record.work = None;
        }
    })?;
    settle::settle(&mut client, &mailbox, now, settle::From::Session)?;
    notice::sweep(home, &mailbox, now);
    beside::gather(home, &mailbox);
    let name = mailbox.name();
    let mut message = format!("cc2cc: you are {name}");
    match notice::letters_waiting(&mailbox)? {
        0 => {}
        1 => message.push_str(" · 1 letter waiting"),
        many => message.push_str(&format!(" · {many} letters waiting")),
    }
    if let Some(denied) = denied {
        message.push_str(&format!(" ({denied} is in use by another session)"));
    }
    let context = format!(
        "This session's name is {name}. cc2cc carries letters between the coding sessions on this machine, of Claude Code \
         and others; they arrive by themselves, in <cc2cc-mail>, which says whose words they are. The cc2cc server's send \
         tool writes to a session, and answers a letter with reply_to."
    );
    let message = (event.source.as_deref() != Some("compact")).then_some(message);
    CodexAnswer { context: Some(context), message, block: None }.print("SessionStart")
}

/// Answers `UserPromptSubmit`, which a person's prompt raises, and a wake of ours.
fn on_prompt(home: &Home, event: &CodexEvent) -> Result<()> {
    let name = "UserPromptSubmit";
    let mut client = Codex::of_event(event, None);
    let mailbox = client::mailbox(&client, home)?.context("the event is of no session")?;
    let prompt = event.prompt.as_deref().unwrap_or_default().trim();
    let is_wake = wakes::bare_word(prompt).is_some_and(|word| wakes::is_known(&mailbox, word));
    let now = Timestamp::now();
    let delivered = settle::settle(&mut client, &mailbox, now, settle::From::Session)
        .map_err(anyhow::Error::from)
        .and_then(|()| Ok(deliver(&client, home, &mailbox, now, |_| true)?));
    let delivery = match delivered {
        Err(error) if is_wake => {
            // A wake that delivers nothing must not cost a turn.
            log::line(home, &format!("delivery: {error:#}"));
            note(&mailbox, event, client.level(), now, |record| record.state = Activity::Idle)?;
            let block = Some(format!("cc2cc: the letters cannot be delivered: {error:#}"));
            return CodexAnswer { block, ..CodexAnswer::default() }.print(name);
        }
        delivered => delivered?,
    };
    if delivery.is_empty() && is_wake {
        // Nothing for the model: it was held, or an earlier turn took it. A blocked prompt makes no model request.
        note(&mailbox, event, client.level(), now, |record| record.state = Activity::Idle)?;
        let block = message(&delivery).or_else(|| Some("cc2cc: the letters have arrived already".to_owned()));
        CodexAnswer { block, ..CodexAnswer::default() }.print(name)?;
        return Ok(delivery.note_shown(&mailbox)?);
    }
    let is_typed = !is_wake && is_of_a_person(event);
    answer_with(&mailbox, event, &client, &delivery, name, now, |record| {
        record.state = Activity::Busy;
        record.asks = None;
        if is_typed {
            record.hops = 0;
            note_work(home, record, prompt, now);
        }
    })
}

/// Whether somebody typed the prompt of this turn, or put it into the thread's queue, as far as the client says what began
/// it. What another program began by other means is not the person's.
fn is_of_a_person(event: &CodexEvent) -> bool {
    let rollout = event.transcript_path.as_deref().map(Path::new);
    let trigger = rollout.and_then(|rollout| rollout::ending(rollout).trigger);
    matches!(trigger.as_deref(), Some("user" | "queue"))
}

/// Notes what the person asked for, unless the agent has said what it works on.
fn note_work(home: &Home, record: &mut Record, prompt: &str, now: Timestamp) {
    if record.work.as_ref().is_some_and(|work| work.said) {
        return;
    }
    if let Some(work) = Work::asked(prompt, now) {
        let is_shared = Config::load(home).is_ok_and(|config| config.shares_activity());
        record.work = is_shared.then_some(work);
    }
}

/// Answers `PostToolUse`: what has come meanwhile goes with the tool's result, unless it may wait.
fn after_a_tool(home: &Home, event: &CodexEvent) -> Result<()> {
    let client = Codex::of_event(event, None);
    let mailbox = client::mailbox(&client, home)?.context("the event is of no session")?;
    let now = Timestamp::now();
    let delivery = deliver(&client, home, &mailbox, now, |letter: &Waiting| letter.priority != Priority::Low)?;
    let record = Record::of(&mailbox);
    if delivery.is_empty() && record.asks.is_none() && record.state == Activity::Busy {
        return Ok(()); // nothing to say, and nothing to note with each of many calls
    }
    let delivery = if delivery.is_empty() { Delivery::default() } else { delivery };
    answer_with(&mailbox, event, &client, &delivery, "PostToolUse", now, |record| {
        record.state = Activity::Busy;
        record.asks = None;
    })
}

/// Notes that a dialog is open. That it was answered, the tool's end tells, or the turn's.
fn on_dialog(home: &Home, event: &CodexEvent) -> Result<()> {
    let client = Codex::of_event(event, None);
    let mailbox = client::mailbox(&client, home)?.context("the event is of no session")?;
    let tool = event.tool_name.as_deref().map(|tool| format!(" for {}", shorten(tool, LONGEST_TOOL_CHARS)));
    let what = format!("permission{}", tool.unwrap_or_default());
    let now = Timestamp::now();
    note(&mailbox, event, client.level(), now, |record| {
        record.state = Activity::Busy;
        record.asks = Some(Obstacle::new(now, what.as_str()));
    })
}

/// Answers `Stop`: the turn's letters are looked up.
fn on_stop(home: &Home, event: &CodexEvent) -> Result<()> {
    let mut client = Codex::of_event(event, None);
    let mailbox = client::mailbox(&client, home)?.context("the event is of no session")?;
    let now = Timestamp::now();
    settle::settle(&mut client, &mailbox, now, settle::From::Session)?;
    note(&mailbox, event, client.level(), now, |record| {
        record.state = Activity::Idle;
        record.asks = None;
    })
}

/// Answers `SessionEnd`, which comes a minute after the last terminal has left the thread: the agent is away from now on.
fn end(home: &Home, event: &CodexEvent) -> Result<()> {
    let Some(mailbox) = event.host().and_then(|host| identity::find(home, &host)) else { return Ok(()) };
    let now = Timestamp::now();
    Record::change(&mailbox, now, |record| {
        record.ended = Some(now);
        record.state = Activity::Idle;
        record.asks = None;
    })?;
    Ok(())
}

/// Answers with the letters, and notes them as delivered only once they have left this process.
fn answer_with(
    mailbox: &Mailbox,
    event: &CodexEvent,
    client: &Codex,
    delivery: &Delivery,
    name: &str,
    now: Timestamp,
    change: impl Fn(&mut Record),
) -> Result<()> {
    let noted = note(mailbox, event, client.level(), now, |record| {
        change(record);
        if !delivery.is_empty() {
            // What this turn writes comes after these letters, whatever went before: along any chain of turns it grows.
            record.hops = delivery.hops;
        }
    });
    if let Err(error) = noted {
        // The client is not given these letters, so there will never be evidence of them.
        for letter in &delivery.letters {
            let receipts = mailbox.receipts(&letter.id).len();
            mailbox.give_back_if_still(&letter.id, receipts, Why::Blocked.as_str())?;
        }
        return Err(error);
    }
    CodexAnswer { context: delivery.context.clone(), message: message(delivery), block: None }.print(name)?;
    delivery.note_delivered(mailbox)?;
    Ok(delivery.note_shown(mailbox)?)
}

/// Notes what every event says of its session.
fn note(
    mailbox: &Mailbox,
    event: &CodexEvent,
    level: Option<crate::mailbox::level::Level>,
    now: Timestamp,
    change: impl Fn(&mut Record),
) -> Result<()> {
    Record::change(mailbox, now, |record| {
        record.session.clone_from(&event.session_id);
        record.evidence.clone_from(&event.transcript_path);
        record.delivers_in.clone_from(&record.host);
        record.level = level.or(record.level);
        if let Some(cwd) = &event.cwd
            && record.cwd.as_ref() != Some(cwd)
        {
            record.locate(Path::new(cwd));
        }
        change(record);
    })?;
    Ok(())
}

/// What the person sees of a delivery.
fn message(delivery: &Delivery) -> Option<String> {
    shown::lines(delivery, |id| {
        format!("in a terminal: `cc2cc accept {id}`, `cc2cc accept --always {id}` or `cc2cc refuse {id}`")
    })
}
