//! Fail points for tests: the process ends, or stops, before a chosen change to the disk.
//!
//! Every change goes through `disk`, so the list of steps is the run itself: a new step is counted, and so tested, without
//! anyone naming it. `CC2CC_FAIL_AT=n` kills before the n-th change (from 1), `CC2CC_STOP_AT=n` stops there until
//! continued, `CC2CC_FAIL_LOG=file` lists the changes made.

use std::{
    env,
    fs::OpenOptions,
    io::Write,
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
};

use rustix::process::{Signal, getpid, kill_process};

static PASSED: AtomicU32 = AtomicU32::new(0);

pub fn point(action: &str, path: &Path) {
    let number = PASSED.fetch_add(1, Ordering::SeqCst) + 1;
    if let Some(log) = env::var_os("CC2CC_FAIL_LOG") {
        let log = OpenOptions::new().append(true).create(true).open(log);
        let _ = log.and_then(|mut log| writeln!(log, "{number} {action} {}", path.display()));
    }
    let is_here = |name: &str| env::var(name).is_ok_and(|at| at.parse() == Ok(number));
    for (name, signal) in [("CC2CC_FAIL_AT", Signal::KILL), ("CC2CC_STOP_AT", Signal::STOP)] {
        if is_here(name) {
            let _ = kill_process(getpid(), signal);
        }
    }
}
