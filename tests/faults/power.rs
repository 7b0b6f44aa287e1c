//! A power cut at any moment: the letter is there whole or not at all, and it is there once its sender was told so.

use std::{fs, path::Path};

use cc2cc::{
    agent::{
        host::HostKey,
        identity::{self, Claimant, Trust},
    },
    mailbox::{State, home::Home},
};

use super::{
    power_model::Disk,
    scene::Scene,
    table::{Tally, conclude},
    trace::{Call, lies_in, place, traced},
};
use crate::support::{
    said::Said,
    world::{World, names},
};

/// One run, cut off after each of its system calls.
struct Cut {
    before: Disk,
    calls: Vec<Call>,
    /// Letters that were safe before.
    old: Vec<&'static str>,
    /// The letter that is sent, and to whom.
    new: Option<(&'static str, &'static str)>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Harm {
    states: usize,
    torn: usize,
    old_lost: usize,
    /// The letter was promised and is not there.
    new_lost: usize,
}

impl Cut {
    fn everywhere(&self) -> Harm {
        let place = World::in_memory();
        let mut harm = Harm::default();
        let mut disk = self.before.clone();
        let mut promised = false;
        for call in &self.calls {
            disk.apply(call);
            promised |= matches!(call, Call::Say(_));
            harm.states += disk.after_a_power_cut(&place.path(""), |root| {
                let home = Home::at(root.join("mail"));
                let Ok(texts) = letters(&home) else {
                    harm.torn += 1;
                    return;
                };
                harm.old_lost += self.old.iter().filter(|old| !texts.iter().any(|text| text == *old)).count();
                let new = self.new.is_none_or(|(to, new)| {
                    let mailbox = home.mailbox(&to.parse().unwrap());
                    texts.iter().any(|text| text == new)
                        && mailbox.is_some_and(|found| found.dir(State::Inbox).is_dir())
                });
                harm.new_lost += usize::from(promised && !new);
            });
        }
        harm
    }

    /// The same run by a program that does not sync what is chosen.
    fn without_sync(&self, of: impl Fn(&Path) -> bool) -> Harm {
        let calls = self.calls.iter().filter(|call| !matches!(call, Call::Sync(path) if of(path))).cloned().collect();
        Self { before: self.before.clone(), calls, old: self.old.clone(), new: self.new }.everywhere()
    }
}

/// The texts of all letters in inboxes; an error if one is torn.
fn letters(home: &Home) -> Result<Vec<String>, String> {
    let mut texts = Vec::new();
    for mailbox in home.mailboxes().map_err(|error| error.to_string())? {
        for name in names(&mailbox.dir(State::Inbox)) {
            let id = name.strip_suffix(".json").and_then(|id| id.parse().ok()).ok_or(&name)?;
            texts.push(mailbox.read(State::Inbox, &id).map_err(|error| error.to_string())?.content.text);
        }
    }
    Ok(texts)
}

fn scene() -> World {
    let world = World::in_memory().agent("ann").agent("bob");
    world.posted("ann", "bob", "an older letter");
    world.run(&["send", "ann", "the person was here"]).fine();
    world
}

fn send(world: &World, words: &[&str], old: &[&'static str], to: &'static str) -> (Said, Cut) {
    let before = Disk::of(&world.path(""));
    let (said, calls) = traced(world, &world.command(words), b"");
    (said, Cut { before, calls, old: old.to_vec(), new: Some((to, "hello")) })
}

/// The person has no mailbox until the first letter comes, here from a session's command.
fn first_letter_to_the_person() -> (Said, Cut) {
    let world = World::in_memory();
    let host = HostKey::from_text("the-host-of-ann").unwrap();
    let claimant = Claimant { wanted: Some("ann".parse().unwrap()), ..Claimant::new(host, Trust::Host) };
    identity::claim(&world.home(), &claimant).unwrap();
    let before = Disk::of(&world.path(""));
    let mut command = world.command(&["send", "user", "hello"]);
    command.env("CC2CC_HOST", "the-host-of-ann").env("CLAUDECODE", "1");
    let (said, calls) = traced(&world, &command, b"");
    (said, Cut { before, calls, old: Vec::new(), new: Some(("user", "hello")) })
}

/// The very first session on a machine, and its first letter.
fn first_letter_on_a_machine() -> (Said, Cut) {
    let scene = Scene::new();
    fs::remove_dir_all(scene.world.path("mail")).unwrap();
    let before = Disk::of(&scene.world.path(""));
    let start = scene.start("startup");
    let (said, mut calls) = traced(&scene.world, &start.command, &start.input);
    said.fine();
    calls.retain(|call| !matches!(call, Call::Say(_))); // nothing was promised of a letter
    let (said, more) = traced(&scene.world, &scene.world.command(&["send", "calm-owl", "hello"]), b"");
    calls.extend(more);
    (said, Cut { before, calls, old: Vec::new(), new: Some(("calm-owl", "hello")) })
}

#[test]
fn a_letter_is_synced_moved_and_synced_before_anything_is_said() {
    let world = scene();
    let (said, cut) = send(&world, &["send", "bob", "hello"], &[], "bob");
    said.fine();
    let calls = &cut.calls;
    let create = place(calls, "draft", |call| matches!(call, Call::Create(path) if lies_in(path, "to-bob/tmp")));
    let Call::Create(draft) = &calls[create] else { unreachable!() };
    let write = place(calls, "write", |call| matches!(call, Call::Append(path, _) if path == draft));
    let sync = place(calls, "sync", |call| matches!(call, Call::Sync(path) if path == draft));
    let step = place(
        calls,
        "move",
        |call| matches!(call, Call::Move(from, to) if from == draft && lies_in(to, "to-bob/inbox")),
    );
    let dir =
        place(calls, "sync of the inbox", |call| matches!(call, Call::Sync(path) if path.ends_with("to-bob/inbox")));
    let say = place(calls, "word of success", |call| matches!(call, Call::Say(_)));
    let order = [create, write, sync, step, dir, say];
    assert!(order.is_sorted(), "{order:?} in {calls:#?}");
}

#[test]
fn power_cut_at_any_moment() {
    let older: &[&'static str] = &["an older letter", "the person was here"];
    let mut runs = Vec::new();
    let world = scene();
    runs.push(("send", send(&world, &["send", "bob", "hello"], older, "bob")));
    let world = scene();
    runs.push(("send --id", send(&world, &["send", "bob", "--id", "key-1", "hello"], older, "bob")));
    runs.push(("the first letter to the person", first_letter_to_the_person()));
    runs.push(("the first session and its first letter", first_letter_on_a_machine()));
    let world = scene();
    let before = Disk::of(&world.path(""));
    let (said, calls) = traced(&world, &world.command(&["rename", "robert", "--agent", "bob"]), b"");
    runs.push(("rename", (said, Cut { before, calls, old: older.to_vec(), new: None })));

    let (mut tally, mut states, mut calls) = (Tally::default(), 0, 0);
    for (name, (said, cut)) in runs {
        said.fine();
        let harm = cut.everywhere();
        println!("power cut in `{name}`: {} calls, {} disks: {harm:?}", cut.calls.len(), harm.states);
        states += harm.states;
        calls += cut.calls.len();
        tally.letters += cut.old.len() + usize::from(cut.new.is_some());
        tally.lost += usize::from(harm.old_lost + harm.new_lost + harm.torn > 0);
    }
    let how = format!("strace of 5 operations, cut after each of {calls} calls: {states} worst-case disks");
    conclude("power cut", &how, tally);
}

#[test]
fn the_model_of_the_power_cut_has_teeth() {
    let world = scene();
    let (said, cut) = send(&world, &["send", "bob", "hello"], &[], "bob");
    said.fine();
    assert!(cut.without_sync(|path| lies_in(path, "tmp")).torn > 0, "a draft that is not synced may be torn");
    assert!(cut.without_sync(|path| path.ends_with("inbox")).new_lost > 0, "a move that is not synced may be lost");
    assert!(fs::exists(world.path("mail")).unwrap());
}
