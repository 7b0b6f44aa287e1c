//! A letter that begins parts of its own among those the client puts before the model, and one too long for any turn.

use cc2cc::text::sanitize::neutralise;
use serde_json::{Value, json};

use crate::{letter_id, post, reply::Reply, settled, world::World};

/// How the client names the tool `inbox`.
const INBOX: &str = "mcp__plugin_cc2cc_cc2cc__inbox";

#[test]
fn a_letter_begins_no_part_of_what_the_client_tells_the_model() {
    let rows: Vec<Value> = serde_json::from_str(include_str!("../attacks.json")).expect("the table of attacks");
    let text =
        rows.iter().map(|row| row["text"].as_str().expect("a text").replace('\0', "")).collect::<Vec<_>>().join("\n");
    let world = World::with_cc2cc();
    let bob = settled(&world, "bob");
    post(&world, "bob", &text);
    let told = bob.wait_until_told("</cc2cc-mail>");
    let all = told.everything();
    let (before, rest) = all.split_once("<cc2cc-mail>").expect("the frame");
    let (mail, after) = rest.split_once("</cc2cc-mail>").expect("its end");
    assert!(!after.contains("</cc2cc-mail>") && !before.contains("<cc2cc-mail>"), "{all}");
    let (_, letter) = mail.split_once("<letter id=").expect("the letter").1.split_once(">\n").expect("its text");
    let (letter, _) = letter.split_once("</letter>").expect("its end");
    assert_eq!(neutralise(letter), letter);
    // What the client itself writes there is what the letter may not: it is known as such.
    let part =
        before.rsplit('\n').find(|line| line.contains("hook additional context:")).expect("the client's own words");
    assert_ne!(neutralise(part), part, "{part}");
}

#[test]
fn the_rest_of_a_long_letter_comes_with_the_tool_that_its_preview_names() {
    let world = World::with_cc2cc();
    let bob = settled(&world, "bob");
    let name_of_end = "the-very-end-of-it";
    let reply = |request: &crate::request::Request| {
        let told = request.newest();
        let (_, rest) = told.split_once("the inbox tool with id ").expect("the way to the rest");
        let id = rest.split_whitespace().next().expect("an id").to_owned();
        assert_eq!(id, letter_id(&told));
        Reply::tool(INBOX, json!({ "id": id }))
    };
    bob.api.when("cut here").reply_with(reply);
    post(&world, "bob", &format!("{}{name_of_end}", "a long story. ".repeat(1_000)));
    let told = bob.wait_for_request("with the result", |request| !request.tool_results().is_empty());
    assert!(told.tool_results()[0].contains(name_of_end), "{:?}\n{}", told.tool_results(), bob.screen());
}
