//! A letter that needs a person's yes: both sides see it, no model does, and the person's word decides.

use std::fs;

use serde_json::json;

use crate::{SEND, agent, bypassing, letter, letter_id, reply::Reply, settled, world::World};

#[test]
fn a_letter_to_a_session_that_bypasses_permissions_waits_for_its_person() {
    let world = World::with_cc2cc();
    let mut ann = settled(&world, "ann");
    let mut bob = bypassing(&world, "bob");
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
fn a_lead_that_asks_and_four_workers_that_do_not_are_set_up_with_one_command() {
    const WORKERS: [&str; 4] = ["bob", "eve", "joe", "zoe"];
    let world = World::with_cc2cc();
    let head = world.project("ann").with_file_name(".git").join("HEAD");
    fs::create_dir_all(head.parent().expect("a folder")).expect("a repository");
    fs::write(head, "ref: refs/heads/main\n").expect("a repository");
    let mut ann = settled(&world, "ann");
    let workers = WORKERS.map(|name| bypassing(&world, name));

    let fates = |request: &crate::request::Request| {
        let sent: serde_json::Value = serde_json::from_str(&request.tool_results()[0]).expect("JSON");
        let sent = sent["sent"].as_array().expect("what was sent").iter();
        sent.map(|sent| sent["state"].as_str().expect("a state").to_owned()).collect::<Vec<_>>()
    };
    ann.api.when("the first order").reply(letter("@repo", "begin with the tests"));
    ann.type_line("give the first order");
    let told = ann.wait_for_request("with the result", |request| !request.tool_results().is_empty());
    assert_eq!(fates(&told), ["held"; 4]);
    ann.idle();

    let said = world.cc2cc("ann", &["trust", "@repo"]);
    assert!(String::from_utf8_lossy(&said.stdout).starts_with("trusted: among the sessions of "), "{said:?}");
    for (session, name) in workers.iter().zip(WORKERS) {
        session.api.when("go on with the parser").reply(letter("ann", &format!("{name} has begun")));
    }
    let before = ann.requests().len();
    ann.api.when("the second order").reply(letter("@repo", "go on with the parser"));
    ann.type_line("give the second order");
    for (session, name) in workers.iter().zip(WORKERS) {
        let told = session.wait_until_told("go on with the parser");
        assert!(!told.everything().contains("begin with the tests"), "what is held waits on: {}", told.newest());
        ann.wait_until_told(&format!("{name} has begun"));
    }
    let result = |request: &crate::request::Request| !request.tool_results().is_empty();
    let told = ann.requests().into_iter().skip(before).find(result).expect("the result");
    assert_eq!(fates(&told), ["stored"; 4]);
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
