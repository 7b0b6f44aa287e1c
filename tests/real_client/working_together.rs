//! Sessions that work together: three that split a task, a ring of questions, a group, and news of one for another.

use std::fs;

use serde_json::{Value, json};

use crate::{
    SEND, agent,
    claude::Session,
    letter, letter_id,
    reply::{Gate, Reply},
    request::Request,
    service::{Service, told},
    settled,
    support::eventually::{PATIENCE, eventually},
    world::World,
};

fn ask(to: &str, text: &str) -> Reply {
    Reply::tool("mcp__plugin_cc2cc_cc2cc__ask", json!({ "to": to, "text": text, "within": "90s" }))
}

fn bash(command: &str) -> Reply {
    Reply::tool("Bash", json!({ "command": command, "description": "does it" }))
}

/// An answer to the letter that says this.
fn answer(request: &Request, question: &str, text: &str) -> Reply {
    let told = request.newest();
    let (before, _) = told.split_once(question).expect("the question");
    let (_, head) = before.rsplit_once("<letter id=\"").expect("its letter");
    let from = head.split_once("from=\"").and_then(|(_, rest)| rest.split('"').next()).expect("a sender");
    let id = head.split('"').next().expect("an id");
    Reply::tool(SEND, json!({ "to": from, "text": text, "reply_to": id }))
}

/// To whom each letter with this text went.
fn sent(world: &World, text: &str) -> Vec<String> {
    let log = world.cc2cc("home", &["log", "--json"]).stdout;
    let letters = log.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let of_text = letters.filter(|letter| letter["letter"]["content"]["text"] == text);
    let mut to: Vec<String> = of_text.map(|letter| letter["to"].as_str().expect("a name").to_owned()).collect();
    to.sort();
    to
}

/// How often the model has been told something, in all that it knows by now.
fn times(session: &Session, text: &str) -> usize {
    session.requests().last().expect("a request").everything().matches(text).count()
}

/// Ann starts carl, wants to know when bob is idle, asks both, and tells the person.
#[test]
fn three_sessions_split_a_task() {
    let world = World::with_cc2cc();
    let (notes, config) = (world.home().join("notes"), world.home().join(".cc2cc/config.toml"));
    fs::create_dir_all(config.parent().expect("a folder")).expect("a folder");
    let words = json!(["sh", "-c", "echo \"$@\" >>\"$0\"", notes.display().to_string(), "{from}", "{line}"]);
    fs::write(&config, format!("[notify]\ncommand = {words}\n")).expect("a file");
    let service = Service::new(&world);
    service.put_on_the_path();
    let api = &service.api;
    let (mut ann, mut bob) = (settled(&world, "ann"), settled(&world, "bob"));
    let go = world.project("bob").join("go");
    api.when("build it").reply(bash(&format!("until test -e {}; do sleep 0.05; done", go.display())));
    bob.type_line("build it");
    told(api, "build it");

    let dir = world.project("one").display().to_string();
    let start = format!("cc2cc start carl --dir {dir} --permission-mode default 'read the parser'");
    api.when("split the task").reply(bash(&start));
    api.when("carl works in the background").reply(bash("cc2cc notify-when bob idle"));
    api.when("told once, when bob is idle").reply(ask("bob,carl", "which half is yours?"));
    for half in ["the lexer", "the parser"] {
        api.when("which half is yours?").reply_with(move |request| answer(request, "which half is yours?", half));
    }
    api.when("bob is idle now").reply(letter("user", "the task is split"));
    ann.type_line("split the task");
    told(api, "read the parser");
    told(api, "which half is yours?");
    assert!(!fs::exists(&notes).expect("looked"), "there is nothing for the person yet");
    fs::write(&go, "").expect("a file"); // bob reads the question with what his command has said

    let has_both = |text: &str| text.contains("the lexer") && text.contains("the parser");
    let both = || api.requests().into_iter().map(|request| request.tool_results().concat()).find(|text| has_both(text));
    let result = eventually("both answers in one result", PATIENCE, both);
    assert_eq!(result.matches("\"outcome\":\"answered\"").count(), 2, "{result}");
    told(api, "bob is idle now");
    let is_written = || fs::read_to_string(&notes).ok().filter(|text| text.ends_with('\n'));
    let notified = eventually("the person is notified", PATIENCE, is_written);
    assert_eq!(notified, "ann the task is split\n");
    ann.idle();
    bob.idle();
    assert_eq!(sent(&world, "which half is yours?"), ["bob", "carl"], "each is asked once");
    assert_eq!(sent(&world, "read the parser"), ["carl"]);
    assert_eq!(sent(&world, "bob is idle now"), ["ann"]);
    assert_eq!(sent(&world, "the task is split"), ["user"]);
    assert_eq!(fs::read_to_string(&notes).expect("notes"), notified, "and once");
}

/// Each of three is asked while it waits for the next. None waits for itself: the question that closes the ring is handed out
/// in the call that waits.
#[test]
fn a_ring_of_three_that_ask_each_other_comes_to_its_end() {
    let world = World::with_cc2cc();
    let (mut ann, bob, one) = (settled(&world, "ann"), settled(&world, "bob"), settled(&world, "one"));
    ann.api.when("begin").reply(ask("bob", "what does bob need?"));
    bob.api.when("what does bob need?").reply(ask("one", "what does one need?"));
    one.api.when("what does one need?").reply(ask("ann", "what does ann need?"));
    ann.api
        .when("what does ann need?")
        .reply_with(|request| answer(request, "what does ann need?", "ann needs nothing"));
    one.api.when("ann needs nothing").reply_with(|request| to_first(request, "bob", "one needs ann"));
    bob.api.when("one needs ann").reply_with(|request| to_first(request, "ann", "bob needs one"));
    ann.type_line("begin");
    let handed_out = ann.wait_until_told("what does ann need?");
    assert!(handed_out.tool_results().concat().contains("one asks you something"), "{}", handed_out.newest());
    for (session, text) in [(&one, "ann needs nothing"), (&bob, "one needs ann")] {
        let result = session.wait_until_told(text).tool_results().concat();
        assert!(result.contains("\"outcome\":\"answered\""), "{result}");
    }
    let told = ann.wait_until_told("bob needs one");
    let id = letter_id(&told.newest());
    ann.wait("it is seen", || (world.status_of(&id) == "seen").then_some(()));
    for (to, text) in [("bob", "what does bob need?"), ("one", "what does one need?"), ("ann", "what does ann need?")] {
        assert_eq!(sent(&world, text), [to]);
    }
    [&ann, &bob, &one].into_iter().for_each(Session::idle);
}

/// An answer to the first letter of all that the model was ever told.
fn to_first(request: &Request, to: &str, text: &str) -> Reply {
    Reply::tool(SEND, json!({ "to": to, "text": text, "reply_to": letter_id(&request.everything()) }))
}

#[test]
fn a_letter_to_a_group_reaches_its_members_who_answer() {
    let world = World::with_cc2cc();
    let (mut ann, mut bob) = (settled(&world, "ann"), settled(&world, "bob"));
    let one = world.session("one").env("CC2CC_NAME", "one").env("CC2CC_GROUPS", "backend").start();
    one.wait_for_screen("cc2cc: you are one, in @backend");
    one.wait("its waker", || crate::has_waker(&world, "one").then_some(()));
    bob.api.when("work on the backend").reply(bash("cc2cc join backend"));
    bob.type_line("work on the backend");
    bob.wait_until_told("bob is in @backend, with one");
    bob.idle();
    for session in [&bob, &one] {
        session.api.when("who has the schema?").reply_with(|request| answer(request, "who has the schema?", "not me"));
    }
    ann.api.when("find the schema").reply(letter("@backend", "who has the schema?"));
    ann.type_line("find the schema");
    for session in [&bob, &one] {
        let told = session.wait_until_told("who has the schema?").newest();
        assert!(told.contains("sent_to=\"@backend\""), "{told}");
    }
    ann.wait("both answers", || (!ann.requests().is_empty() && times(&ann, "not me") == 2).then_some(()));
    assert_eq!(sent(&world, "who has the schema?"), ["bob", "one"], "and nobody else");

    bob.api.when("leave it").reply(bash("cc2cc leave backend"));
    bob.type_line("leave it");
    bob.wait_until_told("bob has left @backend");
    ann.idle();
    ann.api.when("ask again").reply(letter("@backend", "and now?"));
    ann.type_line("ask again");
    one.wait_until_told("and now?");
    assert_eq!(sent(&world, "and now?"), ["one"]);
}

#[test]
fn who_wishes_it_is_woken_once_when_another_is_idle() {
    let world = World::with_cc2cc();
    let (mut ann, mut bob) = (settled(&world, "ann"), settled(&world, "bob"));
    let gate = Gate::default();
    bob.api.when("think about it").reply(Reply::text("done").held_by(&gate));
    bob.type_line("think about it");
    bob.wait_until_told("think about it");
    ann.api.when("tell me when").reply(bash("cc2cc notify-when bob idle"));
    ann.type_line("tell me when bob is free");
    ann.wait_until_told("ann will be told once, when bob is idle");
    ann.idle();
    assert!(sent(&world, "bob is idle now").is_empty(), "he is not");
    gate.open();
    let news = ann.wait_until_told("bob is idle now");
    assert!(news.newest().contains("from=\"system\" type=\"status\""), "{}", news.newest());
    ann.wait_for_screen("✉ system: bob is idle now");
    let id = letter_id(&news.newest());
    ann.wait("it is seen", || (world.status_of(&id) == "seen").then_some(()));

    bob.type_line("once more");
    bob.wait_until_told("once more");
    bob.idle();
    ann.idle();
    let wishes = || fs::read_dir(world.mailbox("bob", "wishes")).map_or(0, Iterator::count);
    assert_eq!((wishes(), sent(&world, "bob is idle now").len()), (0, 1), "that was once");
    assert_eq!((ann.requests().len(), times(&ann, "bob is idle now")), (3, 1), "a prompt, its tool, and one wake");
}

#[test]
fn each_is_listed_with_what_its_person_asked_for() {
    let world = World::with_cc2cc();
    let (mut ann, mut bob) = (settled(&world, "ann"), settled(&world, "bob"));
    bob.type_line("fix the flaky test");
    bob.wait_until_told("fix the flaky test");
    bob.idle();
    let doing = || agent(&world, "bob")["doing"]["text"].clone();
    bob.wait("what bob does", || doing().is_string().then_some(()));
    assert_eq!(doing(), "fix the flaky test");
    let listed = String::from_utf8(world.cc2cc("home", &["agents"]).stdout).expect("text");
    assert!(listed.lines().any(|line| line.starts_with("bob ") && line.contains("  fix the flaky test (")), "{listed}");
    ann.type_line("/who");
    ann.wait("bob and what he does", || {
        ann.screen().lines().any(|line| line.contains("bob") && line.contains("fix the flaky test")).then_some(())
    });

    bob.api
        .when("say it")
        .reply(Reply::tool("mcp__plugin_cc2cc_cc2cc__rename", json!({ "doing": "waits for the build" })));
    bob.type_line("say it yourself");
    bob.wait_for_screen("Do you want to proceed?");
    bob.press_until_gone("\r", "Do you want to proceed?");
    bob.wait("its own word", || (doing() == "waits for the build").then_some(()));
}
