//! What is printed, and nothing else in the crate prints: the macros of the standard library panic where the reader has
//! gone away or the disk is full, and a hook that dies of that takes mail with it. The lints in `lib.rs` and `main.rs`
//! keep them out.

use std::io::{self, Write};

/// Prints text on standard output and makes sure that it has left this process.
///
/// # Errors
/// When not all of it could be written. A reader that has gone away is `BrokenPipe`.
pub fn out(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Prints text on standard error. Where that fails nobody is left to be told.
pub fn complain(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Fails when this process was started with its standard output closed: what is printed would count as printed, and be
/// nowhere. For whoever marks something as read because it was printed.
///
/// The standard library puts the null device in the place of a closed stream, open for reading, too. One that somebody
/// asked for by `>/dev/null` is open for writing only, and is taken at its word.
///
/// # Errors
/// `NotConnected`.
pub fn check_open() -> io::Result<()> {
    if is_stand_in() { Err(io::Error::new(io::ErrorKind::NotConnected, "standard output is closed")) } else { Ok(()) }
}

#[cfg(unix)]
fn is_stand_in() -> bool {
    use rustix::fs::{OFlags, fcntl_getfl, fstat, stat};
    let out = io::stdout();
    let is_null = match (fstat(&out), stat("/dev/null")) {
        (Ok(ours), Ok(null)) => (ours.st_rdev, ours.st_ino, ours.st_dev) == (null.st_rdev, null.st_ino, null.st_dev),
        _ => false,
    };
    is_null && fcntl_getfl(&out).is_ok_and(|flags| flags & OFlags::ACCMODE == OFlags::RDWR)
}

#[cfg(windows)]
fn is_stand_in() -> bool {
    use std::os::windows::io::AsRawHandle;
    io::stdout().as_raw_handle().is_null()
}

#[cfg(not(any(unix, windows)))]
fn is_stand_in() -> bool {
    false
}
