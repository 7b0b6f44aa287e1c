//! What the list says of a session is true: a letter does what it says, and when.

use serde_json::{Value, json};

use crate::{
    agent,
    claude::Session,
    post,
    reply::{Fault, Reply},
    settled,
    world::World,
};

/// How a session is listed, in short.
fn listed(world: &World, name: &str) -> (String, Value) {
    let agent = agent(world, name);
    (agent["reach"].as_str().unwrap_or_default().to_owned(), agent["state"].clone())
}

#[track_caller]
fn wait_until_listed(session: &Session, world: &World, name: &str, reach: &str, state: &Value) {
    let wanted = (reach.to_owned(), state.clone());
    session.wait(&format!("{name} listed as {wanted:?}"), || (listed(world, name) == wanted).then_some(()));
}

/// How often a letter was put before the model in the last request.
fn times(session: &Session, id: &str) -> usize {
    let last = session.requests().pop().expect("a request");
    last.everything().matches(&format!("<letter id=\"{id}\"")).count()
}

/// A session that gives up at the first error.
fn without_patience(world: &World, name: &str) -> Session {
    let session = world.session(name).env("CC2CC_NAME", name).env("CLAUDE_CODE_MAX_RETRIES", "0").start();
    crate::settle(&session, world, name);
    session
}

fn a_turn_fails(fault: Fault, why: &str) {
    let world = World::with_cc2cc();
    let ann = settled(&world, "ann");
    let mut bob = without_patience(&world, "bob");
    bob.api.breaks(Some(fault));
    let sent = String::from_utf8(world.cc2cc("ann", &["send", "bob", "the build is red"]).stdout).expect("text");
    assert!(sent.starts_with("sent to bob (idle)"), "{sent}");
    let short = sent.trim().rsplit(' ').next().expect("an id");
    let id = world.cc2cc_json(&["read", short])["letter"]["id"].as_str().expect("an id").to_owned();
    bob.wait_for_screen("API Error");
    wait_until_listed(&bob, &world, "bob", "failing", &Value::Null);
    assert!(agent(&world, "bob")["why"].as_str().is_some_and(|said| said.contains(why)), "{}", agent(&world, "bob"));
    assert_eq!(world.status_of(&id), "delivered");
    let again = String::from_utf8(world.cc2cc("home", &["agents"]).stdout).expect("text");
    assert!(again.contains("failing: "), "{again}");

    bob.api.breaks(None);
    bob.type_line("go on");
    let told = bob.wait_until_told("go on");
    assert_eq!(told.everything().matches(&format!("<letter id=\"{id}\"")).count(), 1, "{}", told.everything());
    bob.wait("it is seen", || (world.status_of(&id) == "seen").then_some(()));
    wait_until_listed(&bob, &world, "bob", "wakes", &json!("idle"));
    bob.idle();
    assert_eq!(times(&bob, &id), 1);
    drop(ann);
}

#[test]
fn a_letter_in_a_turn_that_a_limit_ended_is_seen_with_the_next_that_works() {
    a_turn_fails(Fault::Status(429, "rate_limit_error"), "rate limit");
}

#[test]
fn a_letter_in_a_turn_that_an_overload_ended_is_seen_with_the_next_that_works() {
    a_turn_fails(Fault::Status(529, "overloaded_error"), "");
}

#[test]
fn a_letter_in_a_request_that_was_refused_is_seen_with_the_next_that_works() {
    a_turn_fails(Fault::Status(400, "invalid_request_error"), "");
}

#[test]
fn a_letter_in_a_request_without_an_answer_is_seen_with_the_next_that_works() {
    a_turn_fails(Fault::Dropped, "");
}

#[test]
fn a_letter_whose_answer_broke_off_is_seen_with_the_next_that_works() {
    a_turn_fails(Fault::Cut, "");
}

/// The client says when a limit of a plan is over, to whoever has a plan.
#[test]
fn a_session_whose_plan_is_used_up_is_listed_with_the_time_at_which_that_is_over() {
    let world = World::with_cc2cc();
    let plan = format!("sk-ant-oat01-stand-in-{}", "0".repeat(80));
    let session = world.session("bob").without("ANTHROPIC_API_KEY").env("CLAUDE_CODE_OAUTH_TOKEN", &plan);
    let mut bob = session.env("CLAUDE_CODE_MAX_RETRIES", "0").env("CC2CC_NAME", "bob").start();
    crate::settle(&bob, &world, "bob");
    let in_an_hour = jiff::Timestamp::now().as_second() + 3600;
    bob.api.breaks(Some(Fault::UsedUp(in_an_hour)));
    bob.type_line("go on");
    wait_until_listed(&bob, &world, "bob", "failing", &Value::Null);
    let why = agent(&world, "bob")["why"].as_str().expect("a reason").to_owned();
    assert!(why.starts_with("rate limit, resets ") && why.contains('m'), "{why}");
    bob.wait_for_screen(why.strip_prefix("rate limit, ").expect("a time"));
    let listed = String::from_utf8(world.cc2cc("home", &["agents"]).stdout).expect("text");
    assert!(listed.contains(&format!("bob  failing: {why} (")), "{listed}");
}

#[test]
fn a_dialog_is_listed_nobody_answers_it_and_letters_come_once_after_it() {
    let world = World::with_cc2cc();
    let mut bob = world.session("bob").env("CC2CC_NAME", "bob").start();
    crate::settle(&bob, &world, "bob");
    let command = json!({ "command": "touch made-it", "description": "make it" });
    bob.api.when("make it").reply(Reply::tool("Bash", command));
    bob.type_line("make it");
    bob.wait_for_screen("Do you want to proceed?");
    wait_until_listed(&bob, &world, "bob", "asks its person", &json!("busy"));
    // The client says that a dialog is open, and a moment later the hook what it is about.
    bob.wait("what it asks for", || (agent(&world, "bob")["why"] == "permission for Bash").then_some(()));
    let ids = ["one", "two", "three"].map(|text| post(&world, "bob", text));
    let sent = world.cc2cc_json(&["send", "bob", "four"]);
    assert_eq!(sent["sent"][0]["reach"], "asks its person", "{sent}");
    let said = String::from_utf8(world.cc2cc("home", &["status", &ids[0]]).stdout).expect("text");
    assert!(said.contains("bob: asks its person for "), "{said}");
    bob.wait("it has been rung for", || (world.status_of(&ids[0]) == "notified").then_some(()));
    assert!(bob.screen().contains("Do you want to proceed?"), "{}", bob.screen());
    assert!(!world.project("bob").join("made-it").exists());

    bob.press_until_gone("\r", "Do you want to proceed?");
    for id in &ids {
        bob.wait("it is seen", || (world.status_of(id) == "seen").then_some(()));
    }
    bob.idle();
    wait_until_listed(&bob, &world, "bob", "wakes", &json!("idle"));
    for id in &ids {
        assert_eq!(times(&bob, id), 1);
    }
    assert!(world.project("bob").join("made-it").exists());
}

#[test]
fn after_esc_a_session_is_idle_with_the_next_look() {
    let world = World::with_cc2cc();
    let mut bob = settled(&world, "bob");
    let gate = crate::reply::Gate::default();
    bob.api.when("talk").reply(Reply::text("that is all").held_by(&gate));
    bob.type_line("talk to me");
    bob.wait_for_screen("streaming");
    wait_until_listed(&bob, &world, "bob", "wakes", &json!("busy"));
    bob.press("\x1b");
    wait_until_listed(&bob, &world, "bob", "wakes", &json!("idle"));
    gate.open();
}

/// Kills whatever is a waker in a world now; gives how many there were.
fn kill_wakers(world: &World) -> usize {
    let home = world.home().display().to_string();
    let is_waker = |words: &str| words.contains(&home) && words.ends_with("wait\0--ring\0");
    let processes = std::fs::read_dir("/proc").expect("processes").flatten();
    let wakers = processes
        .filter(|process| std::fs::read_to_string(process.path().join("cmdline")).is_ok_and(|words| is_waker(&words)))
        .map(|process| process.file_name().to_string_lossy().into_owned());
    wakers
        .inspect(|waker| {
            let _ = std::process::Command::new("kill").args(["-9", waker]).status().expect("kill"); // it may have ended
        })
        .count()
}

/// Kills the waker of the only session in a world, and waits until it has gone.
fn kill_waker(session: &Session, world: &World, name: &str) {
    assert_eq!(kill_wakers(world), 1);
    session.wait("the waker's end", || (!crate::has_waker(world, name)).then_some(()));
}

#[test]
fn a_session_whose_waker_is_gone_says_so_and_the_mod_wakes_it() {
    let world = World::with_cc2cc();
    let bob = settled(&world, "bob");
    bob.idle();
    kill_waker(&bob, &world, "bob");
    wait_until_listed(&bob, &world, "bob", "next turn", &Value::Null);
    assert_eq!(agent(&world, "bob")["why"], "its waker is gone");

    let id = post(&world, "bob", "the build is red");
    let told = bob.wait_until_told("the build is red");
    assert_eq!(told.everything().matches(&format!("<letter id=\"{id}\"")).count(), 1);
    bob.wait("it is seen", || (world.status_of(&id) == "seen").then_some(()));
    wait_until_listed(&bob, &world, "bob", "wakes", &json!("idle"));
    bob.wait("a waker again", || crate::has_waker(&world, "bob").then_some(()));
    let again = post(&world, "bob", "it is green again");
    bob.wait_until_told("it is green again");
    bob.wait("it is seen", || (world.status_of(&again) == "seen").then_some(()));
    bob.idle();
    assert_eq!((times(&bob, &id), times(&bob, &again)), (1, 1));
    assert_eq!(bob.requests().len(), 2);
}

#[test]
fn whose_letter_was_in_a_turn_that_failed_is_told_once() {
    let world = World::with_cc2cc();
    let mut ann = settled(&world, "ann");
    let mut bob = without_patience(&world, "bob");
    bob.api.breaks(Some(Fault::Status(400, "invalid_request_error")));
    ann.api.when("tell bob").reply(crate::letter("bob", "the build is red"));
    ann.type_line("tell bob");
    bob.wait_for_screen("API Error");
    wait_until_listed(&bob, &world, "bob", "failing", &Value::Null);
    bob.type_line("go on"); // which fails as well
    bob.wait_until_told("go on");
    bob.idle();
    wait_until_listed(&bob, &world, "bob", "failing", &Value::Null);
    bob.api.breaks(None);
    bob.type_line("once more");
    bob.wait_until_told("once more");
    bob.idle();

    ann.idle();
    ann.type_line("and now?");
    let told = ann.wait_until_told("and now?").newest();
    assert!(told.contains("the turn of bob with your letter failed ("), "{told}");
    ann.idle();
    ann.type_line("any more?");
    ann.wait_until_told("any more?");
    ann.idle();
    let everything = ann.requests().pop().expect("a request").everything();
    assert_eq!(everything.matches("with your letter failed").count(), 1, "{everything}");
}

#[test]
fn in_a_turn_without_a_waker_letters_come_with_the_results_of_the_tools() {
    const TRIES: usize = 20;
    let world = World::with_cc2cc();
    let mut bob = world.session("bob").env("CC2CC_NAME", "bob").args(&["--allowedTools", "Bash", crate::SEND]).start();
    crate::settle(&bob, &world, "bob");
    let work = json!({ "command": "until ls go; do sleep 0.05; done", "description": "works" });
    bob.api.when("work until then").reply(Reply::tool("Bash", work));
    for number in 0..TRIES {
        let words = json!({ "to": "user", "text": format!("report {number}") });
        let lacks = |request: &crate::request::Request| {
            !request.tool_results().is_empty() && !request.newest().contains("<letter id=")
        };
        bob.api.when_it(lacks).reply(Reply::tool(crate::SEND, words));
    }
    bob.type_line("work until then");
    bob.wait_until_told("work until then");
    // Once nothing is there or on its way that would bring letters, the server has its tools listed as those that do.
    let is_told = || std::fs::read_to_string(world.log("bob")).is_ok_and(|log| log.contains("tools/list_changed"));
    bob.wait("its tools are listed anew", || {
        kill_wakers(&world);
        is_told().then_some(())
    });
    let id = post(&world, "bob", "the build is red");
    assert_eq!(world.status_of(&id), "stored", "nothing wakes it");
    std::fs::write(world.project("bob").join("go"), "").expect("a file");
    let told = bob.wait_for_request("with the letter", |request| request.newest().contains("the build is red"));
    assert!(told.tool_results().join("").contains(&format!("<letter id=\"{id}\"")), "{}", told.newest());
    bob.wait("it is seen", || (world.status_of(&id) == "seen").then_some(()));
    bob.idle();
    assert_eq!(times(&bob, &id), 1);
}
