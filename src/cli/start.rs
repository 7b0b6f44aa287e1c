//! `cc2cc start`: a session of a name in the background, with its first letter.

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::builder::PossibleValuesParser;

use super::{caller, completions, printing, send};
use crate::{
    agent::{Record, directory::Address, policy::Config, send::Draft, send_error::SendError},
    clients::claude::{
        background,
        permission_mode::MODES,
        start::{self, StartError},
    },
    failure::{Code, Failure},
    mailbox::{Mailbox, home::Home, letter::TEXT_LIMIT_BYTES, name::AgentName, watch::Watch},
};

/// How long a session may take until letters reach it.
const LONGEST: Duration = Duration::from_secs(120);
/// After how long whoever has the name is taken for the session of the job: that its id begins like the job's was seen with
/// 2.1.200, 2.1.240 and 2.1.332, and no client promises it.
const UNSURE: Duration = Duration::from_secs(10);

/// Start a session in the background, and send it its first letter
///
/// It is Claude Code's own background session, as by `claude --bg`: this waits until letters reach it, and says how to open
/// and how to stop it.
#[derive(clap::Args)]
pub struct Args {
    /// What the session is called
    #[arg(add = completions::names())]
    name: String,
    /// Where it works; here if not given
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    dir: Option<PathBuf>,
    /// In which permission mode of Claude Code's it works
    #[arg(long, value_name = "MODE", value_parser = PossibleValuesParser::new(MODES))]
    permission_mode: Option<String>,
    /// Its first letter; `-` reads it from standard input
    text: Vec<String>,
}

pub fn run(home: &Home, args: &Args) -> Result<ExitCode, Failure> {
    let name: AgentName = args.name.parse()?;
    let dir = directory(args.dir.as_deref())?;
    let draft = draft(&args.text)?;
    let sender = caller::sender(home)?;
    check(home, &name)?;
    let before = session_of(home, &name);
    let job =
        start::start(&name, &dir, args.permission_mode.as_deref()).map_err(|error| not_started(&error, &name, &dir))?;
    let ways = format!("`claude attach {job}` opens it, `claude stop {job}` ends it");
    let joined = joins(home, &name, &job, before.as_deref());
    if let Joined::As(other) = &joined {
        let why = format!("another session took the name {name} meanwhile; the one that was started");
        let hint = format!("`cc2cc send {name} TEXT` writes to the session that has the name");
        return Err(match start::stop(&job) {
            Ok(()) => Failure::new(Code::Failed, format!("{why} has been stopped")).hint(hint),
            Err(error) => Failure::new(Code::Failed, format!("{why} is called {other}, and was not stopped: {error}"))
                .hint(format!("{hint}; {ways}")),
        });
    }
    if joined == Joined::Not {
        let unsent = if draft.is_some() { ", and the text was not sent" } else { "" };
        let why = format!("{name} was started, and no letter reaches it after {} s{unsent}", LONGEST.as_secs());
        let hint = format!("`claude logs {job}` shows what keeps it, `cc2cc doctor` what may be missing; {ways}");
        return Err(Failure::new(Code::TimedOut, why).hint(hint));
    }
    printing::print(format!("{name} works in the background, in {}\n{ways}\n", dir.display()));
    let Some(draft) = draft else { return Ok(ExitCode::SUCCESS) };
    let sent = crate::agent::send::send(home, &sender, &Address::Agent(name), &draft, jiff::Timestamp::now())?;
    send::say(home, &sent, false);
    Ok(send::worst(&sent).map_or(ExitCode::SUCCESS, |code| ExitCode::from(code as u8)))
}

fn directory(named: Option<&Path>) -> Result<PathBuf, Failure> {
    let dir = named.map_or_else(env::current_dir, dunce::canonicalize);
    dir.ok().filter(|dir| dir.is_dir()).ok_or_else(|| {
        let named = named.unwrap_or_else(|| Path::new("."));
        Failure::new(Code::Usage, format!("{} is no directory", named.display()))
            .hint("`--dir` names one that is there")
    })
}

/// The first letter, if there is to be one; what could not be sent starts nothing.
fn draft(words: &[String]) -> Result<Option<Draft>, Failure> {
    if words.is_empty() {
        return Ok(None);
    }
    let text = send::text(words, None)?;
    match text.len() {
        _ if text.trim().is_empty() => Err(SendError::Empty.into()),
        length if length > TEXT_LIMIT_BYTES => Err(SendError::TooLong.into()),
        _ => Ok(Some(Draft { text, ..Draft::default() })),
    }
}

/// Whether a session of this name can be started and reached.
fn check(home: &Home, name: &AgentName) -> Result<(), Failure> {
    if name.is_reserved() || name.is_elsewhere() {
        return Err(
            Failure::new(Code::Usage, format!("`{name}` is no session's name")).hint("take one like `reviewer`")
        );
    }
    if home.mailbox(name).is_some_and(|mailbox| Record::of(&mailbox).is_online(&mailbox)) {
        return Err(Failure::new(Code::Failed, format!("there is a session called {name}, so nothing was started"))
            .hint(format!("`cc2cc send {name} TEXT` writes to it; `cc2cc agents` lists the names in use")));
    }
    Config::load(home)?; // while it cannot be read, no session gets letters
    if !background::reaches(home) {
        let why = "a background session does not use the mail of CC2CC_HOME, so nothing was started";
        return Err(Failure::new(Code::Failed, why).hint(
            "Claude Code's service hands no variables on; `env` in its settings.json sets CC2CC_HOME for all sessions",
        ));
    }
    Ok(())
}

fn not_started(error: &StartError, name: &AgentName, dir: &Path) -> Failure {
    let dir = dir.display();
    Failure::new(Code::Failed, error.to_string()).hint(format!(
        "by hand: in a terminal of its own, in {dir}, `CC2CC_NAME={name} claude`; then `cc2cc send {name} TEXT`"
    ))
}

/// What became of a session that was started under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Joined {
    /// Letters to the name reach it.
    Named,
    /// They reach another session, and this one has another name.
    As(AgentName),
    Not,
}

/// The session that has a name, or had it last.
fn session_of(home: &Home, name: &AgentName) -> Option<String> {
    Record::of(&home.mailbox(name)?).session
}

/// Waits until letters reach the session of this job. Whoever had the name `before` it was started is not that.
fn joins(home: &Home, name: &AgentName, job: &str, before: Option<&str>) -> Joined {
    let started = Instant::now();
    let mut taken = None;
    loop {
        let own = home.mailbox(name);
        let watch = Watch::over([home.path()].into_iter().chain(own.as_ref().map(Mailbox::path)));
        while own.is_some() == home.mailbox(name).is_some() {
            let joined = found(home, job);
            if let Some(joined) = joined {
                return if joined == *name { Joined::Named } else { Joined::As(joined) };
            }
            let is_new = before.is_none() || session_of(home, name).as_deref() != before;
            if is_new && own.as_ref().is_some_and(is_reached) {
                taken.get_or_insert_with(Instant::now);
            }
            let left = LONGEST.saturating_sub(started.elapsed());
            let unsure =
                taken.map(
                    |taken| if job == name.as_str() { Duration::ZERO } else { UNSURE.saturating_sub(taken.elapsed()) },
                );
            if unsure.is_some_and(|left| left.is_zero()) {
                return Joined::Named;
            }
            if left.is_zero() {
                return Joined::Not;
            }
            watch.sleep(unsure.unwrap_or(left).min(left));
        }
    }
}

/// Whom letters reach in the session of a job. The client calls a job by the beginning of its session's id.
fn found(home: &Home, job: &str) -> Option<AgentName> {
    let mailboxes = home.mailboxes().unwrap_or_default();
    let is_of_job = |mailbox: &&Mailbox| {
        is_reached(mailbox) && Record::of(mailbox).session.is_some_and(|session| session.starts_with(job))
    };
    mailboxes.iter().find(is_of_job).map(|mailbox| mailbox.name().clone())
}

fn is_reached(mailbox: &Mailbox) -> bool {
    let record = Record::of(mailbox);
    record.is_online(mailbox) && record.delivers()
}
