//! A letter's time to live, with the time passed in.

use cc2cc::mailbox::letter::Letter;
use jiff::Timestamp;

use super::post::{after_noon, name, noon};

fn living(ttl_seconds: Option<u64>) -> Letter {
    Letter { ttl_seconds, ..Letter::new(name("ann"), name("bob"), "x", noon()) }
}

#[test]
fn a_letter_lapses_when_its_time_is_over_and_not_before() {
    let letter = living(Some(60));
    assert!(!letter.lapsed(noon()));
    assert!(!letter.lapsed(after_noon(59)));
    assert!(letter.lapsed(after_noon(60)));
    assert!(letter.lapsed(after_noon(86_400)));
}

#[test]
fn without_a_time_to_live_a_letter_waits_for_ever() {
    assert!(!living(None).lapsed(Timestamp::MAX));
    assert!(!living(Some(u64::MAX)).lapsed(Timestamp::MAX));
}

#[test]
fn a_clock_set_back_does_not_kill_a_letter() {
    assert!(!living(Some(60)).lapsed(after_noon(-86_400)));
}
