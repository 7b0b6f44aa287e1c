//! Sessions end, resume, clear and crash; letters stay and find them.

use std::fs;

use crate::{
    agent, api::Api, has_waker, is_online, letter_id, post, session, settled, support::eventually::PATIENCE,
    support::eventually::eventually, world::World,
};

#[test]
fn a_letter_to_a_session_that_has_ended_starts_its_next_one() {
    let world = World::with_cc2cc();
    let mut bob = settled(&world, "bob");
    bob.type_line("hello");
    bob.wait_until_told("hello");
    bob.idle();
    let (api, id) = (bob.api.clone(), bob.requests()[0].session_id().to_owned());
    bob.quit();
    eventually("he is offline", PATIENCE, || (!is_online(&world, "bob")).then_some(()));
    post(&world, "bob", "while you were away");

    // No name given this time: it stays with the session.
    let bob = world.session("bob").model(&api).args(&["--resume", &id]).start();
    let told = bob.wait_until_told("while you were away");
    assert_eq!(told.session_id(), id);
    assert_eq!(bob.requests().len(), 2, "it began by itself, with the letter in its first request");
    bob.wait_for_screen("✉ user: while you were away");
}

#[test]
fn letters_still_arrive_after_a_clear() {
    let world = World::with_cc2cc();
    let mut bob = settled(&world, "bob");
    bob.type_line("hello");
    let before = bob.wait_until_told("hello").session_id().to_owned();
    bob.idle();
    bob.type_text("/clear");
    bob.press("\r");
    bob.wait_for_screen("SessionStart:clear says: cc2cc: you are bob");
    bob.wait("its waker", || has_waker(&world, "bob").then_some(()));
    post(&world, "bob", "after the clear");
    let told = bob.wait_until_told("after the clear");
    assert_ne!(told.session_id(), before);
    bob.idle();
    post(&world, "bob", "and once more");
    bob.wait_until_told("and once more");
}

#[test]
fn a_killed_client_leaves_its_letters_and_nothing_else() {
    let world = World::with_cc2cc();
    let mut bob = settled(&world, "bob");
    bob.kill9();
    let ours = || world.processes().into_iter().filter(|(_, line)| line.contains("bin/cc2cc")).collect::<Vec<_>>();
    eventually("he is offline", PATIENCE, || (!is_online(&world, "bob")).then_some(()));
    eventually("nothing of ours runs", PATIENCE, || ours().is_empty().then_some(()));

    let id = post(&world, "bob", "for whoever is bob");
    assert_eq!(fs::read_dir(world.mailbox("bob", "inbox")).expect("an inbox").count(), 1);
    let bob = session(&world, "bob");
    let told = bob.wait_until_told("for whoever is bob");
    assert_eq!(letter_id(&told.newest()), id);
    assert_eq!(agent(&world, "bob")["online"], true);
}

#[test]
fn a_second_terminal_on_a_live_session_gets_a_name_of_its_own() {
    let world = World::with_cc2cc();
    let mut bob = settled(&world, "bob");
    bob.type_line("hello");
    let id = bob.wait_until_told("hello").session_id().to_owned();
    bob.idle();
    let mut other = world.session("bob").model(&Api::start()).args(&["--resume", &id]).start();
    let name = other.wait("another name", || {
        let screen = other.screen();
        let names = screen.split("cc2cc: you are ").skip(1).filter_map(|rest| rest.split_whitespace().next());
        names.filter(|name| *name != "bob").last().map(str::to_owned)
    });
    other.wait("its waker", || has_waker(&world, &name).then_some(()));
    post(&world, "bob", "for the first");
    bob.wait_until_told("for the first");
    post(&world, &name, "for the second");
    other.wait_until_told("for the second");
    assert!(other.requests().iter().all(|request| !request.newest().contains("for the first")));

    // Its name goes with it, to the one whose session it is.
    other.idle();
    other.quit();
    let presence = world.mailbox(&name, "presence.lock");
    let is_over = || std::fs::File::open(&presence).is_ok_and(|lock| lock.try_lock().is_ok());
    eventually("nothing of it is left", PATIENCE, || is_over().then_some(()));
    post(&world, &name, "for whom it was");
    bob.wait_until_told("for whom it was");
    let listed = world.cc2cc_json(&["agents", "--all"])["agents"].clone();
    assert!(listed.as_array().expect("a list").iter().all(|agent| agent["name"] != name.as_str()), "{listed}");
}

#[test]
fn a_headless_session_takes_part_only_by_name_and_never_waits() {
    let world = World::with_cc2cc();
    let api = Api::start();
    let output = world.headless("ann", &api, "hello", &[]);
    assert!(output.status.success());
    assert!(!world.home().join(".cc2cc").exists(), "it has left no trace");
}
