//! The two tables that every surface is tried with: texts that attack, and ordinary texts that must not be damaged.

use std::fmt::Write;

use serde::Deserialize;
use serde_json::json;

use super::{json, sanitize::neutralise, terminal::printable, unseen};

#[derive(Deserialize)]
struct Attack {
    name: String,
    text: String,
    /// What a model receives.
    model: String,
    /// What a terminal prints, where that is not the text itself.
    terminal: Option<String>,
}

#[derive(Deserialize)]
struct Ordinary {
    kind: String,
    text: String,
}

fn attacks() -> Vec<Attack> {
    serde_json::from_str(include_str!("../../tests/attacks.json")).expect("the table of attacks")
}

fn ordinary() -> Vec<Ordinary> {
    serde_json::from_str(include_str!("../../tests/ordinary.json")).expect("the table of ordinary texts")
}

#[test]
fn a_model_receives_attacks_as_the_table_says() {
    for Attack { name, text, model, .. } in attacks() {
        assert_eq!(neutralise(&text), model, "{name}");
        assert_eq!(neutralise(&model), model, "{name}: once more changes nothing");
    }
}

#[test]
fn a_terminal_prints_attacks_as_the_table_says() {
    for Attack { name, text, terminal, .. } in attacks() {
        let expected = terminal.unwrap_or_else(|| text.clone());
        assert_eq!(printable(&text), expected, "{name}");
        assert_eq!(printable(&expected), expected, "{name}: once more changes nothing");
    }
}

#[test]
fn ordinary_text_goes_through_unchanged() {
    for Ordinary { kind, text } in ordinary() {
        assert_eq!(neutralise(&text), text, "{kind} for a model");
        assert_eq!(printable(&text), text, "{kind} on a terminal");
        let json = json!(text).to_string();
        assert_eq!(json::escaped(&json), json, "{kind} in JSON");
    }
}

#[test]
fn json_loses_nothing_and_hides_nothing() {
    for Attack { name, text, .. } in attacks() {
        let escaped = json::escaped(&json!(text).to_string());
        assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), text, "{name}");
        assert_eq!(printable(&escaped), escaped, "{name}");
    }
}

/// Most text is judged without a look into the tables of Unicode; that must come to the same.
#[test]
fn the_short_way_for_most_text_skips_no_unsafe_character() {
    use unicode_properties::{GeneralCategory as G, UnicodeGeneralCategory};
    let is_short_way = |c: &char| ('\u{4e00}'..='\u{d7a3}').contains(c) || c.is_alphanumeric();
    for c in ('\0'..=char::MAX).filter(is_short_way) {
        let category = c.general_category();
        assert!(!matches!(category, G::Control | G::Format | G::LineSeparator | G::ParagraphSeparator), "{c:?}");
    }
    assert!((' '..='~').chain(['\n', '\t']).all(|c| !unseen::is_unsafe(c)));
}

/// The rows of the table in SECURITY.md.
fn rows() -> String {
    let mut rows = String::new();
    for Attack { name, text, model, .. } in attacks() {
        writeln!(rows, "| {name} | {} | {} |", cell(&text), cell(&model)).unwrap();
    }
    rows
}

/// A text in a cell of a Markdown table: a span for each line, and outside of them what nobody would see.
fn cell(text: &str) -> String {
    let mut spans: Vec<String> = Vec::new();
    for line in text.split('\n').filter(|line| !line.is_empty()) {
        let mut span = String::new();
        for c in line.chars() {
            if unseen::is_unsafe(c) {
                end(&mut spans, &mut span);
                spans.push(format!("U+{:04X}", u32::from(c)));
            } else {
                span.push(c);
            }
        }
        end(&mut spans, &mut span);
    }
    spans.join(" ")
}

fn end(spans: &mut Vec<String>, span: &mut String) {
    if !span.trim().is_empty() {
        let text = span.replace('|', "\\|");
        spans.push(if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") });
    }
    span.clear();
}

#[test]
fn security_md_shows_the_table_of_attacks() {
    let document = include_str!("../../SECURITY.md");
    let rows = rows();
    assert!(document.contains(&rows), "SECURITY.md should hold these rows:\n{rows}");
}
