//! Whether a letter wakes an agent, and if not, why and since when: what every listing says of a session.
//!
//! "Idle" is a promise that a letter wakes it, so it is said only where that is known from locks: the session's processes
//! hold one, and its waker another. What it last said of itself is in the record. A client may tell more of its sessions; what
//! it tells is asked through [`Witness`], which the program sets once. The lock and the newer word count.

use std::{
    path::PathBuf,
    sync::OnceLock,
    time::{Duration, SystemTime},
};

use jiff::{SignedDuration, Timestamp};

use super::{
    Activity, Record,
    machines::{self, Heard},
    obstacle::Obstacle,
};
use crate::mailbox::{
    Mailbox,
    disk::FsError,
    lock::{self, Lock},
    name::AgentName,
};

/// What older versions call it, too: a session keeps one waker while it is updated.
const WAKER_LOCK: &str = "bell.lock";
/// Where wakers leave the words of their wakes; see `clients`.
const WAKES: &str = "wakes";
/// After a session has spoken, or a wake was sent, the next waker is still to come.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_secs(10);
/// How long client and session must have said different things: at the beginning of a turn one of them is the first.
pub const FOR_SURE: SignedDuration = SignedDuration::from_secs(2);

/// What is said of an agent that its machine does not know, or not yet.
const UNKNOWN_THERE: &str = "unknown";

/// Why nothing wakes a session that could be woken.
pub const WAKER_IS_GONE: &str = "its waker is gone";

/// How letters reach an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// A letter wakes it, or goes into the turn it works on.
    Wakes,
    /// Nothing wakes it; a letter comes with its next turn.
    NextTurn,
    /// A dialog is open in it. A letter waits for the answer.
    Asks,
    /// Its last turn ended in an error.
    Failing,
    /// It is there, and takes no letters by itself.
    Deaf,
    /// It is not there.
    Away,
    /// It is on another machine, and reached over the link. `since` is the last contact with that machine, and `why` what
    /// was said of the agent then, as long as that counts.
    Elsewhere,
}

impl Reach {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wakes => "wakes",
            Self::NextTurn => "next turn",
            Self::Asks => "asks its person",
            Self::Failing => "failing",
            Self::Deaf => "deaf",
            Self::Away => "away",
            Self::Elsewhere => "elsewhere",
        }
    }
}

/// What a client itself says of one of its sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub doing: Doing,
    pub since: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doing {
    Idle,
    Busy,
    /// A dialog is open; for what, if the client says so.
    Waiting(Option<String>),
}

/// Whom to ask of the session in a record.
#[derive(Debug, Clone, Copy)]
pub struct Witness {
    /// What its client says of it; `None` where it says nothing.
    pub said: fn(&Record) -> Option<Said>,
    /// Whether its client takes letters that are pushed to it, which wakes it without a waker.
    pub is_pushed_to: fn(&Record) -> bool,
}

static WITNESS: OnceLock<Witness> = OnceLock::new();

/// Sets whom to ask, once for this process. Without it only locks and records are asked.
pub fn ask(witness: Witness) {
    let _ = WITNESS.set(witness); // the first one stays
}

/// How an agent is reached, and what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub reach: Reach,
    /// Only of somebody who is there.
    pub activity: Activity,
    pub since: Option<Timestamp>,
    pub why: Option<String>,
}

impl Standing {
    /// How the agent with this mailbox is reached now.
    #[must_use]
    pub fn of(mailbox: &Mailbox, record: &Record, now: Timestamp) -> Self {
        if let (Some(machine), Some(home)) = (mailbox.name().machine(), mailbox.path().parent()) {
            let running = machines::is_running(home);
            return elsewhere(machines::heard(home, &machine).as_ref(), &mailbox.name().there(), running, now);
        }
        let is_online = record.is_online(mailbox);
        let witness = WITNESS.get().filter(|_| is_online);
        let said = witness.and_then(|witness| (witness.said)(record));
        let is_pushed_to = witness.is_some_and(|witness| (witness.is_pushed_to)(record));
        let locks = Locks { is_online, is_pushed_to, ..Locks::of(mailbox) };
        weigh(record, locks, said, now)
    }

    /// That of somebody who is not there.
    #[must_use]
    pub fn away() -> Self {
        Self { reach: Reach::Away, activity: Activity::Idle, since: None, why: None }
    }

    #[must_use]
    pub fn is_online(&self) -> bool {
        match self.reach {
            Reach::Away => false,
            Reach::Elsewhere => {
                self.why.as_deref().is_some_and(|said| said != Reach::Away.as_str() && said != UNKNOWN_THERE)
            }
            _ => true,
        }
    }

    /// What it does, in one word. Idle is only said of one that a letter wakes.
    #[must_use]
    pub fn state(&self) -> Option<&'static str> {
        match (self.reach, self.activity) {
            (Reach::Away | Reach::Elsewhere, _) => None,
            (Reach::Deaf, _) => Some(Activity::Deaf.as_str()),
            (Reach::Wakes, activity) => Some(activity.as_str()),
            (_, activity) => (activity == Activity::Busy).then_some(activity.as_str()),
        }
    }
}

/// Whether the session has a waker: a process that sleeps until a letter is due, and then wakes it.
#[must_use]
pub fn has_waker(mailbox: &Mailbox) -> bool {
    lock::is_kept(&lock::lasting(mailbox.path(), WAKER_LOCK))
}

/// Whether a session that should have a waker has none, also while it is at work.
#[must_use]
pub fn lacks_waker(mailbox: &Mailbox, record: &Record, now: Timestamp) -> bool {
    let locks = Locks::of(mailbox);
    let spoke = record.updated.map(|at| now.duration_since(at).abs());
    // A wake that has not been answered yet may wait for as long as a tool runs.
    let is_waking = locks.waking_for.zip(spoke).is_some_and(|(waking, spoke)| waking < spoke);
    record.delivers() && !record.headless && !is_waking && lacks_waker_by(record, locks, now)
}

/// Takes the place of the session's waker, unless another process has it.
///
/// # Errors
/// A `FsError` when the lock cannot be opened.
pub fn take_wakers_place(mailbox: &Mailbox) -> Result<Option<Lock>, FsError> {
    lock::try_exclusive(&lock::lasting(mailbox.path(), WAKER_LOCK))
}

/// Where wakers leave the words of their wakes. It changes with each wake.
#[must_use]
pub fn wakes(mailbox: &Mailbox) -> PathBuf {
    mailbox.path().join(WAKES)
}

/// For how long the last wake has been on its way; `None` when there was none.
fn since_wake(mailbox: &Mailbox) -> Option<SignedDuration> {
    let sent = wakes(mailbox).metadata().and_then(|facts| facts.modified()).ok()?;
    let age = SystemTime::now().duration_since(sent).unwrap_or(Duration::ZERO);
    SignedDuration::try_from(age).ok()
}

/// What the system itself knows.
#[derive(Debug, Clone, Copy)]
struct Locks {
    is_online: bool,
    has_waker: bool,
    waking_for: Option<SignedDuration>,
    is_pushed_to: bool,
}

impl Locks {
    fn of(mailbox: &Mailbox) -> Self {
        let (has_waker, waking_for) = (has_waker(mailbox), since_wake(mailbox));
        Self { is_online: false, has_waker, waking_for, is_pushed_to: false }
    }
}

/// How an agent of another machine is reached, from what that machine has said.
fn elsewhere(heard: Option<&Heard>, name: &AgentName, is_running: bool, now: Timestamp) -> Standing {
    let fresh = heard.filter(|heard| is_running && heard.is_fresh(now));
    let said = fresh.map(|heard| heard.of(name).map_or(UNKNOWN_THERE, |agent| agent.reach.as_str()));
    let activity = if said == Some(Activity::Busy.as_str()) { Activity::Busy } else { Activity::Idle };
    Standing { reach: Reach::Elsewhere, activity, since: heard.map(|heard| heard.at), why: said.map(str::to_owned) }
}

/// Decides from what is known; reads nothing.
fn weigh(record: &Record, locks: Locks, said: Option<Said>, now: Timestamp) -> Standing {
    let heard = said.filter(|said| counts(said, record, now));
    let activity = match heard.as_ref().map(|said| &said.doing) {
        Some(Doing::Idle) => Activity::Idle,
        Some(Doing::Busy | Doing::Waiting(_)) => Activity::Busy,
        None => record.state,
    };
    let is = |reach, since: Option<Timestamp>, why: Option<String>| Standing { reach, activity, since, why };
    let obstacle = |reach, obstacle: &Obstacle| is(reach, Some(obstacle.since), Some(obstacle.why.clone()));
    let since = heard.as_ref().map(|said| said.since).or(record.updated);
    if !locks.is_online {
        return is(Reach::Away, record.ended.or(record.updated), None);
    }
    if let Some(why) = record.state.why_not() {
        return is(Reach::Deaf, record.updated, Some(why.to_owned()));
    }
    let is_deaf = !record.delivers() && record.deaf.is_some() && !locks.is_pushed_to;
    if let Some(dialog) = dialog(record, heard.as_ref()).filter(|_| !is_deaf) {
        return obstacle(Reach::Asks, &dialog);
    }
    if !record.delivers() {
        return match &record.deaf {
            _ if locks.is_pushed_to => is(Reach::Wakes, since, None),
            Some(deaf) => obstacle(Reach::Deaf, deaf),
            None => is(Reach::NextTurn, record.started, Some("it is starting".to_owned())),
        };
    }
    if let Some(failing) = record.failing.as_ref().filter(|_| activity == Activity::Idle) {
        return obstacle(Reach::Failing, failing);
    }
    if record.headless {
        let why = "nothing wakes a session without a terminal";
        return is(Reach::NextTurn, record.started, Some(why.to_owned()));
    }
    if let Some(blocked) = &record.blocked {
        return obstacle(Reach::NextTurn, blocked);
    }
    if activity == Activity::Busy || !lacks_waker_by(record, locks, now) {
        return is(Reach::Wakes, since, None);
    }
    is(Reach::NextTurn, since, Some(WAKER_IS_GONE.to_owned()))
}

/// Whether the session has no waker, and none is on its way.
fn lacks_waker_by(record: &Record, locks: Locks, now: Timestamp) -> bool {
    let spoke = record.updated.map(|at| now.duration_since(at).abs());
    let is_on_its_way = [spoke, locks.waking_for].into_iter().flatten().any(|age| age < ON_ITS_WAY);
    !locks.has_waker && !is_on_its_way
}

/// Whether what a client says is the newer word: session and client speak one after the other of the same thing.
fn counts(said: &Said, record: &Record, now: Timestamp) -> bool {
    let Some(updated) = record.updated else { return true };
    let both_are_past = now.duration_since(said.since) >= FOR_SURE && now.duration_since(updated) >= FOR_SURE;
    both_are_past || said.since > updated
}

/// The dialog that is open: the one the session has told of, as long as the client does not say otherwise.
fn dialog(record: &Record, heard: Option<&Said>) -> Option<Obstacle> {
    let told = record.asks.clone();
    match heard {
        None => told,
        Some(Said { doing: Doing::Waiting(why), since }) => {
            let why = || why.clone().unwrap_or_else(|| "a dialog is open".to_owned());
            Some(told.unwrap_or_else(|| Obstacle::new(*since, why())))
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THERE: Locks = Locks { is_online: true, has_waker: true, waking_for: None, is_pushed_to: false };
    const UNWATCHED: Locks = Locks { has_waker: false, ..THERE };

    fn noon() -> Timestamp {
        "2026-01-01T12:00:00Z".parse().unwrap()
    }

    fn ago(seconds: i64) -> Timestamp {
        noon() - SignedDuration::from_secs(seconds)
    }

    /// A session that spoke this long ago.
    fn session(state: Activity, seconds: i64) -> Record {
        let host = Some("7-1".to_owned());
        Record { host: host.clone(), delivers_in: host, state, updated: Some(ago(seconds)), ..Record::default() }
    }

    fn said(doing: Doing, seconds: i64) -> Said {
        Said { doing, since: ago(seconds) }
    }

    fn found(record: &Record, locks: Locks, said: impl Into<Option<Said>>) -> (Reach, Option<&'static str>) {
        let standing = weigh(record, locks, said.into(), noon());
        (standing.reach, standing.state())
    }

    #[test]
    fn idle_is_said_of_a_session_that_a_letter_wakes() {
        let idle = session(Activity::Idle, 60);
        assert_eq!(found(&idle, THERE, None), (Reach::Wakes, Some("idle")));
        assert_eq!(found(&idle, UNWATCHED, None).0, Reach::NextTurn, "its waker is gone");
        assert_eq!(found(&session(Activity::Idle, 3), UNWATCHED, None).0, Reach::Wakes, "the next one is on its way");
        let waking = Locks { waking_for: Some(SignedDuration::from_secs(2)), ..UNWATCHED };
        assert_eq!(found(&idle, waking, None).0, Reach::Wakes, "a wake is");
        let busy = session(Activity::Busy, 60);
        assert_eq!(found(&busy, UNWATCHED, None), (Reach::Wakes, Some("busy")), "Stop starts one");
        let headless = Record { headless: true, ..busy };
        assert_eq!(found(&headless, UNWATCHED, None), (Reach::NextTurn, Some("busy")));
        let starting = Record { delivers_in: None, ..idle.clone() };
        assert_eq!(found(&starting, THERE, None).0, Reach::NextTurn);
        assert_eq!(found(&idle, Locks { is_online: false, ..THERE }, None), (Reach::Away, None));
    }

    #[test]
    fn what_is_in_the_way_is_said_with_its_time() {
        let obstacle = Some(Obstacle::new(ago(180), "rate limit"));
        let failing = Record { failing: obstacle.clone(), ..session(Activity::Idle, 60) };
        let standing = weigh(&failing, THERE, None, noon());
        assert_eq!(
            (standing.reach, standing.since, standing.why.as_deref()),
            (Reach::Failing, Some(ago(180)), Some("rate limit"))
        );
        let again = Record { state: Activity::Busy, ..failing };
        assert_eq!(found(&again, THERE, None), (Reach::Wakes, Some("busy")), "it is trying again");
        let blocked = Record { blocked: obstacle.clone(), ..session(Activity::Idle, 60) };
        assert_eq!(found(&blocked, THERE, None).0, Reach::NextTurn);
        let deaf = Record { deaf: obstacle, delivers_in: None, ..session(Activity::Idle, 60) };
        assert_eq!(found(&deaf, THERE, None), (Reach::Deaf, Some("deaf")));
        let asked = said(Doing::Waiting(None), 30);
        assert_eq!(found(&deaf, THERE, asked).0, Reach::Deaf, "an answer to its dialog lets no letter in");
        let heard = Record { delivers_in: deaf.host.clone(), ..deaf.clone() };
        assert_eq!(found(&heard, THERE, None).0, Reach::Wakes, "it delivers after all");
        let pushed = Locks { is_pushed_to: true, ..THERE };
        assert_eq!(found(&deaf, pushed, None).0, Reach::Wakes, "a push wakes it");
        let folder = session(Activity::Deaf, 60);
        assert_eq!(found(&folder, THERE, None), (Reach::Deaf, Some("deaf")));
    }

    #[test]
    fn a_dialog_is_open_until_it_is_answered() {
        let asks = Record { asks: Some(Obstacle::new(ago(120), "Bash")), ..session(Activity::Busy, 120) };
        assert_eq!(found(&asks, UNWATCHED, None), (Reach::Asks, Some("busy")));
        assert_eq!(found(&asks, UNWATCHED, said(Doing::Waiting(None), 119)).0, Reach::Asks);
        assert_eq!(found(&asks, UNWATCHED, said(Doing::Busy, 300)).0, Reach::Wakes, "the client has long known better");
        assert_eq!(found(&asks, UNWATCHED, said(Doing::Busy, 1)).0, Reach::Wakes, "answered just now");
        let untold = session(Activity::Busy, 200);
        let standing =
            weigh(&untold, UNWATCHED, Some(said(Doing::Waiting(Some("permission prompt".to_owned())), 90)), noon());
        assert_eq!(
            (standing.reach, standing.since, standing.why.as_deref()),
            (Reach::Asks, Some(ago(90)), Some("permission prompt"))
        );
    }

    #[test]
    fn of_session_and_client_the_newer_word_counts() {
        let busy = |seconds| session(Activity::Busy, seconds);
        assert_eq!(found(&busy(10), THERE, said(Doing::Idle, 9)), (Reach::Wakes, Some("idle")), "cut with Esc");
        assert_eq!(
            found(&busy(1), THERE, said(Doing::Idle, 9)),
            (Reach::Wakes, Some("busy")),
            "it says that it begins"
        );
        assert_eq!(found(&session(Activity::Idle, 1), THERE, said(Doing::Busy, 9)).1, Some("idle"));
        assert_eq!(
            found(&session(Activity::Idle, 90), THERE, said(Doing::Busy, 9)).1,
            Some("busy"),
            "it has not said so yet"
        );
    }
}
