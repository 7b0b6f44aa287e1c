//! Background sessions are members like any other.

use serde_json::{Value, json};

use crate::{
    SEND, agent, has_waker, letter, letter_id, post,
    reply::Reply,
    request::Request,
    service::{Service, told},
    settled,
    support::eventually::{PATIENCE, eventually},
    world::{World, client_is_at_least},
};

const TOOLS: [&str; 3] = ["--allowedTools", "Bash", SEND];

/// The one agent whose directory is this project.
pub(crate) fn of_project(world: &World, project: &str) -> Option<Value> {
    let cwd = world.project(project).display().to_string();
    let listed = world.cc2cc_json(&["agents", "--all"]);
    let mut here = listed["agents"].as_array().expect("a list").iter().filter(|agent| agent["cwd"] == cwd.as_str());
    let found = here.next().cloned();
    assert!(here.next().is_none(), "one agent in {project}: {listed}");
    found
}

fn name(agent: &Value) -> String {
    agent["name"].as_str().expect("a name").to_owned()
}

/// Waits until the session of a project is there, idle, with its waker; gives its name.
#[track_caller]
pub(crate) fn idle(world: &World, service: &Service, project: &str) -> String {
    eventually("it is idle and has its waker", PATIENCE, || {
        let agent = of_project(world, project).filter(|agent| agent["online"] == true && agent["state"] == "idle")?;
        let name = name(&agent);
        (has_waker(world, &name) && !service.api.is_busy()).then_some(name)
    })
}

#[test]
fn a_background_session_is_named_listed_woken_idle_and_in_mid_turn() {
    let world = World::with_cc2cc();
    let service = Service::new(&world);
    service.start("bob", &[], &TOOLS, "hello from the shell");
    told(&service.api, "hello from the shell");
    let bob = idle(&world, &service, "bob");

    let id = post(&world, &bob, "main is red");
    service.api.when("main is red").reply(Reply::text("I see"));
    told(&service.api, "main is red");
    eventually("it is seen", PATIENCE, || (world.status_of(&id) == "seen").then_some(()));
    idle(&world, &service, "bob");

    // In the middle of a turn.
    let busy = format!("until ls {}/go; do sleep 0.05; done", world.project("bob").display());
    service.api.when("until you may go").reply(Reply::tool("Bash", json!({ "command": busy, "description": "works" })));
    post(&world, &bob, "work until you may go");
    told(&service.api, "until you may go");
    let id = post(&world, &bob, "in the middle");
    let is_notified = || matches!(world.status_of(&id).as_str(), "notified" | "delivered" | "seen").then_some(());
    eventually("its waker has woken it", PATIENCE, is_notified);
    std::fs::write(world.project("bob").join("go"), "").expect("a file");
    let request = told(&service.api, "in the middle");
    if client_is_at_least([2, 1, 273]) {
        assert!(!request.tool_results().is_empty(), "it came with the result of the tool");
    }
    eventually("it is seen", PATIENCE, || (world.status_of(&id) == "seen").then_some(()));

    // It answers, as itself.
    let _ann = settled(&world, "ann");
    service
        .api
        .when("who is there")
        .reply_with(|request| letter("ann", &format!("me, for {}", letter_id(&request.newest()))));
    post(&world, &bob, "who is there");
    let answer = told(&service.api, "me, for");
    assert!(answer.newest().contains(&format!("from=\"{bob}\"")), "{}", answer.newest());
}

#[test]
fn a_session_that_is_stopped_and_opened_again_keeps_its_name_and_its_letters() {
    let world = World::with_cc2cc();
    let service = Service::new(&world);
    let job = service.start("bob", &[], &TOOLS, "hello from the shell");
    told(&service.api, "hello from the shell");
    let bob = idle(&world, &service, "bob");
    service.run(&["stop", &job]);
    eventually("it is away", PATIENCE, || (agent(&world, &bob)["online"] != true).then_some(()));
    let id = post(&world, &bob, "while you were away");
    let terminal = service.attach("bob", &job);
    told(&service.api, "while you were away");
    eventually("it is seen", PATIENCE, || (world.status_of(&id) == "seen").then_some(()));
    assert_eq!(idle(&world, &service, "bob"), bob, "the same name, and no other in its directory");
    terminal.wait_for_screen(&format!("cc2cc: you are {bob}"));
}

#[test]
fn a_session_that_goes_into_the_background_keeps_its_name_and_its_letters() {
    let world = World::with_cc2cc();
    let service = Service::new(&world);
    let mut terminal = world.session("bob").model(&service.api).env("CC2CC_NAME", "bob").args(&TOOLS).start();
    terminal.wait_for_screen("cc2cc: you are bob");
    terminal.type_line("hello there");
    terminal.wait_until_told("hello there");
    terminal.idle();
    let before = agent(&world, "bob");
    terminal.type_text("/background");
    terminal.press("\r");
    let moved = || (agent(&world, "bob")["session"] != before["session"] || !service.jobs().is_empty()).then_some(());
    eventually("it has gone into the background", PATIENCE, moved);
    assert_eq!(idle(&world, &service, "bob"), "bob", "the same name, and no other in its directory");
    let id = post(&world, "bob", "are you still there");
    told(&service.api, "are you still there");
    eventually("it is seen", PATIENCE, || (world.status_of(&id) == "seen").then_some(()));
}

#[test]
fn a_session_of_the_background_that_is_resumed_in_a_terminal_keeps_its_name_and_its_letters() {
    let world = World::with_cc2cc();
    let service = Service::new(&world);
    let job = service.start("bob", &[], &TOOLS, "hello from the shell");
    let session = told(&service.api, "hello from the shell").session_id().to_owned();
    let bob = idle(&world, &service, "bob");
    service.run(&["stop", &job]);
    eventually("it is away", PATIENCE, || (agent(&world, &bob)["online"] != true).then_some(()));
    let id = post(&world, &bob, "while you were away");
    let terminal = world.session("bob").model(&service.api).args(&["--resume", &session]).args(&TOOLS).start();
    told(&service.api, "while you were away");
    eventually("it is seen", PATIENCE, || (world.status_of(&id) == "seen").then_some(()));
    assert_eq!(idle(&world, &service, "bob"), bob, "the same name, and no other in its directory");
    let id = post(&world, &bob, "and now?");
    terminal.wait_until_told("and now?");
    eventually("it is seen", PATIENCE, || (world.status_of(&id) == "seen").then_some(()));
}

#[test]
fn a_session_that_goes_into_the_background_in_the_middle_of_a_turn_keeps_its_name_and_its_letters() {
    let world = World::with_cc2cc();
    let service = Service::new(&world);
    let mut terminal = world.session("bob").model(&service.api).env("CC2CC_NAME", "bob").args(&TOOLS).start();
    terminal.wait_for_screen("cc2cc: you are bob");
    let go = world.project("bob").join("go");
    let busy =
        json!({ "command": format!("until test -e {}; do sleep 0.05; done", go.display()), "description": "works" });
    service.api.when("work on it").reply(Reply::tool("Bash", busy));
    terminal.type_line("work on it");
    told(&service.api, "work on it");
    terminal.type_text("/background");
    terminal.press("\r");
    eventually("it has gone into the background", PATIENCE, || (!service.jobs().is_empty()).then_some(()));
    std::fs::write(&go, "").expect("a file");
    let id = post(&world, "bob", "on your way there"); // it may be neither here nor there
    let request = told(&service.api, "on your way there");
    eventually("it is seen", PATIENCE, || (world.status_of(&id) == "seen").then_some(()));
    assert_eq!(request.everything().matches(&format!("<letter id=\"{id}\"")).count(), 1);
    assert_eq!(idle(&world, &service, "bob"), "bob", "the same name, and no other in its directory");
}

#[test]
fn a_session_that_is_branched_goes_on_as_the_same_agent() {
    let world = World::with_cc2cc();
    let mut bob = settled(&world, "bob");
    bob.type_line("hello there");
    let before = bob.wait_until_told("hello there").session_id().to_owned();
    bob.idle();
    bob.type_text("/branch another way");
    bob.press("\r");
    bob.wait_for_screen("Branched");
    bob.idle();
    let id = post(&world, "bob", "which way?");
    let told = bob.wait_until_told("which way?");
    assert_ne!(told.session_id(), before, "it is another session");
    bob.wait("it is seen", || (world.status_of(&id) == "seen").then_some(()));
    assert_eq!(agents(&world, |_| true).len(), 1, "and the same agent");
}

#[test]
fn a_copy_of_a_session_is_somebody_else() {
    let world = World::with_cc2cc();
    let service = Service::new(&world);
    let mut terminal = world.session("bob").model(&service.api).env("CC2CC_NAME", "bob").args(&TOOLS).start();
    terminal.wait_for_screen("cc2cc: you are bob");
    terminal.type_line("hello there");
    terminal.wait_until_told("hello there");
    terminal.idle();
    terminal.type_line("/fork look at it from another side");
    // Older clients make a subagent of it.
    let is_told = |requests: Vec<Request>| requests.iter().any(|request| request.newest().contains("another side"));
    let told_somebody = || is_told(service.api.requests()) || is_told(service.api.side_requests());
    terminal.wait("the copy at work", || told_somebody().then_some(()));
    let names = || agents(&world, |agent| agent["online"] == true).len();
    let is_subagent = || service.jobs().is_empty() && names() == 1;
    eventually("it has a name of its own or none", PATIENCE, || (names() == 2 || is_subagent()).then_some(()));
    assert_eq!(agent(&world, "bob")["online"], true, "he is still at his terminal");
    let id = post(&world, "bob", "for the original");
    eventually("it is seen", PATIENCE, || (world.status_of(&id) == "seen").then_some(()));
}

#[test]
fn a_name_and_a_home_of_another_terminal_do_not_count() {
    let world = World::with_cc2cc();
    let service = Service::new(&world);
    let elsewhere = world.home().join("elsewhere").display().to_string();
    let first = service.start("bob", &[("CC2CC_NAME", "first"), ("CC2CC_HOME", &elsewhere)], &TOOLS, "one of them");
    told(&service.api, "one of them");
    let bob = idle(&world, &service, "bob");
    service.api.when("another one").reply(Reply::tool(
        "Bash",
        json!({ "command": "cc2cc whoami; echo \"name=$CC2CC_NAME home=$CC2CC_HOME\"", "description": "asks" }),
    ));
    service.start("ann", &[("CC2CC_NAME", "second")], &TOOLS, "another one");
    let said = told(&service.api, "name=").tool_results().join("");
    let ann = idle(&world, &service, "ann");
    assert!(ann != bob && ![&ann, &bob].into_iter().any(|name| ["first", "second"].contains(&name.as_str())));
    assert!(said.contains(&ann) && said.contains("name= home=\n"), "{said}");
    assert!(!std::fs::exists(&elsewhere).unwrap(), "nothing went there");
    let terminal = service.attach("bob", &first);
    terminal.wait_for_screen("CC2CC_NAME=first");
    terminal.wait_for_screen("does not count here");
}

#[test]
fn after_twenty_jobs_nobody_is_left_but_those_who_were_there() {
    const JOBS: usize = 20;
    let world = World::with_cc2cc();
    let service = Service::new(&world);
    for job in 0..JOBS {
        let prompt = format!("job number {job}.");
        let id = service.start("bob", &[], &TOOLS, &prompt);
        told(&service.api, &prompt);
        let here = || agents(&world, |agent| agent["online"] == true);
        eventually("it is there", PATIENCE, || (here().len() == 1).then_some(()));
        service.run(&["stop", &id]);
        eventually("it has ended", PATIENCE, || here().is_empty().then_some(()));
        service.run(&["rm", &id]);
    }
    let mailboxes = std::fs::read_dir(world.home().join(".cc2cc")).expect("the home").flatten();
    let mailboxes = mailboxes.filter(|entry| entry.file_name().to_string_lossy().starts_with("to-")).count();
    assert_eq!(mailboxes, JOBS, "one for each session that was, and no other");
    let ours = || world.processes().into_iter().filter(|(_, line)| line.contains("bin/cc2cc")).collect::<Vec<_>>();
    eventually("nothing of ours runs", PATIENCE, || ours().is_empty().then_some(()));
}

fn agents(world: &World, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
    let mut listed = world.cc2cc_json(&["agents", "--all"]);
    let agents: Vec<Value> = serde_json::from_value(listed["agents"].take()).expect("a list");
    agents.into_iter().filter(|agent| agent["name"] != "user" && wanted(agent)).collect()
}
