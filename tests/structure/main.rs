//! Who may call whom, read from the source itself: its `use` lines and the paths written out in the code.
//!
//! ARCHITECTURE.md draws the same as a picture. A part may use those named beside it and no others, and no file may lead
//! back to itself, so that whoever reads one file never has to have read what stands on top of it.

mod citations;
mod names;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Each part, and the parts it may use.
const MAY_USE: [(&str, &[&str]); 15] = [
    ("mailbox", &[]),
    ("text", &[]),
    ("agent", &["mailbox", "text"]),
    ("output", &[]),
    ("command", &[]),
    ("threads", &[]),
    ("failure", &["agent", "mailbox", "text"]),
    ("report", &["agent", "mailbox", "text"]),
    ("delivery", &["agent", "mailbox", "text"]),
    ("clients", &["delivery", "agent", "mailbox", "text", "report", "failure"]),
    ("setup", &["clients", "agent", "mailbox", "text", "failure"]),
    ("mcp", &["clients", "delivery", "agent", "mailbox", "text", "report", "failure"]),
    ("link", &["agent", "mailbox", "text", "report"]),
    ("view", &["agent", "mailbox", "text", "report", "failure"]),
    ("cli", &["mcp", "view", "setup", "clients", "delivery", "agent", "mailbox", "text", "report", "failure"]),
];

/// Small ground that everything may use: printing, starting programs, and threads that outlive what breaks in them.
const GROUND: [&str; 3] = ["command", "output", "threads"];

/// A module by its path from the crate's root, as in `["mailbox", "letter"]`.
type Module = Vec<String>;

#[test]
fn no_arrow_leads_upwards() {
    let mut wrong = Vec::new();
    for (from, to) in arrows() {
        let (Some(part), Some(other)) = (from.first(), to.first()) else { continue };
        let known = MAY_USE.iter().find(|(known, _)| known == part);
        let allowed = known.unwrap_or_else(|| panic!("src/{part} is not in the list of parts")).1;
        if part != other && !allowed.contains(&other.as_str()) && !GROUND.contains(&other.as_str()) {
            wrong.push(format!("{} uses {}", from.join("::"), to.join("::")));
        }
    }
    assert!(wrong.is_empty(), "these arrows may not be:\n{}", wrong.join("\n"));
}

#[test]
fn no_file_leads_back_to_itself() {
    let arrows = arrows();
    let mut circles = BTreeSet::new();
    for start in arrows.iter().map(|(from, _)| from) {
        if let Some(circle) = way_back(start, &arrows) {
            let mut files: Vec<String> = circle.iter().map(|module| module.join("::")).collect();
            files.sort();
            circles.insert(files.join(", "));
        }
    }
    assert!(circles.is_empty(), "circles of files:\n{}", circles.into_iter().collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_circle_and_an_arrow_upwards_would_be_seen() {
    let known = BTreeSet::from([module("a"), module("a::b"), module("a::c"), module("d")]);
    let found = |at: &str, text: &str| used(&module(at), text, &known);
    assert_eq!(found("a::b", "use super::{c::{self, Thing}, Other};"), BTreeSet::from([module("a::c"), module("a")]));
    assert_eq!(found("a::b", "use std::fs;\nfn f() { crate::d::g() }"), BTreeSet::from([module("d")]));
    assert_eq!(found("a", "mod b;\nmod c;\nfn f() { b::g() }"), BTreeSet::from([module("a::b")]));
    assert_eq!(found("a", "pub mod b;\n// b::g says\nconst T: &str = \"c::g\";"), BTreeSet::new());
    assert_eq!(found("d", "#[cfg(test)]\nmod tests {\n    use crate::a::b;\n}"), BTreeSet::new());
    let arrows = [(module("a"), module("d")), (module("d"), module("a"))];
    assert!(way_back(&module("a"), &arrows).is_some());
    assert!(way_back(&module("a"), &arrows[..1]).is_none());
}

/// Every arrow between two files of `src`.
fn arrows() -> Vec<(Module, Module)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&src, &mut files);
    let modules: BTreeMap<Module, PathBuf> =
        files.into_iter().map(|file| (module_of(file.strip_prefix(&src).expect("a file in src")), file)).collect();
    let known: BTreeSet<Module> = modules.keys().cloned().collect();
    let mut arrows = Vec::new();
    for (from, file) in &modules {
        if matches!(from.first().map(String::as_str), None | Some("main" | "bin")) {
            continue; // the crate's root and the programs use whatever they like
        }
        let text = fs::read_to_string(file).expect("a source file");
        arrows.extend(used(from, &text, &known).into_iter().map(|to| (from.clone(), to)));
    }
    assert!(arrows.len() > 100, "the arrows were not read");
    arrows
}

/// The way from a module back to itself, if there is one.
fn way_back(start: &Module, arrows: &[(Module, Module)]) -> Option<Vec<Module>> {
    let mut before: BTreeMap<&Module, &Module> = BTreeMap::new();
    let mut next = vec![start];
    while let Some(at) = next.pop() {
        for to in arrows.iter().filter(|(from, _)| from == at).map(|(_, to)| to) {
            if to == start {
                let back = |at: &&Module| before.get(*at).copied();
                return Some(std::iter::successors(Some(at), back).cloned().collect());
            }
            if !before.contains_key(to) {
                before.insert(to, at);
                next.push(to);
            }
        }
    }
    None
}

/// The modules that the source of the module `at` uses.
fn used(at: &Module, text: &str, known: &BTreeSet<Module>) -> BTreeSet<Module> {
    let code = code_alone(text);
    let parent = || at[..at.len().saturating_sub(1)].to_vec();
    let mut found = BTreeSet::new();
    let mut note = |path: &[String]| {
        let absolute: Module = match path[0].as_str() {
            "crate" => path[1..].to_vec(),
            "self" => [at.as_slice(), &path[1..]].concat(),
            "super" => [parent().as_slice(), &path[1..]].concat(),
            // A child of this module, by its bare name.
            _ => [at.as_slice(), path].concat(),
        };
        let is_child = !matches!(path[0].as_str(), "crate" | "self" | "super");
        let longest = (0..=absolute.len()).rev().map(|length| absolute[..length].to_vec());
        let target = longest.into_iter().find(|module| known.contains(module));
        if let Some(target) = target.filter(|target| target != at && (!is_child || target.len() > at.len())) {
            found.insert(target);
        }
    };
    let (uses, rest) = uses(&code);
    uses.iter().chain(&paths(&rest)).for_each(|path| note(path));
    found
}

/// Every path that a `use` line brings in, and the code without these lines.
fn uses(code: &str) -> (Vec<Vec<String>>, String) {
    let mut found = Vec::new();
    let mut rest = String::new();
    for statement in code.split_inclusive(';') {
        let start = statement.rfind("use ").unwrap_or(statement.len());
        let (before, tree) = statement.split_at(start);
        let visibility = before.rsplit('\n').next().unwrap_or_default().trim();
        if !tree.is_empty() && (visibility.is_empty() || visibility.starts_with("pub")) {
            let words = tree["use ".len()..].trim_end_matches(';').split_whitespace();
            expand(&[], &words.collect::<Vec<_>>().join(" ").replace(", ", ",").replace("{ ", "{"), &mut found);
            rest.push_str(before);
        } else {
            rest.push_str(statement);
        }
    }
    (found, rest)
}

/// Expands `a::{b, c::{d}}` behind a prefix.
fn expand(prefix: &[String], tree: &str, found: &mut Vec<Vec<String>>) {
    if let Some((head, rest)) = tree.split_once('{') {
        let mut path = prefix.to_vec();
        path.extend(head.split("::").filter(|word| !word.is_empty()).map(str::to_owned));
        let inner = rest.trim_end().strip_suffix('}').unwrap_or(rest);
        let (mut depth, mut start) = (0, 0);
        for (at, c) in inner.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    expand(&path, &inner[start..at], found);
                    start = at + 1;
                }
                _ => {}
            }
        }
        expand(&path, &inner[start..], found);
    } else if !tree.is_empty() {
        let renamed = tree.split(' ').next().unwrap_or_default(); // `a as b` brings in `a`
        let words = renamed.split("::").filter(|word| *word != "self").map(str::to_owned);
        found.push([prefix, &words.collect::<Vec<_>>()].concat());
    }
}

/// Every path of two words or more that stands in the code.
fn paths(code: &str) -> Vec<Vec<String>> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let words = code.split(|c: char| !is_word(c) && c != ':');
    let paths = words.map(|word| word.split("::").filter(|word| !word.is_empty()).map(str::to_owned).collect());
    paths.filter(|path: &Vec<String>| path.len() > 1).collect()
}

/// The code without its comments, the contents of its strings, and its tests.
fn code_alone(text: &str) -> String {
    let mut code = String::new();
    for line in text.split("\nmod tests {").next().unwrap_or_default().lines() {
        let mut inside = false;
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '"' => inside = !inside,
                '\\' if inside => drop(chars.next()),
                '/' if !inside && chars.peek() == Some(&'/') => break,
                c if !inside => code.push(c),
                _ => {}
            }
        }
        code.push('\n');
    }
    code.replace("pub(in crate::", "pub(") // who may see a thing is no use of it
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("a folder of src").flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn module_of(file: &Path) -> Module {
    let module = file.with_extension("");
    let words: Module = module.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    if words == ["lib"] { Module::new() } else { words }
}

fn module(path: &str) -> Module {
    path.split("::").map(str::to_owned).collect()
}
