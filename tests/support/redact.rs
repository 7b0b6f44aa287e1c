//! Takes out of a text what differs from run to run: paths of the story, letter ids (`ID` whole, `SHORT` as people read
//! them), times.

use std::path::Path;

pub fn redact(text: &str, world: &Path) -> String {
    let text = text.replace(&world.display().to_string(), "/world/").replace("/world//", "/world/");
    let text = if cfg!(windows) { as_on_unix(&text, world) } else { text };
    let text = replace_runs(&text, is_id_char, |run| looks_like_uuid(run).then_some("ID"));
    let text = replace_runs(&text, |c| c.is_ascii_alphanumeric(), |run| looks_like_short_id(run).then_some("SHORT"));
    replace_runs(
        &text,
        |c| c.is_ascii_alphanumeric() || ".:-".contains(c),
        |run| looks_like_time(run).then_some("TIME"),
    )
}

/// The cells of a table, without what they say of how long ago something was: that depends on the machine.
pub fn ageless(table: &str) -> String {
    let is_age = |cell: &&str| *cell == "just now" || cell.ends_with(" ago");
    let cells = |line: &str| {
        let cells: Vec<&str> =
            line.split("  ").map(str::trim).filter(|cell| !cell.is_empty() && !is_age(cell)).collect();
        cells.join(" | ") + "\n"
    };
    table.lines().map(cells).collect()
}

/// Paths of the world, in JSON or as they are, with the separators of Unix; binaries without their extension.
fn as_on_unix(text: &str, world: &Path) -> String {
    let in_json = world.display().to_string().replace('\\', "\\\\");
    let text = text.replace(&in_json, "/world/").replace("cc2cc.exe", "cc2cc");
    let ends_path = |c: char| c.is_whitespace() || "\"'`,;:".contains(c);
    let words = text.split_inclusive(ends_path).map(|word| {
        if word.starts_with("/world/") || word.starts_with(r"~\") {
            word.replace(r"\\", "/").replace('\\', "/")
        } else {
            word.to_owned()
        }
    });
    words.collect()
}

/// Replaces those runs of characters of a kind that are told to be something.
fn replace_runs(text: &str, kind: impl Fn(char) -> bool, replacement: impl Fn(&str) -> Option<&'static str>) -> String {
    let mut redacted = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(&kind) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c| !kind(c)).unwrap_or(from.len());
        let (run, after) = from.split_at(end);
        redacted.push_str(before);
        redacted.push_str(replacement(run).unwrap_or(run));
        rest = after;
    }
    redacted + rest
}

fn is_id_char(c: char) -> bool {
    c.is_ascii_hexdigit() || c == '-'
}

fn looks_like_uuid(run: &str) -> bool {
    run.len() == 36 && run.split('-').map(str::len).eq([8, 4, 4, 4, 12])
}

fn looks_like_short_id(run: &str) -> bool {
    run.len() == 8 && run.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn looks_like_time(run: &str) -> bool {
    run.len() >= 20 && run.ends_with('Z') && run.as_bytes()[4] == b'-' && run.as_bytes()[10] == b'T'
}

#[test]
fn only_what_differs_is_taken_out() {
    let text = "/tmp/x/mail 01a2029a-0a1c-72c4-bf92-ac868d7f4d2c.json 2026-01-02T12:00:00.801Z build-42 de-ad (8d7f4d2c) x8d7f4d2c";
    assert_eq!(redact(text, Path::new("/tmp/x")), "/world/mail ID.json TIME build-42 de-ad (SHORT) x8d7f4d2c");
    let world = Path::new(r"C:\Temp\x\");
    let text = r#"/world/mail\to-ann has /world/bin\cc2cc.exe in ~\src, "C:\\Temp\\x\\a\\b" and a\b"#;
    assert_eq!(as_on_unix(text, world), r#"/world/mail/to-ann has /world/bin/cc2cc in ~/src, "/world/a/b" and a\b"#);
}
