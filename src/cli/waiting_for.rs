//! `cc2cc wait --for`: sleep until another agent is idle, away or blocked, or has written.

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::json;

use super::{caller, printing};
use crate::{
    agent::until::{Until, written_since},
    failure::{Code, Failure},
    mailbox::{State, home::Home, watch::Watch},
    report,
};

/// Waits until that is so of the agent named, at most so long.
///
/// # Errors
/// When there is no such agent, or the time is over.
pub fn run(home: &Home, named: &str, until: Until, longest: Option<Duration>, json: bool) -> Result<ExitCode, Failure> {
    let mut about = caller::other_session(home, named)?;
    let mut me = caller::mailbox(home, None)?;
    let (started, since) = (Instant::now(), Timestamp::now());
    loop {
        let inbox = me.dir(State::Inbox);
        let watch = Watch::over([inbox.as_path(), about.path()]);
        while me.exists() && about.exists() {
            let now = Timestamp::now();
            if until == Until::Answers {
                let waits = me.look(now)?.letters.into_iter().find(|letter| letter.from == *about.name());
                let id = waits.map(|letter| letter.id).or_else(|| written_since(&me, about.name(), since));
                let found = id.and_then(|id| me.state_of(&id).map(|state| (state, id)));
                if let Some((state, Ok(letter))) = found.map(|(state, id)| (state, me.read(state, &id))) {
                    if json {
                        printing::print(
                            json!({ "agent": me.name(), "letters": [report::json::summary(state, &letter)] }),
                        );
                    } else {
                        printing::print(report::text::letters(&[(state, letter)], now));
                    }
                    return Ok(ExitCode::SUCCESS);
                }
            } else if let Some(standing) = until.is_so(&about, now) {
                let name = about.name();
                if json {
                    let (reach, since, why) = (standing.reach.as_str(), standing.since, &standing.why);
                    printing::print(
                        json!({ "agent": name, "until": until.as_str(), "reach": reach, "since": since, "why": why }),
                    );
                } else {
                    printing::print(format!("{name}: {}\n", report::standing::words(&standing, now)));
                }
                return Ok(ExitCode::SUCCESS);
            }
            let left = longest.map_or(Duration::MAX, |longest| longest.saturating_sub(started.elapsed()));
            if left.is_zero() {
                let what = if until == Until::Answers { "has not written" } else { "was not" };
                let state = if until == Until::Answers { "" } else { until.as_str() };
                let what = format!("{} {what} {state}", about.name());
                return Err(Failure::new(Code::TimedOut, format!("{} in this time", what.trim_end())));
            }
            watch.sleep(left);
        }
        // Renamed meanwhile.
        let follow = |mailbox: &crate::mailbox::Mailbox| {
            let name = mailbox.name().clone();
            home.mailbox(&name).ok_or_else(|| Failure::no_such_agent(&name, Vec::new()))
        };
        (me, about) = (follow(&me)?, follow(&about)?);
    }
}
