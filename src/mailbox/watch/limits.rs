//! Why the system gives no watcher, in words that say what to do.

use notify::{Error, ErrorKind};

/// The setting that is too low, where one is: watchers a user may have in all, or directories they may watch.
#[must_use]
pub fn setting(error: &Error) -> Option<&'static str> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    // "Too many open files" is also said when this process has too many, which ours never have.
    match &error.kind {
        ErrorKind::MaxFilesWatch => Some("fs.inotify.max_user_watches"),
        ErrorKind::Io(reason) if reason.raw_os_error() == Some(24) => Some("fs.inotify.max_user_instances"),
        ErrorKind::Io(reason) if reason.raw_os_error() == Some(28) => Some("fs.inotify.max_user_watches"),
        _ => None,
    }
}

/// The reason, and the setting to raise with what it is now.
#[must_use]
pub fn explain(error: &Error) -> String {
    let Some(setting) = setting(error) else { return error.to_string() };
    let file = format!("/proc/sys/{}", setting.replace('.', "/"));
    match std::fs::read_to_string(file) {
        Ok(now) => format!("{error}: {setting} is {}, and all of it is in use; raise it with `sysctl`", now.trim()),
        Err(_) => format!("{error}: {setting} is used up; raise it with `sysctl`"),
    }
}
