//! Which rows of a longer list are on the screen.

#[derive(Debug, Clone, Copy, Default)]
pub struct Window {
    pub top: usize,
    /// Rows on the screen, as drawn last.
    pub height: usize,
}

impl Window {
    /// Moves as little as needed to have the row at `cursor` on the screen, and leaves no room below the last one.
    pub fn reveal(&mut self, cursor: usize, rows: usize) {
        let height = self.height.max(1);
        self.top = self.top.min(cursor).max((cursor + 1).saturating_sub(height));
        self.clamp(rows);
    }

    pub fn clamp(&mut self, rows: usize) {
        self.top = self.top.min(rows.saturating_sub(self.height));
    }

    /// The rows were laid out anew. What is on the screen goes with the cursor's row, unless it is the beginning. Gives
    /// the row to go to if the cursor's is gone.
    #[must_use]
    pub fn follow(&mut self, before: Option<usize>, after: Option<usize>, rows: usize) -> Option<usize> {
        match (before, after) {
            (Some(before), Some(after)) => {
                if self.top > 0 {
                    self.top = (self.top + after).saturating_sub(before);
                }
                self.clamp(rows);
                None
            }
            (before, None) => Some(before.unwrap_or(0)),
            (None, Some(_)) => None,
        }
    }

    /// Where a step of so many rows leads from a place in a list.
    #[must_use]
    pub fn step(from: usize, by: isize, rows: usize) -> usize {
        from.saturating_add_signed(by).min(rows.saturating_sub(1))
    }
}
