//! The waker: a background hook that sleeps until a letter arrives, then wakes the session. It carries no letter.
//!
//! The client starts one with every `SessionStart`, `UserPromptSubmit` and `Stop`; a lock keeps one per session and the
//! others end at once. A waker wakes by ending with code 2: the client starts a turn and shows the model what the waker
//! wrote to standard error.

use std::{
    mem, panic,
    path::Path,
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use jiff::Timestamp;

use super::{
    asking, background, channel,
    client::Claude,
    client_status,
    hooks::event::{self, HookEvent},
    host_process::{self, Part},
    plugin_folder::{self, PluginFolder},
    watching,
};
use crate::{
    agent::{
        beside,
        identity::{self, Trust},
        notice, reach,
    },
    delivery::{
        client::{self, Client},
        wake::{self, Calm, TurnEdge},
    },
    mailbox::{Mailbox, State, disk::FsError, home::Home, lock::Lock, log, watch::Watch},
    threads,
};

/// How long the waker of a session that has died may still hold the lock.
const PREDECESSOR_LINGERS: Duration = Duration::from_secs(3);
/// How long the waker of a new session waits for its server: a model woken before that has no tool to answer with.
const SERVER_FIRST: Duration = Duration::from_secs(3);

/// Sleeps until a letter is due; whatever goes wrong wakes nobody.
#[must_use]
pub fn run() -> ExitCode {
    if host_process::part() != Part::Attended {
        return ExitCode::SUCCESS; // a headless client would wait for us before it starts
    }
    panic::set_hook(Box::new(|_| {})); // the log line below says it
    host_process::end_with_parent();
    host_process::end_with_input();
    let complaint = match threads::guarded(keep_watch) {
        Ok(Ok(())) => return ExitCode::SUCCESS,
        Ok(Err(error)) => format!("{error:#}"),
        Err(broken) => broken,
    };
    if let Ok(home) = background::home() {
        log::line(&home, &format!("waker: {complaint}"));
    }
    ExitCode::SUCCESS
}

/// Watches the session's mailbox, through renames and moves, until there is something to wake for; returns when another
/// waker does that.
fn keep_watch() -> Result<()> {
    let started = Instant::now();
    let input = event::read()?;
    if input.agent_id.is_some() {
        return Ok(());
    }
    let home = background::home()?;
    let first = input.hook_event_name == "SessionStart";
    let beside_a_delivery = input.hook_event_name == "UserPromptSubmit";
    // A wake from before waits while the client compacts or clears the conversation, and comes right after.
    let goes_on = !first || matches!(input.source.as_deref(), Some("compact" | "clear"));
    let turn = goes_on.then(|| TurnEdge {
        since: Timestamp::now(),
        loses_wakes: input.hook_event_name == "Stop" && !host_process::delivers_in_a_turn(),
    });
    loop {
        let trust = trust(&input, first);
        let goes_on_from = (trust == Trust::Session).then(|| background::predecessor(&home, &input)).flatten();
        let mut client = Claude::of_event(&input, trust).continuing(goes_on_from);
        let mailbox = client::mailbox(&client, &home)?.context("the client has gone")?;
        let Some(_only_one) = take_place(&mailbox, first)? else { return Ok(()) };
        if first {
            await_server(&mailbox);
        }
        let _here = identity::move_in(&mailbox)?;
        let quiet_until = started + if beside_a_delivery { wake::DELIVERY_FIRST } else { Duration::ZERO };
        watch_over(&mut client, &home, &mailbox, quiet_until, turn)?;
    }
}

/// Waits until the session's server is there, or will not come.
fn await_server(mailbox: &Mailbox) {
    let give_up = Instant::now() + SERVER_FIRST;
    while !mailbox.is_online() && Instant::now() < give_up {
        thread::sleep(Duration::from_millis(20));
    }
}

/// Waits at one mailbox; returns when the session has moved to another. What goes wrong is logged once and tried again
/// with the next beat: a waker that gave up would leave its session deaf.
fn watch_over(
    client: &mut Claude,
    home: &Home,
    mailbox: &Mailbox,
    quiet_until: Instant,
    turn: Option<TurnEdge>,
) -> Result<()> {
    let host = client.claimant().context("the client has gone")?.host;
    let (inbox, held) = (mailbox.dir(State::Inbox), mailbox.dir(State::Held));
    let sessions = home.subdir("sessions")?;
    let directories = [inbox.as_path(), held.as_path(), Path::new(&sessions)];
    let mut watch = watching::begin(mailbox, directories);
    let mut swept = Instant::now();
    let mut calm = Calm::default();
    let mut complaint = None;
    let mut folder = PluginFolder::Gone;
    while identity::find(home, &host).as_ref() == Some(mailbox) {
        host_process::end_if_orphaned();
        if swept.elapsed() >= notice::SWEEP_EVERY {
            notice::sweep(home, mailbox, Timestamp::now());
            beside::gather(home, mailbox);
            swept = Instant::now();
            if watch.refusal().is_some() {
                watch = watching::begin(mailbox, directories); // others may have given one back
            }
        }
        // Where there is a channel the server watches for it, and one watch is enough for a session.
        match (channel::is_open(mailbox), watch.is_watching()) {
            (true, true) => watch = Watch::by_beat(),
            (false, false) if watch.refusal().is_none() => watch = watching::begin(mailbox, directories),
            _ => {}
        }
        let before = mem::replace(&mut folder, plugin_folder::look(mailbox));
        match (before, folder) {
            (_, PluginFolder::Gone) if host_process::has_mods() => {
                watch.sleep(Duration::MAX); // a wake would deliver nothing; the mod shows the person what to do
                continue;
            }
            (PluginFolder::Gone, PluginFolder::There | PluginFolder::Replaced) => plugin_folder::note_hearing(mailbox),
            _ => {}
        }
        let left_to_asking = asking::left_to_call(mailbox).max(asking::left_to_command(mailbox));
        let left_to_others = left_to_channel(mailbox).max(left_to_asking);
        let quiet = quiet_until.saturating_duration_since(Instant::now()).max(left_to_others);
        let corrected = client_status::correct(mailbox, Timestamp::now());
        match corrected.and_then(|()| wake::round(client, home, mailbox, !quiet.is_zero(), turn, &mut calm)) {
            Ok(_) => complaint = None,
            Err(error) => {
                let text = error.to_string();
                if complaint.as_ref() != Some(&text) {
                    log::line(home, &format!("waker: {text}"));
                }
                complaint = Some(text);
            }
        }
        client.forget_unasked();
        let now = Timestamp::now();
        let waits = [quiet, turn.map_or(Duration::ZERO, |turn| turn.left(now)), calm.next_look(now)];
        watch.sleep(waits.into_iter().filter(|wait| !wait.is_zero()).min().unwrap_or(Duration::MAX));
    }
    Ok(())
}

/// How long what has come just now is left to the session's channel.
fn left_to_channel(mailbox: &Mailbox) -> Duration {
    let changed = || mailbox.dir(State::Inbox).metadata().and_then(|facts| facts.modified()).ok()?.elapsed().ok();
    match channel::is_open(mailbox).then(changed).flatten() {
        Some(age) => channel::GOES_FIRST.saturating_sub(age),
        None => Duration::ZERO,
    }
}

/// Which record decides whose this waker is.
fn trust(input: &HookEvent, first: bool) -> Trust {
    match input.source.as_deref() {
        Some("startup" | "resume" | "fork") if first => Trust::Session,
        _ => Trust::Host,
    }
}

/// Takes the place of the session's waker, unless another process has it.
fn take_place(mailbox: &Mailbox, first: bool) -> Result<Option<Lock>, FsError> {
    let give_up = Instant::now() + if first { PREDECESSOR_LINGERS } else { Duration::ZERO };
    loop {
        let taken = reach::take_wakers_place(mailbox)?;
        if taken.is_some() || Instant::now() >= give_up {
            return Ok(taken);
        }
        thread::sleep(Duration::from_millis(50));
    }
}
