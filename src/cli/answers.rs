//! Waiting for the answers to a question, for the verbs that ask: each is printed as it comes.

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::json;

use super::{caller, printing, shown::Shown};
use crate::{
    agent::question::{Asked, Question, Reaction},
    clients::claude::asking,
    failure::{Code, Failure},
    mailbox::{
        State,
        letter::Letter,
        name::AgentName,
        receipt::{Receipt, Step},
        watch::Watch,
    },
    output, report,
};

/// Waits until everybody has answered of whom that can be awaited, at most so long.
///
/// # Errors
/// When somebody has not answered; says who, and why if that is known.
pub fn await_all(mut question: Question, longest: Duration, json: bool) -> Result<ExitCode, Failure> {
    let deadline = Instant::now() + longest;
    let mut said = String::new();
    let mut place = None;
    loop {
        let inbox = question.mailbox().dir(State::Inbox);
        let watch = Watch::over([inbox.as_path()]);
        while !question.has_moved() {
            if place.is_none() && caller::in_a_session() {
                place = asking::begin_in_a_command(question.mailbox()).ok().flatten(); // without it the session is woken, too
            }
            for (state, letter) in question.look(Timestamp::now())? {
                show(&question, state, &letter, json)?;
            }
            say_whom(&question, &mut said);
            // A session that waits for somebody who waits for it would wait in vain.
            let is_waiting = question.awaited().next().is_some();
            let is_asked = is_waiting && caller::in_a_session() && !question.asks_me().is_empty();
            let left = deadline.saturating_duration_since(Instant::now());
            if !is_waiting || is_asked || left.is_zero() {
                return conclude(&question, is_asked);
            }
            watch.sleep(left);
        }
    }
}

/// Tells the person whom they wait for, again when it is somebody else.
fn say_whom(question: &Question, said: &mut String) {
    let whom = names(question.awaited());
    if !whom.is_empty() && whom != *said && io::stderr().is_terminal() {
        output::complain(&format!("waiting for {whom}\n"));
        *said = whom;
    }
}

fn show(question: &Question, state: State, reply: &Letter, json: bool) -> Result<(), Failure> {
    let shown = if json {
        Shown::json(json!({ "reply": reply }))
    } else {
        report::text::letter(State::Done, reply, Timestamp::now()).into()
    };
    printing::print_surely(&shown).map_err(|error| {
        Failure::new(Code::Failed, format!("could not print the answer {}, it waits on: {error}", reply.id.short()))
    })?;
    if state == State::Inbox {
        question.mailbox().finish(&reply.id, state, Some(&Receipt::now(Step::Seen)))?;
    }
    Ok(())
}

fn conclude(question: &Question, is_asked: bool) -> Result<ExitCode, Failure> {
    if question.missing().next().is_none() {
        return Ok(ExitCode::SUCCESS);
    }
    let (me, now) = (question.mailbox().name(), Timestamp::now());
    let is_late = !is_asked && question.awaited().next().is_some();
    let mut message = format!("no answer from {}", names(question.missing()));
    if is_late {
        message.push_str(" in this time");
    }
    for asked in question.missing() {
        if let Some(why) = report::text::no_answer(asked, now) {
            message.push_str(&format!("; {}: {why}", asked.name));
        }
    }
    let is_withheld =
        |asked: &Asked| matches!(asked.reaction, Reaction::QuestionHeld(_) | Reaction::QuestionRefused(_));
    let code = if question.missing().any(is_withheld) { Code::Held } else { Code::TimedOut };
    let may_come = |asked: &Asked| matches!(asked.reaction, Reaction::Awaited | Reaction::OutOfReach(_));
    let failure = Failure::new(code, message);
    Err(if is_asked {
        let askers: Vec<&str> = question.asks_me().iter().map(AgentName::as_str).collect();
        let askers = askers.join(", ");
        failure.hint(format!(
            "{askers} asks you something meanwhile: that arrives by itself, and so does an answer that comes later"
        ))
    } else if question.missing().any(may_come) {
        failure.hint(format!("it will come to {me}'s inbox all the same"))
    } else {
        failure
    })
}

fn names<'a>(asked: impl Iterator<Item = &'a Asked>) -> String {
    asked.map(|asked| asked.name.as_str()).collect::<Vec<_>>().join(", ")
}
