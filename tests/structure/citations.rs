//! Documents name the test that holds what they say. A name that leads nowhere would hold nothing.

use std::{fs, path::Path};

use crate::collect;

/// What stands in the last column of RELIABILITY.md's table is typed after `cargo test`, so a part of a name is enough.
#[test]
fn each_test_that_a_document_cites_exists() {
    let tests = tests();
    assert!(tests.len() > 500, "the tests were not read: {}", tests.len());
    let invariants = document("ARCHITECTURE.md");
    let (_, invariants) = invariants.split_once("## Invariants").expect("the invariants");
    let cited: Vec<&str> = in_code(invariants).filter(|name| name.matches('_').count() > 1).collect();
    assert!(cited.len() > 30, "the invariants cite {cited:?}");
    let mut missing: Vec<&str> = cited.into_iter().filter(|name| !tests.iter().any(|test| test == name)).collect();
    let faults = document("RELIABILITY.md");
    let rows = faults.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.rsplit(" | ").next());
    let typed: Vec<&str> = rows.filter_map(|cell| cell.strip_prefix('`')?.strip_suffix('`')).collect();
    assert!(typed.len() > 20, "the table of faults names {typed:?}");
    missing.extend(typed.into_iter().filter(|part| !tests.iter().any(|test| test.contains(part))));
    assert!(missing.is_empty(), "no test has these names: {missing:#?}");
}

fn document(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect("a document")
}

/// Whatever stands between two backticks.
fn in_code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The names of all tests of the library and of the suites.
fn tests() -> Vec<String> {
    let mut files = Vec::new();
    for folder in ["src", "tests"] {
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut files);
    }
    let mut names = Vec::new();
    for file in files {
        let text = fs::read_to_string(file).expect("a source file");
        // Other attributes may stand between.
        names.extend(text.split("#[test]\n").skip(1).filter_map(|rest| {
            let (_, from) = rest.split_once("fn ")?;
            Some(from.split('(').next()?.to_owned())
        }));
    }
    names
}
