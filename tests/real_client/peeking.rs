//! Looking into a session: its last turns, from the transcript that the client itself has written.

use serde_json::json;

use crate::{post, reply::Reply, settled, world::World};

#[test]
fn the_last_turns_of_a_session_are_seen_without_disturbing_it() {
    let world = World::with_cc2cc();
    let mut bob = settled(&world, "bob");
    let none = world.cc2cc("home", &["peek", "bob"]);
    assert_eq!(none.status.code(), Some(3), "{}", String::from_utf8_lossy(&none.stderr));
    let command = json!({ "command": "echo one", "description": "looks around" });
    bob.api.when("where are we").reply(Reply::tool("Bash", command));
    bob.api.when("one").reply(Reply::text("in the shop"));
    bob.api.when("main is red").reply(Reply::text("I see to it"));
    bob.type_line("where are we");
    bob.wait_for_screen("in the shop");
    bob.idle();
    let id = post(&world, "bob", "main is red");
    bob.wait_until_told("main is red");
    bob.wait("it is seen", || (world.status_of(&id) == "seen").then_some(()));
    let before = bob.requests().len();

    let said = world.cc2cc("home", &["peek", "bob"]);
    let page = String::from_utf8(said.stdout).expect("text");
    let turns: Vec<&str> = page.split("\n\n").collect();
    let [head, typed, woken] = turns[..] else { panic!("{page}") };
    assert!(head.starts_with("bob ("), "{page}");
    assert!(typed.starts_with("prompt, ") && typed.contains("\n    where are we\n  · Bash: looks around\n"), "{page}");
    assert!(typed.ends_with("\n  it says\n    in the shop"), "{page}");
    assert!(woken.starts_with("✉ from user, ") && woken.ends_with("\n  it says\n    I see to it\n"), "{page}");
    assert!(!page.contains("main is red") && !page.contains("task-notification"), "{page}");
    assert_eq!(bob.requests().len(), before, "the model was not asked");
}
