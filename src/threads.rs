//! Threads that may not start and work that may break, without taking the process with them.

use std::{
    any::Any,
    io,
    panic::{self, AssertUnwindSafe},
    thread::{Builder, JoinHandle},
};

/// Starts a thread.
///
/// # Errors
/// When the system gives no thread: a limit on processes, or no memory. `std::thread::spawn` panics then.
pub fn start<T: Send + 'static>(name: &str, work: impl FnOnce() -> T + Send + 'static) -> io::Result<JoinHandle<T>> {
    Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|error| io::Error::new(error.kind(), format!("could not start a thread ({name}): {error}")))
}

/// Does work that must not end this process; what it said when it broke comes back as the error.
///
/// # Errors
/// When the work panicked.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    // Nothing that the work may have left half done is used afterwards: all state that lasts is in files.
    panic::catch_unwind(AssertUnwindSafe(work)).map_err(|panic| said(panic.as_ref()))
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("it broke inside ({}); please report this", text.unwrap_or("no reason given"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_breaks_is_told_and_work_goes_on() {
        assert_eq!(guarded(|| 7), Ok(7));
        let broke = guarded(|| -> u8 { panic!("no {}", "way") });
        assert_eq!(broke, Err("it broke inside (no way); please report this".to_owned()));
    }
}
