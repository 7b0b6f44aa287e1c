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
