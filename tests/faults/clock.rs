//! A clock that jumps a day, ahead or back: what was written at another time is still delivered, once.

use std::{
    fs::{self, File},
    time::SystemTime,
};

use cc2cc::{
    agent::Record,
    mailbox::{
        Key, State,
        letter::Letter,
        receipt::{Receipt, Step},
    },
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    office::{Heard, Office},
    table::{Tally, conclude},
};
use crate::support::{
    said::{Said, start},
    world::files_below,
};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Everything that was written so far was written at another time.
fn jumps(office: &Office, by: SignedDuration) {
    for path in files_below(&office.world.path("mail")) {
        let text = fs::read_to_string(&path).unwrap();
        let shifted: Vec<String> = text.split('"').map(|part| shift(part, by)).collect();
        if path.extension().is_some_and(|extension| extension != "lock") {
            fs::write(&path, shifted.join("\"")).unwrap();
        }
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(SystemTime::from(Timestamp::now() + by)).unwrap();
    }
}

fn shift(text: &str, by: SignedDuration) -> String {
    text.parse::<Timestamp>().map_or(text.to_owned(), |at| (at + by).to_string())
}

#[test]
fn letters_claims_and_records_of_another_day() {
    let mut tally = Tally::default();
    for by in [DAY, -DAY] {
        for moment in 0..5 {
            let office = Office::new();
            let jump = |now| {
                if moment == now {
                    jumps(&office, by);
                }
            };
            office.watch(office.start("startup")).fine();
            jump(0);
            office.posted("ann", "calm-owl", "one");
            office.posted("ann", "calm-owl", "two");
            jump(1);
            let said = office.watch(office.prompt()).fine();
            jump(2);
            office.hear(&said);
            jump(3);
            office.hear(&office.watch(office.stop()).fine());
            jump(4);
            office.posted("ann", "calm-owl", "three");
            office.hear(&office.watch(office.prompt()).fine());
            office.intact();
            office.goes_on();
            assert!(Record::of(&office.mine()).ended.is_none());
            let one = office.tally(Heard::All);
            assert_eq!(one.duplicated, 0, "nothing crashed, by {by} at {moment}: {:?}", office.heard.borrow());
            tally += one;
        }
    }
    conclude("clock jumps a day ahead or back", "10 times, at 5 moments of a letter's way", tally);
}

#[test]
fn a_claim_of_tomorrow_is_not_kept_for_ever() {
    let office = Office::new();
    office.watch(office.start("startup")).fine();
    let id = office.posted("ann", "calm-owl", "claimed by a mailman who was killed");
    let mut note = Receipt::at(Step::Claimed, Timestamp::now() + DAY);
    note.evidence = Some(office.transcript().display().to_string());
    office.mine().claim(&id, &note).unwrap();
    office.has_a_turn("");
    let said = office.watch(office.prompt()).fine();
    assert_eq!(office.hear(&said), 1, "it comes at once, and not a day later: {said:?}");
    office.goes_on();
    conclude("a claim dated tomorrow", "its delivery was killed, then the clock went back", office.tally(Heard::All));
}

#[test]
fn what_was_rung_for_tomorrow_rings_today() {
    let office = Office::new();
    office.watch(office.start("startup")).fine();
    let id = office.posted("ann", "calm-owl", "hello");
    office.mine().note(&id, &Receipt::at(Step::Notified, Timestamp::now() + DAY)).unwrap();
    let mut bell = office.session_process(&["wait", "--ring"], &json!({ "hook_event_name": "Stop" }));
    let rang = Said::of(&start(&mut bell.command, &bell.input).wait_with_output().unwrap());
    assert_eq!(rang.code, Some(2), "{rang:?}");
    office.goes_on();
    conclude("a wake dated tomorrow", "the waker wakes all the same", office.tally(Heard::All));
}

#[test]
fn time_to_live_ends_by_the_clock_and_the_letter_stays_in_reach() {
    let office = Office::new();
    office.watch(office.start("startup")).fine();
    for (text, at) in [("of yesterday", -DAY), ("of tomorrow", DAY)] {
        office.stored("calm-owl", text);
        let names = ("ann".parse().unwrap(), "calm-owl".parse().unwrap());
        let letter = Letter { ttl_seconds: Some(3600), ..Letter::new(names.0, names.1, text, Timestamp::now() + at) };
        office.mine().publish(&letter, Key::Fresh).unwrap();
    }
    office.goes_on();
    assert_eq!(office.mine().count(State::Dead).unwrap(), 1);
    let lapsed = office.mine().letters(State::Dead).unwrap().remove(0);
    office.watch(office.run(&["retry", lapsed.id.as_str()])).fine();
    office.goes_on();
    assert_eq!(office.mine().count(State::Done).unwrap(), 2);
    conclude("times to live across a jump", "expired ones lie in dead/ and can be put back", office.tally(Heard::All));
}
