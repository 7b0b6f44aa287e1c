//! One word, one meaning: whoever looks for a type by its name finds one.

use std::{collections::BTreeMap, fs, path::Path};

use crate::collect;

#[test]
fn each_type_has_a_name_of_its_own() {
    let mut homes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, file) in types() {
        homes.entry(name).or_default().push(file);
    }
    assert!(homes.len() > 150, "the types were not read: {}", homes.len());
    homes.retain(|_, files| files.len() > 1);
    assert!(homes.is_empty(), "these names mean more than one type: {homes:#?}");
}

/// The types that one file shows to others, and the file. A verb's options are `Args` in its own file, and a tool's
/// arguments are named as the tool.
fn types() -> Vec<(String, String)> {
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut found = Vec::new();
    for file in files.into_iter().filter(|file| !file.ends_with("mcp/arguments.rs")) {
        let text = fs::read_to_string(&file).expect("a source file");
        let names = text.lines().filter_map(type_in).filter(|name| *name != "Args");
        found.extend(names.map(|name| (name.to_owned(), file.display().to_string())));
    }
    found
}

/// The name of the type that a line begins to define at the top of its file.
fn type_in(line: &str) -> Option<&str> {
    let (visibility, rest) = line.split_once(' ')?;
    let (kind, rest) = rest.split_once(' ')?;
    if !visibility.starts_with("pub") || !matches!(kind, "struct" | "enum" | "trait" | "type") {
        return None;
    }
    rest.split(|c: char| !c.is_alphanumeric()).next()
}

#[test]
fn a_type_is_known_by_its_line() {
    assert_eq!(type_in("pub enum Reach {"), Some("Reach"));
    assert_eq!(type_in("pub(super) struct Batch<'a>(u8);"), Some("Batch"));
    assert_eq!(type_in("pub fn of() {"), None);
    assert_eq!(type_in("    pub enum Input {}"), None);
    assert_eq!(type_in("struct Alone;"), None);
}
