//! Registering with Codex: our hooks in its `hooks.json`, our server in its `config.toml`. Both files are the person's, so
//! what is there stays as it is, and only what is ours is changed or taken away.
//!
//! Codex runs a hook only once its person trusts it. That trust is theirs to give; nothing here writes it.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use toml_edit::{DocumentMut, InlineTable, Item, Table, value};

use crate::{
    agent::client_program::ClientProgram,
    clients::{calls::CLIENT_VARIABLE, codex::queue},
    failure::{Code, Failure},
    mailbox::disk::{self, Durability},
};

/// The events of Codex, and what our hook of each is called.
const EVENTS: [(&str, &str); 6] = [
    ("SessionStart", "session-start"),
    ("UserPromptSubmit", "user-prompt-submit"),
    ("PostToolUse", "post-tool-use"),
    ("PermissionRequest", "permission-request"),
    ("Stop", "stop"),
    ("SessionEnd", "session-end"),
];
/// What every command of ours has in it, wherever the program lies.
const MARK: &str = " hook --client codex ";
/// The name of our server.
const SERVER: &str = "cc2cc";
const LIMIT_BYTES: u64 = 16 * 1024 * 1024;

/// Where Codex keeps its files.
#[derive(Debug, Clone)]
pub struct CodexFiles {
    folder: PathBuf,
}

/// What became of our server's registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerEntry {
    Ours,
    /// Somebody else's server has the name; it was left alone.
    Occupied,
}

/// What is registered, and what of it Codex's person has trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// How many of our hooks there are.
    pub hooks: usize,
    /// How many of them the person has trusted in one form or another; whether in this one, Codex alone knows.
    pub trusted: usize,
    pub has_server: bool,
}

impl Registered {
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.hooks == EVENTS.len() && self.has_server
    }
}

impl CodexFiles {
    /// `${CODEX_HOME:-~/.codex}`; `None` when there is no home directory.
    #[must_use]
    pub fn from_env() -> Option<Self> {
        queue::home().map(|folder| Self { folder })
    }

    /// Whether Codex has been used here.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.folder.is_dir()
    }

    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn hooks(&self) -> PathBuf {
        self.folder.join("hooks.json")
    }

    fn config(&self) -> PathBuf {
        self.folder.join("config.toml")
    }

    /// Registers this program, or another place of it. Repeating it changes nothing.
    ///
    /// # Errors
    /// When a file of Codex's cannot be read, understood or written; it is left as it is then.
    pub fn install(&self, program: &Path) -> Result<ServerEntry, Failure> {
        let mut hooks = self.read_hooks()?;
        let mut config = self.read_config()?;
        let entry = put_server(&mut config, program);
        put_hooks(&mut hooks, program).map_err(|why| not_understood(&self.hooks(), why))?;
        disk::create_dir_all(&self.folder)?;
        write(&self.hooks(), &pretty(&hooks))?;
        write(&self.config(), &config.to_string())?;
        Ok(entry)
    }

    /// Takes away what is ours. Gives whether anything was.
    ///
    /// # Errors
    /// As [`CodexFiles::install`].
    pub fn uninstall(&self) -> Result<bool, Failure> {
        let (mut hooks, mut config) = (self.read_hooks()?, self.read_config()?);
        let had_hooks = take_hooks(&mut hooks);
        let had_server = take_server(&mut config);
        if had_hooks && hooks == json!({ "hooks": {} }) {
            disk::remove(&self.hooks())?; // nobody else had anything in it
        } else if had_hooks {
            write(&self.hooks(), &pretty(&hooks))?;
        }
        if had_server {
            write(&self.config(), &config.to_string())?;
        }
        Ok(had_hooks || had_server)
    }

    /// What is registered.
    ///
    /// # Errors
    /// When a file of Codex's cannot be read or understood.
    pub fn registered(&self) -> Result<Registered, Failure> {
        let (hooks, config) = (self.read_hooks()?, self.read_config()?);
        let trusted = |event: &str, group: usize, at: usize| {
            let key = format!("{}:{event}:{group}:{at}", self.hooks().display());
            config.get("hooks").and_then(|hooks| hooks.get("state")?.get(&key)?.get("trusted_hash")).is_some()
        };
        let mut found = Registered { hooks: 0, trusted: 0, has_server: is_our_server(&config) };
        for (event, name) in EVENTS {
            let groups = hooks["hooks"][event].as_array();
            for (group, groups) in groups.into_iter().flatten().enumerate() {
                for (at, hook) in groups["hooks"].as_array().into_iter().flatten().enumerate() {
                    if is_ours(hook) {
                        found.hooks += 1;
                        found.trusted += usize::from(trusted(&name.replace('-', "_"), group, at));
                    }
                }
            }
        }
        Ok(found)
    }

    fn read_hooks(&self) -> Result<Value, Failure> {
        let path = self.hooks();
        if !path.exists() {
            return Ok(json!({ "hooks": {} }));
        }
        serde_json::from_slice(&disk::read(&path, LIMIT_BYTES)?).map_err(|why| not_understood(&path, why))
    }

    fn read_config(&self) -> Result<DocumentMut, Failure> {
        let path = self.config();
        if !path.exists() {
            return Ok(DocumentMut::new());
        }
        let text = String::from_utf8_lossy(&disk::read(&path, LIMIT_BYTES)?).into_owned();
        text.parse().map_err(|why| not_understood(&path, why))
    }
}

/// Writes a file in one step, unless it says this already. A link leads to where the person keeps the file.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    if disk::read(path, LIMIT_BYTES).is_ok_and(|there| there == text.as_bytes()) {
        return Ok(());
    }
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    Ok(disk::replace(&path, text.as_bytes(), Durability::Disk)?)
}

fn not_understood(path: &Path, why: impl std::fmt::Display) -> Failure {
    let why = why.to_string();
    let why = why.lines().next().unwrap_or_default();
    Failure::new(Code::Failed, format!("{} cannot be understood, so it was left alone: {why}", path.display()))
        .hint("mend it, and install again")
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

/// Puts our hooks behind those that are there. Those of ours stay in their places, for Codex remembers by its place what
/// its person trusts.
fn put_hooks(file: &mut Value, program: &Path) -> Result<(), &'static str> {
    let events = file.as_object_mut().ok_or("it is no object")?.entry("hooks").or_insert_with(|| json!({}));
    let events = events.as_object_mut().ok_or("its `hooks` are no object")?;
    for (event, name) in EVENTS {
        let hook = hook(program, name);
        let groups = events.entry(event).or_insert_with(|| json!([]));
        let groups = groups.as_array_mut().ok_or("the hooks of an event are no list")?;
        let hooks = groups.iter_mut().filter_map(|group| group["hooks"].as_array_mut()).flatten();
        match hooks.filter(|hook| is_ours(hook)).last() {
            Some(there) => *there = hook,
            None => groups.push(json!({ "hooks": [hook] })),
        }
    }
    Ok(())
}

fn hook(program: &Path, name: &str) -> Value {
    // Without the limit a long letter would be put into a file, of which the model is told.
    json!({ "type": "command", "command": format!("{}{MARK}{name}", quoted(program)), "additionalContextLimit": 0 })
}

/// A path as the shell takes it that Codex starts hooks with.
fn quoted(program: &Path) -> String {
    let text = program.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if cfg!(windows) {
        return format!("\"{text}\"");
    }
    if text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

fn is_ours(hook: &Value) -> bool {
    hook["command"].as_str().is_some_and(|command| command.contains(MARK))
}

/// Takes our hooks out, and what is empty without them.
fn take_hooks(file: &mut Value) -> bool {
    let Some(events) = file["hooks"].as_object_mut() else { return false };
    let mut had = false;
    for groups in events.values_mut().filter_map(Value::as_array_mut) {
        groups.retain_mut(|group| {
            let Some(hooks) = group["hooks"].as_array_mut() else { return true };
            let before = hooks.len();
            hooks.retain(|hook| !is_ours(hook));
            had |= hooks.len() < before;
            hooks.len() == before || !hooks.is_empty()
        });
    }
    if had {
        events.retain(|_, groups| groups.as_array().is_none_or(|groups| !groups.is_empty()));
    }
    had
}

fn put_server(config: &mut DocumentMut, program: &Path) -> ServerEntry {
    let is_there = config.get("mcp_servers").and_then(|servers| servers.get(SERVER)).is_some();
    if is_there && !is_our_server(config) {
        return ServerEntry::Occupied;
    }
    let servers = config.entry("mcp_servers").or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    let mut env = InlineTable::new();
    env.insert(CLIENT_VARIABLE, ClientProgram::Codex.word().into());
    let command = program.display().to_string();
    // What its person has set for our server besides stays.
    servers[SERVER].or_insert(Item::Table(Table::new()));
    servers[SERVER]["command"] = value(command);
    servers[SERVER]["args"] = value(["mcp"].into_iter().collect::<toml_edit::Array>());
    servers[SERVER]["env"] = value(env);
    ServerEntry::Ours
}

fn is_our_server(config: &DocumentMut) -> bool {
    let server = config.get("mcp_servers").and_then(|servers| servers.get(SERVER));
    let client = server.and_then(|server| server.get("env")?.get(CLIENT_VARIABLE)?.as_str());
    client == Some(ClientProgram::Codex.word())
}

fn take_server(config: &mut DocumentMut) -> bool {
    if !is_our_server(config) {
        return false;
    }
    let Some(servers) = config.get_mut("mcp_servers").and_then(Item::as_table_like_mut) else { return false };
    servers.remove(SERVER);
    if servers.is_empty() {
        config.remove("mcp_servers");
    }
    true
}

#[cfg(all(test, unix))] // the paths in them are those of Unix
mod tests {
    use std::fs;

    use super::*;

    const THEIRS: &str = r#"{
  "hooks": {
    "Stop": [
      {
        "hooks": [
          {
            "type": "command",
            "command": "notify done"
          }
        ]
      }
    ]
  },
  "about": "mine"
}
"#;
    const CONFIG: &str = "# mine\nmodel = \"x\" # the best\n\n[mcp_servers.other]\ncommand = \"other\"\n";

    fn files(dir: &tempfile::TempDir) -> CodexFiles {
        CodexFiles { folder: dir.path().join("codex") }
    }

    #[test]
    fn what_is_ours_goes_in_once_and_out_again_and_the_rest_stays_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let codex = files(&dir);
        fs::create_dir(codex.folder()).unwrap();
        fs::write(codex.hooks(), THEIRS).unwrap();
        fs::write(codex.config(), CONFIG).unwrap();
        let program = Path::new("/opt/cc2cc/bin/cc2cc");
        let texts = || [codex.hooks(), codex.config()].map(|file| fs::read_to_string(file).unwrap());
        assert_eq!(codex.install(program).unwrap(), ServerEntry::Ours);
        let once = texts();
        assert!(codex.registered().unwrap().is_whole());
        codex.install(program).unwrap();
        assert_eq!(texts(), once, "repeating it changes nothing");
        assert!(once[0].contains("notify done") && once[1].starts_with(CONFIG), "{once:?}");
        assert!(!once[1].contains("trust"), "trust is the person's");
        codex.install(Path::new("/else where/cc2cc")).unwrap();
        let moved = texts();
        assert!(moved[0].contains("'/else where/cc2cc' hook --client codex stop") && !moved[0].contains("/opt/"));
        assert!(codex.uninstall().unwrap());
        assert_eq!(texts(), [THEIRS.to_owned(), CONFIG.to_owned()]);
        assert!(!codex.uninstall().unwrap(), "there is nothing more of ours");
    }

    #[test]
    fn files_that_were_made_for_us_go_and_strange_ones_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let codex = files(&dir);
        codex.install(Path::new("/opt/cc2cc")).unwrap();
        assert!(codex.uninstall().unwrap());
        assert!(!codex.hooks().exists());
        for (file, text) in [("hooks.json", "{ no json"), ("hooks.json", "[]"), ("config.toml", "= no toml")] {
            let path = codex.folder().join(file);
            fs::write(&path, text).unwrap();
            assert!(codex.install(Path::new("/opt/cc2cc")).is_err(), "{text}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn a_server_of_our_name_that_is_not_ours_stays() {
        let dir = tempfile::tempdir().unwrap();
        let codex = files(&dir);
        fs::create_dir(codex.folder()).unwrap();
        let theirs = "[mcp_servers.cc2cc]\ncommand = \"theirs\"\n";
        fs::write(codex.config(), theirs).unwrap();
        assert_eq!(codex.install(Path::new("/opt/cc2cc")).unwrap(), ServerEntry::Occupied);
        assert!(!codex.registered().unwrap().has_server);
        codex.uninstall().unwrap();
        assert_eq!(fs::read_to_string(codex.config()).unwrap(), theirs);
    }

    #[test]
    fn trust_is_told_by_the_place_of_a_hook() {
        let dir = tempfile::tempdir().unwrap();
        let codex = files(&dir);
        codex.install(Path::new("/opt/cc2cc")).unwrap();
        assert_eq!(codex.registered().unwrap().trusted, 0);
        let mut text = fs::read_to_string(codex.config()).unwrap();
        let hooks = codex.hooks();
        text.push_str(&format!("\n[hooks.state.\"{}:stop:0:0\"]\ntrusted_hash = \"sha256:0\"\n", hooks.display()));
        fs::write(codex.config(), text).unwrap();
        assert_eq!(codex.registered().unwrap(), Registered { hooks: 6, trusted: 1, has_server: true });
    }
}
