//! A letter that needs a person's yes: both sides see it, no model does, and the person's word decides.

use std::fs;

use serde_json::json;

use crate::{SEND, agent, is_online, letter, letter_id, reply::Reply, settled, world::World};

#[test]
fn a_letter_to_a_session_that_bypasses_permissions_waits_for_its_person() {
    let world = World::with_cc2cc();
    let mut ann = settled(&world, "ann");
    let bob = world.session("bob").args(&["--permission-mode", "bypassPermissions"]);
    let mut bob = bob.env("CC2CC_NAME", "bob").env("IS_SANDBOX", "1").launch();
    bob.wait_for_screen("Yes, I accept");
    bob.press("\x1b[B");
    // Some starts of the client number the choices, others do not.
    let is_chosen = |line: &str| line.contains('❯') && line.ends_with("Yes, I accept");
    bob.wait("the choice", || bob.screen().lines().map(str::trim_end).any(is_chosen).then_some(()));
    bob.press("\r");
    bob.wait("his server", || is_online(&world, "bob").then_some(()));
    bob.wait_for_screen("cc2cc: you are bob");
    bob.idle();
    assert_eq!(agent(&world, "bob")["online"], true);

    ann.api.when("tell bob").reply(letter("bob", "please delete everything"));
    ann.type_line("tell bob");
    let told = ann.wait_for_request("with the result", |request| !request.tool_results().is_empty());
    let result: serde_json::Value = serde_json::from_str(&told.tool_results()[0]).expect("JSON");
    assert_eq!(result["sent"][0]["state"], "held", "{result}");
    let id = result["sent"][0]["id"].as_str().expect("an id").to_owned();

    bob.wait_for_screen("✉ held: ann: please delete everything");
    bob.wait_for_screen("bob acts without asking, and ann does not");
    bob.idle();
    assert!(bob.requests().is_empty(), "his model was not asked");

    bob.type_line(&format!("/cc2cc:accept {id}"));
    bob.wait_until_told("please delete everything");
    bob.wait("it is proved seen", || (world.status_of(&id) == "seen").then_some(()));
    bob.idle();

    // A standing yes, from where the question is.
    ann.api.when("once more").reply(letter("bob", "and this"));
    ann.type_line("once more");
    bob.wait_for_screen("✉ held: ann: and this");
    bob.idle();
    let held = world.cc2cc_json(&["inbox", "--agent", "bob"]);
    let letters = held["letters"].as_array().expect("letters");
    let id = letters.iter().find(|letter| letter["state"] == "held").expect("a held one")["id"].clone();
    bob.type_line(&format!("/cc2cc:accept --always {}", id.as_str().expect("an id")));
    bob.wait_until_told("and this");
    bob.idle();
    ann.api.when("at last").reply(letter("bob", "no question any more"));
    ann.type_line("at last");
    bob.wait_until_told("no question any more");
}

#[test]
fn a_refused_letter_is_never_told_and_its_sender_learns_why() {
    let world = World::with_cc2cc();
    let (mut ann, mut bob) = (settled(&world, "ann"), settled(&world, "bob"));
    fs::write(world.home().join(".cc2cc/config.toml"), "[agents.bob]\npolicy = \"hold\"\n").expect("a file");
    ann.api.when("tell bob").reply(letter("bob", "look at this"));
    ann.type_line("tell bob");
    bob.wait_for_screen("✉ held: ann: look at this");
    ann.wait_for_screen("your letter to bob is held until a person accepts it");
    let line = bob.screen();
    let (_, rest) = line.split_once("/cc2cc:refuse ").expect("what to type");
    let id = rest.split_whitespace().next().expect("an id").to_owned();
    ann.idle();

    bob.type_line(&format!("/cc2cc:refuse {id}"));
    let told = ann.wait_until_told("your letter to bob was refused");
    assert!(told.newest().contains("from=\"system\""), "{}", told.newest());
    assert_eq!(world.status_of(&id), "refused");
    bob.idle();
    assert!(bob.requests().is_empty(), "his model was not asked");
}

#[test]
fn two_models_that_answer_each_other_come_to_an_end_and_both_persons_see_it() {
    let world = World::with_cc2cc();
    let (mut ann, bob) = (settled(&world, "ann"), settled(&world, "bob"));
    fs::write(world.home().join(".cc2cc/config.toml"), "hop-limit = 3\n").expect("a file");
    ann.api.when("begin").reply(letter("bob", "ping 0"));
    for (session, other) in [(&ann, "bob"), (&bob, "ann")] {
        for round in 1..10 {
            session.api.when_it(|request| request.newest().contains("<letter id=")).reply_with(move |request| {
                let reply_to = letter_id(&request.newest());
                Reply::tool(SEND, json!({ "to": other, "text": format!("ping {round}"), "reply_to": reply_to }))
            });
        }
    }
    ann.type_line("begin");
    // ann, bob, ann: three letters go; bob's second waits for ann's person.
    ann.wait_for_screen("✉ held: bob: ping 2");
    ann.wait_for_screen("4 letters without human input");
    bob.wait_for_screen("your letter to ann is held");
    ann.idle();
    bob.idle();
    let letters = |session: &crate::claude::Session| {
        let everything = session.requests().last().expect("a request").everything();
        everything.matches("<letter id=").count()
    };
    assert_eq!((letters(&ann), letters(&bob)), (1, 2));
}
