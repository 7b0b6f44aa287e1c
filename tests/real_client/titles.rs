//! The client's own list of sessions stays as it is without cc2cc: a title is the client's and the person's.

use crate::{claude::Session, settled, world::World};

/// Three sessions that end: one that was named and asked, one that was asked, and one that nobody typed into.
fn live(world: &World) {
    for (args, prompt) in [(&["--name", "the API"][..], "explain it"), (&[][..], "fix the build"), (&[][..], "")] {
        let mut session = world.session("one").args(args).start();
        session.idle();
        if !prompt.is_empty() {
            session.type_line(prompt);
            session.wait_until_told(prompt);
            session.idle();
        }
        session.quit();
    }
}

/// What the picker calls each session; below each stands its age.
fn titles(session: &Session) -> Vec<String> {
    let screen = session.screen();
    let lines: Vec<&str> = screen.lines().collect();
    let pairs = lines.windows(2).filter(|pair| pair[1].contains(" ago · "));
    pairs.map(|pair| pair[0].trim_start_matches(['❯', ' ']).trim().to_owned()).collect()
}

#[test]
fn the_picker_lists_each_session_as_it_would_without_cc2cc() {
    for world in [World::with_binary(), World::with_cc2cc()] {
        world.project("one");
        live(&world);
        let mut reader = world.session("one").start();
        reader.idle();
        reader.type_text("/resume");
        reader.press("\r");
        reader.wait("both that were asked", || (titles(&reader).len() >= 2).then_some(()));
        reader.wait("as the client calls them", || {
            let mut titles = titles(&reader);
            titles.sort();
            (titles == ["fix the build", "the API"]).then_some(())
        });
    }
}

#[test]
fn a_name_given_at_the_start_stays_on_the_prompts_border() {
    let world = World::with_cc2cc();
    let ann = settled(&world, "ann");
    let border = |session: &Session| {
        let screen = session.screen();
        let lines: Vec<&str> = screen.lines().collect();
        let place = lines.windows(2).rposition(|pair| pair[0].starts_with('─') && pair[1].starts_with('❯'));
        place.map(|place| lines[place].trim_matches(['─', ' ']).to_owned()).expect("a prompt")
    };
    assert_eq!(border(&ann), "", "no title but one the person gave");
    let bob = world.session("bob").args(&["--name", "the API"]).start();
    bob.wait_for_screen("cc2cc: you are ");
    bob.wait("his title", || (border(&bob) == "the API").then_some(()));
}

#[test]
fn whoever_comes_back_sees_the_name_again() {
    let world = World::with_cc2cc();
    let mut ann = settled(&world, "ann");
    ann.type_line("hello");
    let id = ann.wait_until_told("hello").session_id().to_owned();
    ann.idle();
    ann.quit();
    let ann = world.session("ann").args(&["--resume", &id]).start();
    // The line of the first start is there again; this is the toast, in its box.
    ann.wait_for_screen("│ you are ann");
}
