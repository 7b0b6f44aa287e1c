//! `cc2cc help`: worked examples by topic, and the help of each verb. A test runs every command in the topics.
//!
//! There is no man page: this help is in the binary, so it is never of another version, works on each system and needs
//! no removal.

use std::{
    env,
    io::{self, IsTerminal},
    process::ExitCode,
};

use clap::builder::StyledStr;

use super::{completions, printing, shown::Shown, topics, verbs};
use crate::failure::{Code, Failure};

/// Explain a topic with worked examples, or a verb
///
/// Alone, it lists them.
#[derive(clap::Args)]
pub struct Args {
    /// A topic or a verb
    #[arg(add = completions::subjects())]
    topic: Option<String>,
}

pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    let text = match args.topic.as_deref() {
        None => contents(),
        Some(wanted) => topic(wanted).or_else(|| verb(wanted)).ok_or_else(|| unknown(wanted))?,
    };
    printing::print(Shown::as_it_is(text));
    Ok(ExitCode::SUCCESS)
}

fn contents() -> String {
    let width = topics::titles().map(|(name, _)| name.len()).max().unwrap_or(0);
    let topics = verbs::lines(topics::titles(), width);
    let (head, verbs) = (verbs::title("Topics (cc2cc help TOPIC):"), verbs::listing(&verbs::command()));
    shown(&format!("{head}\n{topics}\n{verbs}cc2cc help VERB explains a verb.\n").into())
}

fn topic(wanted: &str) -> Option<String> {
    let (title, body) = topics::text(wanted)?;
    Some(shown(&format!("{}\n{body}", verbs::title(title)).into()))
}

fn verb(wanted: &str) -> Option<String> {
    let command = verbs::command();
    let known = verbs::of(&command).any(|(verb, _)| verb == wanted);
    let asked = command.try_get_matches_from(["cc2cc", wanted, "--help"]);
    asked.err().filter(|_| known).map(|help| shown(&help.render()))
}

/// Styled where a person looks at it, as clap does with its own help.
fn shown(text: &StyledStr) -> String {
    let wanted = env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let able = env::var_os("TERM").is_some_and(|term| term != "dumb");
    if wanted && able && io::stdout().is_terminal() { text.ansi().to_string() } else { text.to_string() }
}

fn unknown(wanted: &str) -> Failure {
    let command = verbs::command();
    let known = topics::titles().map(|(name, _)| name).chain(verbs::of(&command).map(|(name, _)| name));
    let nearest = known.map(|name| (strsim::damerau_levenshtein(name, wanted), name)).min();
    let failure = Failure::new(Code::Usage, format!("there is no help on `{}`", wanted.escape_debug()));
    match nearest {
        Some((distance, name)) if distance <= 2 => {
            failure.hint(format!("did you mean `{name}`? `cc2cc help` lists topics and verbs"))
        }
        _ => failure.hint("`cc2cc help` lists topics and verbs"),
    }
}
