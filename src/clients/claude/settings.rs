//! What a person's settings do to the hooks of the plugin. The client says nothing when they are silent, so a session that
//! cannot be woken, and `cc2cc doctor`, name the file and the line that did it.

use std::{
    env,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::host_process;
use crate::mailbox::{disk, home, lenient};

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

/// A server of ours that somebody registered by hand for sessions in this directory: its name, and the file that says so.
#[must_use]
pub fn by_hand(cwd: &Path) -> Option<(String, PathBuf)> {
    let profile = env::var_os("CLAUDE_CONFIG_DIR").filter(|dir| !dir.is_empty()).map(PathBuf::from);
    let of_person = profile.or_else(home::of_person).map(|folder| folder.join(".claude.json"));
    registered(cwd, &cwd.join(".mcp.json")).or_else(|| registered(cwd, &of_person?))
}

/// The same of one file, in which servers stand for all directories or for some.
fn registered(cwd: &Path, file: &Path) -> Option<(String, PathBuf)> {
    let all: Value = lenient::from_slice(&disk::read(file, LIMIT_BYTES).ok()?).ok()?;
    let is_ours = |server: &Value| {
        let program = server["command"].as_str().map(Path::new).and_then(Path::file_stem);
        program.is_some_and(|name| name == "cc2cc") && server["args"][0] == "mcp"
    };
    let here = &all["projects"][cwd.display().to_string()];
    let servers = [here, &all].into_iter().filter_map(|place| place["mcpServers"].as_object()).flatten();
    let (name, _) = servers.into_iter().find(|(_, server)| is_ours(server))?;
    Some((name.clone(), file.to_owned()))
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
    fn a_server_that_was_registered_by_hand_is_found_by_what_it_runs() {
        let dir = tempfile::tempdir().unwrap();
        let (cwd, file) = (Path::new("/srv/app"), dir.path().join("servers"));
        let found = |text: &str| {
            fs::write(&file, text).unwrap();
            registered(cwd, &file).map(|(name, _)| name)
        };
        let ours = r#"{"command": "/home/ann/.local/bin/cc2cc", "args": ["mcp"]}"#;
        assert_eq!(
            found(&format!(r#"{{"mcpServers": {{"x": {{"command": "npx"}}, "mail": {ours}}}}}"#)).as_deref(),
            Some("mail")
        );
        let project = |dir: &str| format!(r#"{{"projects": {{"{dir}": {{"mcpServers": {{"post": {ours}}}}}}}}}"#);
        assert_eq!(found(&project("/srv/app")).as_deref(), Some("post"));
        assert_eq!(found(&project("/srv/other")), None);
        for nothing in
            ["", "[]", r#"{"mcpServers": []}"#, r#"{"mcpServers": {"cc2cc": {"command": "cc2cc", "args": ["watch"]}}}"#]
        {
            assert_eq!(found(nothing), None, "{nothing}");
        }
        assert_eq!(registered(cwd, &dir.path().join("missing")), None);
    }

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
