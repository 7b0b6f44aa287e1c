//! `cc2cc export`: one conversation as a Markdown document.

use std::{path::PathBuf, process::ExitCode};

use super::{caller::Reader, ids, printing, shown::Shown, thread};
use crate::{
    failure::{Code, Failure},
    mailbox::{disk, home::Home, letter::LetterId},
    report::markdown,
};

/// Write the conversation a letter belongs to as Markdown
#[derive(clap::Args)]
pub struct Args {
    /// Any letter of it
    #[arg(value_parser = ids::letter_id)]
    id: LetterId,
    /// Where to; a file that is there is not overwritten. Standard output if not given, or `-`
    #[arg(short, long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    output: Option<PathBuf>,
}

pub fn run(home: &Home, args: &Args) -> Result<ExitCode, Failure> {
    let letters = thread::conversation(home, &ids::any(home, &args.id)?)?;
    let reader = Reader::of(home);
    let document =
        markdown::conversation(letters[0].letter.thread_id(), &letters, |found| thread::readable(&reader, found));
    let Some(path) = args.output.as_ref().filter(|path| path.as_os_str() != "-") else {
        printing::print(document);
        return Ok(ExitCode::SUCCESS);
    };
    disk::write_new(path, Shown::text(&document).as_str().as_bytes()).map_err(|error| {
        let failed = Failure::new(Code::Failed, error.to_string());
        if error.is_already_there() {
            let there = format!("{} is there already, and was left as it is", path.display());
            Failure::new(Code::Failed, there).hint("name another file with `--output`, or move that one away")
        } else {
            failed
        }
    })?;
    let count = if letters.len() == 1 { "1 letter".to_owned() } else { format!("{} letters", letters.len()) };
    printing::print(format!("wrote {count} to {}\n", path.display()));
    Ok(ExitCode::SUCCESS)
}
