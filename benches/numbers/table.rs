//! Medians, and a table that docs/comparison.md can take as it is.

use std::time::Duration;

/// One line of the table.
pub struct Row {
    what: String,
    bar: &'static str,
    measured: String,
}

impl Row {
    pub fn new(what: impl Into<String>, bar: &'static str, measured: impl Into<String>) -> Self {
        Self { what: what.into(), bar, measured: measured.into() }
    }
}

pub fn print(rows: &[Row]) {
    println!("| what | bar | measured |\n|---|---|---|");
    for Row { what, bar, measured } in rows {
        println!("| {what} | {bar} | {measured} |");
    }
}

/// The middle one, and the one that nine of ten stay below.
pub fn median_and_p90(times: &mut [Duration]) -> (Duration, Duration) {
    times.sort_unstable();
    (times[times.len() / 2], times[times.len() * 9 / 10])
}

pub fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1_000.0)
}

#[expect(clippy::cast_precision_loss, reason = "a megabyte more or less does not show")]
pub fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
