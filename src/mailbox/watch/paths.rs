//! A watch that tells what has changed below a directory, for those who follow many places and cannot scan them all.
//!
//! A hint all the same: it may be silent, and it may have missed something.

use std::{
    mem,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};

use super::is_mere_reading;

/// Changes kept until somebody asks; past that it is cheaper to look everywhere.
const LIMIT: usize = 20_000;

/// On Linux a recursive watch would walk through every letter. Elsewhere one recursive watch is cheap, and on Windows
/// one on an inner directory would keep it from being renamed.
const ONE_FOR_ALL: bool = !cfg!(target_os = "linux");

/// What was announced since the last question.
#[derive(Debug, Default)]
pub struct Announced {
    /// What changed, relative to the root, in order; a path may stand there more than once.
    pub paths: Vec<PathBuf>,
    /// Something was announced that is not among the paths: look everywhere.
    pub missed: bool,
}

impl Announced {
    fn is_empty(&self) -> bool {
        self.paths.is_empty() && !self.missed
    }
}

#[derive(Debug, Default)]
struct Shared {
    announced: Mutex<Announced>,
    news: Condvar,
}

impl Shared {
    fn take_in(&self, event: notify::Result<Event>, roots: &[PathBuf]) {
        let mut announced = self.announced.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Ok(event) if event.need_rescan() => announced.missed = true,
            Ok(event) if is_mere_reading(event.kind) => return,
            Ok(event) => {
                for path in &event.paths {
                    let below = roots.iter().find_map(|root| path.strip_prefix(root).ok());
                    if let Some(below) = below.filter(|below| announced.paths.last().is_none_or(|last| last != below)) {
                        announced.paths.push(below.to_owned());
                    }
                }
            }
            Err(_) => announced.missed = true,
        }
        if announced.paths.len() > LIMIT {
            *announced = Announced { paths: Vec::new(), missed: true };
        }
        if !announced.is_empty() {
            self.news.notify_one();
        }
    }
}

/// A watch over directories below one root. Add them, then look, then ask: nothing that comes in between is missed.
#[derive(Debug)]
pub struct PathWatch {
    root: PathBuf,
    shared: Arc<Shared>,
    /// `None` where the system gives no watcher.
    watcher: Option<RecommendedWatcher>,
    /// Nobody asked for a watcher.
    by_beat: bool,
    /// When the root was made that one watch for all is over: setting it again would lose what happens meanwhile.
    made: Option<SystemTime>,
}

impl PathWatch {
    /// A watch over nothing yet.
    #[must_use]
    pub fn below(root: &Path) -> Self {
        let shared = Arc::new(Shared::default());
        let roots: Vec<_> = [Some(root.to_owned()), root.canonicalize().ok()].into_iter().flatten().collect();
        let handler = Arc::clone(&shared);
        let watcher = super::watcher(move |event| handler.take_in(event, &roots));
        Self { root: root.to_owned(), shared, watcher: watcher.ok(), by_beat: false, made: None }
    }

    /// A watch where the system gives none.
    #[must_use]
    pub fn refused(root: &Path) -> Self {
        Self { root: root.to_owned(), shared: Arc::default(), watcher: None, by_beat: false, made: None }
    }

    /// A watch that asks the system for none, and leaves all to the slow beat; see [`Watch::by_beat`](super::Watch::by_beat).
    #[must_use]
    pub fn by_beat(root: &Path) -> Self {
        Self { by_beat: true, ..Self::refused(root) }
    }

    /// Whether there is no hurry: nothing is announced because nobody asked for it.
    #[must_use]
    pub fn is_by_beat(&self) -> bool {
        self.by_beat
    }

    /// A watch that hears nothing, as on a mount that announces nothing.
    #[must_use]
    pub fn deaf(root: &Path) -> Self {
        Self { watcher: super::watcher(|_| {}).ok(), ..Self::refused(root) }
    }

    /// Watches one more directory, or the same anew should it be another one by now. Says whether the system agreed.
    pub fn add(&mut self, directory: &Path) -> bool {
        let Some(watcher) = &mut self.watcher else { return false };
        if !ONE_FOR_ALL {
            return watcher.watch(directory, RecursiveMode::NonRecursive).is_ok();
        }
        let made = self.root.metadata().and_then(|facts| facts.created()).ok();
        if directory != self.root || (made.is_some() && made == self.made) {
            return true;
        }
        let agreed = watcher.watch(&self.root, RecursiveMode::Recursive).is_ok();
        self.made = made.filter(|_| agreed);
        agreed
    }

    /// What was announced; waits for it, for at most `longest`.
    #[must_use]
    pub fn take(&self, longest: Duration) -> Announced {
        let asleep = Instant::now();
        let mut announced = self.shared.announced.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let left = longest.saturating_sub(asleep.elapsed());
            if !announced.is_empty() || left.is_zero() {
                return mem::take(&mut announced);
            }
            let woken = self.shared.news.wait_timeout(announced, left);
            announced = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

#[cfg(test)]
mod tests {
    use notify::{EventKind, event::Flag};

    use super::*;

    fn changed(shared: &Shared, path: &str) {
        shared.take_in(Ok(Event::new(EventKind::Any).add_path(path.into())), &["/mail".into()]);
    }

    #[test]
    fn what_was_lost_or_is_too_much_calls_for_a_look_everywhere() {
        let watch = PathWatch::refused(Path::new("/mail"));
        changed(&watch.shared, "/mail/to-bob/inbox/a.json");
        changed(&watch.shared, "/mail/to-bob/inbox/a.json");
        changed(&watch.shared, "/elsewhere");
        let announced = watch.take(Duration::ZERO);
        assert_eq!((announced.paths, announced.missed), (vec!["to-bob/inbox/a.json".into()], false));

        watch.shared.take_in(Ok(Event::new(EventKind::Other).set_flag(Flag::Rescan)), &[]);
        assert!(watch.take(Duration::ZERO).missed);
        (0..=LIMIT).for_each(|number| changed(&watch.shared, &format!("/mail/{number}")));
        let announced = watch.take(Duration::ZERO);
        assert!(announced.missed && announced.paths.is_empty());
        assert!(watch.take(Duration::ZERO).is_empty());
    }
}
