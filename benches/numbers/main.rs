//! The numbers: whole processes over many runs, cc2cc and what it is compared with in the same run. Prints a table.
//!
//! Started by `tests/bench`, which builds the binary as it is shipped and names it and the client in the environment.

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
    let mut rows =
        vec![size("binary, stripped", "≤ 6 MiB", &binary), size("the same as `./install.sh` builds it", "", &local)];
    rows.extend(hooks::measure(&binary, &local));
    rows.extend(log::measure(&binary));
    rows.extend(wake::measure());
    table::print(&rows);
}

fn size(what: &str, bar: &'static str, binary: &std::path::Path) -> Row {
    let bytes = binary.metadata().expect("the binary").len();
    Row::new(what, bar, format!("{:.1} MiB", table::mebibytes(bytes)))
}
