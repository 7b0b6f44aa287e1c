//! The client a process of ours belongs to: which process it is, whether its session takes part, and when it has gone.

use std::{env, iter, path::PathBuf, process, sync::OnceLock, time::Duration};

use super::{
    input_stream::InputStream,
    kind::{self, ClientKind, is_client},
};
use crate::{
    agent::{
        group_name::{BadGroup, GroupName},
        host::{self, HostKey},
        identity::{Claimant, Trust},
    },
    mailbox::{home, name::AgentName},
    threads,
};

/// Tells the Bash tool's commands which host they belong to; written by the `SessionStart` hook.
pub const HOST_VARIABLE: &str = "CC2CC_HOST";
/// The name the person wants for a session.
pub const NAME_VARIABLE: &str = "CC2CC_NAME";
/// The groups that the person puts a session into, with commas between.
pub const GROUPS_VARIABLE: &str = "CC2CC_GROUPS";

/// Whether a session takes part in the mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// It has a name, and a waker waits in the background.
    Attended,
    /// It has a name and is never woken, since its client would wait for the waker: letters come with its next turn. So it
    /// is for `claude -p` that was given a name, and for a streaming client whose end of input cannot be seen.
    Headless,
    /// `claude -p` without a name, or a teammate of an agent team: cc2cc does nothing in it.
    None,
}

/// What part this process's session has.
#[must_use]
pub fn part() -> Part {
    let is_named = || matches!(wanted_name(), Some(Ok(_)));
    let pid = pid();
    let (takes_part, can_be_woken) = match pid.map_or(ClientKind::Unknown, kind::of) {
        ClientKind::Teammate => (false, false),
        ClientKind::OneShot => (is_named(), false),
        ClientKind::Streaming => {
            (!says_unattended() || is_named(), pid.is_some_and(|pid| InputStream::of(pid).is_some()))
        }
        ClientKind::Terminal => (true, true),
        ClientKind::Unknown if in_background() => (true, true),
        ClientKind::Unknown => (!says_unattended() || is_named(), !says_unattended()),
    };
    match (takes_part, can_be_woken) {
        (true, true) => Part::Attended,
        (true, false) => Part::Headless,
        (false, _) => Part::None,
    }
}

/// Whether the client's variables say that nobody sits at it. They may be those of a session around it.
fn says_unattended() -> bool {
    let is = |name: &str, test: fn(&str) -> bool| env::var(name).is_ok_and(|value| test(&value));
    is("CLAUDE_CODE_SESSION_ATTENDED", |value| value == "0")
        || is("CLAUDE_CODE_ENTRYPOINT", |value| value.starts_with("sdk"))
}

/// Whether a client that runs a session in the background started this process. The variable alone is no evidence: a
/// client that is started from within such a session inherits it. What a model runs there has a shell in between, and an
/// environment of its own.
#[must_use]
pub fn in_background() -> bool {
    static IN_BACKGROUND: OnceLock<bool> = OnceLock::new();
    *IN_BACKGROUND.get_or_init(|| job_folder().is_some() && system::parent().is_some_and(kind::is_hosted))
}

/// The client's own directory of the job that a background session is.
#[must_use]
pub fn job_folder() -> Option<PathBuf> {
    env::var_os("CLAUDE_JOB_DIR").filter(|dir| !dir.is_empty()).map(PathBuf::from)
}

/// Ends this process as soon as a streaming client has been told everything: it waits for nothing of ours then. Where the
/// system gives no thread to wait for that, it ends at once.
pub fn end_with_input() {
    let Some(pid) = pid().filter(|pid| kind::of(*pid) == ClientKind::Streaming) else { return };
    let waiting = threads::start("input", move || {
        if let Some(input) = InputStream::of(pid) {
            input.await_end();
        }
        process::exit(0);
    });
    if waiting.is_err() {
        process::exit(0);
    }
}

/// The name the person asked for, or what they wrote of which none can be made. In the background the variable is another
/// session's.
#[must_use]
pub fn wanted_name() -> Option<Result<AgentName, String>> {
    let text = named().filter(|_| !in_background())?;
    Some(AgentName::made_of(&text).ok_or(text))
}

/// A name that the environment of a background session holds and that is another session's.
#[must_use]
pub fn foreign_name() -> Option<String> {
    named().filter(|_| in_background())
}

/// Groups that the environment of a background session holds and that are another session's.
#[must_use]
pub fn foreign_groups() -> Option<String> {
    given(GROUPS_VARIABLE).filter(|_| in_background())
}

/// The groups the person asked for, and what they wrote that is none. In the background the variable is another session's.
#[must_use]
pub fn wanted_groups() -> Vec<Result<GroupName, BadGroup>> {
    let text = given(GROUPS_VARIABLE).filter(|_| !in_background()).unwrap_or_default();
    text.split([',', ' ']).filter(|name| !name.is_empty()).map(str::parse).collect()
}

fn named() -> Option<String> {
    given(NAME_VARIABLE)
}

fn given(variable: &str) -> Option<String> {
    env::var(variable).ok().filter(|text| !text.is_empty())
}

/// What this hook or server knows of its session; `None` when its client is already gone.
#[must_use]
pub fn claimant(session: Option<String>, trust: Trust) -> Option<Claimant> {
    let wanted = wanted_name().and_then(Result::ok);
    Some(Claimant { session, wanted, ..Claimant::new(HostKey::of(pid()?)?, trust) })
}

/// The Claude process this process belongs to: its parent, or the ancestor that `CLAUDE_PID` names.
///
/// The variable alone is no evidence: a `claude` started inside a session inherits it, hands it to its server, and is
/// itself a descendant of the process it names.
fn pid() -> Option<u32> {
    static PID: OnceLock<Option<u32>> = OnceLock::new(); // a hook asks more than once, and each time costs reads of /proc
    *PID.get_or_init(find_pid)
}

fn find_pid() -> Option<u32> {
    let parent = system::parent()?;
    let named = env::var("CLAUDE_PID").ok().and_then(|pid| pid.parse().ok()).filter(|named| *named != parent);
    let is_ancestor = |named: &u32| {
        iter::successors(Some(parent), |pid| host::parent_of(*pid)).take(FARTHEST).any(|ancestor| ancestor == *named)
    };
    let named = named.filter(|named| is_ancestor(named) && !is_client(&host::command_line(parent)));
    Some(named.unwrap_or(parent))
}

/// Whether a wake in the middle of a turn leads to a delivery, as far as the client says which one it is.
#[must_use]
pub fn delivers_in_a_turn() -> bool {
    env::var("AI_AGENT").ok().and_then(|agent| version(&agent)).is_none_or(|version| version >= [2, 1, 273])
}

/// Whether the client runs mods with all the events that ours names, as far as it says which one it is.
#[must_use]
pub fn has_mods() -> bool {
    env::var("AI_AGENT").ok().and_then(|agent| version(&agent)).is_none_or(|version| version >= [2, 1, 292])
}

/// The version in what a client calls itself to its hooks, as in `claude-code_2-1-330_hook`.
fn version(agent: &str) -> Option<[u32; 3]> {
    let rest = agent.strip_prefix("claude-code")?.get(1..)?;
    let number = rest.split(['_', '/']).next()?;
    let parts: Vec<u32> = number.split(['-', '.']).map_while(|part| part.parse().ok()).collect();
    parts.try_into().ok()
}

/// The session this process was started for; after `/clear` the client's long-lived processes still have the old one.
#[must_use]
pub fn session() -> Option<String> {
    env::var("CLAUDE_CODE_SESSION_ID").ok().filter(|id| !id.is_empty())
}

/// Where the client keeps its files; `None` when there is no home directory.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    let named = env::var_os("CLAUDE_CONFIG_DIR").filter(|dir| !dir.is_empty()).map(PathBuf::from);
    named.or_else(|| Some(home::of_person()?.join(".claude")))
}

/// Whether the client started this process for the plugin, and not as a server that somebody registered by hand.
#[must_use]
pub fn runs_as_plugin() -> bool {
    env::var_os("CLAUDE_PLUGIN_ROOT").is_some()
}

/// Whether somebody sits at the terminal of this process's session, as far as can be known.
#[must_use]
pub fn has_person() -> bool {
    !in_background() && pid().is_some_and(|pid| kind::of(pid) == ClientKind::Terminal)
}

/// Whether the client is that of a teammate of an agent team, for which its lead's session speaks.
#[must_use]
pub fn is_teammate() -> bool {
    pid().is_some_and(|pid| kind::of(pid) == ClientKind::Teammate)
}

/// The words the client was started with; none when the system does not tell.
#[must_use]
pub fn command_line() -> Vec<String> {
    pid().map(host::command_line).unwrap_or_default()
}

/// The client that started this process for its person, with no shell in between; `None` for what a model runs, to which
/// the client or the `SessionStart` hook has told whose it is.
#[must_use]
pub fn starter() -> Option<HostKey> {
    let parent = system::parent()?;
    let host = HostKey::of(parent)?;
    let is = |name: &str, own: &str| env::var(name).is_ok_and(|value| value == own);
    (!is("CLAUDE_PID", &parent.to_string()) && !is(HOST_VARIABLE, host.as_str())).then_some(host)
}

/// How many generations may lie between the client and a process of ours.
const FARTHEST: usize = 4;

/// Ends this process as soon as its parent has ended, however that came about. Where the system gives no thread to wait
/// for that, [`end_if_orphaned`] does it.
pub fn end_with_parent() {
    let Some(parent) = system::parent() else { process::exit(0) };
    let _ = PARENT.set(parent);
    let waiting = threads::start("parent", move || {
        system::await_end(parent);
        process::exit(0);
    });
    drop(waiting);
}

/// The parent this process ends with.
static PARENT: OnceLock<u32> = OnceLock::new();

/// Ends this process if its parent has ended; for loops that look at something from time to time anyway.
pub fn end_if_orphaned() {
    if PARENT.get().is_some_and(|parent| system::parent() != Some(*parent)) {
        process::exit(0);
    }
}

/// How often to look at the parent where the system does not tell of its end.
const LOOK: Duration = Duration::from_secs(2);

#[cfg(unix)]
mod system {
    use std::{os::unix::process::parent_id, thread};

    /// An orphan's parent is the first process, which is no client, except in a container that runs nothing else.
    pub fn parent() -> Option<u32> {
        Some(parent_id()).filter(|pid| *pid > 1 || *pid == 1 && super::is_client(&super::host::command_line(1)))
    }

    pub fn await_end(parent: u32) {
        #[cfg(target_os = "linux")]
        if await_by_handle(parent).is_ok() {
            return;
        }
        while parent_id() == parent {
            thread::sleep(super::LOOK);
        }
    }

    /// A process handle becomes readable when the process ends; unlike a number it is never anybody else's.
    #[cfg(target_os = "linux")]
    fn await_by_handle(parent: u32) -> rustix::io::Result<()> {
        use rustix::{
            event::{PollFd, PollFlags, poll},
            io::Errno,
            process::{Pid, PidfdFlags, pidfd_open},
        };
        let pid = i32::try_from(parent).ok().and_then(Pid::from_raw).ok_or(Errno::INVAL)?;
        let handle = pidfd_open(pid, PidfdFlags::empty())?;
        while parent_id() == parent {
            match poll(&mut [PollFd::new(&handle, PollFlags::IN)], None) {
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

#[cfg(not(unix))]
mod system {
    use std::thread;

    use crate::agent::host::{self, HostKey};

    pub fn parent() -> Option<u32> {
        host::parent_of(std::process::id())
    }

    pub fn await_end(parent: u32) {
        let key = HostKey::of(parent);
        while key.is_some() && HostKey::of(parent) == key {
            thread::sleep(super::LOOK);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn a_client_says_its_version() {
        assert_eq!(version("claude-code_2-1-330_hook"), Some([2, 1, 330]));
        assert_eq!(version("claude-code/2.1.200/agent"), Some([2, 1, 200]));
        assert_eq!(version("claude-code"), None);
        assert_eq!(version("other_2-1-330"), None);
        assert_eq!(version("claude-code_2-1_x"), None);
    }
}
