//! Worked examples in a text: `$` is a shell's prompt, `❯` Claude Code's, `>` goes on, and what follows is printed.
//!
//! In what is printed `…` stands for anything, alone on its line for any lines. An id in the text stands for the id that
//! was printed in its place, from there on. How many spaces there are does not count.

use std::collections::HashMap;

#[derive(Debug, PartialEq, Eq)]
pub enum Prompt {
    Shell,
    Session,
}

#[derive(Debug)]
pub struct Example {
    pub prompt: Prompt,
    pub typed: String,
    printed: Vec<String>,
}

/// What the ids in the text really are.
pub type Ids = HashMap<String, String>;

pub fn examples(text: &str) -> Vec<Example> {
    let mut found: Vec<Example> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        let Some(code) = line.strip_prefix("    ") else {
            inside &= line.is_empty();
            if let Some(last) = found.last_mut().filter(|_| inside) {
                last.printed.push(String::new());
            }
            continue;
        };
        let begun = [("$ ", Prompt::Shell), ("❯ ", Prompt::Session)]
            .into_iter()
            .find_map(|(sign, prompt)| Some((code.strip_prefix(sign)?, prompt)));
        if let Some((typed, prompt)) = begun {
            found.push(Example { prompt, typed: typed.to_owned(), printed: Vec::new() });
            inside = true;
        } else if let Some(last) = found.last_mut().filter(|_| inside) {
            match code.strip_prefix("> ") {
                Some(more) => last.typed.push_str(&format!("\n{more}")),
                None => last.printed.push(code.to_owned()),
            }
        }
    }
    for example in &mut found {
        let lines = example.printed.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
        example.printed.truncate(lines);
    }
    found
}

impl Example {
    pub fn typed_with(&self, ids: &Ids) -> String {
        ids.iter().fold(self.typed.clone(), |typed, (shown, real)| typed.replace(shown, real))
    }

    /// Whether this was printed; learns the ids in it.
    pub fn fits(&self, printed: &str, ids: &mut Ids) -> bool {
        let (wanted, lines): (Vec<&str>, Vec<&str>) =
            (self.printed.iter().map(String::as_str).collect(), printed.trim_end().lines().collect());
        lines_fit(&wanted, &lines, ids)
    }
}

fn lines_fit(wanted: &[&str], lines: &[&str], ids: &mut Ids) -> bool {
    match (wanted, lines) {
        ([], lines) => lines.is_empty(),
        (["…", rest @ ..], lines) => (0..=lines.len()).any(|skipped| lines_fit(rest, &lines[skipped..], ids)),
        ([_, ..], []) => false,
        ([first, rest @ ..], [line, lines @ ..]) => {
            let mut learnt = ids.clone();
            let fits = fits(&words(first), &words(line), &mut learnt) && lines_fit(rest, lines, &mut learnt);
            if fits {
                *ids = learnt;
            }
            fits
        }
    }
}

fn words(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn fits(wanted: &str, text: &str, ids: &mut Ids) -> bool {
    if let Some(rest) = wanted.strip_prefix('…') {
        let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        return ends.into_iter().any(|end| fits(rest, &text[end..], ids));
    }
    if let (Some(shown), Some(real)) = (id(wanted), id(text)) {
        let known = ids.entry(shown.to_owned()).or_insert_with(|| real.to_owned());
        return known == real && fits(&wanted[shown.len()..], &text[real.len()..], ids);
    }
    match (wanted.chars().next(), text.chars().next()) {
        (None, None) => true,
        (Some(a), Some(b)) if a == b => fits(&wanted[a.len_utf8()..], &text[b.len_utf8()..], ids),
        _ => false,
    }
}

/// The letter id a text begins with, whole or short.
fn id(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(text.len());
    let id = &text[..end];
    let groups: Vec<usize> = id.split('-').map(str::len).collect();
    let is_id = groups == [8] || groups == [8, 4, 4, 4, 12];
    (is_id && id.chars().all(|c| c.is_ascii_hexdigit() || c == '-')).then_some(id)
}

#[test]
fn an_example_holds_what_is_typed_and_what_is_printed() {
    let text =
        "# T\n\n    no example\n\nwords\n\n    $ one |\n    >   two\n    out …\n\n    end\n\nwords\n\n    ❯ /x\n";
    let found = examples(text);
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].typed.as_str(), &found[0].prompt), ("one |\n  two", &Prompt::Shell));
    assert_eq!(found[0].printed, ["out …", "", "end"]);
    assert_eq!((found[1].typed.as_str(), &found[1].prompt), ("/x", &Prompt::Session));
    let mut ids = Ids::new();
    assert!(found[0].fits("out   of it\n\nend\n", &mut ids));
    assert!(!found[0].fits("out of it\nend\n", &mut ids), "a line is missing");
    assert!(!found[0].fits("out of it\n\nend\nmore\n", &mut ids), "a line is too many");
}

#[test]
fn an_id_stands_for_the_one_that_was_printed() {
    let (shown, real) = ("01a202dc-b6ea-7201-bfa6-800718cc8ced", "01a2029a-0a1c-72c4-bf92-ac868d7f4d2c");
    let found = examples(&format!("    $ a\n    …\n    is {shown}\n    $ b {shown}\n    {shown}"));
    let mut ids = Ids::new();
    assert!(found[0].fits(&format!("x\ny\nis {real}"), &mut ids));
    assert_eq!(found[1].typed_with(&ids), format!("b {real}"));
    assert!(found[1].fits(real, &mut ids));
    assert!(!found[1].fits("01a2029a-0a1c-72c4-bf92-000000000000", &mut ids), "another one");
    let found = examples("    $ a\n    is 18cc8ced\n    $ b 18cc8ced");
    assert!(found[0].fits("is 8d7f4d2c", &mut ids));
    assert_eq!(found[1].typed_with(&ids), "b 8d7f4d2c");
}
