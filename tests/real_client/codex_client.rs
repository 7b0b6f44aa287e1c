//! The real Codex, in a terminal of its own and a home that nothing else shares.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use portable_pty::CommandBuilder;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::responses::{Responses, Told};
use crate::support::eventually::{PATIENCE, within};
use crate::support::terminal::{COLUMNS, ROWS, Terminal};
use crate::world::World;

/// What the client asks before it runs hooks that its person has not seen.
const HOOKS_NEED_REVIEW: &str = "Hooks need review";
/// What stands below the prompt box.
const AT_PROMPT: &str = "gpt-5 default";

/// A world's Codex, with its daemon, which is ended with it.
pub struct Codex {
    pub model: Responses,
    world: World,
}

/// A terminal in which Codex runs; killed when dropped.
pub struct CodexSession {
    pub model: Responses,
    terminal: Terminal,
}

impl Codex {
    /// The client of a world, set up to speak to a model of its own, and with cc2cc installed into it.
    pub fn in_world(world: &World) -> Self {
        Self::with(world, "")
    }

    /// The same, with more in its `config.toml`.
    pub fn with(world: &World, settings: &str) -> Self {
        let codex = Self { model: Responses::start(), world: world.clone() };
        fs::create_dir_all(codex.folder()).expect("a folder for Codex");
        let mut config = format!(
            "model = \"gpt-5\"\nmodel_provider = \"standin\"\n{settings}\n[model_providers.standin]\nname = \"standin\"\n\
             base_url = \"{}\"\nwire_api = \"responses\"\nrequires_openai_auth = false\n",
            codex.model.url()
        );
        for project in ["ann", "bob", "one", "two"] {
            let project = world.project(project);
            config += &format!("[projects.\"{}\"]\ntrust_level = \"trusted\"\n", project.display());
        }
        fs::write(codex.folder().join("config.toml"), config).expect("its settings");
        let installed = world.cc2cc("home", &["install", "--client", "codex"]);
        assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
        codex
    }

    pub fn folder(&self) -> PathBuf {
        self.world.home().join(".codex")
    }

    /// Starts it in a project, and trusts its hooks as the person does if it asks.
    #[track_caller]
    pub fn start(&self, project: &str, words: &[&str]) -> CodexSession {
        let mut session = self.launch(project, words);
        session.wait("the prompt or a question", || {
            let screen = session.screen();
            (screen.contains(HOOKS_NEED_REVIEW) || screen.contains(AT_PROMPT)).then_some(())
        });
        if session.screen().contains(HOOKS_NEED_REVIEW) {
            session.choose("Trust all and continue", HOOKS_NEED_REVIEW);
        }
        session.wait_for_screen(AT_PROMPT);
        session
    }

    /// Starts it and returns at once.
    pub fn launch(&self, project: &str, words: &[&str]) -> CodexSession {
        let mut command = CommandBuilder::new(client());
        command.args(words);
        command.env_clear();
        for (name, value) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8"), ("SHELL", "/bin/bash")] {
            command.env(name, value);
        }
        command.env("HOME", self.world.home());
        command.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", self.world.bin().display()));
        command.cwd(self.world.project(project));
        CodexSession { model: self.model.clone(), terminal: Terminal::run_on(command, COLUMNS, ROWS) }
    }

    /// The processes of its daemon, by what it has noted of them.
    fn daemon(&self) -> Vec<i32> {
        let folder = self.folder().join("app-server-daemon");
        let pid = |file: &str| {
            let noted: Value = serde_json::from_slice(&fs::read(folder.join(file)).ok()?).ok()?;
            let pid = noted["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok())?;
            // The number may be another process's by now.
            let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?;
            line.contains("app-server").then_some(pid)
        };
        ["daemon-updater.pid", "daemon.pid"].into_iter().filter_map(pid).collect()
    }
}

impl Drop for Codex {
    fn drop(&mut self) {
        let daemon = self.daemon();
        for pid in &daemon {
            if let Some(pid) = Pid::from_raw(*pid) {
                let _ = kill_process(pid, Signal::KILL); // it may just have ended
            }
        }
        let has_gone = |pid: &i32| fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default().is_empty();
        let _ = within(PATIENCE, || daemon.iter().all(has_gone).then_some(()));
    }
}

impl CodexSession {
    pub fn screen(&self) -> String {
        self.terminal.screen()
    }

    /// Waits until `look` finds something; failing that, panics with the screen and what the model was told.
    #[track_caller]
    pub fn wait<T>(&self, what: &str, look: impl FnMut() -> Option<T>) -> T {
        within(PATIENCE, look).unwrap_or_else(|| {
            let told: Vec<String> = self.model.told().iter().map(Told::newest).collect();
            panic!("{what}: not seen within {PATIENCE:?}\n{}\n{}", self.screen(), told.join("\n"))
        })
    }

    #[track_caller]
    pub fn wait_for_screen(&self, text: &str) {
        self.wait(&format!("{text:?} on the screen"), || self.screen().contains(text).then_some(()));
    }

    /// Waits until the model has been told `text`; gives the request that told it first.
    #[track_caller]
    pub fn wait_until_told(&self, text: &str) -> Told {
        let told = || self.model.told().into_iter().find(|told| told.newest().contains(text));
        self.wait(&format!("a request that says {text:?}"), told)
    }

    /// Types a line and sends it: Enter counts as a part of what is pasted when it comes at once.
    #[track_caller]
    pub fn type_line(&mut self, text: &str) {
        self.type_text(text);
        let sent = |session: &Self| session.model.told().iter().any(|told| told.typed().contains(text));
        for _ in 0..30 {
            self.press("\r");
            if within(Duration::from_secs(2), || sent(self).then_some(())).is_some() {
                return;
            }
        }
        panic!("{text:?} was not sent\n{}", self.screen());
    }

    /// Types what stays in the prompt box.
    #[track_caller]
    pub fn type_text(&mut self, text: &str) {
        self.press(text);
        self.wait_for_screen(text);
    }

    pub fn press(&mut self, keys: &str) {
        self.terminal.press(keys);
    }

    /// Moves to a choice of a dialog, takes it, and sees the dialog go. As it starts the client draws a dialog, leaves the
    /// screen and draws it again; a key that comes between is one that it gives up over. So keys wait for a dialog that
    /// stays.
    #[track_caller]
    pub fn choose(&mut self, choice: &str, dialog: &str) {
        const STAYS: Duration = Duration::from_secs(1);
        const REDRAWN: Duration = Duration::from_secs(20);
        let shows = |session: &Self| session.screen().contains(dialog);
        let is_chosen =
            |session: &Self| session.screen().lines().any(|line| line.contains('›') && line.contains(choice));
        for _ in 0..8 {
            self.wait(&format!("{dialog:?} to stay"), || {
                let before = self.screen();
                let changes = within(STAYS, || (self.screen() != before).then_some(()));
                (changes.is_none() && before.contains(dialog)).then_some(())
            });
            let is_taken = is_chosen(self);
            let before = self.screen();
            self.press(if is_taken { "\r" } else { "\x1b[B" });
            let _ = within(REDRAWN, || (self.screen() != before).then_some(()));
            if is_taken && within(REDRAWN, || (!shows(self)).then_some(())).is_some() {
                return;
            }
        }
        panic!("{choice:?} was not taken\n{}", self.screen());
    }

    /// Ends the terminal's client as a crash would. What it has started goes on.
    pub fn kill9(&mut self) {
        self.terminal.kill9();
    }
}

/// The client to test.
///
/// # Panics
/// When `CC2CC_TEST_CODEX` does not name one: a test that skips itself proves nothing.
fn client() -> PathBuf {
    let path = std::env::var_os("CC2CC_TEST_CODEX").map(PathBuf::from);
    path.filter(|path| path.is_file()).expect("CC2CC_TEST_CODEX names the `codex` to test, of `@openai/codex` from npm")
}
