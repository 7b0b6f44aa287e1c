//! The command line: one file per verb, each thin.

mod accept;
mod agents;
mod answers;
mod ask;
mod caller;
mod completions;
mod demo;
mod doctor;
mod export;
mod groups;
mod help;
mod ids;
mod inbox;
mod install;
mod link;
mod log;
mod mod_api;
mod notify_when;
mod overview;
mod peek;
mod printing;
mod prune;
mod read;
mod rename;
mod sandbox;
mod send;
mod shown;
mod start;
mod status;
mod statusline;
mod thread;
mod topics;
mod trust;
mod update;
mod usage;
mod verbs;
mod wait;
mod waiting_for;
mod watch;
mod whoami;

use std::{
    env,
    ffi::OsString,
    io::{self, IsTerminal},
    process::ExitCode,
};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, error::ErrorKind};

use crate::{
    clients::claude::background,
    failure::{Code, Failure},
    mcp, threads,
};

/// Letters between coding-agent sessions
#[derive(Parser)]
#[command(
    name = "cc2cc",
    bin_name = "cc2cc", // and not `cc2cc.exe`
    version,
    disable_help_subcommand = true,
    after_help = "\
`cc2cc help` lists topics with worked examples.
Addresses: a name, @all, @repo (same git repository), @dir (same directory), a group such as @backend.
Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 held, refused or slowed, 5 timed out.
CC2CC_HOME moves the mail from ~/.cc2cc; CC2CC_NAME names a session when it starts."
)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Send(send::Args),
    Ask(ask::Args),
    Inbox(inbox::Args),
    Read(read::Args),
    #[command(aliases = ["list", "ls", "ps"])]
    Agents(agents::Args),
    Whoami(whoami::Args),
    Rename(rename::Args),
    Start(start::Args),
    Join(groups::JoinArgs),
    Leave(groups::LeaveArgs),
    Status(status::Args),
    #[command(alias = "history")]
    Log(log::Args),
    Thread(thread::Args),
    Export(export::Args),
    Wait(wait::Args),
    NotifyWhen(notify_when::Args),
    Peek(peek::Args),
    Watch(watch::Args),
    Accept(accept::Args),
    Refuse(accept::RefusalArgs),
    Retry(accept::RetryArgs),
    Trust(trust::Args),
    Link(link::Args),
    Prune(prune::Args),
    Demo(demo::Args),
    Doctor(doctor::Args),
    Install(install::Args),
    Update(update::Args),
    Uninstall(install::RemovalArgs),
    Statusline(statusline::Args),
    Completions(completions::Args),
    Help(help::Args),
    #[command(hide = true)]
    Typed(mod_api::Args),
    /// Serve the tools over standard input and output
    Mcp,
    /// Answer a hook
    Hook {
        /// Which one, as in hooks.json
        event: String,
    },
}

/// Parses the words of the command line, runs the verb, and says how it went.
#[must_use]
pub fn run() -> ExitCode {
    verbs::know(command);
    if completions::answered() {
        return ExitCode::SUCCESS;
    }
    let outcome = threads::guarded(|| {
        if env::args_os().len() <= 1 && io::stdout().is_terminal() {
            return background::home().map_err(Failure::from).and_then(|home| overview::run(&home));
        }
        match parse() {
            Ok(cli) => dispatch(cli.verb),
            Err(answered) => answered,
        }
    });
    let failure = match outcome.unwrap_or_else(|broken| Err(Failure::new(Code::Failed, broken))) {
        Ok(code) => match printing::failure() {
            None => return code,
            Some(failure) => failure,
        },
        Err(failure) => sandbox::explained(failure),
    };
    printing::complain(&failure.to_string());
    ExitCode::from(failure.code as u8)
}

/// The command line as clap knows it, with the verbs listed by groups.
#[must_use]
pub fn command() -> clap::Command {
    let command = Cli::command();
    let verbs = verbs::listing(&command);
    let options = verbs::title("Options:");
    command.help_template(format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{verbs}{options}\n{{options}}{{after-help}}"
    ))
}

/// The words of the command line; else what came of an answer to them: help or the version, or what is wrong.
fn parse() -> Result<Cli, Result<ExitCode, Failure>> {
    let mut words: Vec<OsString> = env::args_os().collect();
    if words.len() == 2 && words[1] == "version" {
        words[1] = "--version".into(); // what most programs call it
    }
    let matches = command().try_get_matches_from(&words);
    matches.and_then(|matches| Cli::from_arg_matches(&matches)).map_err(|answer| match answer.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            shown(&answer)
        }
        _ => Err(usage::failure(&answer, &words)),
    })
}

/// Prints help or the version.
fn shown(answer: &clap::Error) -> Result<ExitCode, Failure> {
    match answer.print() {
        Err(error) if !answer.use_stderr() && error.kind() != io::ErrorKind::BrokenPipe => {
            Err(printing::unprinted(&error))
        }
        _ => Ok(ExitCode::from(u8::try_from(answer.exit_code()).unwrap_or(Code::Usage as u8))),
    }
}

fn dispatch(verb: Verb) -> Result<ExitCode, Failure> {
    let home = background::home();
    match verb {
        Verb::Send(args) => send::run(&home?, args),
        Verb::Ask(args) => ask::run(&home?, &args),
        Verb::Inbox(args) => inbox::run(&home?, &args),
        Verb::Read(args) => read::run(&home?, &args),
        Verb::Agents(args) => agents::run(&home?, &args),
        Verb::Whoami(args) => whoami::run(&home?, &args),
        Verb::Rename(args) => rename::run(&home?, &args),
        Verb::Start(args) => start::run(&home?, &args),
        Verb::Join(args) => groups::join(&home?, &args),
        Verb::Leave(args) => groups::leave(&home?, &args),
        Verb::Status(args) => status::run(&home?, &args),
        Verb::Log(args) => log::run(&home?, &args),
        Verb::Thread(args) => thread::run(&home?, &args),
        Verb::Export(args) => export::run(&home?, &args),
        Verb::Wait(args) => wait::run(&home?, &args),
        Verb::NotifyWhen(args) => notify_when::run(&home?, &args),
        Verb::Peek(args) => peek::run(&home?, &args),
        Verb::Watch(args) => watch::run(&home?, &args),
        Verb::Accept(args) => accept::accept(&home?, &args),
        Verb::Refuse(args) => accept::refuse(&home?, &args),
        Verb::Retry(args) => accept::retry(&home?, &args),
        Verb::Trust(args) => trust::run(&home?, &args),
        Verb::Link(args) => link::run(&home?, &args),
        Verb::Prune(args) => prune::run(&home?, &args),
        Verb::Demo(args) => demo::run(&args),
        Verb::Doctor(args) => Ok(doctor::run(home, &args)),
        Verb::Install(args) => install::run(&args),
        Verb::Update(args) => update::run(&args),
        Verb::Uninstall(args) => install::remove(home, &args),
        Verb::Statusline(_) => Ok(statusline::run(home)),
        Verb::Completions(args) => completions::run(&args),
        Verb::Help(args) => help::run(&args),
        Verb::Typed(args) => Ok(mod_api::run(home, &args)),
        Verb::Mcp => mcp::serve().map(|()| ExitCode::SUCCESS).map_err(Failure::from),
        Verb::Hook { event } => Err(Failure::new(Code::Usage, format!("`hook {event}` takes no more words"))),
    }
}
