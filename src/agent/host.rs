//! The process a session lives in, told apart from any other process that ever has the same number.
//!
//! The key is used to find a session's records, never to tell whether it lives; presence locks tell that.

use std::fmt;

/// Names one process of one boot of one system. Safe as a file name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostKey(String);

impl HostKey {
    /// The key of a running process; `None` when there is no such process.
    #[must_use]
    pub fn of(pid: u32) -> Option<Self> {
        system::birth(pid).map(|birth| Self(format!("{pid}-{birth}")))
    }

    /// A key handed down in a variable.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let fine =
            (1..=80).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        fine.then(|| Self(text.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The process that started this one; `None` when it has ended, as far as the system tells.
#[must_use]
pub fn parent_of(pid: u32) -> Option<u32> {
    system::parent(pid)
}

/// The words a process was started with; none when the system does not tell.
#[must_use]
pub fn command_line(pid: u32) -> Vec<String> {
    system::command_line(pid)
}

#[cfg(target_os = "linux")]
mod system {
    use std::fs;

    pub fn command_line(pid: u32) -> Vec<String> {
        let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        bytes.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
    }

    /// Start time in clock ticks, boot and pid namespace: together they never repeat.
    pub fn birth(pid: u32) -> Option<String> {
        let started = field(pid, 22)?;
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let space = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
        let space: String = space.to_string_lossy().chars().filter(char::is_ascii_digit).collect();
        Some(format!("{started}-{space}-{}", boot.get(..8).unwrap_or("0")))
    }

    pub fn parent(pid: u32) -> Option<u32> {
        field(pid, 4)?.parse().ok()
    }

    /// A field of the process's `stat`, counted as in proc(5).
    fn field(pid: u32, number: usize) -> Option<String> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The command name may hold anything, so count from behind its closing parenthesis; it is the second field.
        stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(number.checked_sub(3)?).map(str::to_owned)
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

    pub fn command_line(pid: u32) -> Vec<String> {
        let pid = Pid::from_u32(pid);
        let mut system = System::new();
        let words = ProcessRefreshKind::nothing().with_cmd(UpdateKind::Always);
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, words);
        let words = system.process(pid).map(|process| process.cmd().to_vec()).unwrap_or_default();
        words.iter().map(|word| word.to_string_lossy().into_owned()).collect()
    }

    /// Start time in seconds since the epoch.
    pub fn birth(pid: u32) -> Option<String> {
        let pid = Pid::from_u32(pid);
        look(&[pid]).process(pid).map(|process| process.start_time().to_string())
    }

    pub fn parent(pid: u32) -> Option<u32> {
        let pid = Pid::from_u32(pid);
        let parent = look(&[pid]).process(pid)?.parent()?;
        let system = look(&[pid, parent]);
        let started = |pid| system.process(pid).map(sysinfo::Process::start_time);
        // Windows goes on telling the number of a parent that has ended, and may have given it to another process.
        (started(parent)? <= started(pid)?).then(|| parent.as_u32())
    }

    fn look(pids: &[Pid]) -> System {
        let mut system = System::new();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(pids), true, ProcessRefreshKind::nothing());
        system
    }
}
