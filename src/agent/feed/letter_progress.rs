//! How far a letter's way has been reported, and what of it can be reported now.
//!
//! Some steps are noted before the rename that makes them. Reported at once, they would say more than is true if the
//! process died in between. So the last such receipt is reported once the letter lies where it leads, or something
//! follows it.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::mailbox::{
    State,
    receipt::{Receipt, Step},
};

/// How long a letter of which something was reported is looked at without an announcement.
const AFTERGLOW: Duration = Duration::from_secs(10);

/// What is known of one letter.
#[derive(Debug)]
pub struct LetterProgress {
    /// How many receipts are done with; `None` for a letter of before the opening that was not looked at yet.
    reported: Option<usize>,
    /// That it is dead was reported, or was so before.
    buried: bool,
    /// Where it lay, and how many bytes of receipts it had, at the last look.
    pub seen_at: (State, u64),
    touched: Instant,
}

/// What a look has to tell, in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct NewSteps {
    pub steps: Vec<Receipt>,
    /// It lies in `dead/`, and no step says why.
    pub dead: bool,
    reported: usize,
}

impl NewSteps {
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && !self.dead
    }
}

impl LetterProgress {
    /// A letter whose whole way is news.
    pub fn new() -> Self {
        Self { reported: Some(0), buried: false, seen_at: (State::Inbox, 0), touched: Instant::now() }
    }

    /// A letter that was there before.
    pub fn of_before(state: State) -> Self {
        Self { reported: None, buried: state == State::Dead, seen_at: (state, 0), touched: Instant::now() }
    }

    /// Whether more may come of it where nothing is announced.
    pub fn is_warm(&self) -> bool {
        !matches!(self.seen_at.0, State::Done | State::Dead) || self.touched.elapsed() < AFTERGLOW
    }

    /// Whether something was reported of it a moment ago, so that what comes next may have been lost among much else.
    pub fn is_recent(&self) -> bool {
        self.reported.is_some() && self.touched.elapsed() < AFTERGLOW
    }

    /// Begins a progress at what is new since `opened`. A step just announced is new whatever its time says.
    pub fn begin(&mut self, receipts: &[Receipt], opened: Timestamp, announced: bool) {
        if self.reported.is_none() {
            let old = receipts.iter().position(|receipt| receipt.at >= opened).unwrap_or(receipts.len());
            self.reported = Some(if announced { old.min(receipts.len().saturating_sub(1)) } else { old });
        }
    }

    /// What can be reported of a letter that lies in `state` and has these receipts, read before the state was.
    pub fn news(&self, receipts: &[Receipt], state: State) -> NewSteps {
        let from = self.reported.unwrap_or(0).min(receipts.len());
        let reported = receipts.len() - not_yet(&receipts[from..], state);
        let mut steps: Vec<Receipt> = Vec::new();
        for receipt in receipts[from..reported].iter().filter(|receipt| is_reported(receipt.step)) {
            // Of several who are about to make one step, one makes it.
            if leads_to(receipt.step).is_some() && steps.last().is_some_and(|last| last.step == receipt.step) {
                steps.pop();
            }
            steps.push(receipt.clone());
        }
        let explained = matches!(receipts.last().map(|last| last.step), Some(Step::Expired | Step::Refused));
        let again = steps.iter().any(|receipt| receipt.step == Step::Retried);
        NewSteps { steps, dead: state == State::Dead && !explained && (!self.buried || again), reported }
    }

    /// Takes note that all of it was reported.
    pub fn report(&mut self, news: &NewSteps, state: State, size: u64) {
        if self.seen_at != (state, size) {
            self.touched = Instant::now();
        }
        self.reported = Some(news.reported);
        self.buried = state == State::Dead;
        self.seen_at = (state, size);
    }
}

/// How many of the last receipts speak of a step that somebody is about to make and has not made.
fn not_yet(receipts: &[Receipt], state: State) -> usize {
    let Some(last) = receipts.last().map(|last| last.step) else { return 0 };
    if leads_to(last).is_none_or(|place| place == state) {
        return 0;
    }
    receipts.iter().rev().take_while(|receipt| receipt.step == last).count()
}

/// Where a step that is noted before it is made takes the letter.
fn leads_to(step: Step) -> Option<State> {
    match step {
        Step::Returned | Step::Accepted | Step::Retried => Some(State::Inbox),
        Step::Held => Some(State::Held),
        Step::Refused | Step::Expired => Some(State::Dead),
        _ => None,
    }
}

/// Whether a step is news: `claimed` and `reported` only help those who deliver.
fn is_reported(step: Step) -> bool {
    !matches!(step, Step::Claimed | Step::Shown | Step::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn receipts(steps: &[Step]) -> Vec<Receipt> {
        (0..).zip(steps).map(|(second, step)| Receipt::at(*step, at(second))).collect()
    }

    fn reported(progress: &mut LetterProgress, steps: &[Step], state: State) -> Vec<Step> {
        let news = progress.news(&receipts(steps), state);
        progress.report(&news, state, 0);
        news.steps.iter().map(|receipt| receipt.step).collect()
    }

    #[test]
    fn a_step_is_told_once_it_is_made() {
        let mut progress = LetterProgress::new();
        assert_eq!(reported(&mut progress, &[Step::Held], State::Inbox), []);
        assert_eq!(reported(&mut progress, &[Step::Held, Step::Held], State::Inbox), []);
        assert_eq!(reported(&mut progress, &[Step::Held, Step::Held], State::Held), [Step::Held]);
        let accepted = [Step::Held, Step::Held, Step::Shown, Step::Accepted];
        assert_eq!(reported(&mut progress, &accepted, State::Held), []);
        assert_eq!(reported(&mut progress, &accepted, State::Inbox), [Step::Accepted]);
        assert_eq!(reported(&mut progress, &accepted, State::Inbox), []);
    }

    #[test]
    fn a_ring_is_told_each_time() {
        let mut progress = LetterProgress::new();
        assert_eq!(
            reported(&mut progress, &[Step::Notified, Step::Notified], State::Inbox),
            [Step::Notified, Step::Notified]
        );
    }

    #[test]
    fn of_a_letter_of_before_only_what_is_new_is_told() {
        let steps = receipts(&[Step::Notified, Step::Claimed, Step::Delivered, Step::Seen, Step::Answered]);
        let count = |opened, announced| {
            let mut progress = LetterProgress::of_before(State::Done);
            progress.begin(&steps, opened, announced);
            progress.news(&steps, State::Done).steps.len()
        };
        assert_eq!(count(at(3), false), 2);
        assert_eq!(count(at(99), false), 0);
        assert_eq!(count(at(99), true), 1, "the clock was set back, and the step was announced");
    }

    #[test]
    fn a_letter_that_dies_twice_is_told_twice() {
        let mut progress = LetterProgress::new();
        let news = progress.news(&[], State::Dead);
        assert!(news.dead);
        progress.report(&news, State::Dead, 0);
        assert!(!progress.news(&[], State::Dead).dead);
        assert!(progress.news(&receipts(&[Step::Retried, Step::Notified]), State::Dead).dead);
        assert!(!progress.news(&receipts(&[Step::Expired]), State::Dead).dead, "the step says it");
    }
}
