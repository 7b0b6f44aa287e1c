//! Waiting for something to be seen, instead of sleeping and hoping.

use std::thread;
use std::time::{Duration, Instant};

/// How long a story may wait for anything: generous, since a busy machine is not a failure.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Looks every few milliseconds until `look` finds something; `None` once `patience` has run out.
pub fn within<T>(patience: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if Instant::now() >= deadline {
            return None;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Like [`within`], for a test that cannot go on without it.
///
/// # Panics
/// When `patience` has run out, naming `what` was awaited.
#[track_caller]
pub fn eventually<T>(what: &str, patience: Duration, look: impl FnMut() -> Option<T>) -> T {
    match within(patience, look) {
        Some(found) => found,
        None => panic!("{what}: not seen within {patience:?}"),
    }
}

/// Like [`eventually`], for whatever a story expects to see at once.
#[track_caller]
pub fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    eventually(what, PATIENCE, look)
}
