//! What a person's settings do to the hooks of the plugin. The client says nothing when they are silent, so a session that
//! cannot be woken, and `cc2cc doctor`, name the file and the line that did it.

use std::{
    env,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::host_process;
use crate::mailbox::{disk, lenient};

const LIMIT_BYTES: u64 = 1024 * 1024;
/// How the client begins the names by which settings turn the plugin on and off.
const PLUGIN: &str = "cc2cc@";

/// Where managed settings lie.
const MANAGED: &str = if cfg!(windows) {
    r"C:\Program Files\ClaudeCode\managed-settings.json"
} else if cfg!(target_os = "macos") {
    "/Library/Application Support/ClaudeCode/managed-settings.json"
} else {
    "/etc/claude-code/managed-settings.json"
};

/// What keeps the hooks of a session in this directory silent, with the file and the line; `None` when nothing does.
#[must_use]
pub fn silence(cwd: &Path) -> Option<String> {
    let own = [".claude/settings.local.json", ".claude/settings.json"].map(|file| cwd.join(file));
    let user = host_process::folder().map(|folder| folder.join("settings.json"));
    found(Path::new(MANAGED), own.into_iter().chain(user))
}

/// The directory that a server's session works in.
#[must_use]
pub fn project() -> PathBuf {
    let named = env::var_os("CLAUDE_PROJECT_DIR").map(PathBuf::from);
    named.or_else(|| env::current_dir().ok()).unwrap_or_default()
}

/// The same of these files, those that count for more first.
fn found(managed: &Path, files: impl Iterator<Item = PathBuf>) -> Option<String> {
    let managed = File::read(managed.to_owned());
    let files: Vec<File> = files.filter_map(File::read).collect();
    if let Some(file) = managed.as_ref().filter(|file| file.value["allowManagedHooksOnly"] == true) {
        return Some(file.says("allowManagedHooksOnly"));
    }
    let all = || managed.iter().chain(&files);
    if let Some(file) = all().find(|file| file.value["disableAllHooks"].is_boolean())
        && file.value["disableAllHooks"] == true
    {
        return Some(file.says("disableAllHooks"));
    }
    let of_plugin = |file: &File| {
        let plugins = file.value["enabledPlugins"].as_object()?;
        let (name, on) = plugins.iter().find(|(name, on)| name.starts_with(PLUGIN) && on.is_boolean())?;
        Some((name.clone(), on == &Value::Bool(true)))
    };
    let (file, name) = all().find_map(|file| of_plugin(file).map(|(name, on)| (!on).then_some((file, name))))??;
    Some(file.says(&name))
}

/// A file of settings as it is read.
struct File {
    path: PathBuf,
    text: String,
    value: Value,
}

impl File {
    fn read(path: PathBuf) -> Option<Self> {
        let bytes = disk::read(&path, LIMIT_BYTES).ok()?;
        let value = lenient::from_slice(&bytes).ok()?;
        Some(Self { path, text: String::from_utf8_lossy(&bytes).into_owned(), value })
    }

    /// That a setting stands here, and where.
    fn says(&self, name: &str) -> String {
        let quoted = format!("\"{name}\"");
        let line = self.text.lines().position(|line| line.contains(&quoted)).map_or(1, |at| at + 1);
        format!("`{name}` in {}, line {line}", self.path.display())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_setting_that_counts_is_named_with_file_and_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let told = || {
            let told = found(&path("managed"), ["local", "project", "user"].map(path).into_iter());
            told.map(|told| told.replace(&path("").display().to_string(), ""))
        };
        let write = |name: &str, text: &str| fs::write(path(name), text).unwrap();
        assert_eq!(told(), None);
        write("user", "{\n  \"model\": \"x\",\n  \"disableAllHooks\": true\n}");
        assert_eq!(told().as_deref(), Some("`disableAllHooks` in user, line 3"));
        write("project", "{ \"disableAllHooks\": false }");
        assert_eq!(told(), None, "the project's settings count for more");
        write("local", "{ \"enabledPlugins\": { \"cc2cc@skills-dir\": false, \"other@x\": true } }");
        assert_eq!(told().as_deref(), Some("`cc2cc@skills-dir` in local, line 1"));
        write("managed", "{\n\"allowManagedHooksOnly\": true\n}");
        assert_eq!(told().as_deref(), Some("`allowManagedHooksOnly` in managed, line 2"));
        for nonsense in ["", "[]", "{ \"disableAllHooks\": \"yes\" }", "{ \"enabledPlugins\": [] }"] {
            for file in ["managed", "local", "project", "user"] {
                write(file, nonsense);
            }
            assert_eq!(told(), None, "{nonsense}");
        }
    }
}
