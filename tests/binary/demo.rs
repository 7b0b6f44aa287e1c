//! `cc2cc demo`.

use crate::support::world::World;

#[test]
fn the_demo_shows_every_step_and_leaves_nothing_behind() {
    let world = World::new();
    let said = world.run(&["demo"]).fine();
    let steps: Vec<(&str, bool)> = [
        ("a session starts", "cc2cc: you are calm-owl"),
        ("brave-fox sends", "stored"),
        ("calm-owl is woken after", "notified"),
        ("the hook delivers it", "delivered"),
        ("the person sees", "✉ brave-fox: please run the tests"),
        ("it is in the transcript", "seen"),
        ("calm-owl answers", "answered"),
        ("the answer waits for brave-fox", "stored"),
    ]
    .into_iter()
    .map(|(step, shows)| (step, said.out.lines().any(|line| line.trim().starts_with(step) && line.contains(shows))))
    .collect();
    assert!(steps.iter().all(|(_, shown)| *shown), "{steps:?}\n{said}");
    assert_eq!(world.files(""), Vec::<std::path::PathBuf>::new());
    assert!(!world.path("mail").exists(), "it has a home of its own");
}

#[test]
fn the_demo_plays_inside_a_session_too_and_can_be_kept() {
    let world = World::new().agent("ann");
    let said = world.session("ann").command(&["demo", "--keep"]).output().unwrap();
    let said = world.said(&said).fine();
    let kept = said.out.lines().find_map(|line| line.strip_prefix("kept in ")).expect("it says where");
    assert!(world.files("tmp").iter().any(|path| path.starts_with(kept)), "{said}");
    assert_eq!(world.home().mailboxes().unwrap().len(), 1, "the real home is not touched");
}
