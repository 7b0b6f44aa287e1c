//! How an agent is reached, in words: the same in listings, in what a sender is told, and in a live view.

use jiff::Timestamp;

use crate::{
    agent::reach::{Reach, Standing},
    mailbox::name::AgentName,
    text::terminal::one_line,
};

/// For how long something has been, in one number and a unit.
#[must_use]
pub fn lasting(since: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(since).as_secs().max(0);
    match seconds {
        ..=99 => format!("{seconds} s"),
        100..=5_999 => format!("{} min", seconds / 60),
        6_000..=172_799 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// What an agent does, or what is in the way of its letters and for how long.
#[must_use]
pub fn words(standing: &Standing, now: Timestamp) -> String {
    let time = standing.since.map(|since| format!(" ({})", lasting(since, now))).unwrap_or_default();
    let reach = standing.reach.as_str();
    match (standing.reach, &standing.why) {
        (Reach::Wakes, _) => standing.activity.as_str().to_owned(),
        (Reach::Failing, Some(why)) => format!("{reach}: {}{time}", one_line(why)),
        (Reach::Asks | Reach::Failing, _) => format!("{reach}{time}"),
        (Reach::Elsewhere, Some(said)) => one_line(said),
        (Reach::Elsewhere, None) => last_seen(standing, now),
        (Reach::NextTurn | Reach::Deaf | Reach::Away, _) => reach.to_owned(),
    }
}

/// When there was contact with an agent's machine, where there is none now.
fn last_seen(standing: &Standing, now: Timestamp) -> String {
    match standing.since {
        Some(since) => format!("last seen {} ago", lasting(since, now)),
        None => "no contact yet".to_owned(),
    }
}

/// What becomes of a letter to an agent that is reached so, and when; `None` where it simply goes in.
#[must_use]
pub fn forecast(to: &AgentName, standing: &Standing, now: Timestamp) -> Option<String> {
    if to.is_user() {
        return Some("a person; `cc2cc inbox` shows it".to_owned());
    }
    let why = standing.why.as_deref().map(|why| format!(": {}", one_line(why))).unwrap_or_default();
    let time = standing.since.map(|since| format!(" for {}", lasting(since, now))).unwrap_or_default();
    let reach = standing.reach.as_str();
    Some(match standing.reach {
        Reach::Wakes => return None,
        Reach::NextTurn => format!("{reach}{why}; goes in then"),
        Reach::Asks => format!("{reach}{time}{why}; goes in once that is answered"),
        Reach::Failing => format!("{reach}{time}{why}; is tried now, and goes in when a turn works again"),
        Reach::Deaf => format!("{reach}{why}"),
        Reach::Away => format!("{reach}, finds it on return"),
        Reach::Elsewhere => match &standing.why {
            Some(said) => format!("{} there; goes out over the link", one_line(said)),
            None => format!("{}; goes out when there is contact", last_seen(standing, now)),
        },
    })
}

/// A line that explains what a table has no room for.
#[must_use]
pub fn remark(name: &str, standing: &Standing) -> Option<String> {
    let why = standing.why.as_deref().map(one_line)?;
    match standing.reach {
        Reach::NextTurn => Some(format!("{name} is not woken: {why}; letters go in with its next turn\n")),
        Reach::Deaf => Some(format!("{name} is deaf: {why}\n")),
        Reach::Wakes | Reach::Asks | Reach::Failing | Reach::Away | Reach::Elsewhere => None,
    }
}
