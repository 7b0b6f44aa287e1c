//! One log file under the home, for what went wrong in a hook that must not disturb its session.

use std::{fs, path::Path};

use jiff::Timestamp;

use super::{disk, home::Home};

/// Past this size the log starts anew and the old one is kept as `log.1`.
const LIMIT_BYTES: u64 = 256 * 1024;
/// What went wrong may repeat what somebody sent.
const LONGEST_CHARS: usize = 2_000;

/// Writes one line. A failure to do so is nobody's problem.
pub fn line(home: &Home, text: &str) {
    let path = home.path().join("log");
    roll_over(&path);
    let one_line: String = text.chars().take(LONGEST_CHARS).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let _ = disk::append_line(&path, &format!("{} [{}] {one_line}", Timestamp::now(), std::process::id()));
}

fn roll_over(path: &Path) {
    if fs::metadata(path).is_ok_and(|facts| facts.len() > LIMIT_BYTES) {
        let _ = disk::rename(path, &path.with_extension("1"));
    }
}
