//! Lines for people: readable without colour, aligned, the newest fact last.

use jiff::Timestamp;

use super::{json, standing};
use crate::{
    agent::{
        Record,
        directory::Listed,
        groups,
        question::{Asked, Reaction},
        send::{Fate, Sent},
        status::Found,
    },
    mailbox::{
        State, home,
        letter::{Letter, shorten},
    },
    text::{
        columns,
        terminal::{one_line, printable},
    },
};

/// How much of what an agent works on stands in a table.
const WORK_COLUMNS: usize = 40;

/// How long ago something was, in one word or two.
#[must_use]
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(at).as_secs();
    match seconds {
        ..=-1 => "in the future".to_owned(),
        0..=4 => "just now".to_owned(),
        5..=99 => format!("{seconds} s ago"),
        100..=5_999 => format!("{} min ago", seconds / 60),
        6_000..=172_799 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

/// What became of a letter, in one line.
#[must_use]
pub fn sent(sent: &Sent, now: Timestamp) -> String {
    let (id, to) = (sent.id.short(), &sent.to);
    match (&sent.fate, &sent.standing) {
        (Fate::Stored, standing) => {
            let standing = standing.as_ref();
            let words = |standing| format!("sent to {to} ({}) · {id}", standing::words(standing, now));
            let forecast = standing.and_then(|standing| standing::forecast(to, standing, now));
            let stored = forecast.map(|forecast| format!("stored for {to} ({forecast}) · {id}"));
            stored.or_else(|| standing.map(words)).unwrap_or_else(|| format!("stored for {to} · {id}"))
        }
        (Fate::Already(state), _) => format!("{to} has a letter {id} already (in {}); nothing was sent", state.dir()),
        (Fate::Held(why), _) => format!("held for {to}'s person: {} · {id}", one_line(why)),
        (Fate::Refused(why), _) => format!("refused by {to}: {}", one_line(why)),
        (Fate::Failed(why), _) => format!("not sent to {to}: {}", one_line(why)),
    }
}

/// Why somebody asked has not answered; `None` where nothing is known but that.
#[must_use]
pub fn no_answer(asked: &Asked, now: Timestamp) -> Option<String> {
    let because =
        |what: &str, why: &str| if why.is_empty() { what.to_owned() } else { format!("{what}: {}", one_line(why)) };
    Some(match &asked.reaction {
        Reaction::Awaited | Reaction::Came(_) => return None,
        Reaction::SomethingElse(id) => format!("wrote something else first, {}", id.short()),
        Reaction::QuestionHeld(why) => because("the question is held", why),
        Reaction::QuestionRefused(why) => because("the question was refused", why),
        Reaction::QuestionExpired => "the question has expired".to_owned(),
        Reaction::QuestionDead(why) => because("the question was not delivered", why),
        Reaction::OutOfReach(standing) => standing::forecast(&asked.name, standing, now)?,
    })
}

/// A table of agents.
#[must_use]
pub fn agents(listed: &[Listed], me: Option<&str>, now: Timestamp) -> String {
    let rows = listed.iter().map(|agent| {
        let record = &agent.record;
        let name = agent.mailbox.name().as_str();
        let you = if me == Some(name) { " (you)" } else { "" };
        let is_person = agent.mailbox.name().is_user();
        let state = if is_person { "a person".to_owned() } else { standing::words(&agent.standing, now) };
        let doubt = if agent.is_online() && json::doubt(agent).is_some() { ", cannot be proved" } else { "" };
        let unread = if agent.unread == 0 { String::new() } else { format!("{} unread", agent.unread) };
        let place = place(record);
        let started = record.started.map(|at| ago(at, now)).filter(|_| agent.is_online());
        // How long somebody who was killed has been away, nobody knows.
        let left = record.ended.map(|at| format!("left {}", ago(at, now))).filter(|_| !agent.is_online());
        let since = started.or(left).unwrap_or_default();
        let work = record.work.as_ref().filter(|_| agent.is_online());
        let doing = work.map(|work| format!("{} ({})", shorten(&work.text, WORK_COLUMNS), ago(work.since, now)));
        [format!("{name}{you}"), format!("{state}{doubt}"), unread, place, since, doing.unwrap_or_default()]
    });
    let remarks = listed.iter().filter_map(|agent| standing::remark(agent.mailbox.name().as_str(), &agent.standing));
    table(rows) + &remarks.collect::<String>()
}

/// Where an agent works, in which client if that is not Claude Code, and the groups it is in.
#[must_use]
pub fn place(record: &Record) -> String {
    let branch = record.branch.as_deref().map(|branch| format!(" [{branch}]")).unwrap_or_default();
    let place = record.cwd.as_deref().map(|cwd| format!("{}{branch}", home_as_tilde(cwd)));
    let place = place.or_else(|| record.repo.as_deref().map(one_line)); // of an agent of another machine no more is known
    let groups = groups::of(record).into_iter().map(|group| group.to_string());
    let client = record.client().said().map(|client| format!("({client})"));
    place.into_iter().chain(client).chain(groups).collect::<Vec<_>>().join(" ")
}

/// A table of letters.
#[must_use]
pub fn letters(letters: &[(State, Letter)], now: Timestamp) -> String {
    let rows = letters.iter().map(|(state, letter)| {
        let from = letter.from.to_string();
        [letter.id.short().to_owned(), state.dir().to_owned(), from, ago(letter.timestamp, now), letter.first_line(60)]
    });
    table(rows)
}

/// A table of letters with their ways: to whom, and what has become of each.
#[must_use]
pub fn on_the_way(letters: &[Found], now: Timestamp) -> String {
    let rows = letters.iter().map(|found| {
        let (letter, stage) = (&found.letter, found.status().stage.as_str().to_owned());
        let to = format!("to {}", found.mailbox.name());
        [letter.id.short().to_owned(), stage, to, ago(letter.timestamp, now), letter.first_line(60)]
    });
    table(rows)
}

/// A table of letters that wait for a person's yes: from whom and to whom.
#[must_use]
pub fn held(letters: &[Found], now: Timestamp) -> String {
    let rows = letters.iter().map(|Found { mailbox, letter, .. }| {
        let way = format!("{} → {}", letter.from, mailbox.name());
        [letter.id.short().to_owned(), way, ago(letter.timestamp, now), letter.first_line(60)]
    });
    table(rows)
}

/// One letter in full. Control characters a terminal would obey are shown, not sent.
#[must_use]
pub fn letter(state: State, letter: &Letter, now: Timestamp) -> String {
    let mut head = vec![
        format!("{} → {}", letter.from, letter.to),
        letter.kind.as_str().to_owned(),
        ago(letter.timestamp, now),
        state.dir().to_owned(),
    ];
    head.extend(letter.reply_to.as_ref().map(|id| format!("answers {}", id.short())));
    head.extend(letter.origin.client.clone());
    head.extend(letter.origin.cwd.as_deref().map(home_as_tilde));
    format!("{}\n{}\n\n{}\n", letter.id.short(), one_line(&head.join(" · ")), printable(&letter.content.text))
}

/// The way of one copy of a letter, a line a step.
#[must_use]
pub fn status(found: &Found, now: Timestamp) -> String {
    let status = found.status();
    let mut lines = vec![format!(
        "{} → {}: {} ({})",
        found.letter.from,
        found.mailbox.name(),
        status.stage.as_str(),
        ago(status.since, now)
    )];
    if let Some(why) = &status.why {
        lines.push(format!("  because {}", one_line(why)));
    }
    if let Some(standing) = found.recipient(now)
        && let Some(forecast) = standing::forecast(found.mailbox.name(), &standing, now)
    {
        lines.push(format!("  {}: {forecast}", found.mailbox.name()));
    }
    lines.push(step("stored", found.letter.timestamp, ""));
    for receipt in &status.steps {
        let name = serde_json::to_value(receipt.step).ok();
        let name = name.as_ref().and_then(|name| name.as_str()).unwrap_or_default();
        let by = receipt.by.as_ref().map(|id| format!("by {}", id.short())).unwrap_or_default();
        lines.push(step(name, receipt.at, &by));
    }
    lines.join("\n") + "\n"
}

fn step(name: &str, at: Timestamp, more: &str) -> String {
    format!("  {name:<10} {at:.3} {more}").trim_end().to_owned()
}

/// Cells in columns; empty columns take no room.
#[must_use]
pub fn table<const N: usize>(rows: impl Iterator<Item = [String; N]>) -> String {
    let rows: Vec<[String; N]> = rows.map(|row| row.map(|cell| one_line(&cell))).collect();
    let width = |column: usize| rows.iter().map(|row| columns::width(&row[column])).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths).filter(|(_, width)| *width > 0);
        let cells: Vec<_> = cells.map(|(cell, width)| columns::padded(cell, width)).collect();
        cells.join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

/// A path as people write it, with `~` for their home.
#[must_use]
pub fn home_as_tilde(path: &str) -> String {
    let home = home::of_person().map(|home| home.display().to_string()).unwrap_or_default();
    match path.strip_prefix(&home) {
        Some(rest) if !home.is_empty() && (rest.is_empty() || rest.starts_with(std::path::is_separator)) => {
            format!("~{rest}")
        }
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn noon() -> Timestamp {
        "2026-01-02T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn times_are_told_in_the_unit_a_person_would_use() {
        let told = |seconds| ago(noon() - SignedDuration::from_secs(seconds), noon());
        let told: Vec<_> = [-1, 0, 4, 5, 99, 100, 5_999, 6_000, 172_799, 172_800].into_iter().map(told).collect();
        insta::assert_snapshot!(told.join(", "), @"in the future, just now, just now, 5 s ago, 99 s ago, 1 min ago, 99 min ago, 1 h ago, 47 h ago, 2 d ago");
    }

    #[test]
    fn a_letter_is_shown_in_full_under_its_facts() {
        let mut letter = Letter::new("ann".parse().unwrap(), "bob".parse().unwrap(), "one\n\u{1b}[31mtwo", noon());
        letter.id = "k-1".parse().unwrap();
        letter.reply_to = Some("k-0".parse().unwrap());
        letter.origin.cwd = Some("/srv/\u{1b}x".into());
        insta::assert_snapshot!(super::letter(State::Done, &letter, noon()), @"
        k-1
        ann → bob · message · just now · done · answers k-0 · /srv/␛x

        one
        ␛[31mtwo
        ");
    }

    #[test]
    fn columns_line_up_and_empty_ones_take_no_room() {
        let row = |name: &str, note: &str| [name.to_owned(), String::new(), note.to_owned(), "end".to_owned()];
        let rows = [row("ann", ""), row("größer", "3 unread"), row("a\nb", "x"), row("日本語", "手紙")];
        insta::assert_snapshot!(table(rows.into_iter()), @"
        ann               end
        größer  3 unread  end
        a␊b     x         end
        日本語  手紙      end
        ");
    }
}
