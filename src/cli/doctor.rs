//! `cc2cc doctor`: whether everything is in place, and how to fix what is not.

mod codex;
mod evidence;
mod finding;
mod linked;
mod opencode;

use std::{
    path::Path,
    process::{Command, ExitCode},
    sync::mpsc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use notify::{RecursiveMode, Watcher};
use serde_json::{Value, json};

use self::finding::{Finding, Outcome, finding};
use super::{caller, printing, sandbox};
use crate::{
    agent::{
        Record,
        client_program::ClientProgram,
        directory,
        policy::Config,
        reach::{self, Reach, Standing},
    },
    clients::claude::{channel::Channel, settings, version, watching, without_hooks},
    command::without_window,
    failure::Failure,
    mailbox::{
        Key, Mailbox, State, disk,
        home::{self, Home, HomeError},
        letter::{Kind, Letter},
        name::AgentName,
        receipt::Step,
        watch::{self, limits},
    },
    report::standing::{remark, words},
    setup::{install::Places, marketplace::Plugin},
};

/// Check that everything is in place
#[derive(clap::Args)]
pub struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const FIX_MAILBOX: &str =
    if cfg!(windows) { "make it yours and writable" } else { "make it yours and writable: chmod -R u+rwX" };
/// How long a waker may need that must not depend on being told of changes.
const WAKE_WITHIN: Duration = Duration::from_secs(5);

pub fn run(home: Result<Home, HomeError>, args: &Args) -> ExitCode {
    let (codex, opencode) = (codex::registered(), opencode::installed());
    // A note says that a client is there and cc2cc is not in it.
    let serves_others = [&codex, &opencode].into_iter().flatten().any(|outcome| !matches!(outcome, Outcome::Note(_)));
    let mut findings = claude_code(serves_others);
    findings.extend(codex.map(|outcome| finding("codex", outcome)));
    findings.extend(opencode.map(|outcome| finding("opencode", outcome)));
    match home {
        Ok(home) => {
            findings.push(finding("home", writable(&home)));
            findings.push(finding("watching", watched(&home)));
            findings.push(finding("config", config(&home)));
            findings.extend(mailboxes(&home));
            findings.extend(sessions(&home));
            findings.extend(channels(&home));
            findings.extend(doubles(&home));
            findings.extend(evidence::unproved(&home));
            findings.extend(hooks());
            findings.extend(unwatched(&home));
            findings.extend(linked::linked(&home));
        }
        Err(error) => {
            let Failure { message, hint, .. } = error.into();
            findings.push(finding("home", broken(message, hint.unwrap_or_default())));
        }
    }
    let broken = findings.iter().any(|finding| matches!(finding.outcome, Outcome::Broken { .. }));
    if args.json {
        printing::print(json!({ "ok": !broken, "findings": findings.iter().map(as_json).collect::<Vec<_>>() }));
    } else {
        printing::print(findings.iter().map(as_text).collect::<String>());
    }
    if broken { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// How it stands with Claude Code. Where cc2cc serves another client, that Claude Code lacks it, or is not there at all, is
/// the person's choice.
fn claude_code(serves_others: bool) -> Vec<Finding> {
    let is_installed =
        Places::from_env().is_ok_and(|places| places.version().is_some() || places.from_marketplace().is_some());
    if serves_others && !is_installed {
        let lacks = "Claude Code's sessions take no part: run `cc2cc install` if they are to";
        return vec![finding("plugin", Outcome::Note(lacks.to_owned()))];
    }
    let claude = match client() {
        None if serves_others => Outcome::Note("`claude` is not on the PATH; other clients take part".to_owned()),
        None => broken("`claude` is not on the PATH", "install Claude Code, or add it to the PATH"),
        Some(outcome) => outcome,
    };
    vec![finding("plugin", plugin()), finding("claude", claude)]
}

fn broken(problem: impl Into<String>, fix: impl Into<String>) -> Outcome {
    Outcome::Broken { problem: problem.into(), fix: fix.into() }
}

fn plugin() -> Outcome {
    let places = match Places::from_env() {
        Ok(places) => places,
        Err(error) => return broken(error.to_string(), if cfg!(windows) { "set USERPROFILE" } else { "set HOME" }),
    };
    if let Some(plugin) = places.from_marketplace() {
        return plugin_from_marketplace(&places, &plugin);
    }
    let here = version::HERE;
    match places.version() {
        None => broken(format!("not installed in {}", places.plugin.display()), "run `cc2cc install`"),
        Some(_) if !places.binary().is_file() => broken("its binary is missing", "run `cc2cc install`"),
        Some(version) if version::is_newer(&version, here) => {
            broken(format!("it is version {version} and this binary {here}"), "remove this binary, or update it")
        }
        Some(version) if version != here => {
            broken(format!("it is version {version} and this binary {here}"), "run `cc2cc install`")
        }
        Some(version) => match version::other_in_terminal(&version) {
            Some(other) => broken(
                format!(
                    "it is version {version}, and in a terminal cc2cc is {} ({})",
                    other.version,
                    other.path.display()
                ),
                other.fix(&version),
            ),
            None => Outcome::Fine(format!("{version} in {}", places.plugin.display())),
        },
    }
}

fn plugin_from_marketplace(places: &Places, Plugin { id, version }: &Plugin) -> Outcome {
    let here = version::HERE;
    if version::is_newer(version, here) {
        broken(format!("{id} is version {version} and this binary {here}"), "run `cc2cc update`")
    } else if version != here {
        let fix = format!("run `claude plugin update {id}`");
        broken(format!("{id} is version {version} and this binary {here}"), fix)
    } else if places.is_plugin() {
        let other = places.plugin.display();
        Outcome::Note(format!(
            "{version} as {id}; the one in {other} is not loaded beside it: `cc2cc install` clears that up"
        ))
    } else {
        Outcome::Fine(format!("{version} as {id}"))
    }
}

/// What there is to say of `claude`; `None` where there is none.
fn client() -> Option<Outcome> {
    let asked = |name: &str| without_window(Command::new(name).arg("--version")).output();
    // On Windows npm makes a script of it, whose name must be said in full.
    let found = asked("claude").or_else(|error| if cfg!(windows) { asked("claude.cmd") } else { Err(error) });
    let output = found.ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let version: Vec<u32> = text.split([' ', '.']).map_while(|part| part.parse().ok()).collect();
    Some(match version.as_slice() {
        [] => Outcome::Note(format!("`claude --version` says {text:?}; 2.1.200 or later is needed")),
        version if version < &[2, 1, 200] => {
            broken(format!("{text} cannot be woken"), "update Claude Code to 2.1.200 or later")
        }
        version => match lacking(version) {
            Some(lack) => Outcome::Note(format!("{text} {lack}")),
            None => Outcome::Fine(text),
        },
    })
}

/// What a client of this version lacks of what docs/reference.md describes.
fn lacking(version: &[u32]) -> Option<&'static str> {
    match version {
        version if version < &[2, 1, 273] => Some(
            "has no mods, so no /send, /inbox and /who (/cc2cc:send and so on do the same), and brings what comes in the \
             middle of a turn after it",
        ),
        version if version < &[2, 1, 292] => {
            Some("has no mods, so no /send, /inbox and /who (/cc2cc:send and so on do the same)")
        }
        _ => None,
    }
}

fn writable(home: &Home) -> Outcome {
    let path = home.path().display();
    match home.try_writing() {
        Ok(()) if cfg!(windows) && !home::of_person().is_some_and(|profile| home.path().starts_with(profile)) => {
            Outcome::Note(format!(
                "{path} can be written, perhaps by others too: it is outside your profile (`icacls` tells)"
            ))
        }
        Ok(()) => Outcome::Fine(format!("{path} can be written")),
        Err(error) if sandbox::explains(&error) => {
            Outcome::Note(format!("a sandbox keeps commands here from writing to {path}; {}", sandbox::TOOLS))
        }
        Err(error) if error.is_full() => {
            broken(error.to_string(), "free some of it; what waits arrives by itself then")
        }
        Err(error) => broken(error.to_string(), "make it yours and writable, or set CC2CC_HOME to another place"),
    }
}

fn config(home: &Home) -> Outcome {
    match Config::load(home) {
        Ok(config) if config.notifier().is_some_and(|program| version::on_path(program).is_none()) => broken(
            format!("[notify] names {}, which is not on the PATH", config.notifier().unwrap_or_default()),
            "install it, or name another in config.toml; until then nobody is notified",
        ),
        Ok(_) if home.path().join("config.toml").exists() => Outcome::Fine("config.toml can be read".to_owned()),
        Ok(_) => Outcome::Fine("no config.toml, so the defaults hold".to_owned()),
        Err(error) => broken(error.to_string(), "fix it; until then sessions neither send nor get letters"),
    }
}

/// What keeps the hooks of a session in this directory silent; nothing when nothing does.
fn hooks() -> Option<Finding> {
    let what = settings::silence(&settings::project())?;
    let problem = format!("the plugin's hooks are off in sessions here: {what}");
    Some(finding(
        "hooks",
        broken(problem, "take that setting away, or letters go in with the results of cc2cc's tools alone"),
    ))
}

/// The mailboxes that cannot be used; nothing when all can.
fn mailboxes(home: &Home) -> Vec<Finding> {
    let all = match home.mailboxes() {
        Ok(all) => all,
        Err(error) => return vec![finding("mailboxes", broken(error.to_string(), "see above, at home"))],
    };
    let strays = all.iter().filter_map(|mailbox| {
        let strays = mailbox.unreadable(State::Inbox).unwrap_or_default().len();
        let files = if strays == 1 { "a file" } else { "files" };
        let name = mailbox.name();
        let note = format!(
            "{files} in the inbox of {name} ({strays}) cannot be read as letters: `cc2cc inbox --agent {name}`"
        );
        (strays > 0).then(|| finding("mailbox", Outcome::Note(note)))
    });
    let strays: Vec<Finding> = strays.collect();
    let tried = |mailbox: Mailbox| {
        let furnished = mailbox.furnish().or_else(|error| if sandbox::explains(&error) { Ok(()) } else { Err(error) });
        furnished.and_then(|()| mailbox.check_directories()).and_then(|()| mailbox.count(State::Inbox).map(drop)).err()
    };
    let errors = all.into_iter().filter_map(tried);
    errors.map(|error| finding("mailbox", broken(error.to_string(), FIX_MAILBOX))).chain(strays).collect()
}

fn watched(home: &Home) -> Outcome {
    let slow = "a session is then woken up to 2 s late";
    if !home.path().is_dir() {
        return Outcome::Note("not tried, there is no home yet".to_owned());
    }
    let (hint, changes) = mpsc::channel();
    let watcher = watch::watcher(move |event: notify::Result<notify::Event>| {
        let _ = hint.send(event.is_ok());
    });
    let mut watcher = match watcher {
        Ok(watcher) => watcher,
        Err(error) => return Outcome::Note(format!("no watcher to be had ({}); {slow}", limits::explain(&error))),
    };
    if let Err(error) = watcher.watch(home.path(), RecursiveMode::NonRecursive) {
        let reason = limits::explain(&error);
        return Outcome::Note(format!("{} cannot be watched ({reason}); {slow}", home.path().display()));
    }
    let probe = home.path().join(format!("doctor-{}", disk::unique()));
    let written = disk::write_new(&probe, b"probe\n");
    let told = changes.recv_timeout(Duration::from_secs(1)).is_ok();
    disk::discard(&probe);
    match (written, told) {
        (Ok(()), true) => Outcome::Fine("changes are announced at once".to_owned()),
        (Ok(()), false) => Outcome::Note(format!("this file system announces no changes; {slow}")),
        (Err(_), _) => Outcome::Note("not tried, the home cannot be written".to_owned()),
    }
}

/// Inside a session, whether a letter reaches it; outside, whom letters would reach.
fn sessions(home: &Home) -> Vec<Finding> {
    match caller::agent(home) {
        Ok(Some(mailbox)) => vec![finding("session", session(&mailbox)), finding("self-test", self_test(&mailbox))],
        Ok(None) => others(home),
        Err(failure) => vec![finding("session", broken(failure.message, failure.hint.unwrap_or_default()))],
    }
}

fn session(mailbox: &Mailbox) -> Outcome {
    let name = mailbox.name();
    let record = Record::of(mailbox);
    let standing = Standing::of(mailbox, &record, Timestamp::now());
    if let Some(why) = record.state.why_not() {
        return broken(format!("{name} is deaf: {why}"), "type `/reload-plugins`");
    }
    if let (Reach::Deaf | Reach::NextTurn, Some(remark)) = (standing.reach, remark(&name.to_string(), &standing)) {
        return Outcome::Note(format!("you are {name}; {}", remark.trim_end()));
    }
    match (mailbox.is_online(), reach::has_waker(mailbox)) {
        (false, _) => broken(
            format!("nothing of {name} runs, so it cannot be woken"),
            match record.client() {
                ClientProgram::OpenCode => "restart OpenCode, which loads the plugin anew".to_owned(),
                client => format!("restart the session; `/mcp` and `/hooks` show what {} loaded", client.title()),
            },
        ),
        (true, false) => Outcome::Note(format!("you are {name}, and can be woken again from the next prompt on")),
        (true, true) => Outcome::Fine(format!("you are {name}, and can be woken")),
    }
}

/// Sends this session a letter and follows it as far as it can come while a command of the session runs.
fn self_test(mailbox: &Mailbox) -> Outcome {
    if !reach::has_waker(mailbox) {
        return Outcome::Note("not tried: this session cannot be woken now".to_owned());
    }
    if Record::of(mailbox).state.why_not().is_some() {
        return Outcome::Note("not tried, the session cannot be woken".to_owned());
    }
    let text = "cc2cc doctor has sent this letter to see whether letters arrive. There is nothing to do.";
    let mut letter = Letter::new(AgentName::system(), mailbox.name().clone(), text, Timestamp::now());
    letter.kind = Kind::Status;
    letter.ttl_seconds = Some(60);
    let started = Instant::now();
    if let Err(error) = mailbox.publish(&letter, Key::Fresh) {
        if sandbox::explains(&error) {
            return Outcome::Note("not tried, a sandbox keeps this command from writing".to_owned());
        }
        return broken(error.to_string(), "see above, at home");
    }
    let stored = started.elapsed().as_millis();
    while started.elapsed() < WAKE_WITHIN {
        if mailbox.receipts(&letter.id).iter().any(|receipt| receipt.step == Step::Notified) {
            let woken = started.elapsed().as_millis();
            let id = letter.id.short();
            return Outcome::Fine(format!(
                "stored after {stored} ms, woken after {woken} ms; it is delivered when this command ends: `cc2cc status {id}`"
            ));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let seconds = WAKE_WITHIN.as_secs();
    broken(format!("stored after {stored} ms, but the session was not woken within {seconds} s"), "restart the session")
}

/// Who is online, and whether each can be woken.
fn others(home: &Home) -> Vec<Finding> {
    let now = Timestamp::now();
    let mut findings = vec![finding("session", Outcome::Fine("not inside a session; you are `user`".to_owned()))];
    for agent in directory::list(home).unwrap_or_default().into_iter().filter(directory::Listed::is_online) {
        let name = agent.mailbox.name();
        findings.push(finding(
            "agent",
            match (agent.standing.reach, remark(name.as_str(), &agent.standing)) {
                (Reach::Wakes, _) => {
                    Outcome::Fine(format!("{name} is {} and can be woken", words(&agent.standing, now)))
                }
                (_, Some(remark)) => Outcome::Note(remark.trim_end().to_owned()),
                (_, None) => Outcome::Note(format!("{name} is {}", words(&agent.standing, now))),
            },
        ));
    }
    findings
}

/// What became of the channels that sessions were told to open.
fn channels(home: &Home) -> Vec<Finding> {
    let online = directory::list(home).unwrap_or_default().into_iter().filter(directory::Listed::is_online);
    let outcome = |agent: directory::Listed| {
        let name = agent.mailbox.name().clone();
        Some(match Channel::of(&agent.record)? {
            Channel::Open => Outcome::Fine(format!("{name} gets letters as channel messages")),
            Channel::Offered => Outcome::Fine(format!("{name} has a channel, not used yet")),
            Channel::Silent => Outcome::Note(format!(
                "{name} was started with a channel, but Claude Code did not take what came through it: the account or \
                 its settings may not allow channels. Letters come the ordinary way"
            )),
        })
    };
    online.filter_map(outcome).map(|outcome| finding("channel", outcome)).collect()
}

/// Sessions in which two servers of ours run: the plugin's, and one that somebody registered by hand.
fn doubles(home: &Home) -> Vec<Finding> {
    let online = directory::list(home).unwrap_or_default().into_iter().filter(directory::Listed::is_online);
    let doubled = online.filter(|agent| without_hooks::has_two_servers(&agent.mailbox, &agent.record));
    let note = |agent: directory::Listed| {
        let name = agent.mailbox.name();
        let (other, fix) = match agent.record.cwd.as_ref().and_then(|cwd| settings::by_hand(Path::new(cwd))) {
            Some((server, file)) => {
                (format!("`{server}` of {}", file.display()), format!("`claude mcp remove {server}` takes it away"))
            }
            None => ("one that was registered by hand".to_owned(), "`claude mcp list` names it".to_owned()),
        };
        Outcome::Note(format!(
            "{name} has cc2cc's server twice, the plugin's and {other}: letters arrive once, and each tool is there twice; {fix}"
        ))
    };
    doubled.map(note).map(|outcome| finding("servers", outcome)).collect()
}

/// Sessions whose waker has to look now and then, since the system gave it no watch.
fn unwatched(home: &Home) -> Vec<Finding> {
    let online = directory::list(home).unwrap_or_default().into_iter().filter(directory::Listed::is_online);
    let note = |agent: directory::Listed| {
        let (reason, name) = (watching::refusal(&agent.mailbox)?, agent.mailbox.name().clone());
        Some(Outcome::Note(format!("{name} is woken by looking now and then: {reason}")))
    };
    online.filter_map(note).map(|outcome| finding("watching", outcome)).collect()
}

fn as_text(Finding { what, outcome }: &Finding) -> String {
    match outcome {
        Outcome::Fine(text) => format!("ok      {what:<9} {text}\n"),
        Outcome::Note(text) => format!("note    {what:<9} {text}\n"),
        Outcome::Broken { problem, fix } => format!("broken  {what:<9} {problem}\n{:18}fix: {fix}\n", ""),
    }
}

fn as_json(Finding { what, outcome }: &Finding) -> Value {
    match outcome {
        Outcome::Fine(text) => json!({ "what": what, "verdict": "ok", "text": text }),
        Outcome::Note(text) => json!({ "what": what, "verdict": "note", "text": text }),
        Outcome::Broken { problem, fix } => json!({ "what": what, "verdict": "broken", "text": problem, "fix": fix }),
    }
}
