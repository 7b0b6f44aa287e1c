//! The numbers: whole processes over many runs, cc2cc and what it is compared with in the same run. Prints a table.
//!
//! Started by `tests/bench`, which builds the binary as it is shipped and names it and the client in the environment.

mod answer;
#[expect(dead_code, reason = "the stories use the rest")]
#[path = "../../tests/real_client/api.rs"]
mod api;
#[expect(dead_code, reason = "the stories use the rest")]
#[path = "../../tests/real_client/claude.rs"]
mod claude;
mod hooks;
mod idle;
mod log;
#[expect(dead_code, reason = "the stories use the rest")]
#[path = "../../tests/real_client/reply.rs"]
mod reply;
#[expect(dead_code, reason = "the stories use the rest")]
#[path = "../../tests/real_client/request.rs"]
mod request;
#[expect(dead_code, reason = "the stories use the rest")]
#[path = "../../tests/support/mod.rs"]
mod support;
mod table;
mod wake;
#[expect(dead_code, reason = "the stories use the rest")]
#[path = "../../tests/real_client/world.rs"]
mod world;

use std::path::PathBuf;

use crate::table::Row;

fn main() {
    let named = |variable| PathBuf::from(std::env::var_os(variable).expect("it names a binary to measure"));
    let (binary, local) = (named("CC2CC_TEST_BINARY"), named("CC2CC_LOCAL_BINARY"));
    // Its parts can be named, to measure these alone.
    let named: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let is_wanted = |part: &str| named.is_empty() || named.iter().any(|name| name == part);
    let mut rows =
        vec![size("binary, stripped", "≤ 6 MiB", &binary), size("the same as `./install.sh` builds it", "", &local)];
    let parts: [(&str, &dyn Fn() -> Vec<Row>); 4] = [
        ("hooks", &|| hooks::measure(&binary, &local)),
        ("log", &|| log::measure(&binary)),
        ("wake", &wake::measure),
        ("answer", &answer::measure),
    ];
    rows.extend(parts.into_iter().filter(|(part, _)| is_wanted(part)).flat_map(|(_, measure)| measure()));
    table::print(&rows);
}

fn size(what: &str, bar: &'static str, binary: &std::path::Path) -> Row {
    let bytes = binary.metadata().expect("the binary").len();
    Row::new(what, bar, format!("{:.1} MiB", table::mebibytes(bytes)))
}
