//! What a session lives in: a process, told apart from any other that ever has the same number, or one of the sessions that
//! a process serves.
//!
//! The key is used to find a session's records, never to tell whether it lives; presence locks tell that.

use std::{fmt, iter};

/// Names one process of one boot of one system, or a session in it. Safe as a file name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostKey(String);

impl HostKey {
    /// The key of a running process; `None` when there is no such process.
    #[must_use]
    pub fn of(pid: u32) -> Option<Self> {
        system::birth(pid).map(|birth| Self(format!("{pid}-{birth}")))
    }

    /// The key of one of many sessions that share a process: its client's name, and the client's own id of it. `None` for
    /// an id that is no word of letters, digits and hyphens.
    #[must_use]
    pub fn of_session(client: &str, session: &str) -> Option<Self> {
        Self::from_text(&format!("{client}-{session}"))
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

    /// Whether the process goes on; `None` for a key that this system cannot have given.
    #[must_use]
    pub fn life(&self) -> Option<Life> {
        let (pid, birth) = self.0.split_once('-')?;
        let pid = pid.parse().ok()?;
        system::is_birth(birth).then(|| match Self::of(pid) {
            Some(now) if now == *self => Life::Goes(pid),
            _ if system::is_of_here(birth) => Life::Ended,
            _ => Life::Elsewhere,
        })
    }
}

/// What is known of the process that a key names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It goes on under this number.
    Goes(u32),
    Ended,
    /// Its number is that of another pid namespace, as for a command in a sandbox or a container.
    Elsewhere,
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

/// The processes around one, the nearest first, as far as the system tells.
pub fn around(pid: u32) -> impl Iterator<Item = u32> {
    /// More than anybody nests; numbers that are given again might make a circle.
    const MOST: usize = 64;
    iter::successors(parent_of(pid), |pid| parent_of(*pid)).take(MOST)
}

/// Whether this process has a terminal that is not that of `other` as well.
#[must_use]
pub fn has_terminal_beside(other: Option<u32>) -> bool {
    system::has_terminal_beside(other)
}

/// The words a process was started with; none when the system does not tell.
#[must_use]
pub fn command_line(pid: u32) -> Vec<String> {
    system::command_line(pid)
}

#[cfg(target_os = "linux")]
mod system {
    use std::{
        fs::{self, File},
        io::Read,
    };

    /// More than a command line can have.
    const LIMIT_BYTES: u64 = 4 * 1024 * 1024;

    pub fn command_line(pid: u32) -> Vec<String> {
        let bytes = read(&format!("/proc/{pid}/cmdline")).unwrap_or_default();
        bytes.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
    }

    /// Start time in clock ticks, boot and pid namespace: together they never repeat.
    pub fn birth(pid: u32) -> Option<String> {
        Some(format!("{}-{}-{}", field(pid, 22)?, space(), boot()))
    }

    fn boot() -> String {
        let boot = String::from_utf8(read("/proc/sys/kernel/random/boot_id").unwrap_or_default()).unwrap_or_default();
        boot.get(..8).unwrap_or("0").to_owned()
    }

    fn space() -> String {
        let space = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
        space.to_string_lossy().chars().filter(char::is_ascii_digit).collect()
    }

    /// Whether a text has the form of what [`birth`] gives.
    pub fn is_birth(text: &str) -> bool {
        let parts: Vec<&str> = text.split('-').collect();
        matches!(parts.as_slice(), [started, space, _] if started.parse::<u64>().is_ok() && space.parse::<u64>().is_ok())
    }

    /// Whether a process of that birth could be seen from here: it is not of another namespace of this boot.
    pub fn is_of_here(birth: &str) -> bool {
        let parts: Vec<&str> = birth.split('-').collect();
        !matches!(parts.as_slice(), [_, other, then] if *other != space() && *then == boot())
    }

    pub fn has_terminal_beside(other: Option<u32>) -> bool {
        let terminal = |pid| field(pid, 7).and_then(|number| number.parse::<i32>().ok()).filter(|number| *number != 0);
        let own = terminal(std::process::id());
        own.is_some() && own != other.and_then(terminal)
    }

    pub fn parent(pid: u32) -> Option<u32> {
        field(pid, 4)?.parse().ok()
    }

    /// A file of the system's, in one read: it says that it is empty, and the standard library would feel its way.
    fn read(path: &str) -> Option<Vec<u8>> {
        const USUAL_BYTES: usize = 2048;
        let mut bytes = Vec::with_capacity(USUAL_BYTES);
        File::open(path).ok()?.take(LIMIT_BYTES).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    /// A field of the process's `stat`, counted as in proc(5).
    fn field(pid: u32, number: usize) -> Option<String> {
        let stat = read(&format!("/proc/{pid}/stat"))?;
        let stat = String::from_utf8_lossy(&stat);
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

    /// Whether a text has the form of what [`birth`] gives.
    pub fn is_birth(text: &str) -> bool {
        text.parse::<u64>().is_ok()
    }

    pub fn is_of_here(_: &str) -> bool {
        true
    }

    /// Processes of one login session have one terminal.
    #[cfg(unix)]
    pub fn has_terminal_beside(other: Option<u32>) -> bool {
        let own = Pid::from_u32(std::process::id());
        let other = other.map(Pid::from_u32);
        let system = look(&[Some(own), other].into_iter().flatten().collect::<Vec<_>>());
        let session = |pid| system.process(pid).and_then(sysinfo::Process::session_id);
        std::fs::File::open("/dev/tty").is_ok() && session(own) != other.and_then(session)
    }

    /// Nothing here starts with a terminal that outlives a session; whoever has a console has been given it.
    #[cfg(not(unix))]
    pub fn has_terminal_beside(_: Option<u32>) -> bool {
        use std::io::IsTerminal;
        std::io::stdin().is_terminal()
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process;

    use super::{HostKey, Life};

    #[test]
    fn a_key_tells_whether_its_process_goes_on() {
        let key = HostKey::of(process::id()).expect("this process");
        assert_eq!(key.life(), Some(Life::Goes(process::id())));
        let parts: Vec<&str> = key.as_str().split('-').collect();
        let [pid, started, space, boot] = parts[..] else { panic!("{key}") };
        let life = |text: String| HostKey::from_text(&text).expect("a key").life();
        assert_eq!(life(format!("{pid}-1{started}-{space}-{boot}")), Some(Life::Ended), "its number was given again");
        assert_eq!(life(format!("{pid}-{started}-{space}-0000beef")), Some(Life::Ended), "the system was started anew");
        assert_eq!(life(format!("{pid}-{started}-1{space}-{boot}")), Some(Life::Elsewhere), "another pid namespace");
        assert_eq!(life("host-of-ann".to_owned()), None);
        assert_eq!(life(format!("{pid}-{started}")), None, "a key of another system");
    }
}
