//! Claude Code's permission modes, and how far a session acts in each without asking.

use std::path::Path;

use serde_json::Value;

use super::host_process;
use crate::mailbox::{disk, lenient, level::Level};

const SETTINGS_LIMIT_BYTES: u64 = 1024 * 1024;

/// The mode in which everything runs unasked.
pub const BYPASS: &str = "bypassPermissions";

/// The modes that a session can be started in; `manual` is the newer word for `default`.
pub const MODES: [&str; 7] = ["default", "manual", "plan", "acceptEdits", "auto", "dontAsk", BYPASS];

/// The level of a mode. One that this version does not know counts as one that asks: as a sender it is then guarded
/// against, and as a receiver its person is not asked for every letter.
#[must_use]
pub fn level(mode: &str) -> Level {
    match mode {
        "plan" => Level::Plans,
        "acceptEdits" => Level::Edits,
        "auto" => Level::Checked,
        BYPASS => Level::Free,
        // `default` asks; `dontAsk` refuses what it would have to ask for.
        _ => Level::Asks,
    }
}

/// The level at which a session starts in `cwd`, as far as the client's command line and settings say. No hook is told
/// before the first prompt, and what is sent until then must be judged all the same.
#[must_use]
pub fn at_start(cwd: Option<&Path>) -> Option<Level> {
    of_command_line(&host_process::command_line()).or_else(|| of_settings(cwd))
}

fn of_command_line(words: &[String]) -> Option<Level> {
    const MODE: &str = "--permission-mode";
    let words = || words.iter().map(String::as_str).take_while(|word| *word != "--");
    if words().any(|word| word == "--dangerously-skip-permissions") {
        return Some(Level::Free);
    }
    let after = words().zip(words().skip(1)).filter_map(|(word, next)| (word == MODE).then_some(next));
    let joined = words().filter_map(|word| word.strip_prefix(MODE)?.strip_prefix('='));
    after.chain(joined).last().map(level)
}

/// What the nearest settings say: of this place alone, of the project, of the person.
fn of_settings(cwd: Option<&Path>) -> Option<Level> {
    let of_project = |name: &str| Some(cwd?.join(".claude").join(name));
    let of_person = host_process::folder().map(|folder| folder.join("settings.json"));
    let files = [of_project("settings.local.json"), of_project("settings.json"), of_person];
    files.into_iter().flatten().find_map(|file| {
        let settings: Value = lenient::from_slice(&disk::read(&file, SETTINGS_LIMIT_BYTES).ok()?).ok()?;
        settings["permissions"]["defaultMode"].as_str().map(level)
    })
}

/// Whether a client that was started with these words can come to bypass permissions.
#[must_use]
pub fn may_bypass(words: &[String]) -> bool {
    words.iter().any(|word| word.contains("dangerously-skip-permissions") || word.contains(BYPASS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_says_how_a_session_starts() {
        let level = |line: &str| of_command_line(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(level("claude --dangerously-skip-permissions --permission-mode plan"), Some(Level::Free));
        assert_eq!(level("claude --permission-mode bypassPermissions hello"), Some(Level::Free));
        assert_eq!(level("claude --permission-mode=plan"), Some(Level::Plans));
        for line in ["claude", "claude --allow-dangerously-skip-permissions", "claude -- --permission-mode plan"] {
            assert_eq!(level(line), None, "{line}");
        }
    }

    #[test]
    fn only_one_mode_is_free() {
        for (mode, wanted) in [
            ("plan", Level::Plans),
            ("default", Level::Asks),
            ("dontAsk", Level::Asks),
            ("acceptEdits", Level::Edits),
            ("auto", Level::Checked),
            (BYPASS, Level::Free),
            ("bypasspermissions", Level::Asks),
            ("", Level::Asks),
        ] {
            assert_eq!(level(mode), wanted, "{mode}");
        }
    }
}
