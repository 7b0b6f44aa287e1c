//! `cc2cc help`: worked examples by topic, and the help of each verb. A test runs every command in the topics.

use std::{
    env,
    io::{self, IsTerminal},
    process::ExitCode,
};

use clap::builder::{StyledStr, Styles};

use super::{completions, verbs};
use crate::failure::{Code, Failure};

macro_rules! topics {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../docs/help/", $name, ".md")))),*]
    };
}

/// The topics of `docs/help`, in the order in which one wants to know.
const TOPICS: [(&str, &str); 8] =
    topics!["two-agents", "ci", "on-call", "scripts", "held", "states", "monitoring", "status-line"];

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
    super::print(&text);
    Ok(ExitCode::SUCCESS)
}

/// The topics and their titles.
pub fn topics() -> impl Iterator<Item = (&'static str, &'static str)> {
    TOPICS.iter().map(|(name, text)| (*name, text.lines().next().unwrap_or_default().trim_start_matches("# ")))
}

fn contents() -> String {
    let width = TOPICS.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let topics = verbs::lines(topics(), width);
    let (head, verbs) = (title("Topics (cc2cc help TOPIC):"), verbs::listing(&super::command()));
    shown(&format!("{head}\n{topics}\n{verbs}cc2cc help VERB explains a verb.\n").into())
}

fn topic(wanted: &str) -> Option<String> {
    let (_, text) = TOPICS.iter().find(|(name, _)| *name == wanted)?;
    let (first, body) = text.trim_start_matches("# ").split_once('\n')?;
    Some(shown(&format!("{}\n{body}", title(first)).into()))
}

fn verb(wanted: &str) -> Option<String> {
    let command = super::command();
    let known = verbs::of(&command).any(|(verb, _)| verb == wanted);
    let asked = command.try_get_matches_from(["cc2cc", wanted, "--help"]);
    asked.err().filter(|_| known).map(|help| shown(&help.render()))
}

/// A heading as clap styles its own.
pub fn title(text: &str) -> String {
    let style = *Styles::default().get_header();
    format!("{style}{text}{style:#}")
}

/// Styled where a person looks at it, as clap does with its own help.
fn shown(text: &StyledStr) -> String {
    let wanted = env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let able = env::var_os("TERM").is_some_and(|term| term != "dumb");
    if wanted && able && io::stdout().is_terminal() { text.ansi().to_string() } else { text.to_string() }
}

fn unknown(wanted: &str) -> Failure {
    let command = super::command();
    let known = topics().map(|(name, _)| name).chain(verbs::of(&command).map(|(name, _)| name));
    let nearest = known.map(|name| (strsim::damerau_levenshtein(name, wanted), name)).min();
    let failure = Failure::new(Code::Usage, format!("there is no help on `{}`", wanted.escape_debug()));
    match nearest {
        Some((distance, name)) if distance <= 2 => {
            failure.hint(format!("did you mean `{name}`? `cc2cc help` lists topics and verbs"))
        }
        _ => failure.hint("`cc2cc help` lists topics and verbs"),
    }
}
