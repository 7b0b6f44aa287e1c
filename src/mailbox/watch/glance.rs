//! Whether a directory has changed since the last look, told by its time alone.

use std::{
    path::PathBuf,
    time::{Duration, SystemTime},
};

/// A change within this time of a look may bear the same time as one before it.
const BLUR: Duration = Duration::from_secs(1);

/// What is remembered of one directory from look to look.
#[derive(Debug)]
pub struct Glance {
    directory: PathBuf,
    known: Option<SystemTime>,
}

impl Glance {
    /// Nothing is known yet, so the first look finds a change.
    #[must_use]
    pub fn at(directory: PathBuf) -> Self {
        Self { directory, known: None }
    }

    /// Whether something may have changed since this was last asked. True also when the directory cannot be looked at,
    /// and for a second after each change.
    pub fn finds_change(&mut self) -> bool {
        let time = self.directory.metadata().and_then(|facts| facts.modified()).ok();
        let is_new = time.is_none() || time != self.known;
        self.known = time.filter(|at| at.elapsed().is_ok_and(|age| age > BLUR));
        is_new
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::{self, File};

    use super::*;

    // Windows gives nobody a directory whose time could be set.
    #[test]
    fn a_change_is_found_and_peace_is_believed_only_after_a_second() {
        let dir = tempfile::tempdir().unwrap();
        let set = |at: SystemTime| File::open(dir.path()).unwrap().set_modified(at).unwrap();
        let mut glance = Glance::at(dir.path().to_owned());
        set(SystemTime::now() - Duration::from_mins(1));
        assert!(glance.finds_change());
        assert!(!glance.finds_change());
        fs::write(dir.path().join("new"), "").unwrap();
        assert!(glance.finds_change());
        assert!(glance.finds_change(), "another one may have come within the same tick of the clock");
        fs::remove_dir_all(dir.path()).unwrap();
        assert!(glance.finds_change() && glance.finds_change(), "what cannot be looked at may have changed");
    }
}
