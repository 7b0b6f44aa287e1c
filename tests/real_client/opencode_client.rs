//! The real OpenCode in a terminal, driven and watched as Claude Code is.

use std::fs;
use std::path::PathBuf;

use portable_pty::CommandBuilder;
use serde_json::{Value, json};

use crate::chat_api::{ChatApi, ChatRequest};
use crate::support::eventually::{PATIENCE, within};
use crate::support::terminal::{COLUMNS, ROWS, Terminal};
use crate::world::{World, named_client};

/// The version that is spoken for.
const VERSION: &str = "1.18.33";

/// A running OpenCode; killed when dropped.
pub struct OpenCode {
    /// The model of all its sessions.
    pub api: ChatApi,
    terminal: Terminal,
    _world: World,
}

/// How an OpenCode is to be started.
#[must_use]
pub struct OpenCodeBuilder<'a> {
    world: &'a World,
    project: &'a str,
    api: ChatApi,
    words: Vec<String>,
    name: Option<&'a str>,
    permission: Value,
}

impl<'a> OpenCodeBuilder<'a> {
    pub fn new(world: &'a World, project: &'a str) -> Self {
        Self { world, project, api: ChatApi::start(), words: Vec::new(), name: Some(project), permission: json!({}) }
    }

    pub fn words(mut self, words: &[&str]) -> Self {
        self.words = words.iter().map(ToString::to_string).collect();
        self
    }

    pub fn model(mut self, api: &ChatApi) -> Self {
        self.api = api.clone();
        self
    }

    /// Names none of its sessions.
    pub fn nameless(mut self) -> Self {
        self.name = None;
        self
    }

    /// It asks before it acts, as nobody's does who has set nothing.
    pub fn asks(mut self) -> Self {
        self.permission = json!({"bash": "ask", "edit": "ask"});
        self
    }

    /// Starts it and waits for its prompt.
    #[track_caller]
    pub fn start(self) -> OpenCode {
        let config = json!({
            "autoupdate": false,
            "share": "disabled",
            "provider": {"stand-in": {
                "npm": "@ai-sdk/openai-compatible",
                "name": "Stand-in",
                "options": {"baseURL": self.api.url(), "apiKey": "none"},
                "models": {"stand-in": {"name": "Stand-in", "limit": {"context": 200_000, "output": 8_000}}},
            }},
            "model": "stand-in/stand-in",
            "small_model": "stand-in/stand-in",
            "permission": self.permission,
        });
        let mut command = CommandBuilder::new(client());
        command.args(&self.words);
        command.env_clear();
        let home = self.world.home().display().to_string();
        // Its own table of some thousand models costs it ten seconds of computing with each start.
        let no_models = self.world.home().join("models.json").display().to_string();
        fs::write(&no_models, "{}").expect("a table of models");
        for (name, value) in [
            ("HOME", home.as_str()),
            ("PATH", &self.world.path()),
            ("TERM", "xterm-256color"),
            ("COLORTERM", "truecolor"),
            ("LANG", "C.UTF-8"),
            ("SHELL", "/bin/bash"),
            ("OPENCODE_CONFIG_CONTENT", &config.to_string()),
            ("OPENCODE_DISABLE_AUTOUPDATE", "1"),
            ("OPENCODE_DISABLE_DEFAULT_PLUGINS", "1"),
            ("OPENCODE_DISABLE_LSP_DOWNLOAD", "1"),
            ("OPENCODE_DISABLE_MODELS_FETCH", "1"),
            ("OPENCODE_MODELS_PATH", &no_models),
        ] {
            command.env(name, value);
        }
        if let Some(name) = self.name {
            command.env("CC2CC_NAME", name);
        }
        command.cwd(self.world.project(self.project));
        let terminal = Terminal::run_on(command, COLUMNS, ROWS);
        let opencode = OpenCode { api: self.api, terminal, _world: self.world.clone() };
        opencode.wait("its prompt", || opencode.screen().contains("ctrl+p commands").then_some(()));
        opencode
    }
}

impl OpenCode {
    pub fn screen(&self) -> String {
        self.terminal.screen()
    }

    /// Waits until `look` finds something; failing that, panics with the screen and the requests.
    #[track_caller]
    pub fn wait<T>(&self, what: &str, look: impl FnMut() -> Option<T>) -> T {
        let told = || self.api.requests().iter().map(ChatRequest::newest).collect::<Vec<_>>().join("\n---\n");
        within(PATIENCE, look).unwrap_or_else(|| {
            panic!("{what}: not seen within {PATIENCE:?}\n=== screen\n{}\n=== told\n{}", self.screen(), told())
        })
    }

    #[track_caller]
    pub fn wait_for_screen(&self, text: &str) {
        self.wait(&format!("{text:?} on the screen"), || self.screen().contains(text).then_some(()));
    }

    /// Waits until the model has been told `text`, and gives the request that told it first.
    #[track_caller]
    pub fn wait_until_told(&self, text: &str) -> ChatRequest {
        let found = || self.api.requests().into_iter().find(|request| request.newest().contains(text));
        self.wait(&format!("a request that says {text:?}"), found)
    }

    /// Types `text`, sees it, and leaves it in the prompt box.
    #[track_caller]
    pub fn type_text(&mut self, text: &str) {
        self.terminal.press(text);
        self.wait_for_screen(text);
    }

    /// Types `text` and presses Enter.
    #[track_caller]
    pub fn type_line(&mut self, text: &str) {
        self.type_text(text);
        self.terminal.press("\r");
    }

    pub fn press(&mut self, keys: &str) {
        self.terminal.press(keys);
    }

    pub fn kill9(&mut self) {
        self.terminal.kill9();
    }
}

/// OpenCode's own folder, as if it had been started before: otherwise it fetches a package as it starts.
pub fn settle_folder(world: &World) -> PathBuf {
    let folder = world.home().join(".config/opencode");
    fs::create_dir_all(folder.join("node_modules")).expect("OpenCode's folder");
    let fetched = json!({"dependencies": {"@opencode-ai/plugin": VERSION}});
    fs::write(folder.join("package.json"), fetched.to_string()).expect("what it has fetched");
    let lock = json!({"lockfileVersion": 3, "packages": {"": fetched}});
    fs::write(folder.join("package-lock.json"), lock.to_string()).expect("what it has fetched");
    folder
}

/// The client to test.
///
/// # Panics
/// When `CC2CC_TEST_OPENCODE` does not name one.
pub fn client() -> PathBuf {
    named_client("CC2CC_TEST_OPENCODE", "opencode", "opencode-ai", VERSION)
}
