//! Which session of Codex a command belongs to that a model runs: the client names the thread in a variable, and runs the
//! command below itself or below its sandbox.

use std::{env, path::Path, process};

use crate::{
    agent::{
        client_program::ClientProgram,
        host::{self, HostKey},
    },
    clients::claude::{around::Around, kind::is_client},
};

/// Names the thread.
const THREAD_VARIABLE: &str = "CODEX_THREAD_ID";
/// The client, and the program in which it runs commands on Linux.
const PROGRAMS: [&str; 2] = ["codex", "codex-linux-sandbox"];

/// What is around this process if the nearest client is Codex; `None` when it is not.
#[must_use]
pub fn look() -> Option<Around> {
    let thread = env::var(THREAD_VARIABLE).ok();
    let key = || thread.as_deref().and_then(|thread| HostKey::of_session(ClientProgram::Codex.word(), thread));
    for pid in host::around(process::id()) {
        let line = host::command_line(pid);
        if is_codex(&line) {
            return Some(key().map_or(Around::SomeSession, Around::Session));
        }
        if is_client(&line) {
            return None;
        }
    }
    // A variable outlives its session: a terminal server that was started there hands it to the person's terminals.
    let is_left_over = thread.is_none() || host::has_terminal_beside(None);
    if is_left_over { None } else { key().map(Around::Session) }
}

/// Whether words are those of a process of Codex; the one that npm installs runs in node.
fn is_codex(line: &[String]) -> bool {
    let name = |word: &String| {
        Path::new(word).file_name().is_some_and(|name| {
            let name = name.to_string_lossy();
            PROGRAMS.contains(&name.strip_suffix(".exe").unwrap_or(&name))
        })
    };
    line.first().is_some_and(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_of_codex_is_known_by_its_words() {
        let is = |line: &str| is_codex(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert!(is("/home/ann/.codex/packages/app-server-daemon/releases/x/bin/codex app-server --listen unix://"));
        assert!(is("/tmp/arg0/codex-linux-sandbox --sandbox-policy-cwd /srv"));
        for line in ["", "bash -c codex", "vim codex", "/opt/codex/bin/other", "codex-notes"] {
            assert!(!is(line), "{line}");
        }
    }
}
