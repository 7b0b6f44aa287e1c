//! How often a hook opens the files of a letter: every time costs each prompt of each session.

use std::{collections::BTreeMap, path::PathBuf};

use cc2cc::mailbox::{
    State,
    receipt::{Receipt, Step},
};

use super::{
    hearing::context,
    scene::{Run, Scene},
    trace::reads,
};

const LETTERS: usize = 10;

/// How often a run opens letters, and receipts, to read them: the most for any one of them.
fn most(scene: &Scene, run: &Run) -> (String, [usize; 2]) {
    let (said, opened) = reads(&scene.world, &run.command, &run.input);
    let most = |below: &[State], folder: Option<&str>| {
        let of = |path: &PathBuf| {
            let room = path.parent().and_then(|room| room.file_name()).and_then(|room| room.to_str());
            room.is_some_and(|room| folder == Some(room) || below.iter().any(|state| state.dir() == room))
        };
        // A letter that moves has one name all the time.
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        for (path, count) in opened.iter().filter(|(path, _)| of(path)) {
            *times.entry(path.file_stem().unwrap().to_string_lossy().into_owned()).or_default() += count;
        }
        times.into_values().max().unwrap_or(0)
    };
    let counts = [most(&State::ALL, None), most(&[], Some("receipts"))];
    (context(&said.fine().out), counts)
}

/// A scene with letters of every sort in its session's mailbox.
fn scene() -> Scene {
    let scene = Scene::new();
    scene.watch(scene.start("startup")).fine();
    for number in 0..LETTERS {
        let id = scene.posted("ann", "calm-owl", &format!("letter {number}"));
        scene.mine().note(&id, &Receipt::now(Step::Notified)).unwrap();
    }
    for number in 0..3 {
        let id = scene.posted("ann", "calm-owl", &format!("held {number}"));
        scene.mine().hold(&id, "a rule").unwrap();
    }
    scene
}

#[test]
fn a_hook_opens_each_letter_once_and_its_receipts_once() {
    let scene = scene();
    let (context, counts) = most(&scene, &scene.prompt());
    assert_eq!(context.matches("<letter id=").count(), LETTERS);
    assert_eq!(counts, [1, 1], "at the prompt that delivers them");

    assert_eq!(scene.mine().count(State::Claimed).unwrap(), LETTERS);
    let (_, counts) = most(&scene, &scene.stop());
    assert_eq!(counts, [0, 1], "at the Stop that settles them, in vain");
    scene.has_a_turn(&context);
    let (_, counts) = most(&scene, &scene.stop());
    assert_eq!(counts, [0, 1], "at the Stop that settles them");
    assert_eq!(scene.mine().count(State::Done).unwrap(), LETTERS);
}
