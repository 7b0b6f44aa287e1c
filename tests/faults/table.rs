//! The lines of RELIABILITY.md, printed by the stories that make them.

/// Letters of one story, counted.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    pub letters: usize,
    pub lost: usize,
    pub invented: usize,
    pub duplicated: usize,
    /// Duplicates that did not say so.
    pub unmarked: usize,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.letters += other.letters;
        self.lost += other.lost;
        self.invented += other.invented;
        self.duplicated += other.duplicated;
        self.unmarked += other.unmarked;
    }
}

/// Prints one line of a table, and fails the story if its letters do not add up.
#[track_caller]
pub fn conclude(fault: &str, how: &str, tally: Tally) {
    let Tally { letters, lost, invented, duplicated, unmarked } = tally;
    println!("| {fault} | {how} | {letters} | {lost} | {duplicated} |");
    assert_eq!((lost, invented, unmarked), (0, 0, 0), "{fault}: {tally:?}");
}
