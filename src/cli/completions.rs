//! `cc2cc completions`: a script for the shell, which asks this binary again at each TAB; so it knows who is there.
//!
//! At a TAB nothing may be printed but candidates: what cannot be read has none.

use std::{
    cmp::Reverse,
    env,
    ffi::{OsStr, OsString},
    process::ExitCode,
};

use clap_complete::{ArgValueCompleter, CompletionCandidate, env::Shells};
use jiff::Timestamp;

use super::{caller, printing, shown::Shown, topics, verbs};
use crate::{
    agent::{directory, group_name::GroupName, groups},
    failure::{Code, Failure},
    mailbox::{
        Mailbox, State,
        home::Home,
        letter::{Letter, LetterId},
        name::AgentName,
    },
    report,
    text::terminal::one_line,
};

/// Set by the script when it asks; its value names the shell.
const ASKED: &str = "CC2CC_COMPLETE";
/// Between candidates; bash asks for the vertical tab.
const SEPARATORS: [char; 2] = ['\n', '\u{b}'];
/// Letters offered, the newest.
const MOST_LETTERS: usize = 20;

/// Print a completion script for your shell
///
/// It completes verbs and options, names of agents, held and dead letters, and topics of `cc2cc help`. Let the shell
/// read it anew at each start, as shown below: a copy in a file may not fit a later version.
#[derive(clap::Args)]
#[command(after_help = "\
bash        source <(cc2cc completions bash)           in ~/.bashrc
zsh         source <(cc2cc completions zsh)            in ~/.zshrc, after compinit
fish        cc2cc completions fish | source            in ~/.config/fish/config.fish
powershell  cc2cc completions powershell | Out-String | Invoke-Expression    in $PROFILE
elvish      eval (cc2cc completions elvish | slurp)    in ~/.config/elvish/rc.elv")]
pub struct Args {
    #[arg(value_parser = ["bash", "elvish", "fish", "powershell", "zsh"])]
    shell: String,
}

pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    let unprinted = |why: String| Failure::new(Code::Failed, format!("there is no script: {why}"));
    let shell = Shells::builtins();
    let shell = shell.completer(&args.shell).ok_or_else(|| unprinted("the shell is not known".into()))?;
    let mut script = Vec::new();
    let written = shell.write_registration(ASKED, "cc2cc", "cc2cc", "cc2cc", &mut script);
    written.map_err(|error| unprinted(error.to_string()))?;
    printing::print(Shown::as_it_is(String::from_utf8_lossy(&script)));
    Ok(ExitCode::SUCCESS)
}

/// Answers a TAB, if that is what this process was started for.
pub fn answered() -> bool {
    let Some(shell) = env::var_os(ASKED).and_then(|shell| shell.into_string().ok()) else { return false };
    let words: Vec<OsString> = env::args_os().skip_while(|word| word != "--").skip(1).collect();
    let mut answer = Vec::new();
    let answerable = Shells::builtins();
    let begins_option = words.last().is_some_and(|word| word.as_encoded_bytes().starts_with(b"-"));
    let written = answerable.completer(&shell).filter(|_| !words.is_empty()).map(|shell| {
        shell.write_complete(&mut verbs::command(), words, env::current_dir().ok().as_deref(), &mut answer)
    });
    if let Some(Ok(())) = written {
        // Unasked, options would bury the names.
        let answer = String::from_utf8_lossy(&answer);
        let candidates = answer.split_inclusive(SEPARATORS).filter(|word| begins_option || !word.starts_with('-'));
        printing::print(Shown::as_it_is(candidates.collect::<String>()));
    }
    true
}

/// Completes where a letter can go.
pub fn addresses() -> ArgValueCompleter {
    ArgValueCompleter::new(|begun: &OsStr| {
        let groups = [("@all", "everyone online"), ("@repo", "in this repository"), ("@dir", "in this directory")];
        let groups = groups.into_iter().map(|(name, help)| candidate(name, help)).filter(|it| begins(it, begun));
        agents(begun).into_iter().chain(groups).chain(joined(begun)).collect()
    })
}

/// Completes whose mailbox is meant.
pub fn names() -> ArgValueCompleter {
    ArgValueCompleter::new(agents)
}

/// Completes a group that somebody has joined.
pub fn groups() -> ArgValueCompleter {
    ArgValueCompleter::new(joined)
}

/// Completes a letter that waits for a person's yes.
pub fn held() -> ArgValueCompleter {
    ArgValueCompleter::new(|begun: &OsStr| letters(begun, State::Held))
}

/// Completes a letter that could not be delivered.
pub fn dead() -> ArgValueCompleter {
    ArgValueCompleter::new(|begun: &OsStr| letters(begun, State::Dead))
}

/// Completes a topic or a verb.
pub fn subjects() -> ArgValueCompleter {
    ArgValueCompleter::new(|begun: &OsStr| {
        let command = verbs::command();
        let verbs = verbs::of(&command).map(|(verb, about)| candidate(verb, &about));
        let topics = topics::titles().map(|(topic, title)| candidate(topic, title));
        topics.chain(verbs).filter(|it| begins(it, begun)).collect()
    })
}

/// Those online; those away only once a name was begun, or if nobody else is there.
fn agents(begun: &OsStr) -> Vec<CompletionCandidate> {
    let mailboxes = Home::from_env().ok().and_then(|home| home.mailboxes().ok()).unwrap_or_default();
    let meant = |mailbox: &Mailbox| begun.to_str().is_some_and(|begun| mailbox.name().as_str().starts_with(begun));
    let listed = mailboxes.into_iter().filter(meant).map(directory::describe);
    let (there, away): (Vec<_>, Vec<_>) = listed.partition(directory::Listed::is_online);
    let away = if begun.is_empty() && !there.is_empty() { Vec::new() } else { away };
    let help = |agent: &directory::Listed| match (&agent.record.cwd, agent.is_online()) {
        _ if agent.mailbox.name().is_user() => "the person".to_owned(),
        (Some(cwd), true) => format!("{} in {cwd}", report::standing::words(&agent.standing, Timestamp::now())),
        (_, _) => report::standing::words(&agent.standing, Timestamp::now()),
    };
    there.iter().chain(&away).map(|agent| candidate(agent.mailbox.name().as_str(), &help(agent))).collect()
}

fn joined(begun: &OsStr) -> Vec<CompletionCandidate> {
    let home = Home::from_env().ok();
    let groups = home.and_then(|home| groups::all(&home).ok()).unwrap_or_default();
    let described = |(group, count): (GroupName, usize)| candidate(&group.to_string(), &groups::members(count));
    let candidates = groups.into_iter().map(described);
    candidates.filter(|it| begins(it, begun)).collect()
}

fn letters(begun: &OsStr, state: State) -> Vec<CompletionCandidate> {
    if caller::in_a_session() {
        return Vec::new(); // what its person is still asked about is not for a model
    }
    let mailboxes = Home::from_env().ok().and_then(|home| home.mailboxes().ok()).unwrap_or_default();
    let meant = |id: &LetterId| as_begun(id, begun).is_some();
    let mut found: Vec<(LetterId, &Mailbox)> = mailboxes
        .iter()
        .flat_map(|mailbox| mailbox.ids(state).unwrap_or_default().into_iter().map(move |id| (id, mailbox)))
        .filter(|(id, _)| meant(id))
        .collect();
    found.sort_by_cached_key(|(id, _)| Reverse(id.to_string()));
    let now = Timestamp::now();
    let help = |letter: Letter, to: &AgentName| {
        format!("{} → {to}, {}: {}", letter.from, report::text::ago(letter.timestamp, now), letter.first_line(40))
    };
    let described = |(id, mailbox): (LetterId, &Mailbox)| {
        let help = mailbox.read(state, &id).map(|letter| help(letter, mailbox.name()));
        candidate(as_begun(&id, begun).unwrap_or_default(), &help.unwrap_or_default())
    };
    found.into_iter().take(MOST_LETTERS).map(described).collect()
}

/// The id in the form that was begun, the short one if that fits.
fn as_begun<'a>(id: &'a LetterId, begun: &OsStr) -> Option<&'a str> {
    let begun = begun.to_str()?;
    [id.short(), id.as_str()].into_iter().find(|form| form.starts_with(begun))
}

fn candidate(value: &str, help: &str) -> CompletionCandidate {
    CompletionCandidate::new(value).help(Some(one_line(Shown::text(help).as_str()).into()))
}

fn begins(candidate: &CompletionCandidate, begun: &OsStr) -> bool {
    let (value, begun) = (candidate.get_value().to_string_lossy(), begun.to_string_lossy());
    value.starts_with(begun.as_ref())
}
