//! Every session has a name, and everyone can see who is there.

use serde_json::json;

use crate::{
    agent, has_waker, is_online, letter, post,
    reply::Reply,
    settle, settled,
    support::eventually::{PATIENCE, eventually},
    world::{World, client},
};

#[test]
fn each_session_gets_a_name_of_its_own_and_all_see_who_is_there() {
    let world = World::with_cc2cc();
    let (first, second) = (world.session("one").start(), world.session("two").start());
    let name_on = |session: &crate::claude::Session| {
        session.wait("its name on the screen", || {
            let screen = session.screen();
            let (_, rest) = screen.split_once("cc2cc: you are ")?;
            Some(rest.split_whitespace().next()?.to_owned())
        })
    };
    let (one, two) = (name_on(&first), name_on(&second));
    assert_ne!(one, two);
    for (session, name, project) in [(&first, &one, "one"), (&second, &two, "two")] {
        session.wait("it is online", || (agent(&world, name)["online"] == true).then_some(()));
        session.wait("its waker", || has_waker(&world, name).then_some(()));
        let listed = agent(&world, name);
        assert_eq!(listed["cwd"], world.project(project).display().to_string());
        assert_eq!(listed["state"], "idle");
        assert_eq!(listed["unread"], 0);
    }
    let table = world.cc2cc("home", &["agents"]);
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(table.contains(&one) && table.contains(&two), "{table}");
    assert_eq!(table.lines().count(), 2, "{table}");

    // Outside of any session, doctor names whom letters would reach. `claude` is not on the path here, so it fails.
    let report = world.cc2cc("home", &["doctor", "--json"]);
    assert_eq!(report.status.code(), Some(1));
    let report = String::from_utf8_lossy(&report.stdout).into_owned();
    for name in [&one, &two] {
        assert!(report.contains(&format!("{name} is idle and can be woken")), "{report}");
    }
}

#[test]
fn a_command_in_the_session_s_shell_knows_who_it_is() {
    let world = World::with_cc2cc();
    let mut ann = settled(&world, "ann");
    let call = json!({ "command": "cc2cc whoami", "description": "ask" });
    ann.api.when("who are you").reply(Reply::tool("Bash", call));
    ann.type_line("who are you");
    let told = ann.wait_for_request("with the answer", |request| !request.tool_results().is_empty());
    assert_eq!(told.tool_results(), ["ann\n"]);
}

#[test]
fn a_session_that_a_session_starts_is_somebody_else() {
    let world = World::with_cc2cc();
    let mut ann = settled(&world, "ann");
    let claude = client().display().to_string();
    let inner = format!("CC2CC_NAME=inner {claude} -p 'tell the person'");
    ann.api.when("start another").reply(Reply::tool("Bash", json!({ "command": inner, "description": "start" })));
    ann.api.when("tell the person").reply(letter("user", "here I am"));
    ann.type_line("start another");
    let sent = || {
        let inbox = world.cc2cc_json(&["inbox"]);
        inbox["letters"].as_array()?.first().cloned()
    };
    assert_eq!(ann.wait("the letter", sent)["from"], "inner");
}

/// The name of the only agent in a project.
fn named(world: &World, project: &str) -> String {
    let here = world.project(project).display().to_string();
    let listed = world.cc2cc_json(&["agents"]);
    let agents = listed["agents"].as_array().expect("a list");
    let names: Vec<_> = agents.iter().filter(|agent| agent["cwd"] == here).map(|agent| &agent["name"]).collect();
    names.first().and_then(|name| name.as_str()).unwrap_or_default().to_owned()
}

#[test]
fn the_name_a_person_gives_the_session_is_its_address_from_start_to_resume() {
    let world = World::with_cc2cc();
    let mut ann = world.session("ann").args(&["--name", "API dev"]).start();
    settle(&ann, &world, "api-dev");
    // In a session that sits idle, and nobody types anything else.
    ann.type_line("/rename frontend");
    ann.wait("the new name", || (named(&world, "ann") == "frontend").then_some(()));
    ann.wait_for_screen("│ you are frontend");
    post(&world, "api-dev", "to the old name");
    ann.wait_until_told("to the old name");
    ann.idle();
    ann.type_line("/clear");
    ann.wait_for_screen("SessionStart:clear says: cc2cc: you are frontend");
    ann.type_line("hello");
    let id = ann.wait_until_told("hello").session_id().to_owned();
    ann.idle();
    assert_eq!(named(&world, "ann"), "frontend");
    ann.quit();
    eventually("it is away", PATIENCE, || (!is_online(&world, "frontend")).then_some(()));
    post(&world, "frontend", "while you were away");
    let back = world.session("ann").model(&ann.api).args(&["--resume", &id]).start();
    back.wait_until_told("while you were away");
    assert_eq!(named(&world, "ann"), "frontend");
}

#[test]
fn a_name_that_is_taken_stays_with_its_session_and_the_other_person_is_told() {
    let world = World::with_cc2cc();
    let _bob = settled(&world, "frontend");
    let mut ann = world.session("ann").args(&["--name", "frontend"]).start();
    ann.wait_for_screen("frontend is another session's name");
    let name = named(&world, "ann");
    assert_ne!(name, "frontend");
    ann.idle();
    ann.type_line("/rename reviewer");
    ann.wait("the new name", || (named(&world, "ann") == "reviewer").then_some(()));
}

#[test]
fn a_client_that_tells_of_names_at_the_start_alone_is_asked_then() {
    let world = World::with_cc2cc();
    let ann = world.session("ann").args(&["--name", "API dev"]).old().start();
    ann.wait_for_screen("cc2cc: you are api-dev");
}

#[test]
fn whoever_starts_where_somebody_works_is_told_so() {
    let world = World::with_cc2cc();
    let bob = world.session("two").env("CC2CC_NAME", "bob").start();
    settle(&bob, &world, "bob");
    let ann = world.session("two").env("CC2CC_NAME", "ann").start();
    ann.wait_for_screen("bob works here, too; ask it anything");
}
