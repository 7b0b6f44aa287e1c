//! What lives inside of a session, or beside it, has no name and no mailbox of its own.

use serde_json::{Value, json};

use crate::{SEND, agent, post, reply::Reply, settle, settled, world::World};

fn names(world: &World) -> Vec<Value> {
    let listed = world.cc2cc_json(&["agents", "--all"]);
    listed["agents"].as_array().expect("a list").iter().map(|agent| agent["name"].clone()).collect()
}

#[test]
fn a_letter_of_a_subagent_says_that_a_subagent_wrote_it() {
    let world = World::with_cc2cc();
    let ann = world.session("ann").args(&["--allowedTools", "Agent", "Task", SEND]).env("CC2CC_NAME", "ann").start();
    settle(&ann, &world, "ann");
    let bob = settled(&world, "bob");
    let helper =
        json!({ "description": "helps", "prompt": "tell bob as my helper", "subagent_type": "general-purpose" });
    ann.api.when("get help").reply(Reply::tool("Agent", helper));
    let words = json!({ "to": "bob", "text": "the words of a helper" });
    ann.api.when_subagent("tell bob as my helper").reply(Reply::tool(SEND, words));
    ann.api.when("in your own words").reply(crate::letter("bob", "the words of ann"));

    post(&world, "ann", "get help");
    let told = bob.wait_until_told("the words of a helper").newest();
    assert!(told.contains("from=\"ann\" by=\"a subagent of ann\""), "{told}");
    post(&world, "ann", "in your own words");
    let told = bob.wait_until_told("the words of ann").newest();
    assert!(told.contains("from=\"ann\" type"), "{told}");
    assert_eq!(names(&world), ["ann", "bob", "user"], "a subagent is nobody");
}

#[test]
fn a_teammate_in_a_pane_of_its_own_is_nobody() {
    let world = World::with_cc2cc();
    let team =
        ["--agent-id", "mate@crew", "--agent-name", "mate", "--team-name", "crew", "--agent-type", "general-purpose"];
    let mut mate = world.session("bob").args(&["--allowedTools", SEND]).args(&team).env("CC2CC_NAME", "mate").start();
    mate.api.when("write to ann").reply(crate::letter("ann", "from a mate"));
    let ann = settled(&world, "ann");
    mate.type_line("write to ann");
    let answer = mate.wait_for_request("with the tool's result", |request| !request.tool_results().is_empty());
    let result = answer.tool_results().join("");
    assert!(result.contains("a teammate of an agent team has no agent name"), "{result}");
    assert_eq!(names(&world), ["ann"]);
    assert_eq!(agent(&world, "ann")["unread"], 0);
    drop(ann);
}

#[test]
fn a_teammate_inside_of_its_lead_is_nobody() {
    let world = World::with_cc2cc();
    let ann = settled(&world, "ann");
    let lead = world.session("bob").args(&["--allowedTools", "Agent", "Task", SEND]).env("CC2CC_NAME", "bob");
    let mut bob = lead.env("CLAUDE_CODE_EXPERIMENTAL_AGENT_TEAMS", "1").start();
    settle(&bob, &world, "bob");
    let mate = json!({
        "description": "helps", "prompt": "tell ann as my mate", "subagent_type": "general-purpose", "name": "mate",
        "team_name": "crew",
    });
    bob.api.when("get a mate").reply(Reply::tool("Agent", mate));
    bob.api.when_subagent("tell ann as my mate").reply(crate::letter("ann", "from a mate"));
    bob.type_line("get a mate");
    let told = ann.wait_until_told("from a mate").newest();
    assert!(told.contains("from=\"bob\" by=\"a subagent of bob\""), "{told}");
    bob.wait_for_screen("mate");
    let id = post(&world, "bob", "for the lead");
    bob.wait_until_told("for the lead");
    bob.wait("it is seen", || (world.status_of(&id) == "seen").then_some(()));
    assert_eq!(names(&world), ["ann", "bob", "user"]);
}
