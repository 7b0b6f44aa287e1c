//! The queue that Codex keeps for each thread. What stands in it becomes a turn once the thread is idle, without touching
//! what its person is writing.
//!
//! With the daemon that is said to the daemon's own socket; without it, `codex queue` says it, which takes seconds.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::agent::host::{self, HostKey, Life};

/// How long `codex queue` may take.
const QUEUED_WITHIN: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(50);

/// Adds a text to a thread's queue. `process` is the key of the client's process in which the thread runs.
///
/// # Errors
/// When neither the daemon nor the command takes it.
pub fn add(rollout: Option<&Path>, process: Option<&str>, thread: &str, text: &str) -> Result<()> {
    let home = rollout.and_then(home_of).or_else(home).context("nothing says where Codex keeps its files")?;
    let by_daemon = daemon::add(&home.join("app-server-control/app-server-control.sock"), thread, text);
    let Err(error) = by_daemon else { return Ok(()) };
    by_command(&home, process, thread, text).with_context(|| format!("its daemon: {error:#}"))
}

/// Where Codex keeps the thread of this rollout: `sessions/` lies in it.
fn home_of(rollout: &Path) -> Option<PathBuf> {
    let sessions = rollout.ancestors().find(|dir| dir.file_name().is_some_and(|name| name == "sessions"))?;
    sessions.parent().map(Path::to_owned)
}

/// Where Codex keeps its files: `${CODEX_HOME:-~/.codex}`.
#[must_use]
pub fn home() -> Option<PathBuf> {
    let named = env::var_os("CODEX_HOME").filter(|dir| !dir.is_empty()).map(PathBuf::from);
    named.or_else(|| Some(crate::mailbox::home::of_person()?.join(".codex")))
}

fn by_command(home: &Path, process: Option<&str>, thread: &str, text: &str) -> Result<()> {
    let program = process.and_then(program_of).unwrap_or_else(|| "codex".into());
    let mut command = Command::new(&program);
    command.args(["queue", "--thread", thread, "--message", text]).env("CODEX_HOME", home);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().with_context(|| format!("could not start {}", program.display()))?;
    let give_up = Instant::now() + QUEUED_WITHIN;
    while Instant::now() < give_up {
        match child.try_wait()? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => bail!("`codex queue` ended with {status}"),
            None => thread::sleep(LOOK),
        }
    }
    let _ = child.kill(); // it may just have ended
    let _ = child.wait();
    bail!("`codex queue` did not end")
}

/// The program that a process runs, while that goes on.
fn program_of(process: &str) -> Option<PathBuf> {
    match HostKey::from_text(process)?.life() {
        Some(Life::Goes(pid)) => host::command_line(pid).first().map(PathBuf::from).filter(|path| path.is_absolute()),
        _ => None,
    }
}

#[cfg(unix)]
mod daemon {
    use std::{os::unix::net::UnixStream, path::Path, time::Duration};

    use anyhow::{Context, Result, bail};
    use serde_json::{Value, json};
    use tungstenite::{Message, WebSocket, client};

    use crate::{clients::wakes, mailbox::disk};

    /// How long the daemon may take for an answer; it takes milliseconds.
    const ANSWERED_WITHIN: Duration = Duration::from_secs(5);
    /// A daemon says a few things of its own before it answers; one that says this much never will.
    const MOST_MESSAGES: usize = 200;

    /// Says it to the daemon behind this socket: JSON-RPC in the messages of a WebSocket.
    pub fn add(socket: &Path, thread: &str, text: &str) -> Result<()> {
        let stream = UnixStream::connect(socket).context("no daemon listens")?;
        stream.set_read_timeout(Some(ANSWERED_WITHIN))?;
        stream.set_write_timeout(Some(ANSWERED_WITHIN))?;
        let (mut socket, _) = client("ws://localhost/", stream).map_err(|error| anyhow::anyhow!("{error}"))?;
        let us = json!({ "name": "cc2cc", "version": env!("CARGO_PKG_VERSION") });
        call(&mut socket, 1, "initialize", &json!({ "clientInfo": us, "capabilities": { "experimentalApi": true } }))?;
        socket.send(Message::text(json!({ "method": "initialized" }).to_string()))?;
        let of_thread = json!({ "threadId": thread });
        let queued = call(&mut socket, 2, "thread/queue/list", &of_thread)?;
        let id = if let Some(wake) = queued["data"].as_array().into_iter().flatten().find(|one| is_wake(one)) {
            wake["id"].clone() // it does for these letters, too
        } else {
            let input = json!([{ "type": "text", "text": text }]);
            let ours = format!("cc2cc-{}", disk::unique());
            let wake = json!({ "threadId": thread, "clientUserMessageId": ours, "input": input });
            call(&mut socket, 3, "thread/queue/add", &wake)?["queuedSubmission"]["id"].clone()
        };
        // After a turn that was cut with Esc the queue stands still. Where it does not, this is refused.
        let _ = call(&mut socket, 4, "thread/queue/start", &json!({ "threadId": thread, "queuedSubmissionId": id }));
        let _ = socket.close(None);
        Ok(())
    }

    fn is_wake(queued: &Value) -> bool {
        queued["input"][0]["text"].as_str().is_some_and(|text| wakes::bare_word(text).is_some())
    }

    fn call(socket: &mut WebSocket<UnixStream>, id: u64, method: &str, params: &Value) -> Result<Value> {
        socket.send(Message::text(json!({ "id": id, "method": method, "params": params }).to_string()))?;
        for _ in 0..MOST_MESSAGES {
            let Message::Text(text) = socket.read()? else { continue };
            let said: Value = serde_json::from_str(&text)?;
            if said["id"] != id || said.get("method").is_some() {
                continue;
            }
            return match said.get("error") {
                None => Ok(said["result"].clone()),
                Some(error) => bail!("{method}: {}", error["message"].as_str().unwrap_or("refused")),
            };
        }
        bail!("{method} was not answered")
    }
}

#[cfg(not(unix))]
mod daemon {
    use std::path::Path;

    use anyhow::{Result, bail};

    pub fn add(_: &Path, _: &str, _: &str) -> Result<()> {
        bail!("its socket is none that this system's programs reach")
    }
}
