//! Old and new versions side by side on one home: what another version wrote is read, passed on, and not damaged.
//!
//! `tests/fixtures/` holds a home as an older version left it (fewer fields), and as a newer one did (`"v": 2`, fields,
//! kinds, priorities and steps that this version does not know).

use std::{
    fs::{self, File},
    path::Path,
    time::{Duration, SystemTime},
};

use cc2cc::{
    agent::{Record, status},
    mailbox::{State, letter::LetterId},
};
use serde_json::Value;

use super::{
    scene::{Heard, Scene},
    table::conclude,
};
use crate::support::world::{files_below, names};

const OLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/older");
const NEWER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/newer");

/// Puts what another version left over what this one made.
fn left_by(fixture: &str) -> Scene {
    let scene = Scene::new();
    scene.watch(scene.start("startup")).fine();
    for file in files_below(Path::new(fixture)) {
        let place = scene.world.path("mail").join(file.strip_prefix(fixture).unwrap());
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::copy(file, &place).unwrap();
        let an_hour_ago = SystemTime::now() - Duration::from_secs(3600);
        File::options().write(true).open(place).unwrap().set_modified(an_hour_ago).unwrap();
    }
    for (to, _, letter) in scene.world.letters() {
        scene.stored(&to, &letter.content.text);
    }
    scene
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Every field of the one is in the other, as it was.
fn assert_kept(before: &Value, after: &Value, but: &[&str]) {
    for (field, value) in before.as_object().unwrap() {
        assert!(but.contains(&field.as_str()) || after[field] == *value, "{field} was {value} and is {}", after[field]);
    }
}

#[test]
fn letters_of_an_older_version() {
    let scene = left_by(OLDER);
    let inbox = |name: &str| Path::new(OLDER).join(format!("to-calm-owl/inbox/{name}.json"));
    let before = json(&inbox("older-1"));
    scene.goes_on();
    let id: LetterId = "older-1".parse().unwrap();
    assert_kept(&before, &json(&scene.mine().file(State::Done, &id)), &[]);
    let claimed: LetterId = "older-2".parse().unwrap();
    assert_eq!(scene.mine().state_of(&claimed), Some(State::Done), "its claim was never proved, so it came again");
    conclude("letters, records and receipts of an older version", "tests/fixtures/older", scene.tally(Heard::All));
}

#[test]
fn letters_of_a_newer_version() {
    let scene = left_by(NEWER);
    let place = |state: State, id: &str| scene.mine().file(state, &id.parse().unwrap());
    let before: Vec<Value> = ["newer-1", "newer-2"].map(|id| json(&place(State::Inbox, id))).into();
    let held = json(&place(State::Held, "newer-3"));
    let dead = json(&place(State::Dead, "newer-4"));
    scene.watch(scene.run(&["accept", "newer-3"])).fine();
    scene.watch(scene.run(&["retry", "newer-4"])).fine();
    scene.goes_on();
    for (before, id) in before.iter().chain([&held, &dead]).zip(["newer-1", "newer-2", "newer-3", "newer-4"]) {
        assert_kept(before, &json(&place(State::Done, id)), &[]);
        let steps = fs::read_to_string(scene.mine().path().join(format!("receipts/{id}.jsonl"))).unwrap();
        assert!(steps.contains("\"seen\""), "{steps}");
        let found = status::find(&scene.world.home(), &id.parse().unwrap()).unwrap();
        assert_eq!(found[0].status().stage, status::Stage::Seen, "steps of another version are passed over");
    }
    assert!(fs::read_to_string(scene.mine().path().join("receipts/newer-1.jsonl")).unwrap().contains("\"hue\""));
    conclude(
        "letters and receipts of a newer version",
        "tests/fixtures/newer: accepted, retried, delivered",
        scene.tally(Heard::All),
    );
}

#[test]
fn records_and_pointers_of_a_newer_version() {
    let scene = left_by(NEWER);
    let fixture = json(&Path::new(NEWER).join("to-bob/agent.json"));
    let bob = scene.world.at("bob");
    Record::change(&bob, jiff::Timestamp::now(), |_| {}).unwrap();
    assert_kept(&fixture, &json(&bob.path().join("agent.json")), &["updated", "state"]);
    let pointers = names(&Path::new(NEWER).join("sessions"));
    assert_eq!(pointers.len(), 1);
    // The session that the newer version knew by this id is resumed with this version.
    scene.name.replace(String::new());
    let said = scene.watch(scene.run(&["agents", "--all", "--json"])).fine();
    assert!(said.out.contains("\"bob\"") && said.out.contains("newer-branch"), "{said:?}");
    scene.watch(scene.run(&["send", "bob", "hello"]).sending("bob", "hello")).fine();
    scene.watch(scene.run(&["rename", "robert", "--agent", "bob"])).fine();
    assert_kept(&fixture, &json(&scene.world.at("bob").path().join("agent.json")), &["updated", "state"]);
}
