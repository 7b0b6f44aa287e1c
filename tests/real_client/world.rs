//! A private world for real clients: a home, project directories and plugins that nothing else shares.
//!
//! The client keeps its state under `HOME` and reads its environment for credentials, so a test that let either
//! through would read, and change, the real ones. Every client here starts from an empty environment.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::api::Api;
use crate::claude::Builder;

/// Any key will do for the stand-in; the client only wants it approved beforehand.
pub const API_KEY: &str = "sk-ant-stand-in-0123456789abcdefghij";

/// The home and the projects; deleted when the last clone and the last session are gone.
#[derive(Clone)]
pub struct World {
    dir: Arc<TempDir>,
}

impl World {
    /// An empty home that has seen the client's onboarding.
    pub fn new() -> Self {
        client();
        let world = Self { dir: Arc::new(tempfile::tempdir().expect("a temporary directory")) };
        fs::create_dir_all(world.bin()).expect("a directory for programs");
        let settings = json!({
            "hasCompletedOnboarding": true,
            "theme": "dark",
            "customApiKeyResponses": {"approved": [&API_KEY[API_KEY.len() - 20..]], "rejected": []},
            "projects": {},
        });
        fs::write(world.home().join(".claude.json"), settings.to_string()).expect("the client's settings");
        world
    }

    /// The clients' `HOME`.
    pub fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    /// `$HOME/.local/bin`, first on the clients' `PATH`.
    pub fn bin(&self) -> PathBuf {
        self.home().join(".local/bin")
    }

    /// A directory to work in, made and trusted on first use.
    pub fn project(&self, name: &str) -> PathBuf {
        let dir = self.dir.path().join("projects").join(name);
        if !dir.exists() {
            fs::create_dir_all(&dir).expect("a project directory");
            self.trust(&dir);
        }
        dir
    }

    /// A world in which `cc2cc install` has been run, as a user runs it.
    pub fn with_cc2cc() -> Self {
        let world = Self::new();
        // All at once and beforehand: a client that runs writes its settings too, and may forget a later project.
        for name in ["home", "ann", "bob", "one", "two"] {
            world.project(name);
        }
        let installed = world.command("home", binary()).arg("install").output().expect("cc2cc install");
        assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
        world
    }

    /// A world with the binary alone: no plugin, no hooks.
    pub fn with_binary() -> Self {
        let world = Self::new();
        for name in ["home", "ann", "bob"] {
            world.project(name);
        }
        fs::copy(binary(), world.bin().join("cc2cc")).expect("the binary");
        world
    }

    /// Another profile of the client's, which knows the same projects.
    pub fn profile(&self, name: &str) -> PathBuf {
        let dir = self.dir.path().join("profiles").join(name);
        fs::create_dir_all(&dir).expect("a profile");
        fs::copy(self.home().join(".claude.json"), dir.join(".claude.json")).expect("the client's settings");
        dir
    }

    /// Changes what the person has set for every session.
    pub fn settings(&self, change: impl FnOnce(&mut Value)) {
        let file = self.home().join(".claude/settings.json");
        let text = fs::read_to_string(&file).unwrap_or_else(|_| "{}".to_owned());
        let mut settings: Value = serde_json::from_str(&text).expect("settings in JSON");
        change(&mut settings);
        fs::create_dir_all(file.parent().expect("a folder")).expect("the client's folder");
        fs::write(&file, settings.to_string()).expect("the client's settings");
    }

    /// Turns on the switch that otherwise an account brings: the client may open channels.
    pub fn allow_channels(&self) {
        self.change_settings(|settings| settings["cachedGrowthBookFeatures"] = json!({ "tengu_harbor": true }));
    }

    /// Runs the installed `cc2cc` at a plain terminal in the project `name`.
    pub fn cc2cc(&self, name: &str, args: &[&str]) -> Output {
        self.command(name, self.bin().join("cc2cc")).args(args).output().expect("cc2cc")
    }

    /// Runs the installed `cc2cc ARGS --json` and reads what it prints.
    #[track_caller]
    pub fn cc2cc_json(&self, args: &[&str]) -> Value {
        let output = self.cc2cc("home", &[args, &["--json"]].concat());
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "cc2cc {args:?}: {err}");
        serde_json::from_str(&out).expect("JSON")
    }

    /// How far the letter `id` has come: the status of its only copy.
    #[track_caller]
    pub fn status_of(&self, id: &str) -> String {
        self.cc2cc_json(&["status", id])["copies"][0]["status"].as_str().expect("a status").to_owned()
    }

    /// A directory of a mailbox, such as `inbox`.
    pub fn mailbox(&self, agent: &str, state: &str) -> PathBuf {
        self.home().join(".cc2cc").join(format!("to-{agent}")).join(state)
    }

    /// A terminal session in the project `name`, not yet started.
    pub fn session(&self, name: &str) -> Builder {
        Builder::new(self, name)
    }

    /// Runs `claude -p prompt` in the project `name` to its end; `api` plays the model.
    pub fn headless(&self, name: &str, api: &Api, prompt: &str, args: &[&str]) -> Output {
        let mut command = Command::new(client());
        command.current_dir(self.project(name)).env_clear().envs(self.environment(api));
        command.arg("-p").arg(prompt).args(args).stdin(Stdio::null());
        command.output().expect("a headless client")
    }

    /// Runs any other program with the environment the clients have, in the project `name`.
    pub fn command(&self, name: &str, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.project(name)).env_clear();
        command.env("HOME", self.home()).env("PATH", self.path()).stdin(Stdio::null());
        command
    }

    /// The command lines of the live processes that were started from within this world, with their ids.
    ///
    /// Only those whose command line names the world's directory are seen: the clients (their debug log is in it) and
    /// what a plugin starts by its full path.
    pub fn processes(&self) -> Vec<(u32, String)> {
        let here = self.dir.path().display().to_string();
        let ids = fs::read_dir("/proc").expect("/proc").flatten();
        let ids = ids.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        ids.filter_map(|id: u32| Some((id, command_line(id)?))).filter(|(_, line)| line.contains(&here)).collect()
    }

    /// Everything a client's environment holds, unless a session adds to it.
    pub(crate) fn environment(&self, api: &Api) -> Vec<(String, String)> {
        let home = self.home().display().to_string();
        let pairs = [
            ("HOME", home.as_str()),
            ("PATH", &self.path()),
            ("TERM", "xterm-256color"),
            ("LANG", "C.UTF-8"),
            ("SHELL", "/bin/bash"),
            ("ANTHROPIC_BASE_URL", &api.url()),
            ("ANTHROPIC_API_KEY", API_KEY),
            ("DISABLE_AUTOUPDATER", "1"),
            ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
        ];
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
    }

    /// Where the debug log of the session `name` goes.
    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.dir.path().join(format!("{name}.log"))
    }

    pub(crate) fn path(&self) -> String {
        format!("{}:/usr/bin:/bin", self.bin().display())
    }

    fn trust(&self, dir: &Path) {
        let trusted =
            json!({"hasTrustDialogAccepted": true, "hasCompletedProjectOnboarding": true, "allowedTools": []});
        self.change_settings(|settings| settings["projects"][dir.display().to_string()] = trusted);
    }

    fn change_settings(&self, change: impl FnOnce(&mut Value)) {
        let file = self.home().join(".claude.json");
        let text = fs::read_to_string(&file).expect("the client's settings");
        let mut settings: Value = serde_json::from_str(&text).expect("settings in JSON");
        change(&mut settings);
        // Replaced in one step: a client that runs already may be reading it.
        let new = file.with_extension("new");
        fs::write(&new, settings.to_string()).expect("the client's settings");
        fs::rename(&new, &file).expect("the client's settings");
    }
}

/// The `cc2cc` to test: the one just built, unless `CC2CC_TEST_BINARY` names another.
pub fn binary() -> PathBuf {
    std::env::var_os("CC2CC_TEST_BINARY").map_or_else(|| env!("CARGO_BIN_EXE_cc2cc").into(), PathBuf::from)
}

/// The client to test.
///
/// # Panics
/// When `CC2CC_TEST_CLAUDE` does not name one: a test that skips itself proves nothing.
pub fn client() -> PathBuf {
    named_client("CC2CC_TEST_CLAUDE", "claude", "@anthropic-ai/claude-code", "2.1.332")
}

/// A client from before there were mods.
///
/// # Panics
/// As [`client`], for `CC2CC_TEST_CLAUDE_OLD`.
pub fn old_client() -> PathBuf {
    named_client("CC2CC_TEST_CLAUDE_OLD", "claude", "@anthropic-ai/claude-code", "2.1.200")
}

/// The client that a variable names; else says how to have one.
pub fn named_client(variable: &str, program: &str, package: &str, version: &str) -> PathBuf {
    let path = std::env::var_os(variable).map(PathBuf::from);
    match path {
        Some(path) if path.is_file() => path,
        Some(path) => panic!("{variable} names {}, which is not a file", path.display()),
        None => panic!(
            "{variable} is not set: it must name the `{program}` to test, for instance\n\
             npm install --prefix DIR {package}@{version}\n\
             {variable}=DIR/node_modules/.bin/{program} cargo test --test real_client"
        ),
    }
}

/// Whether the client under test has this version or a later one.
pub fn client_is_at_least(version: [u32; 3]) -> bool {
    let home = tempfile::tempdir().expect("a temporary directory");
    let mut ask = Command::new(client());
    ask.arg("--version").env_clear().env("HOME", home.path()).env("DISABLE_AUTOUPDATER", "1").stdin(Stdio::null());
    let said = ask.output().expect("claude --version").stdout;
    let said = String::from_utf8_lossy(&said);
    let numbers: Vec<u32> = said.split([' ', '.']).map_while(|part| part.parse().ok()).collect();
    assert_eq!(numbers.len(), 3, "claude --version says {said:?}");
    numbers.as_slice() >= version.as_slice()
}

/// `None` for a process that has gone; one that is only waiting to be reaped has an empty line.
fn command_line(id: u32) -> Option<String> {
    let bytes = fs::read(format!("/proc/{id}/cmdline")).ok()?;
    Some(String::from_utf8_lossy(&bytes).replace('\0', " "))
}
