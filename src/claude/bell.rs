//! The doorbell: sleeps in the background until a letter comes, then wakes the session. It carries no mail.
//!
//! The client starts one with every `SessionStart`, `UserPromptSubmit` and `Stop`; a lock keeps one per session and
//! the others end at once. Ending with code 2 is the ring: the client starts a turn and shows the model what
//! stands on standard error.

use std::{
    mem, panic,
    path::Path,
    process::{self, ExitCode},
    thread,
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context, Result};
use jiff::{SignedDuration, Timestamp};

use super::{
    channel,
    client::{self, Part},
    client_status,
    hook::{self, Input},
    plugin_folder::{self, Folder},
    prompt, proof, wakes, watching,
};
use crate::{
    agent::{
        holding,
        identity::{self, Trust},
        notice,
        policy::Config,
    },
    mailbox::{
        Mailbox, State,
        disk::FsError,
        home::Home,
        letter::{LetterId, Priority},
        lock::{self, Lock},
        log,
        receipts::{Receipt, Step, since_return},
        scan::Waiting,
        watch::Watch,
    },
    output, threads,
};

/// The exit code by which a background hook wakes its session.
const RING: i32 = 2;
/// How long the mailman of the event that started a bell may need; what waits until then is his.
const MAILMAN_FIRST: Duration = Duration::from_millis(300);
/// How long the bell of a session that has died may still hold the lock.
const GHOSTS_LINGER: Duration = Duration::from_secs(3);
/// Rung letters that nobody came for are rung again after these times, then every hour.
const AGAIN_AFTER: [SignedDuration; 4] = [
    SignedDuration::from_secs(30),
    SignedDuration::from_mins(2),
    SignedDuration::from_mins(10),
    SignedDuration::from_hours(1),
];
/// How long after the beginning or end of a turn a wake from before that may still be on its way to the mailman. Until
/// then nothing else rings: he brings all that waits, and a second wake would find nothing.
const LATE_WAKE: SignedDuration = SignedDuration::from_secs(10);
/// The same for clients that may have used the wake up without calling him, as those before 2.1.273 do in the middle of a
/// turn. Past that it is rung again.
const LATE_OR_EATEN_WAKE: SignedDuration = SignedDuration::from_secs(2);
/// How long the bell of a new session waits for its server: a model woken before that has no tool to answer with.
const SERVER_FIRST: Duration = Duration::from_secs(3);
/// How often to look what became of the letters this session has sent.
pub const SWEEP_EVERY: Duration = Duration::from_secs(60);
const LOCK: &str = "bell.lock";

/// The turn, or the compaction, at whose beginning or end a bell was started.
#[derive(Debug, Clone, Copy)]
struct Turn {
    since: Timestamp,
    /// It has ended, and its client may have used up a wake without calling the mailman.
    eats_wakes: bool,
}

impl Turn {
    /// What is left of the time in which a wake from before may still be on its way.
    fn left(self) -> Duration {
        left_of(if self.eats_wakes { LATE_OR_EATEN_WAKE } else { LATE_WAKE }, self.since)
    }
}

/// Sleeps until there is something to ring for; anything that goes wrong is silence, not a ring.
#[must_use]
pub fn run() -> ExitCode {
    if client::part() != Part::Attended {
        return ExitCode::SUCCESS; // a headless client would wait for us before it starts
    }
    panic::set_hook(Box::new(|_| {})); // the log line below says it
    client::end_with_parent();
    client::end_with_input();
    let complaint = match threads::guarded(keep_watch) {
        Ok(Ok(())) => return ExitCode::SUCCESS,
        Ok(Err(error)) => format!("{error:#}"),
        Err(broken) => broken,
    };
    if let Ok(home) = Home::from_env() {
        log::line(&home, &format!("bell: {complaint}"));
    }
    ExitCode::SUCCESS
}

/// Ends this process, and with that rings.
fn ring(mailbox: &Mailbox, letters: &[Waiting], word: &str) -> ! {
    let mut from: Vec<&str> = letters.iter().map(|letter| letter.from.as_str()).collect();
    from.sort_unstable();
    from.dedup();
    output::complain(&format!("{}\n", prompt::wake(mailbox.name().as_str(), &from.join(", "), word)));
    process::exit(RING)
}

/// Whether a process of the session waits at the bell.
#[must_use]
pub fn is_set(mailbox: &Mailbox) -> bool {
    lock::is_kept(&lock::lasting(mailbox.path(), LOCK))
}

/// Sits at the session's mailbox, through renames and moves, until it rings; returns when another bell does that.
fn keep_watch() -> Result<()> {
    let started = Instant::now();
    let input = hook::read_input()?;
    if input.agent_id.is_some() {
        return Ok(());
    }
    let home = Home::from_env()?;
    let first = input.hook_event_name == "SessionStart";
    let beside_a_mailman = input.hook_event_name == "UserPromptSubmit";
    // A wake from before waits while the client compacts or clears the conversation, and comes right after.
    let goes_on = !first || matches!(input.source.as_deref(), Some("compact" | "clear"));
    let turn = goes_on.then(|| Turn {
        since: Timestamp::now(),
        eats_wakes: input.hook_event_name == "Stop" && !client::calls_mailman_in_a_turn(),
    });
    loop {
        let mailbox = mailbox(&home, &input, first)?;
        let Some(_only_one) = take_post(&mailbox, first)? else { return Ok(()) };
        if first {
            await_server(&mailbox);
        }
        let _here = identity::move_in(&mailbox)?;
        let quiet_until = started + if beside_a_mailman { MAILMAN_FIRST } else { Duration::ZERO };
        sit_at(&home, &mailbox, quiet_until, turn)?;
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
/// with the next beat: a bell that gave up would leave its session deaf.
fn sit_at(home: &Home, mailbox: &Mailbox, quiet_until: Instant, turn: Option<Turn>) -> Result<()> {
    let host = client::claimant(None, Trust::Host).context("the client has gone")?.host;
    let (inbox, held) = (mailbox.dir(State::Inbox), mailbox.dir(State::Held));
    let sessions = home.subdir("sessions")?;
    let directories = [inbox.as_path(), held.as_path(), Path::new(&sessions)];
    let mut watch = watching::begin(mailbox, directories);
    let mut swept = Instant::now();
    let mut calm = Calm::default();
    let mut settler = proof::Settler::default();
    let mut complaint = None;
    let mut folder = Folder::Gone;
    while identity::find(home, &host).as_ref() == Some(mailbox) {
        client::end_if_orphaned();
        if swept.elapsed() >= SWEEP_EVERY {
            notice::sweep(home, mailbox, Timestamp::now());
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
            (_, Folder::Gone) if client::has_mods() => {
                watch.sleep(Duration::MAX); // a wake would bring nothing; the mod tells the person what to do
                continue;
            }
            (Folder::Gone, Folder::There | Folder::Replaced) => plugin_folder::note_hearing(mailbox),
            _ => {}
        }
        let quiet = quiet_until.saturating_duration_since(Instant::now()).max(left_to_channel(mailbox));
        let corrected = client_status::correct(mailbox, &host, Timestamp::now());
        match corrected.and_then(|()| round(home, mailbox, quiet, turn, &mut calm, &mut settler)) {
            Ok(None) => complaint = None,
            Ok(Some((due, word))) => {
                watch.hand_over();
                if folder == Folder::Gone {
                    plugin_folder::tell();
                }
                ring(mailbox, &due, &word);
            }
            Err(error) => {
                let text = error.to_string();
                if complaint.as_ref() != Some(&text) {
                    log::line(home, &format!("bell: {text}"));
                }
                complaint = Some(text);
            }
        }
        let waits = [quiet, turn.map_or(Duration::ZERO, Turn::left), calm.left_to_mailman()];
        watch.sleep(waits.into_iter().filter(|wait| !wait.is_zero()).min().unwrap_or(Duration::MAX));
    }
    Ok(())
}

/// One look: settles what was delivered, and gives the letters to ring for, noted as rung, and the word of the wake.
fn round(
    home: &Home,
    mailbox: &Mailbox,
    quiet: Duration,
    turn: Option<Turn>,
    calm: &mut Calm,
    settler: &mut proof::Settler,
) -> Result<Option<(Vec<Waiting>, String)>, FsError> {
    // An idle session raises no event that would do it.
    settler.settle(mailbox, Timestamp::now(), proof::From::Session)?;
    if calm.holds(mailbox) {
        return Ok(None);
    }
    let now = Timestamp::now();
    let due = due(home, mailbox, now, turn, calm)?;
    if !quiet.is_zero() || due.is_empty() {
        return Ok(None);
    }
    for letter in &due {
        mailbox.note(&letter.id, &Receipt::at(Step::Rung, now))?;
    }
    Ok(Some((due, wakes::begin(mailbox)?)))
}

/// What is left of a time that began at `since`; nothing when the clock was set back.
fn left_of(time: SignedDuration, since: Timestamp) -> Duration {
    let age = Timestamp::now().duration_since(since);
    if age.is_negative() { Duration::ZERO } else { Duration::try_from(time - age).unwrap_or_default() }
}

/// How long what has come just now is left to the session's channel.
fn left_to_channel(mailbox: &Mailbox) -> Duration {
    let changed = || mailbox.dir(State::Inbox).metadata().and_then(|facts| facts.modified()).ok()?.elapsed().ok();
    match channel::is_open(mailbox).then(changed).flatten() {
        Some(age) => channel::GOES_FIRST.saturating_sub(age),
        None => Duration::ZERO,
    }
}

/// Remembers that there was nothing to ring for, so that a full inbox is not read again with every beat, and that the
/// mailman was on his way: he takes the letters one by one, and those he has not come to are his, too.
#[derive(Default)]
struct Calm {
    changed: Option<[SystemTime; 2]>,
    /// Until when the mailman is taken to be at work, once he was on his way.
    mailman_until: Option<Instant>,
}

impl Calm {
    /// A change within this time of a look may bear the same time as one before it.
    const BLUR: Duration = Duration::from_secs(1);

    fn holds(&self, mailbox: &Mailbox) -> bool {
        self.changed.is_some() && self.changed == Self::times(mailbox)
    }

    /// Nothing waits that will ever be due; true until something changes.
    fn begin(&mut self, before: Option<[SystemTime; 2]>) {
        let settled = |at: &SystemTime| at.elapsed().is_ok_and(|age| age > Self::BLUR);
        self.changed = before.filter(|times| times.iter().all(settled));
    }

    fn left_to_mailman(&self) -> Duration {
        self.mailman_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()))
    }

    fn times(mailbox: &Mailbox) -> Option<[SystemTime; 2]> {
        let changed = |state| mailbox.dir(state).metadata().and_then(|facts| facts.modified()).ok();
        Some([changed(State::Inbox)?, changed(State::Held)?])
    }
}

/// The letters worth waking the session for now.
fn due(
    home: &Home,
    mailbox: &Mailbox,
    now: Timestamp,
    turn: Option<Turn>,
    calm: &mut Calm,
) -> Result<Vec<Waiting>, FsError> {
    let before = Calm::times(mailbox);
    let look = mailbox.look(now)?;
    notice::buried(mailbox, &look.buried, now)?;
    let mut letters = look.letters;
    letters.retain(|letter| letter.priority != Priority::Low);
    letters.extend(holding::untold(mailbox)?.iter().map(|found| Waiting::from(&found.letter)));
    if letters.is_empty() && look.unread.is_empty() {
        calm.begin(before);
    }
    if turn.is_some_and(|turn| {
        !turn.left().is_zero() && letters.iter().any(|letter| was_rung_before(turn, mailbox, &letter.id))
    }) {
        calm.mailman_until = Some(Instant::now() + MAILMAN_FIRST);
    }
    if !calm.left_to_mailman().is_zero() {
        return Ok(Vec::new());
    }
    letters.retain(|letter| is_due(mailbox, &letter.id, now, turn));
    if !letters.is_empty() && Config::load(home).is_err() {
        letters.clear(); // the mailman could not bring them
    }
    Ok(letters)
}

/// When a letter was rung for since it last came to the inbox.
fn rings(receipts: &[Receipt]) -> Vec<Timestamp> {
    since_return(receipts).iter().filter(|receipt| receipt.step == Step::Rung).map(|receipt| receipt.at).collect()
}

fn was_rung_before(turn: Turn, mailbox: &Mailbox, id: &LetterId) -> bool {
    rings(&mailbox.receipts(id)).last().is_some_and(|last| *last < turn.since)
}

fn is_due(mailbox: &Mailbox, id: &LetterId, now: Timestamp, turn: Option<Turn>) -> bool {
    let receipts = mailbox.receipts(id);
    if proof::rests_until(&receipts).is_some_and(|until| now < until) {
        return false;
    }
    let rings = rings(&receipts);
    let Some(last) = rings.last() else { return true };
    if turn.is_some_and(|turn| turn.eats_wakes && *last < turn.since && turn.left().is_zero()) {
        return true;
    }
    let pause = AGAIN_AFTER[rings.len().min(AGAIN_AFTER.len()) - 1];
    let age = now.duration_since(*last);
    age.is_negative() || age >= pause
}

fn mailbox(home: &Home, input: &Input, first: bool) -> Result<Mailbox> {
    let trust = match input.source.as_deref() {
        Some("startup" | "resume" | "fork") if first => Trust::Session,
        _ => Trust::Host,
    };
    let claimant = client::claimant(input.session_id.clone(), trust).context("the client has gone")?;
    match identity::find(home, &claimant.host) {
        Some(mailbox) if trust == Trust::Host => Ok(mailbox),
        _ => Ok(identity::claim(home, &claimant)?.mailbox),
    }
}

/// Takes the place at the bell, unless another process of the session has it.
fn take_post(mailbox: &Mailbox, first: bool) -> Result<Option<Lock>, FsError> {
    let path = lock::lasting(mailbox.path(), LOCK);
    let give_up = Instant::now() + if first { GHOSTS_LINGER } else { Duration::ZERO };
    loop {
        let taken = lock::try_exclusive(&path)?;
        if taken.is_some() || Instant::now() >= give_up {
            return Ok(taken);
        }
        thread::sleep(Duration::from_millis(50));
    }
}
