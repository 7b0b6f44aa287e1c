//! The beginning and the end of a session: a name, a mailbox, a word to the model and to the person.

use std::{env, path::Path};

use anyhow::{Context, Result};
use jiff::Timestamp;

use super::{answer::Answer, event::HookEvent};
use crate::{
    agent::{
        Activity, Record, beside,
        directory::{self, Listed},
        group_name::BadGroup,
        groups,
        identity::{self, Claim, Trust},
        notice,
        policy::Config,
    },
    clients::claude::{
        background,
        client::Claude,
        client_name,
        host_process::{self, GROUPS_VARIABLE, HOST_VARIABLE, NAME_VARIABLE},
        permission_mode, version,
    },
    delivery::{client::Client, settle},
    mailbox::{
        Mailbox, disk,
        home::{HOME_VARIABLE, Home},
    },
};

/// Answers `SessionStart`: who you are, and what waits.
///
/// Waiting letters are only counted here. Injected now they would lie in the context until somebody types, while a
/// waker wakes the session for them.
///
/// # Errors
/// When the home cannot be used.
pub fn start(home: &Home, input: &HookEvent) -> Result<Answer> {
    let continues = matches!(input.source.as_deref(), Some("clear" | "compact"));
    let trust = if continues { Trust::Host } else { Trust::Session };
    let mut client = Claude::of_event(input, trust).continuing(background::predecessor(home, input));
    let claimant = client.claimant().context("the client has gone")?;
    let Claim { mailbox, denied } = identity::claim(home, &claimant)?;
    let claimed = mailbox.name().clone();
    let (mailbox, named) = client_name::heed(home, mailbox, input)?;
    let now = Timestamp::now();
    remember(&mailbox, input, now)?;
    let no_groups = join_groups(home, &mailbox, input, now)?;
    settle::settle(&mut client, &mailbox, now, settle::From::Session)?;
    notice::sweep(home, &mailbox, now);
    beside::gather(home, &mailbox);
    hand_down(&claimant.host.to_string())?;
    let strangers = forget_strangers()?;

    let name = mailbox.name();
    let is_in: Vec<String> = groups::of(&Record::of(&mailbox)).iter().map(ToString::to_string).collect();
    let member = if is_in.is_empty() { String::new() } else { format!(", in {}", is_in.join(", ")) };
    let mut message = format!("cc2cc: you are {name}{member}");
    match notice::letters_waiting(&mailbox)? {
        0 => {}
        1 => message.push_str(" · 1 letter waiting"),
        many => message.push_str(&format!(" · {many} letters waiting")),
    }
    if let Some(denied) = denied {
        message.push_str(&format!(" ({denied} is in use by another session)"));
    }
    if let Some(Err(text)) = host_process::wanted_name() {
        message.push_str(&format!(" (CC2CC_NAME={} is not a name)", text.escape_debug()));
    }
    for BadGroup(text) in &no_groups {
        message.push_str(&format!(" ({} in {GROUPS_VARIABLE} is no group's name)", text.escape_debug()));
    }
    for stranger in &strangers {
        message.push_str(&format!(
            "\ncc2cc: {stranger} is of the terminal that started Claude Code's background service, so it does not count here"
        ));
    }
    if let Some(named) = named.filter(|_| *name == claimed) {
        message.push_str(&format!("\n{named}"));
    }
    let is_new = input.source.as_deref() == Some("startup");
    let others = is_new.then(|| neighbours(home, &mailbox)).flatten();
    if let Some((who, what)) = &others {
        message.push_str(&format!("\ncc2cc: {who} here, too; ask {what} anything"));
    }
    if matches!(input.source.as_deref(), Some("startup" | "resume"))
        && let Some(notice) = version::notice()
    {
        message.push_str(&format!("\ncc2cc: {notice}"));
    }
    let beside = others.map(|(who, _)| format!(" {who} here, too.")).unwrap_or_default();
    Ok(Answer {
        context: Some(format!(
            "This session's name is {name}{member}. cc2cc carries letters between the Claude Code sessions on this machine; \
             they arrive by themselves, in <cc2cc-mail>, which says whose words they are. \
             The send tool writes to a session, and answers a letter with reply_to; where there is no such tool, \
             `cc2cc send NAME TEXT` in Bash does it, and --reply-to ID. SendMessage knows none of these names.{beside}"
        )),
        message: (input.source.as_deref() != Some("compact")).then_some(message),
        block: None,
    })
}

/// Puts the session into the groups that its person named for it, as it starts, or for its directory, the first time;
/// gives what was named and is no group.
fn join_groups(home: &Home, mailbox: &Mailbox, input: &HookEvent, now: Timestamp) -> Result<Vec<BadGroup>> {
    let (wanted, no_groups): (Vec<_>, Vec<_>) = match input.source.as_deref() {
        Some("startup" | "resume") => host_process::wanted_groups().into_iter().partition(Result::is_ok),
        _ => (Vec::new(), Vec::new()),
    };
    let of_dir = match input.source.as_deref() {
        // A file that cannot be used says nothing here; it is told of elsewhere.
        Some("startup") => Config::load(home).ok().zip(input.cwd.as_deref()),
        _ => None, // it may have left one
    };
    let of_dir = of_dir.map(|(config, cwd)| config.groups_of_dir(Path::new(cwd))).unwrap_or_default();
    groups::join(mailbox, wanted.into_iter().flatten().chain(of_dir), now)?;
    Ok(no_groups.into_iter().filter_map(Result::err).collect())
}

/// Those who are at work in the same repository, or else the same directory, in a few words; `None` when nobody is.
fn neighbours(home: &Home, mailbox: &Mailbox) -> Option<(String, &'static str)> {
    const NAMED: usize = 3;
    let own = Record::of(mailbox);
    let is_near = |other: &Listed| {
        let near = if own.repo.is_some() { own.repo == other.record.repo } else { own.cwd == other.record.cwd };
        near && other.is_online() && other.mailbox != *mailbox && !other.mailbox.name().is_reserved()
    };
    let near: Vec<Listed> = directory::list(home).ok()?.into_iter().filter(is_near).collect();
    let mut names: Vec<&str> = near.iter().take(NAMED).map(|other| other.mailbox.name().as_str()).collect();
    let more = near.len().saturating_sub(NAMED);
    let rest = format!("{more} more");
    if more > 0 {
        names.push(&rest);
    }
    match names.as_slice() {
        [] => None,
        [one] => Some((format!("{one} works"), "it")),
        [first @ .., last] => Some((format!("{} and {last} work", first.join(", ")), "them")),
    }
}

/// Answers `SessionEnd`: the agent is away from now on, unless the session only clears its context.
///
/// # Errors
/// When the home cannot be used.
pub fn end(home: &Home, input: &HookEvent) -> Result<()> {
    if input.reason.as_deref() == Some("clear") {
        return Ok(());
    }
    let Some(claimant) = host_process::claimant(input.session_id.clone(), Trust::Host) else { return Ok(()) };
    let Some(mailbox) = identity::find(home, &claimant.host) else { return Ok(()) };
    let now = Timestamp::now();
    Record::change(&mailbox, now, |record| {
        // It may go on in another process by now, as after `/background`.
        if record.host.as_deref() == Some(claimant.host.as_str()) {
            record.ended = Some(now);
            record.state = Activity::Idle;
        }
    })?;
    Ok(())
}

/// A session that takes no part must not pass on the identity of the session it was started from.
///
/// # Errors
/// When the client's file cannot be written.
pub fn forget_host() -> Result<()> {
    add_to_environment(&format!("unset {HOST_VARIABLE}"))
}

fn hand_down(host: &str) -> Result<()> {
    add_to_environment(&format!("export {HOST_VARIABLE}={host}"))
}

/// Keeps what stands in the environment of a background session and belongs to another one from the session's commands;
/// gives it as it was written.
fn forget_strangers() -> Result<Vec<String>> {
    let name = host_process::foreign_name().map(|name| (NAME_VARIABLE, name));
    let groups = host_process::foreign_groups().map(|groups| (GROUPS_VARIABLE, groups));
    let home = background::foreign_home().map(|home| (HOME_VARIABLE, home.display().to_string()));
    let mut strangers = Vec::new();
    for (variable, value) in name.into_iter().chain(groups).chain(home) {
        add_to_environment(&format!("unset {variable}"))?;
        strangers.push(format!("{variable}={}", value.escape_debug()));
    }
    Ok(strangers)
}

fn add_to_environment(line: &str) -> Result<()> {
    match env::var_os("CLAUDE_ENV_FILE").filter(|path| !path.is_empty()) {
        Some(path) => Ok(disk::append_line(Path::new(&path), line)?),
        None => Ok(()),
    }
}

fn remember(mailbox: &Mailbox, input: &HookEvent, now: Timestamp) -> Result<()> {
    Record::change(mailbox, now, |record| {
        if let Some(cwd) = &input.cwd {
            record.locate(Path::new(cwd));
        }
        if matches!(input.source.as_deref(), Some("startup" | "resume" | "fork")) {
            record.level = permission_mode::at_start(input.cwd.as_deref().map(Path::new));
        }
        record.session.clone_from(&input.session_id);
        record.evidence.clone_from(&input.transcript_path);
        record.delivers_in.clone_from(&record.host);
        record.headless = host_process::part() == host_process::Part::Headless;
        record.forget_obstacles();
        if matches!(input.source.as_deref(), Some("startup" | "clear")) {
            record.work = None;
        }
    })?;
    Ok(())
}
