//! What kind of client a process is: a terminal, a one-shot `claude -p`, or one that is fed messages by another program.
//!
//! Variables do not tell: `CLAUDE_CODE_ENTRYPOINT` and what follows from it are inherited by every `claude` that a session
//! starts. A client is not interactive when its command line says so, or when its standard output is no terminal.

use std::path::Path;

use crate::agent::host;

/// How a client is worked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientKind {
    /// Somebody types into it.
    Terminal,
    /// It answers one prompt and ends, and waits for background hooks before and after.
    OneShot,
    /// Messages come over its standard input, one line of JSON each; it ends when that ends and no background hook runs.
    Streaming,
    /// A teammate of an agent team, in a pane of its own: the session of the team's lead speaks for the team.
    Teammate,
    /// Neither command line nor streams can be read.
    Unknown,
}

/// What kind of client the process `pid` is.
#[must_use]
pub fn of(pid: u32) -> ClientKind {
    let words = host::command_line(pid);
    if is_teammate(&words) {
        return ClientKind::Teammate;
    }
    if takes_messages(&words) {
        return ClientKind::Streaming;
    }
    if says_print(&words) {
        return ClientKind::OneShot;
    }
    // A process that does not look like a client, such as a wrapper, has streams of its own.
    match is_client(&words).then(|| writes_to_a_terminal(pid)).flatten() {
        Some(true) => ClientKind::Terminal,
        Some(false) => ClientKind::OneShot,
        None => ClientKind::Unknown,
    }
}

/// How a process calls itself that was started before there was a session for it to run in the background.
const BACKGROUND: &str = "claude bg-";

/// Whether the client runs its session in the background, on a terminal that nobody need look at.
#[must_use]
pub fn is_hosted(pid: u32) -> bool {
    /// A client that waits until it is given a session, and goes on calling itself so.
    const WAITS: &str = "--bg-spare";
    /// What keeps the terminal of a session that was started at once.
    const HOSTS: &str = "--bg-pty-host";
    let says = |pid, word: &str| host::command_line(pid).iter().any(|said| said == word);
    says(pid, WAITS) || host::parent_of(pid).is_some_and(|parent| says(parent, HOSTS))
}

/// The option by which a client was started without plugins.
#[must_use]
pub fn without_plugins(pid: u32) -> Option<String> {
    let words = host::command_line(pid);
    let found = options(&words).find(|word| matches!(*word, "--bare" | "--safe-mode"));
    found.map(|option| format!("`{option}`"))
}

/// Whether a client is that of a teammate, which its lead's client has started.
fn is_teammate(words: &[String]) -> bool {
    let says = |name: &str| {
        options(words).any(|word| word == name || word.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')))
    };
    is_client(words) && says("--agent-id") && says("--team-name")
}

/// Whether a command line is that of Claude Code: its own binary, or a script that another one runs.
#[must_use]
pub fn is_client(words: &[String]) -> bool {
    let [program, rest @ ..] = words else { return false };
    let program = Path::new(program);
    let name = program.file_stem().unwrap_or_default().to_string_lossy();
    // An update starts the new version by its own name, `…/claude/versions/2.1.332`.
    let is_version = || {
        let mut folders = program.ancestors().skip(1).filter_map(Path::file_name);
        folders.next().is_some_and(|name| name == "versions") && folders.next().is_some_and(|name| name == "claude")
    };
    let is_script = || {
        matches!(&*name, "node" | "bun" | "deno" | "sh" | "bash")
            && rest.iter().find(|word| !word.starts_with('-')).is_some_and(|script| {
                let script = Path::new(script);
                let is_program =
                    script.extension().is_none_or(|kind| matches!(kind.to_str(), Some("js" | "mjs" | "cjs" | "sh")));
                is_program && script.file_stem().is_some_and(|name| name == "claude")
                    || script.components().any(|part| part.as_os_str() == "claude-code")
            })
    };
    name == "claude" || name.starts_with(BACKGROUND) || is_version() || is_script()
}

/// The options whose value is any text at all, so that it may look like an option.
const TEXTS: [&str; 7] = [
    "--append-subagent-system-prompt",
    "--append-system-prompt",
    "--name",
    "--plan-mode-instructions",
    "--system-prompt",
    "-m",
    "-n",
];

/// The options before `--`, without the program's own name and without texts.
fn options(words: &[String]) -> impl Iterator<Item = &str> {
    let mut is_text = false;
    let options = words.iter().skip(1).map(String::as_str).take_while(|word| *word != "--");
    options.filter(move |word| {
        let was_text = is_text;
        is_text = !was_text && TEXTS.contains(word);
        !was_text && word.starts_with('-')
    })
}

/// Whether the client prints an answer and ends. `-p` may stand together with other single letters.
fn says_print(words: &[String]) -> bool {
    options(words).any(|word| match word {
        "-p" | "--print" | "--init-only" => true,
        // `-c`, continue, is the one letter beside it that takes no value.
        _ => word.strip_prefix('-').is_some_and(|letters| {
            letters.contains('p') && letters.bytes().all(|letter| matches!(letter, b'c' | b'p'))
        }),
    })
}

/// Whether messages come over standard input.
fn takes_messages(words: &[String]) -> bool {
    const FORMAT: &str = "--input-format";
    const JSON: &str = "stream-json";
    let words: Vec<&str> = words.iter().map(String::as_str).take_while(|word| *word != "--").collect();
    words.windows(2).any(|pair| pair == [FORMAT, JSON])
        || words.iter().any(|word| {
            word.strip_prefix(FORMAT).is_some_and(|rest| rest.strip_prefix('=') == Some(JSON))
                || word.starts_with("--sdk-url")
        })
}

/// Whether a process writes to a terminal; `None` when the system does not tell.
#[cfg(target_os = "linux")]
fn writes_to_a_terminal(pid: u32) -> Option<bool> {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    /// `/dev/null` and its like.
    const MEMORY_DEVICES: u32 = 1;
    let facts = std::fs::metadata(format!("/proc/{pid}/fd/1")).ok()?;
    Some(facts.file_type().is_char_device() && rustix::fs::major(facts.rdev()) != MEMORY_DEVICES)
}

#[cfg(not(target_os = "linux"))]
fn writes_to_a_terminal(_: u32) -> Option<bool> {
    None
}

#[cfg(test)]
mod tests {
    use super::{is_client, is_teammate, says_print, takes_messages};

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_client_is_known_by_its_program() {
        for line in [
            "claude",
            "/usr/local/bin/claude.exe --version",
            "/home/ann/.local/share/claude/versions/2.1.332 --resume",
            "node --no-warnings /usr/lib/node_modules/@anthropic-ai/claude-code/cli.js",
            "/bin/sh /usr/local/bin/claude",
        ] {
            assert!(is_client(&words(line)), "{line}");
        }
        for line in [
            "vim claude.md",
            "bash -c claude.md",
            "/home/ann/.claude/skills/cc2cc/bin/cc2cc mcp",
            "claude-squad",
            "bash /home/ann/claude-notes.sh",
            "",
        ] {
            assert!(!is_client(&words(line)), "{line}");
        }
    }

    #[test]
    fn a_one_shot_client_is_known_by_its_command_line() {
        for line in [
            "claude -p hello",
            "claude --print",
            "/usr/bin/claude --model opus hello -p",
            "claude -cp",
            "claude -pc",
            "node /usr/lib/claude -p",
            "claude --init-only",
            "claude --name work -p",
        ] {
            assert!(says_print(&words(line)), "{line}");
        }
        for line in [
            "claude",
            "claude hello",
            "claude -c",
            "claude --continue",
            "claude --permission-mode plan",
            "claude -- -p",
            "claude --append-system-prompt -p hello",
            "claude -n -p",
            "claude p",
            "claude --plugin-dir p",
        ] {
            assert!(!says_print(&words(line)), "{line}");
        }
    }

    #[test]
    fn a_teammate_is_known_by_its_command_line() {
        let team = "claude.exe --agent-id mate@crew --agent-name mate --team-name crew --parent-session-id c8f4";
        assert!(is_teammate(&words(team)));
        assert!(is_teammate(&words("claude --agent-id=mate@crew --team-name=crew")));
        for line in
            ["claude", "claude --agent reviewer", "claude --team-name crew", "claude -- --agent-id a --team-name b"]
        {
            assert!(!is_teammate(&words(line)), "{line}");
        }
    }

    #[test]
    fn a_streaming_client_is_known_by_its_command_line() {
        for line in [
            "claude -p --input-format stream-json --output-format stream-json",
            "claude --output-format stream-json --verbose --input-format=stream-json",
            "claude --print --sdk-url wss://example.org",
        ] {
            assert!(takes_messages(&words(line)), "{line}");
        }
        for line in
            ["claude -p --input-format text", "claude --output-format stream-json", "claude -- --input-format=x"]
        {
            assert!(!takes_messages(&words(line)), "{line}");
        }
    }
}
