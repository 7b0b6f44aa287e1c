//! `cc2cc thread`: one conversation, letter by letter and step by step.

use std::{
    env,
    io::{self, IsTerminal},
    process::ExitCode,
};

use jiff::tz::TimeZone;
use serde_json::json;

use super::caller::{self, Reader};
use super::{ids, printing};
use crate::{
    agent::{history, status::Found},
    failure::Failure,
    mailbox::{home::Home, letter::LetterId},
    report::{self, transcript::LetterStyle},
};

/// Print the conversation a letter belongs to, step by step
#[derive(clap::Args)]
pub struct Args {
    /// Any letter of it
    #[arg(value_parser = ids::letter_id)]
    id: LetterId,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(home: &Home, args: &Args) -> Result<ExitCode, Failure> {
    let letters = conversation(home, &ids::any(home, &args.id)?)?;
    let thread = letters[0].letter.thread_id();
    let reader = Reader::of(home);
    if args.json {
        let letters: Vec<_> =
            letters.iter().map(|found| report::json::logged(found, readable(&reader, found))).collect();
        printing::print(json!({ "thread": thread, "letters": letters }));
    } else {
        let look = look(true, true);
        let entries: Vec<_> = letters.iter().map(|found| look.letter(found, readable(&reader, found))).collect();
        printing::print(entries.join("\n"));
    }
    Ok(ExitCode::SUCCESS)
}

/// The letters of a conversation, at least one.
///
/// # Errors
/// When there is no such letter.
pub fn conversation(home: &Home, id: &LetterId) -> Result<Vec<Found>, Failure> {
    let letters = history::conversation(home, id)?;
    if letters.is_empty() { Err(Failure::no_such_letter(id)) } else { Ok(letters) }
}

/// The text of a letter, if this reader may have it.
pub fn readable<'a>(reader: &Reader, found: &'a Found) -> Option<&'a str> {
    reader.may_read(found).then_some(found.letter.content.text.as_str())
}

/// How letters look to whoever runs us.
pub fn look(full: bool, steps: bool) -> LetterStyle {
    let columns = io::stdout().is_terminal().then(terminal_size::terminal_size).flatten();
    let columns = columns.map(|(terminal_size::Width(columns), _)| columns.into());
    LetterStyle { full, steps, colours: wants_colours(), columns, zone: TimeZone::system() }
}

/// Whether there is a terminal that shows colours, and a person before it who wants them.
fn wants_colours() -> bool {
    let said = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    cfg!(unix) && io::stdout().is_terminal() && !said("NO_COLOR") && !dumb && !caller::in_a_session()
}
