//! What hooks and verbs say, read for the letters in it.

use cc2cc::mailbox::letter::LetterId;
use serde_json::{Value, json};

/// What a hook's answer puts before the model; empty when nothing.
pub fn context(out: &str) -> String {
    let answer: Value = serde_json::from_str(out).unwrap_or_default();
    answer["hookSpecificOutput"]["additionalContext"].as_str().unwrap_or_default().to_owned()
}

/// The rows that the client writes of one turn, in which the model is given a context, or none when that is empty.
pub fn turn(context: &str) -> Vec<Value> {
    let mut rows = vec![json!({ "type": "user", "message": { "role": "user", "content": "go on" } })];
    if !context.is_empty() {
        let attachment = json!({ "type": "hook_additional_context", "content": [context] });
        rows.push(json!({ "type": "attachment", "attachment": attachment }));
    }
    rows.push(json!({ "type": "system", "subtype": "turn_duration" }));
    rows
}

/// The mail in the results of tools that a server gave; empty when nothing.
pub fn results(out: &str) -> String {
    let answers = out.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let contents = answers.flat_map(|answer| answer["result"]["content"].as_array().cloned().unwrap_or_default());
    let texts = contents.filter_map(|content| content["text"].as_str().map(str::to_owned));
    texts.filter(|text| text.starts_with("<cc2cc-mail>")).collect()
}

/// The rows of a turn in which the model is given this as the result of a tool.
pub fn turn_with_a_tool(result: &str) -> Vec<Value> {
    let block = json!({ "type": "tool_result", "tool_use_id": "toolu_1", "content": result });
    let said = |text: &str| json!({ "type": "assistant", "message": { "role": "assistant", "content": text } });
    vec![
        json!({ "type": "user", "message": { "role": "user", "content": "go on" } }),
        said("I ask"),
        json!({ "type": "user", "message": { "role": "user", "content": [block] } }),
        said("so it is"),
        json!({ "type": "system", "subtype": "turn_duration" }),
    ]
}

/// The letters in the JSON of `inbox --take`.
pub fn printed_letters(out: &str) -> Vec<(LetterId, bool)> {
    let answer: Value = serde_json::from_str(out).unwrap_or_default();
    let letters = answer["letters"].as_array().into_iter().flatten();
    letters.filter_map(|letter| Some((letter["id"].as_str()?.parse().ok()?, letter["redelivered"] == true))).collect()
}

/// The letters in such a text, and whether each says that it comes again.
pub fn letters_in(context: &str) -> Vec<(LetterId, bool)> {
    let heads = context.split("<letter id=\"").skip(1).filter_map(|rest| rest.split_once('>'));
    heads
        .filter_map(|(head, _)| Some((head.split('"').next()?.parse().ok()?, head.contains("redelivered=\"true\""))))
        .collect()
}
