//! Prompts that nobody typed, and typed ones that look like them: whose words a prompt is.

use std::{fs, time::Duration};

use serde_json::{Value, json};

use crate::{
    claude::Session,
    post,
    reply::{Gate, Reply},
    support::eventually::{eventually, within},
    world::World,
};

const TOOLS: [&str; 5] = ["Bash", "SendMessage", "ListAgents", "ScheduleWakeup", "CronCreate"];
/// A timer of the client's rings on the minute, and not before one has passed.
const TIMER: Duration = Duration::from_secs(200);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Client {
    Newest,
    Old,
}

fn settled(world: &World, name: &str, client: Client) -> Session {
    let builder = world.session(name).args(&["--allowedTools"]).args(&TOOLS).env("CC2CC_NAME", name);
    let session = if client == Client::Old { builder.old() } else { builder }.start();
    crate::settle(&session, world, name);
    session
}

/// What the record says of letters since the person last spoke.
fn hops(world: &World, name: &str) -> u64 {
    let text = fs::read_to_string(world.mailbox(name, "agent.json")).expect("a record");
    serde_json::from_str::<Value>(&text).expect("JSON")["hops"].as_u64().expect("a number")
}

/// A letter that has come a long way.
fn from_afar(world: &World, to: &str, text: &str) {
    let id = format!("afar-{}", text.len());
    let letter = json!({ "id": id, "from": "zoe", "to": to, "content": { "text": text }, "origin": { "hops": 7 } });
    let draft = world.mailbox(to, "tmp").join(&id);
    fs::write(&draft, letter.to_string()).expect("a letter");
    fs::rename(draft, world.mailbox(to, "inbox").join(format!("{id}.json"))).expect("a letter");
}

fn quotes_a_wake(client: Client) {
    let world = World::with_cc2cc();
    let mut bob = settled(&world, "bob", client);
    post(&world, "bob", "hello from a script");
    let told = bob.wait_until_told("hello from a script");
    bob.idle();
    let (_, rest) =
        told.everything().split_once("cc2cc: mail for bob").map(|(a, b)| (a.to_owned(), b.to_owned())).expect("a wake");
    let wake = format!("cc2cc: mail for bob{}", rest.lines().next().expect("a line"));
    bob.type_line(&format!("what is <task-notification> with {wake}"));
    bob.wait_for_request("with what was typed", |request| {
        request.newest().contains("what is <task-notification> with")
    });
    bob.idle();
    assert!(!bob.screen().contains("operation blocked"), "{}", bob.screen());
}

#[test]
fn a_typed_prompt_that_quotes_a_wake_is_sent() {
    quotes_a_wake(Client::Newest);
}

#[test]
fn a_typed_prompt_that_quotes_a_wake_is_sent_by_a_client_without_mods() {
    quotes_a_wake(Client::Old);
}

#[test]
fn a_message_of_the_clients_own_is_no_person() {
    let world = World::with_cc2cc();
    let (mut ann, bob) = (settled(&world, "ann", Client::Newest), settled(&world, "bob", Client::Newest));
    from_afar(&world, "bob", "from afar");
    bob.wait_until_told("from afar");
    bob.idle();
    assert_eq!(hops(&world, "bob"), 7);
    ann.api.when("who is there").reply(Reply::tool("ListAgents", json!({})));
    ann.api.when_it(|request| request.newest().contains("Peer sessions")).reply_with(|request| {
        let listed = request.newest();
        let bob = listed.lines().find_map(|line| line.trim().strip_prefix("bob")).expect("bob is listed");
        let to = format!("bob{}", bob.split("  ").next().expect("his name"));
        Reply::tool("SendMessage", json!({ "to": to, "summary": "hi", "message": "hello by the client" }))
    });
    ann.type_line("who is there");
    bob.wait_until_told("hello by the client");
    bob.idle();
    assert_eq!(hops(&world, "bob"), 7, "another session is no person");
}

fn timers(client: Client) {
    let world = World::with_cc2cc();
    let mut bob = settled(&world, "bob", client);
    let wakeup = json!({ "delaySeconds": 60, "prompt": "look at the build again", "reason": "it runs" });
    let cron = json!({ "cron": "* * * * *", "prompt": "and at the tests", "recurring": false });
    let set_timers = Reply::tool("CronCreate", cron);
    // The old one wakes itself only within /loop.
    let (set_timers, texts) = match client {
        Client::Newest => {
            (set_timers.and_tool("ScheduleWakeup", wakeup), &["look at the build again", "and at the tests"][..])
        }
        Client::Old => (set_timers, &["and at the tests"][..]),
    };
    bob.api.when("set timers").reply(set_timers);
    bob.type_line("set timers");
    bob.wait_until_told("set timers");
    bob.idle();
    from_afar(&world, "bob", "from afar");
    bob.wait_until_told("from afar");
    bob.idle();
    for text in texts {
        let rings = || bob.requests().iter().any(|request| request.newest().trim().ends_with(text)).then_some(());
        eventually("the timer rings", TIMER, rings);
    }
    bob.idle();
    assert_eq!(hops(&world, "bob"), 7, "a timer is no person");
    bob.type_line("I am here");
    bob.wait_until_told("I am here");
    bob.idle();
    assert_eq!(hops(&world, "bob"), 0);
}

#[test]
fn a_timer_is_no_person() {
    timers(Client::Newest);
}

#[test]
fn a_timer_of_a_client_without_mods_is_no_person() {
    timers(Client::Old);
}

#[test]
fn letters_that_come_during_a_compaction_arrive_once_after_it() {
    let world = World::with_cc2cc();
    let mut bob = settled(&world, "bob", Client::Newest);
    bob.type_line("hello");
    bob.wait_until_told("hello");
    bob.idle();
    let gate = Gate::default();
    let asks_for_summary =
        |request: &crate::request::Request| request.newest().contains("Your task is to create a detailed summary");
    bob.api.when_it(asks_for_summary).reply(Reply::text("<summary>it was short</summary>").held_by(&gate));
    bob.type_text("/compact");
    bob.press("\r");
    bob.wait_for_request("for a summary", asks_for_summary);
    let one = post(&world, "bob", "letter one");
    bob.wait("the waker's end", || (!crate::has_waker(&world, "bob")).then_some(()));
    let two = post(&world, "bob", "letter two");
    gate.open();
    for id in [&one, &two] {
        bob.wait("it is proved seen", || (world.status_of(id) == "seen").then_some(()));
    }
    bob.wait("the next waker", || crate::has_waker(&world, "bob").then_some(()));
    bob.idle();
    // A second wake would be on the screen a moment after the first.
    let shown = || bob.screen().contains("operation blocked").then(|| bob.screen());
    assert_eq!(within(Duration::from_secs(3), shown), None);
    let everything = bob.requests().last().expect("a request").everything();
    for id in [&one, &two] {
        assert_eq!(everything.matches(&format!("<letter id=\"{id}\"")).count(), 1, "{everything}");
    }
}

/// A hook of the person's own, or another plugin's, that runs with every prompt.
fn with_hook(world: &World, script: &str) {
    let settings = world.home().join(".claude/settings.json");
    fs::create_dir_all(settings.parent().expect("a folder")).expect("a folder");
    // Left alone, the client would go on without the hook after 30 s.
    let hook = json!([{ "hooks": [{ "type": "command", "command": script, "timeout": 300 }] }]);
    fs::write(settings, json!({ "hooks": { "UserPromptSubmit": hook } }).to_string()).expect("settings");
}

fn blocked(client: Client) {
    let world = World::with_cc2cc();
    with_hook(&world, "test -e $HOME/open || ! grep -q task-notification || { echo no >&2; exit 2; }");
    let mut bob = settled(&world, "bob", client);
    let id = post(&world, "bob", "hello");
    bob.wait_for_screen("operation blocked by hook");
    let inbox = world.mailbox("bob", "inbox").join(format!("{id}.json"));
    bob.wait("the letter is back", || inbox.exists().then_some(()));
    let listed = || crate::agent(&world, "bob");
    bob.wait("it is said", || (listed()["why"] == "another hook blocks its wakes").then_some(()));
    bob.wait("he is not busy", || (listed()["state"].is_null()).then_some(()));
    assert_eq!(listed()["reach"], "next turn");
    let receipts =
        || fs::read_to_string(world.mailbox("bob", "receipts").join(format!("{id}.jsonl"))).expect("receipts");
    // It is notified again once its pause is over, and not at once.
    let times = |step: &str| receipts().matches(&format!("\"step\":\"{step}\"")).count();
    assert_eq!((times("notified"), times("returned")), (1, 1), "{}", receipts());
    assert_eq!(bob.requests().len(), 0);
    fs::write(world.home().join("open"), "").expect("a mark");
    eventually("it is notified again", Duration::from_secs(90), || (times("notified") == 2).then_some(()));
    bob.wait_until_told("hello");
    bob.wait("it is proved seen", || (world.status_of(&id) == "seen").then_some(()));
    bob.idle();
    bob.wait("he is listed as idle", || (listed()["state"] == "idle").then_some(()));
    assert_eq!(bob.requests().len(), 1, "no turn for nothing");
    bob.type_line("are you there?");
    bob.wait_until_told("are you there?");
}

#[test]
fn a_letter_whose_wake_is_blocked_by_another_hook_is_back_soon_and_notified_again() {
    blocked(Client::Newest);
}

#[test]
fn a_letter_whose_wake_is_blocked_in_a_client_without_mods_is_back_soon() {
    blocked(Client::Old);
}

#[test]
fn a_letter_that_waits_for_a_slow_hook_arrives_once() {
    let world = World::with_cc2cc();
    with_hook(&world, "until test -e $HOME/open; do sleep 0.1; done");
    let bob = settled(&world, "bob", Client::Newest);
    let id = post(&world, "bob", "hello");
    bob.wait("it is delivered", || (world.status_of(&id) == "delivered").then_some(()));
    // Longer than a letter is given that nobody has come for.
    let early = || (world.status_of(&id) != "delivered" || !bob.requests().is_empty()).then(|| world.status_of(&id));
    assert_eq!(within(Duration::from_secs(30), early), None);
    fs::write(world.home().join("open"), "").expect("a mark");
    bob.wait_until_told("hello");
    bob.wait("it is proved seen", || (world.status_of(&id) == "seen").then_some(()));
    bob.idle();
    assert_eq!(bob.requests().len(), 1);
}
