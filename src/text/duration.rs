//! A stretch of time as people and models write it.

use std::time::Duration;

use jiff::SignedDuration;

/// A time with a unit, as in `90s`, `10m`, `2h`, `1d`.
///
/// # Errors
/// What is no such time, or shorter than a second; says what is one.
pub fn parse(text: &str) -> Result<Duration, String> {
    let days = text.strip_suffix('d').and_then(|days| days.trim().parse::<u64>().ok());
    let time = match days {
        Some(days) => days.checked_mul(24 * 60 * 60).map(Duration::from_secs),
        None => text.parse::<SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok()),
    };
    time.filter(|time| *time >= Duration::from_secs(1))
        .ok_or_else(|| "a time is a number with a unit and at least 1s: 90s, 10m, 2h, 1d".to_owned())
}
