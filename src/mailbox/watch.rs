//! Sleeping until something changes. A hint and no more: whoever wakes scans, and a slow beat covers every file system
//! that stays silent.

pub mod glance;
pub mod limits;
pub mod paths;

use std::{
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    time::Duration,
};

use notify::{
    Event, EventHandler, EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode},
};

use crate::threads;

/// How often to look where watching works; also how long a silent mount can delay a letter.
pub const BEAT: Duration = Duration::from_secs(2);
/// How often to look where no watcher is to be had.
pub const BEAT_UNWATCHED: Duration = Duration::from_millis(500);

/// A watch over a few directories. Start it, then scan, then sleep: nothing that comes in between is missed.
#[derive(Debug)]
pub struct Watch {
    changes: Receiver<()>,
    /// Dropped with the watch; `None` where the system gives no watcher, or none is wanted.
    watcher: Option<RecommendedWatcher>,
    beat: Duration,
    refusal: Option<notify::Error>,
}

impl Watch {
    /// Watches the directories, or falls back to a beat when the system refuses (limits, odd mounts).
    #[must_use]
    pub fn over<'a>(directories: impl IntoIterator<Item = &'a Path>) -> Self {
        // One waiting hint is as good as many.
        let (hint, changes) = mpsc::sync_channel(1);
        let directories: Vec<PathBuf> = directories.into_iter().map(Path::to_owned).collect();
        let posts = posts(&directories);
        let watcher = watcher(move |event: notify::Result<Event>| {
            if !event.is_ok_and(|event| is_mere_reading(event.kind) || is_elsewhere(&event, &directories)) {
                let _ = hint.try_send(());
            }
        });
        let watcher = watcher.and_then(|mut watcher| {
            for (directory, depth) in posts {
                watcher.watch(&directory, depth)?;
            }
            Ok(watcher)
        });
        let (watcher, refusal) = match watcher {
            Ok(watcher) => (Some(watcher), None),
            Err(refusal) => (None, Some(refusal)),
        };
        let beat = if watcher.is_some() { BEAT } else { BEAT_UNWATCHED };
        Self { changes, watcher, beat, refusal }
    }

    /// Asks for no watcher and looks with every beat.
    ///
    /// A user gets few watchers for all programs together (128 on most Linux systems), so of a session's processes only
    /// the one whose news cannot wait has one.
    #[must_use]
    pub fn by_beat() -> Self {
        Self { changes: mpsc::sync_channel(1).1, watcher: None, beat: BEAT, refusal: None }
    }

    /// Whether changes are announced, as far as the system says.
    #[must_use]
    pub fn is_watching(&self) -> bool {
        self.watcher.is_some()
    }

    /// Why the system gave no watcher.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        self.refusal.as_ref().map(limits::explain)
    }

    /// Returns after a change, after `longest`, or after one beat: look again in any case.
    pub fn sleep(&self, longest: Duration) {
        let nap = longest.min(self.beat);
        if let Err(RecvTimeoutError::Disconnected) = self.changes.recv_timeout(nap) {
            std::thread::sleep(nap);
        }
    }
}

/// A watcher of the system's best kind. The library panics, also while it cleans up after that, where it gets no thread;
/// so it is asked for one only where there are threads.
///
/// # Errors
/// When the system gives no watcher or no thread.
pub fn watcher(told: impl EventHandler) -> notify::Result<RecommendedWatcher> {
    threads::start("probe", || ())?;
    notify::recommended_watcher(told)
}

/// What to watch, so that changes in the directories are announced.
#[cfg(not(windows))]
fn posts(directories: &[PathBuf]) -> Vec<(PathBuf, RecursiveMode)> {
    directories.iter().map(|directory| (directory.clone(), RecursiveMode::NonRecursive)).collect()
}

/// What to watch, so that changes in the directories are announced.
///
/// Windows renames no directory while one in it is watched, so the directories of a mailbox are watched from its home.
#[cfg(windows)]
fn posts(directories: &[PathBuf]) -> Vec<(PathBuf, RecursiveMode)> {
    let mut posts: Vec<(PathBuf, RecursiveMode)> = Vec::new();
    for directory in directories {
        let mailbox = directory.parent().filter(|parent| {
            parent.file_name().is_some_and(|name| name.to_string_lossy().starts_with(super::home::MAILBOX))
        });
        let post = match mailbox.and_then(Path::parent) {
            Some(home) => (home.to_owned(), RecursiveMode::Recursive),
            None => (directory.clone(), RecursiveMode::NonRecursive),
        };
        if !posts.contains(&post) {
            posts.push(post);
        }
    }
    posts
}

/// Whether an event is of another directory than those that are meant.
fn is_elsewhere(event: &Event, directories: &[PathBuf]) -> bool {
    let is_meant = |path: &PathBuf| directories.iter().any(|directory| path.starts_with(directory));
    cfg!(windows) && !event.paths.is_empty() && !event.paths.iter().any(is_meant)
}

/// The words that make this binary a successor; see [`hand_over`].
pub const SUCCESSOR: [&str; 2] = ["wait", "--linger"];
/// How long a successor keeps a watch: longer than its predecessor needs to end.
const LINGER: Duration = Duration::from_millis(100);

/// Keeps what it was handed on standard input until its predecessor has ended.
pub fn linger() {
    std::thread::sleep(LINGER);
}

/// Hands the watch of this process to a short-lived successor, so that it can end at once.
///
/// Closing an inotify handle takes Linux some 15 ms, and a process has not ended before that: too long where its
/// end is what wakes a session. If this fails, the wake is that much later and nothing else is lost.
pub fn hand_over() {
    #[cfg(target_os = "linux")]
    if let Some(handle) = inotify_handle()
        && let Ok(binary) = std::env::current_exe()
    {
        use std::process::{Command, Stdio};
        let mut successor = Command::new(binary);
        successor.args(SUCCESSOR).stdin(Stdio::from(handle)).stdout(Stdio::null()).stderr(Stdio::null());
        drop(successor.spawn());
    }
}

/// Another handle on this process's own watch, which the library keeps to itself.
#[cfg(target_os = "linux")]
fn inotify_handle() -> Option<std::os::fd::OwnedFd> {
    use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
    let files = std::fs::read_dir("/proc/self/fd").ok()?.flatten();
    let is_watch = |entry: &std::fs::DirEntry| {
        std::fs::read_link(entry.path()).is_ok_and(|target| target.as_os_str() == "anon_inode:inotify")
    };
    let number = files.filter(is_watch).find_map(|entry| entry.file_name().to_str()?.parse().ok())?;
    let me = pidfd_open(getpid(), PidfdFlags::empty()).ok()?;
    pidfd_getfd(me, number, PidfdGetfdFlags::empty()).ok()
}

/// Whether an event says no more than that somebody looked. Scanning is looking: it must not call for the next scan.
fn is_mere_reading(kind: EventKind) -> bool {
    matches!(kind, EventKind::Access(access) if access != AccessKind::Close(AccessMode::Write))
}
