//! `cc2cc inbox`: what lies in a mailbox. Looking changes nothing; taking marks as read.

use std::process::ExitCode;

use jiff::Timestamp;
use serde_json::json;

use super::{
    caller::{self, Reader},
    completions, printing,
    shown::Shown,
};
use crate::{
    agent::{
        Record, decisions, notice,
        policy::{Admission, Config},
        status::{self, Found},
        wish,
    },
    clients::evidence,
    failure::{Code, Failure},
    mailbox::{
        Mailbox, Moved, State, disk,
        home::Home,
        letter::{Letter, LetterId, shorten},
        receipt::{Receipt, Step},
    },
    report,
};

/// How many of the letters that wait for the person's yes are named.
const MOST_NAMED: usize = 20;

/// List the letters in a mailbox
///
/// For you, the person, also those that wait for your yes, whoever they are for.
#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "one for each flag")]
pub struct Args {
    /// Whose mailbox; yours if not given
    #[arg(long, value_name = "NAME", add = completions::names())]
    agent: Option<String>,
    /// Also letters that were read, held or could not be delivered
    #[arg(long)]
    all: bool,
    /// Only what could not be delivered, with the reason
    #[arg(long, conflicts_with = "all")]
    dead: bool,
    /// Print the waiting letters in full and mark them as read
    #[arg(long, conflicts_with_all = ["all", "dead"])]
    take: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(home: &Home, args: &Args) -> Result<ExitCode, Failure> {
    if args.take {
        printing::check_output()?;
    }
    let mailbox = caller::mailbox(home, args.agent.as_deref())?;
    let now = Timestamp::now();
    notice::sweep(home, &mailbox, now);
    let _ = wish::look_after(home, &mailbox, now); // whoever watches may tell later
    let reader = Reader::of(home);
    if args.dead {
        return dead(&mailbox, args.json, &reader);
    }
    if args.take {
        caller::check_own(home, &mailbox)?;
        return take(home, &mailbox, args.json, now);
    }
    let letters = list(&mailbox, args.all, &reader)?;
    // A model is not shown what its person is still asked about.
    let for_decision = mailbox.name().is_user() && !caller::in_a_session();
    let undecided = if for_decision { decisions::undecided(home)? } else { Vec::new() };
    let read = |limit: usize| -> Vec<Found> {
        undecided.iter().take(limit).filter_map(|(id, mailbox)| status::find_in(mailbox, id)).collect()
    };
    if args.json {
        let letters: Vec<_> = letters.iter().map(|(state, letter)| report::json::summary(*state, letter)).collect();
        let mut said = json!({ "agent": mailbox.name(), "letters": letters });
        if for_decision {
            said["undecided"] = read(usize::MAX).iter().map(report::json::held).collect();
        }
        printing::print(said);
    } else {
        printing::print(table(&mailbox, &letters, now));
        printing::print(for_your_yes(&read(MOST_NAMED), undecided.len(), now));
        for (file, why) in mailbox.unreadable(State::Inbox)? {
            printing::print(format!("{} cannot be read: {}\n", shorten(&file, 60), shorten(&why, 200)));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Everything in `dead/`, letters or not, by file name.
fn dead(mailbox: &Mailbox, json: bool, reader: &Reader) -> Result<ExitCode, Failure> {
    let dir = mailbox.dir(State::Dead);
    let mut names: Vec<String> = disk::names(&dir)?.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    names.retain(|name| !name.ends_with(".reason") && !name.contains(".reason."));
    names.sort();
    let entries = names.iter().map(|name| {
        let id: Option<LetterId> = name.strip_suffix(".json").and_then(|stem| stem.parse().ok());
        let found = id.as_ref().and_then(|id| status::find_in(mailbox, id)).filter(|found| reader.may_read(found));
        let letter = found.map(|found| found.letter);
        let reason = disk::read(&dir.join(format!("{name}.reason")), 64 * 1024).unwrap_or_default();
        (name, id, letter, String::from_utf8_lossy(&reason).trim().to_owned())
    });
    if json {
        let entries = entries.map(|(file, id, letter, reason)| {
            let summary = letter.map(|letter| report::json::summary(State::Dead, &letter));
            json!({ "file": file, "id": id, "reason": reason, "letter": summary })
        });
        printing::print(json!({ "agent": mailbox.name(), "dead": entries.collect::<Vec<_>>() }));
    } else if names.is_empty() {
        printing::print(format!("no dead letters for {}\n", mailbox.name()));
    } else {
        let rows = entries.map(|(file, id, letter, reason)| {
            let name = id.map_or_else(|| shorten(file, 60), |id| id.short().to_owned());
            let from = letter.as_ref().map(|letter| letter.from.to_string()).unwrap_or_default();
            let line = letter.as_ref().map(|letter| letter.first_line(60)).unwrap_or_default();
            [name, from, shorten(&reason, 100), line]
        });
        printing::print(report::text::table(rows));
    }
    Ok(ExitCode::SUCCESS)
}

/// The letters of a mailbox with their states, oldest first.
fn list(mailbox: &Mailbox, all: bool, reader: &Reader) -> Result<Vec<(State, Letter)>, Failure> {
    let states: &[State] = if all { &State::ALL } else { &[State::Inbox, State::Claimed, State::Held] };
    let mut letters = Vec::new();
    for state in states {
        let found = |letter| Found { mailbox: mailbox.clone(), state: *state, letter };
        letters.extend(mailbox.letters(*state)?.into_iter().map(found));
    }
    letters.retain(|found| reader.may_read(found));
    letters.sort_by_key(|found| found.letter.timestamp);
    Ok(letters.into_iter().map(|found| (found.state, found.letter)).collect())
}

fn table(mailbox: &Mailbox, letters: &[(State, Letter)], now: Timestamp) -> String {
    if letters.is_empty() {
        return format!("no letters waiting for {}\n", mailbox.name());
    }
    report::text::letters(letters, now)
}

/// What waits for the person's yes, in whichever mailbox.
fn for_your_yes(held: &[Found], count: usize, now: Timestamp) -> String {
    let begin = match count {
        0 => return String::new(),
        1 => "1 letter waits for your yes:\n".to_owned(),
        _ => format!("{count} letters wait for your yes:\n"),
    };
    let more = if count > MOST_NAMED { format!("and {} more\n", count - MOST_NAMED) } else { String::new() };
    let how = "`cc2cc read ID` shows one, `cc2cc accept ID` and `cc2cc refuse ID` decide\n";
    begin + &report::text::held(held, now) + &more + how
}

/// Claims what waits, prints it, and only then counts it as read: a process that dies in between leaves claims behind,
/// and the next one finds them again.
fn take(home: &Home, mailbox: &Mailbox, json: bool, now: Timestamp) -> Result<ExitCode, Failure> {
    evidence::settle(mailbox, now)?;
    let mut taken = Vec::new();
    let look = mailbox.look(now)?;
    notice::buried(mailbox, &look.buried, now)?;
    let config = caller::in_a_session().then(|| Config::load(home)).transpose()?;
    let record = Record::of(mailbox);
    for waiting in look.letters {
        let Ok(letter) = waiting.into_letter(mailbox) else { continue };
        let receipts = mailbox.receipts(&letter.id);
        if let Some(config) = &config
            && config.admit(mailbox, &letter, &receipts, record.level_as_receiver())? == Admission::Denied
        {
            continue;
        }
        let again = receipts.iter().any(|receipt| receipt.step == Step::Returned);
        if mailbox.claim(&letter.id, &Receipt::now(Step::Claimed).why("taken at a terminal"))? == Moved::Mine {
            taken.push((letter, again));
        }
    }
    let shown = if json {
        let letters: Vec<_> = taken.iter().map(|(letter, again)| report::json::letter(letter, *again)).collect();
        Shown::json(json!({ "agent": mailbox.name(), "letters": letters }))
    } else if taken.is_empty() {
        format!("no letters waiting for {}\n", mailbox.name()).into()
    } else {
        let mark = |again| if again { "(perhaps printed before)\n" } else { "" };
        let text = |(letter, again): &(Letter, bool)| {
            mark(*again).to_owned() + &report::text::letter(State::Done, letter, now)
        };
        taken.iter().map(text).collect::<Vec<_>>().join("\n").into()
    };
    if let Err(error) = printing::print_surely(&shown) {
        for (letter, _) in &taken {
            mailbox.give_back(&letter.id)?;
        }
        return Err(Failure::new(Code::Failed, format!("could not print the letters, so they wait on: {error}")));
    }
    for (letter, _) in taken {
        mailbox.finish(&letter.id, State::Claimed, Some(&Receipt::now(Step::Seen)))?;
    }
    Ok(ExitCode::SUCCESS)
}
