//! Starting a session in the background: `claude --bg`, which ends at once and leaves the session with the client's service.
//! Without a prompt the session sits idle until a letter wakes it.

use std::{
    io,
    path::Path,
    process::{Command, Output, Stdio},
    sync::mpsc,
    time::Duration,
};

use super::host_process::{GROUPS_VARIABLE, HOST_VARIABLE, NAME_VARIABLE};
use crate::{command::without_window, mailbox::name::AgentName, text::terminal::one_line, threads};

/// How long the client may take to hand the session over to its service.
const LONGEST: Duration = Duration::from_secs(60);

/// What stands before a job's id in what the client prints.
const BEFORE_ID: &str = "backgrounded · ";

/// The variables of a session around this process, which a new one must not take for its own.
const OF_A_SESSION: [&str; 10] = [
    "CLAUDECODE",
    "CLAUDE_CODE_CHILD_SESSION",
    "CLAUDE_CODE_ENTRYPOINT",
    "CLAUDE_CODE_SESSION_ATTENDED",
    "CLAUDE_CODE_SESSION_ID",
    "CLAUDE_ENV_FILE",
    "CLAUDE_JOB_DIR",
    "CLAUDE_PID",
    "CLAUDE_PROJECT_DIR",
    "AI_AGENT",
];

/// Why no session was started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("`claude` is not on the PATH")]
    NoClient,
    #[error("`claude --bg` could not be run: {0}")]
    NotRun(io::Error),
    /// What the client said; a version without background sessions does not know the option.
    #[error("`claude --bg` started no session: {0}")]
    Refused(String),
    #[error("`claude --bg` has not ended within {} s", LONGEST.as_secs())]
    TooSlow,
}

/// Starts a session of this name in the background, in `dir`; gives the id of the client's job, or the name where the client
/// does not say one.
///
/// # Errors
/// [`StartError`], when there is no session then.
pub fn start(name: &AgentName, dir: &Path, permission_mode: Option<&str>) -> Result<String, StartError> {
    let mut words = vec!["--bg", "--name", name.as_str()];
    words.extend(permission_mode.iter().flat_map(|mode| ["--permission-mode", mode]));
    let said = run(&words, Some(dir))?;
    let id = said.split_once(BEFORE_ID).and_then(|(_, rest)| rest.split_whitespace().next());
    let id = id.filter(|id| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
    Ok(id.unwrap_or(name.as_str()).to_owned())
}

/// Ends a session that [`start`] has started.
///
/// # Errors
/// As [`start`]; the session goes on then.
pub fn stop(job: &str) -> Result<(), StartError> {
    run(&["stop", job], None).map(drop)
}

/// Runs the client with these words, and gives what it says.
fn run(words: &[&str], dir: Option<&Path>) -> Result<String, StartError> {
    let command = |program: &str| {
        let mut command = Command::new(program);
        command.args(words).stdin(Stdio::null());
        if let Some(dir) = dir {
            command.current_dir(dir);
        }
        for variable in OF_A_SESSION.into_iter().chain([HOST_VARIABLE, NAME_VARIABLE, GROUPS_VARIABLE]) {
            command.env_remove(variable);
        }
        without_window(&mut command);
        command
    };
    let output = match output(command("claude")) {
        // On Windows npm makes a script of it, whose name must be said in full.
        Err(StartError::NoClient) if cfg!(windows) => output(command("claude.cmd")),
        output => output,
    }?;
    let (said, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if !output.status.success() {
        let why = complaint.lines().chain(said.lines()).find(|line| !line.trim().is_empty());
        return Err(StartError::Refused(why.map_or_else(|| output.status.to_string(), |why| one_line(why.trim()))));
    }
    Ok(said.into_owned())
}

fn output(mut command: Command) -> Result<Output, StartError> {
    let (done, ended) = mpsc::sync_channel(1);
    let run = move || drop(done.send(command.output()));
    threads::start("start", run).map_err(StartError::NotRun)?;
    match ended.recv_timeout(LONGEST) {
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => Err(StartError::NoClient),
        Ok(output) => output.map_err(StartError::NotRun),
        Err(_) => Err(StartError::TooSlow),
    }
}
