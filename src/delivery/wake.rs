//! When a session is woken: which letters are due, and when a wake from before may still be on its way.
//!
//! What is decided here depends on receipts and on a clock that is handed in, and on nothing else.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use jiff::{SignedDuration, Timestamp};

use super::{client::Client, settle, trace};
use crate::{
    agent::{
        Record,
        decisions::{self, HeldLetter},
        notice,
        policy::Config,
    },
    mailbox::{
        Mailbox, State,
        disk::FsError,
        home::Home,
        letter::Priority,
        receipt::{Receipt, Step, since_return},
        scan::Waiting,
    },
};

/// How long the delivery of the event that started a waker may need; what waits until then is that delivery's.
pub const DELIVERY_FIRST: Duration = Duration::from_millis(300);
/// The same from the last look that saw a letter whose wake is on its way; looks come every [`DELIVERY_FIRST`].
const LEFT_TO_DELIVERY: Duration = Duration::from_millis(900);
/// Letters that a wake was sent for and nothing delivered are due again after these times, then every hour: a wake
/// waits behind an open permission dialog, and an Esc may lose it.
const AGAIN_AFTER: [SignedDuration; 4] = [
    SignedDuration::from_secs(30),
    SignedDuration::from_mins(2),
    SignedDuration::from_mins(10),
    SignedDuration::from_hours(1),
];
/// Grace period after a turn begins or ends: a wake sent before may still be in flight, and its delivery takes all that
/// waits. Waking again would start an empty turn.
const LATE_WAKE: SignedDuration = SignedDuration::from_secs(10);
/// The same for clients that may have used the wake up without a delivery, as those before 2.1.273 do in the middle of a
/// turn. Past that the session is woken again.
const LATE_OR_LOST_WAKE: SignedDuration = SignedDuration::from_secs(2);

/// The turn, or the compaction, at whose beginning or end a waker was started.
#[derive(Debug, Clone, Copy)]
pub struct TurnEdge {
    pub since: Timestamp,
    /// It has ended, and its client may have used up a wake without a delivery.
    pub loses_wakes: bool,
}

impl TurnEdge {
    /// What is left of the grace period; nothing when the clock was set back.
    #[must_use]
    pub fn left(self, now: Timestamp) -> Duration {
        let age = now.duration_since(self.since);
        let grace = if self.loses_wakes { LATE_OR_LOST_WAKE } else { LATE_WAKE };
        if age.is_negative() { Duration::ZERO } else { Duration::try_from(grace - age).unwrap_or_default() }
    }
}

/// Remembers that nothing was due, so that a full inbox is not read again with every beat, and that a delivery was under
/// way: it takes the letters one by one, and those it has not come to are its, too.
#[derive(Debug, Default)]
pub struct Calm {
    changed: Option<[SystemTime; 2]>,
    /// Until when a delivery is taken to be under way.
    delivery_until: Option<Timestamp>,
}

impl Calm {
    /// A change within this time of a look may bear the same time as one before it.
    const BLUR: Duration = Duration::from_secs(1);

    /// Whether nothing has changed since there was nothing that will ever be due.
    #[must_use]
    pub fn holds(&self, mailbox: &Mailbox) -> bool {
        self.changed.is_some() && self.changed == Self::times(mailbox)
    }

    /// How long what waits is left to a delivery that is under way.
    #[must_use]
    pub fn left_to_delivery(&self, now: Timestamp) -> Duration {
        let left = self.delivery_until.map(|until| until.duration_since(now));
        left.and_then(|left| Duration::try_from(left).ok()).unwrap_or_default()
    }

    /// How long until the next look at a delivery that may be under way: sooner than it is taken to be over. Else the first of
    /// its letters might be taken just before a look, and the others be waked for in the middle of it.
    #[must_use]
    pub fn next_look(&self, now: Timestamp) -> Duration {
        self.left_to_delivery(now).min(DELIVERY_FIRST)
    }

    /// Nothing waits that will ever be due, as in an inbox full of `low` letters; true until `inbox/` or `held/`
    /// changes.
    fn begin(&mut self, before: Option<[SystemTime; 2]>) {
        let is_past = |at: &SystemTime| at.elapsed().is_ok_and(|age| age > Self::BLUR);
        self.changed = before.filter(|times| times.iter().all(is_past));
    }

    fn leave_to_delivery(&mut self, now: Timestamp) {
        self.delivery_until = now.checked_add(LEFT_TO_DELIVERY).ok();
    }

    fn times(mailbox: &Mailbox) -> Option<[SystemTime; 2]> {
        let changed = |state| mailbox.dir(state).metadata().and_then(|facts| facts.modified()).ok();
        Some([changed(State::Inbox)?, changed(State::Held)?])
    }
}

/// The letters worth waking the session for now. Files that are no letters are put aside, and their owner gets a
/// notice.
///
/// # Errors
/// A `FsError` when the mailbox cannot be used.
pub fn due(
    home: &Home,
    mailbox: &Mailbox,
    now: Timestamp,
    turn: Option<TurnEdge>,
    calm: &mut Calm,
) -> Result<Vec<Waiting>, FsError> {
    let before = Calm::times(mailbox);
    let look = mailbox.look(now)?;
    notice::buried(mailbox, &look.buried, now)?;
    let mut letters = look.letters;
    letters.retain(|letter| letter.priority != Priority::Low);
    let held: Vec<HeldLetter> = decisions::not_shown(mailbox)?.collect();
    if letters.is_empty() && held.is_empty() && look.unread.is_empty() {
        calm.begin(before);
    }
    let held = held.into_iter().map(|held| (Waiting::from(&held.letter), held.receipts));
    let letters = letters.into_iter().map(|letter| with_receipts(mailbox, letter));
    let mut letters: Vec<(Waiting, Vec<Receipt>)> = letters.chain(held).collect();
    if letters.iter().any(|(_, receipts)| wakes(receipts).next().is_some()) {
        let started = Record::of(mailbox).started;
        for (_, receipts) in &mut letters {
            forget_wakes_before(receipts, started);
        }
    }
    let decided =
        |letter: &Waiting, decision: &dyn Fn() -> String| trace::decided("wake", mailbox, &letter.id, decision);
    if turn.is_some_and(|turn| letters.iter().any(|(_, receipts)| is_left_to_wake_before(receipts, now, turn))) {
        calm.leave_to_delivery(now);
    }
    if !calm.left_to_delivery(now).is_zero() {
        for (letter, _) in &letters {
            decided(letter, &|| "left to the delivery that is under way".to_owned());
        }
        return Ok(Vec::new());
    }
    letters.retain(|(letter, receipts)| {
        let due = due_now(receipts, now, turn);
        decided(letter, &|| due.to_string());
        due == Due::Now
    });
    if !letters.is_empty() && Config::load(home).is_err() {
        for (letter, _) in &letters {
            decided(letter, &|| "not due: config.toml cannot be used".to_owned());
        }
        letters.clear(); // nothing could be delivered
    }
    Ok(letters.into_iter().map(|(letter, _)| letter).collect())
}

/// One look at a session: settles what was delivered, and wakes it for what is due, which is noted as notified before.
/// Gives the letters it was woken for. While others come first, nothing is woken.
///
/// # Errors
/// A `FsError` when the mailbox cannot be used.
pub fn round(
    client: &mut impl Client,
    home: &Home,
    mailbox: &Mailbox,
    others_first: bool,
    turn: Option<TurnEdge>,
    calm: &mut Calm,
) -> Result<Vec<Waiting>, FsError> {
    // An idle session raises no event, so nothing else would look for the evidence of its last letter.
    settle::settle(client, mailbox, Timestamp::now(), settle::From::Session)?;
    if calm.holds(mailbox) {
        return Ok(Vec::new());
    }
    let now = Timestamp::now();
    let due = due(home, mailbox, now, turn, calm)?;
    if others_first || due.is_empty() || has_gone(client, mailbox) {
        return Ok(Vec::new());
    }
    for letter in &due {
        mailbox.note(&letter.id, &Receipt::at(Step::Notified, now))?;
    }
    client.wake(mailbox, &due)?;
    Ok(due)
}

/// Whether the session has said goodbye, or goes on in another process: a wake would be lost in a client that is ending.
fn has_gone(client: &impl Client, mailbox: &Mailbox) -> bool {
    let record = Record::of(mailbox);
    let host = client.claimant().map(|claimant| claimant.host.to_string());
    record.ended.is_some() || record.host.is_some() && record.host != host
}

fn with_receipts(mailbox: &Mailbox, letter: Waiting) -> (Waiting, Vec<Receipt>) {
    let receipts = mailbox.receipts(&letter.id);
    (letter, receipts)
}

/// Leaves out the wakes of whatever process the session lived in before: they went with it.
fn forget_wakes_before(receipts: &mut Vec<Receipt>, started: Option<Timestamp>) {
    receipts.retain(|receipt| receipt.step != Step::Notified || started.is_none_or(|started| receipt.at >= started));
}

/// When a wake was sent for a letter since it last came to the inbox.
fn wakes(receipts: &[Receipt]) -> impl DoubleEndedIterator<Item = Timestamp> {
    since_return(receipts).iter().filter(|receipt| receipt.step == Step::Notified).map(|receipt| receipt.at)
}

/// Whether a wake that was sent for a letter before a turn may still be in flight.
fn is_left_to_wake_before(receipts: &[Receipt], now: Timestamp, turn: TurnEdge) -> bool {
    !turn.left(now).is_zero() && wakes(receipts).next_back().is_some_and(|last| last < turn.since)
}

/// Whether a letter is worth a wake now, and why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    Now,
    /// It came back, and waits until then before its session is woken for it again.
    Rests(Timestamp),
    /// A wake was sent for it at a time, and another is at this time if nothing comes of that one.
    Woken(Timestamp, SignedDuration),
}

impl fmt::Display for Due {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now => write!(f, "due now"),
            Self::Rests(until) if *until == Timestamp::MAX => {
                write!(f, "not due: it came back, and waits for a prompt that comes anyway")
            }
            Self::Rests(until) => write!(f, "not due: it came back, and rests until {until:.0}"),
            Self::Woken(at, pause) => write!(f, "not due: woken at {at:.0}, and again after {pause:#}"),
        }
    }
}

/// Whether a letter with these receipts is worth a wake now.
fn due_now(receipts: &[Receipt], now: Timestamp, turn: Option<TurnEdge>) -> Due {
    if let Some(until) = settle::rests_until(receipts).filter(|until| now < *until) {
        return Due::Rests(until);
    }
    let Some(last) = wakes(receipts).next_back() else { return Due::Now };
    if turn.is_some_and(|turn| turn.loses_wakes && last < turn.since && turn.left(now).is_zero()) {
        return Due::Now;
    }
    let pause = AGAIN_AFTER[wakes(receipts).count().min(AGAIN_AFTER.len()) - 1];
    let age = now.duration_since(last);
    if age.is_negative() || age >= pause { Due::Now } else { Due::Woken(last, pause) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::UNIX_EPOCH;

    fn at(seconds: i64) -> Timestamp {
        NOON + SignedDuration::from_secs(seconds)
    }

    fn receipts(steps: &[(Step, i64)]) -> Vec<Receipt> {
        steps.iter().map(|(step, seconds)| Receipt::at(*step, at(*seconds))).collect()
    }

    fn is_due(receipts: &[Receipt], now: Timestamp, turn: Option<TurnEdge>) -> bool {
        due_now(receipts, now, turn) == Due::Now
    }

    fn turn(loses_wakes: bool) -> TurnEdge {
        TurnEdge { since: NOON, loses_wakes }
    }

    #[test]
    fn a_letter_is_due_at_once_and_again_with_growing_pauses() {
        assert!(is_due(&[], NOON, None));
        let mut steps = Vec::new();
        let mut last = 0;
        for pause in [30, 120, 600, 3_600, 3_600, 3_600] {
            steps.push((Step::Notified, last));
            assert!(!is_due(&receipts(&steps), at(last + pause - 1), None), "{pause} s after wake {}", steps.len());
            last += pause;
            assert!(is_due(&receipts(&steps), at(last), None), "{pause} s after wake {}", steps.len());
        }
    }

    #[test]
    fn a_delivery_that_begins_between_two_looks_has_time_for_its_other_letters() {
        let mut calm = Calm::default();
        calm.leave_to_delivery(NOON);
        let look = NOON + SignedDuration::try_from(calm.next_look(NOON)).unwrap();
        assert!(calm.left_to_delivery(look) >= DELIVERY_FIRST, "when the first letter was taken just before this look");
        let over = NOON + SignedDuration::try_from(LEFT_TO_DELIVERY).unwrap();
        assert_eq!((calm.left_to_delivery(over), calm.next_look(over)), (Duration::ZERO, Duration::ZERO));
    }

    #[test]
    fn a_wake_dated_tomorrow_keeps_nothing_waiting() {
        assert!(is_due(&receipts(&[(Step::Notified, 86_400)]), NOON, None));
    }

    #[test]
    fn a_wake_that_went_with_the_process_before_is_sent_anew_at_once() {
        let mut lost = receipts(&[(Step::Notified, 1)]);
        forget_wakes_before(&mut lost, Some(at(1)));
        assert!(!is_due(&lost, at(2), None), "it is this process's own");
        forget_wakes_before(&mut lost, Some(at(2)));
        assert!(is_due(&lost, at(2), None));
    }

    #[test]
    fn what_came_back_begins_anew_once_it_has_rested() {
        let back = receipts(&[(Step::Notified, 0), (Step::Claimed, 1), (Step::Delivered, 1), (Step::Accepted, 2)]);
        assert!(is_due(&back, at(2), None), "a person has just accepted it");
    }

    #[test]
    fn why_a_letter_is_not_due_can_be_read() {
        let woken = due_now(&receipts(&[(Step::Notified, 0), (Step::Notified, 30)]), at(31), None);
        insta::assert_snapshot!(woken, @"not due: woken at 1970-01-01T00:00:30Z, and again after 2m");
        let mut back = receipts(&[(Step::Claimed, 0), (Step::Returned, 1)]);
        back[1].why = Some("its turn ended without it".to_owned());
        insta::assert_snapshot!(due_now(&back, at(2), None), @"not due: it came back, and rests until 1970-01-01T00:00:06Z");
    }

    #[test]
    fn a_turn_leaves_time_for_a_wake_from_before() {
        let before = receipts(&[(Step::Notified, -1)]);
        let turn_now = turn(false);
        assert!(is_left_to_wake_before(&before, at(9), turn_now));
        assert!(!is_left_to_wake_before(&before, at(10), turn_now));
        assert!(!is_left_to_wake_before(&receipts(&[(Step::Notified, 1)]), at(2), turn_now), "that one came after");
        assert_eq!(turn_now.left(at(-5)), Duration::ZERO, "the clock was set back");
    }

    #[test]
    fn a_client_that_loses_wakes_is_woken_again_soon() {
        let before = receipts(&[(Step::Notified, -1)]);
        assert!(!is_due(&before, at(1), Some(turn(true))));
        assert!(is_due(&before, at(2), Some(turn(true))));
        assert!(!is_due(&before, at(2), Some(turn(false))), "the wake is on its way");
    }

    #[test]
    fn what_a_delivery_has_begun_is_left_to_it_for_a_moment() {
        let mut calm = Calm::default();
        assert_eq!(calm.left_to_delivery(NOON), Duration::ZERO);
        calm.leave_to_delivery(NOON);
        assert_eq!(calm.left_to_delivery(NOON), LEFT_TO_DELIVERY);
        assert_eq!(calm.left_to_delivery(at(1)), Duration::ZERO);
    }
}
