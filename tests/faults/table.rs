//! The lines of RELIABILITY.md, printed by the stories that make them.

use crate::office::Tally;

/// Prints one line of a table, and fails the story if its letters do not add up.
#[track_caller]
pub fn conclude(fault: &str, how: &str, tally: Tally) {
    let Tally { letters, lost, invented, duplicated, unmarked } = tally;
    println!("| {fault} | {how} | {letters} | {lost} | {duplicated} |");
    assert_eq!((lost, invented, unmarked), (0, 0, 0), "{fault}: {tally:?}");
}
