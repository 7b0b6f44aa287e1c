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
    scene::{Heard, Scene},
    table::{Tally, conclude},
};
use crate::support::{
    said::{Said, start},
    world::files_below,
};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Everything that was written so far was written at another time.
fn jumps(scene: &Scene, by: SignedDuration) {
    for path in files_below(&scene.world.path("mail")) {
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
            let scene = Scene::new();
            let jump = |now| {
                if moment == now {
                    jumps(&scene, by);
                }
            };
            scene.watch(scene.start("startup")).fine();
            jump(0);
            scene.posted("ann", "calm-owl", "one");
            scene.posted("ann", "calm-owl", "two");
            jump(1);
            let said = scene.watch(scene.prompt()).fine();
            jump(2);
            scene.hear(&said);
            jump(3);
            scene.hear(&scene.watch(scene.stop()).fine());
            jump(4);
            scene.posted("ann", "calm-owl", "three");
            scene.hear(&scene.watch(scene.prompt()).fine());
            scene.intact();
            scene.goes_on();
            assert!(Record::of(&scene.mine()).ended.is_none());
            let one = scene.tally(Heard::All);
            assert_eq!(one.duplicated, 0, "nothing crashed, by {by} at {moment}: {:?}", scene.heard.borrow());
            tally += one;
        }
    }
    conclude("clock jumps a day ahead or back", "10 times, at 5 moments of a letter's way", tally);
}

#[test]
fn a_claim_of_tomorrow_is_not_kept_for_ever() {
    let scene = Scene::new();
    scene.watch(scene.start("startup")).fine();
    let id = scene.posted("ann", "calm-owl", "claimed by a delivery that was killed");
    let mut note = Receipt::at(Step::Claimed, Timestamp::now() + DAY);
    note.evidence = Some(scene.transcript().display().to_string());
    scene.mine().claim(&id, &note).unwrap();
    scene.has_a_turn("");
    let said = scene.watch(scene.prompt()).fine();
    assert_eq!(scene.hear(&said), 1, "it comes at once, and not a day later: {said:?}");
    scene.goes_on();
    conclude("a claim dated tomorrow", "its delivery was killed, then the clock went back", scene.tally(Heard::All));
}

#[test]
fn what_was_notified_tomorrow_wakes_today() {
    let scene = Scene::new();
    scene.watch(scene.start("startup")).fine();
    let id = scene.posted("ann", "calm-owl", "hello");
    scene.mine().note(&id, &Receipt::at(Step::Notified, Timestamp::now() + DAY)).unwrap();
    let mut waker = scene.session_process(&["wait", "--ring"], &json!({ "hook_event_name": "Stop" }));
    let woke = Said::of(&start(&mut waker.command, &waker.input).wait_with_output().unwrap());
    assert_eq!(woke.code, Some(2), "{woke:?}");
    scene.goes_on();
    conclude("a wake dated tomorrow", "the waker wakes all the same", scene.tally(Heard::All));
}

#[test]
fn time_to_live_ends_by_the_clock_and_the_letter_stays_in_reach() {
    let scene = Scene::new();
    scene.watch(scene.start("startup")).fine();
    for (text, at) in [("of yesterday", -DAY), ("of tomorrow", DAY)] {
        scene.stored("calm-owl", text);
        let names = ("ann".parse().unwrap(), "calm-owl".parse().unwrap());
        let letter = Letter { ttl_seconds: Some(3600), ..Letter::new(names.0, names.1, text, Timestamp::now() + at) };
        scene.mine().publish(&letter, Key::Fresh).unwrap();
    }
    scene.goes_on();
    assert_eq!(scene.mine().count(State::Dead).unwrap(), 1);
    let lapsed = scene.mine().letters(State::Dead).unwrap().remove(0);
    scene.watch(scene.run(&["retry", lapsed.id.as_str()])).fine();
    scene.goes_on();
    assert_eq!(scene.mine().count(State::Done).unwrap(), 2);
    conclude("times to live across a jump", "expired ones lie in dead/ and can be put back", scene.tally(Heard::All));
}
