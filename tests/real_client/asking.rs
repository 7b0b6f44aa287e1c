//! `ask` with the real client: the answer is in the asker's next request, as the result of the tool.

use serde_json::json;

use crate::{
    SEND,
    claude::Session,
    letter_id,
    reply::{Gate, Reply},
    settled,
    world::World,
};

/// How the client names the tool `ask`.
const ASK: &str = "mcp__plugin_cc2cc_cc2cc__ask";

/// The model asks somebody, and waits.
fn ask(to: &str, text: &str) -> Reply {
    Reply::tool(ASK, json!({ "to": to, "text": text, "within": "90s" }))
}

/// The model answers the next letter that says `what`.
fn answers(session: &Session, what: &str, text: &'static str) {
    session.api.when(what).reply_with(move |request| {
        let id = letter_id(&request.newest());
        let (_, from) =
            request.newest().split_once("from=\"").map(|(a, b)| (a.to_owned(), b.to_owned())).expect("a sender");
        let from = from.split('"').next().expect("a name").to_owned();
        Reply::tool(SEND, json!({ "to": from, "text": text, "reply_to": id }))
    });
}

#[test]
fn an_answer_is_in_the_asker_s_next_request_without_a_turn_of_its_own() {
    let world = World::with_cc2cc();
    let (mut ann, bob) = (settled(&world, "ann"), settled(&world, "bob"));
    ann.api.when("ask bob").reply(ask("bob", "how many tests are there?"));
    answers(&bob, "how many tests", "there are 42");
    ann.type_line("please ask bob");

    let told = bob.wait_until_told("how many tests are there?");
    assert_eq!(bob.requests().len(), 1, "the question has woken him");
    assert!(told.newest().contains("type=\"question\""), "{}", told.newest());
    assert!(told.tools().contains(&ASK), "the tool is there from the start");
    let result = ann.wait_for_request("with the result", |request| !request.tool_results().is_empty());
    let results = result.tool_results().concat();
    assert!(results.contains("\"outcome\":\"answered\"") && results.contains("there are 42"), "{results}");
    let id = letter_id(&results);
    ann.idle();
    ann.wait("it is proved seen", || (world.status_of(&id) == "seen").then_some(()));
    bob.idle();
    ann.idle();
    assert_eq!(ann.requests().len(), 2, "the prompt and the result, and no turn for the answer");
    let everything = ann.requests().last().expect("a request").everything();
    assert_eq!(everything.matches(&format!("<letter id=\"{id}\"")).count(), 1, "{everything}");
    assert!(!ann.screen().contains("have arrived already"), "nor a wake: {}", ann.screen());
}

#[test]
fn after_esc_the_answer_is_an_ordinary_letter() {
    let world = World::with_cc2cc();
    let (mut ann, bob) = (settled(&world, "ann"), settled(&world, "bob"));
    let gate = Gate::default();
    ann.api.when("ask bob").reply(ask("bob", "how many tests are there?"));
    bob.api.when("how many tests").reply(Reply::text("let me see").held_by(&gate));
    ann.type_line("please ask bob");
    let told = bob.wait_until_told("how many tests are there?");
    let question = letter_id(&told.newest());
    ann.press_until_gone("\x1b", "esc to interrupt");
    ann.idle();
    bob.api.when("answer her").reply(Reply::tool(SEND, json!({ "to": "ann", "text": "42", "reply_to": question })));
    gate.open();
    bob.idle();
    crate::post(&world, "bob", "answer her");
    let woken = ann.wait_until_told("reply_to=\"");
    let id = letter_id(&woken.newest());
    ann.wait("it is proved seen", || (world.status_of(&id) == "seen").then_some(()));
    ann.idle();
    let everything = ann.requests().last().expect("a request").everything();
    assert_eq!(everything.matches(&format!("<letter id=\"{id}\"")).count(), 1, "{everything}");
}

/// Bob, who is asked, asks back, while ann waits for him.
#[test]
fn two_that_ask_each_other_do_not_wait_for_each_other() {
    let world = World::with_cc2cc();
    let (mut ann, bob) = (settled(&world, "ann"), settled(&world, "bob"));
    ann.api.when("ask bob").reply(ask("bob", "what does bob do?"));
    bob.api.when("what does bob do?").reply(ask("ann", "what for?"));
    answers(&ann, "what for?", "for the zebra");
    bob.api.when("for the zebra").reply_with(|request| {
        let first = letter_id(&request.everything());
        Reply::tool(SEND, json!({ "to": "ann", "text": "bob builds", "reply_to": first }))
    });
    ann.type_line("please ask bob");
    let asked = ann.wait_until_told("what for?");
    let results = asked.tool_results().concat();
    assert!(results.contains("wrote something else") && results.contains("type=\"question\""), "{results}");
    let answered = bob.wait_until_told("for the zebra");
    assert!(answered.tool_results().concat().contains("\"outcome\":\"answered\""), "{}", answered.newest());
    let told = ann.wait_until_told("bob builds");
    let id = letter_id(&told.newest());
    ann.wait("it is proved seen", || (world.status_of(&id) == "seen").then_some(()));
    ann.idle();
    bob.idle();
}

/// A client moves a call that takes long into the background, and gives its end a turn of its own. The call ends before.
#[test]
fn a_call_ends_before_the_client_moves_it_into_the_background() {
    let world = World::with_cc2cc();
    let bob = settled(&world, "bob");
    let ann = world.session("ann").env("CC2CC_NAME", "ann").env("CLAUDE_CODE_MCP_AUTO_BACKGROUND_MS", "10000");
    let mut ann = ann.start();
    crate::settle(&ann, &world, "ann");
    let gate = Gate::default();
    bob.api.when("how many tests").reply(Reply::text("let me see").held_by(&gate));
    ann.api.when("ask bob").reply(ask("bob", "how many tests are there?"));
    ann.type_line("please ask bob");
    let question = letter_id(&bob.wait_until_told("how many tests are there?").newest());
    let result = ann.wait_for_request("with the result", |request| !request.tool_results().is_empty());
    let results = result.tool_results().concat();
    assert!(results.contains("An answer that comes later arrives by itself."), "{results}");
    ann.idle();
    bob.api.when("answer her").reply(Reply::tool(SEND, json!({ "to": "ann", "text": "42", "reply_to": question })));
    gate.open();
    bob.idle();
    crate::post(&world, "bob", "answer her");
    let id = letter_id(&ann.wait_until_told("reply_to=\"").newest());
    ann.wait("it is seen", || (world.status_of(&id) == "seen").then_some(()));
    ann.idle();
    assert_eq!(ann.requests().len(), 3, "the prompt, the result, and the answer");
}

/// What a command in the background has read is told by the client, as its end; no wake is blocked beside it.
#[test]
fn a_command_that_asks_and_is_moved_into_the_background_brings_its_answer() {
    let world = World::with_cc2cc();
    let (mut ann, bob) = (settled(&world, "ann"), settled(&world, "bob"));
    let command = json!({ "command": "cc2cc ask bob --within 9m 'how many tests are there?'", "description": "asks" });
    ann.api.when("ask bob").reply(Reply::tool("Bash", command));
    ann.type_line("please ask bob");
    let question = letter_id(&bob.wait_until_told("how many tests are there?").newest());
    bob.idle();
    ann.wait_for_screen("ctrl+b");
    ann.press("\x02");
    ann.wait_until_told("backgrounded by user");
    ann.idle();
    bob.api.when("answer her").reply(Reply::tool(SEND, json!({ "to": "ann", "text": "42", "reply_to": question })));
    crate::post(&world, "bob", "answer her");
    let told = ann.wait_until_told("</task-notification>").newest();
    assert!(told.contains("completed"), "{told}");
    let (_, rest) = told.split_once("<output-file>").expect("a file");
    let file = rest.split("</output-file>").next().expect("its path");
    let said = std::fs::read_to_string(file.trim()).expect("what it said");
    assert!(said.contains("42"), "{said}");
    ann.idle();
    assert!(!ann.screen().contains("blocked by hook"), "{}", ann.screen());
}
