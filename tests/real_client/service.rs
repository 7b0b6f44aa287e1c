//! The client's service that hosts background sessions. It outlives every terminal, so a story ends it by its own process
//! id, and with it what it hosts.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::api::Api;
use crate::claude::Session;
use crate::request::{Request, describe};
use crate::support::eventually::{PATIENCE, within};
use crate::world::{World, client};

/// The service of one world; ended when dropped.
pub struct Service {
    pub api: Api,
    world: World,
}

impl Service {
    /// A world's service, which the client starts with the first background session; `api` plays the model of all.
    pub fn new(world: &World) -> Self {
        let api = Api::start();
        world.settings(|settings| settings["env"]["ANTHROPIC_BASE_URL"] = api.url().into());
        Self { api, world: world.clone() }
    }

    /// Lets `claude` be found, by a terminal and by the shells of sessions.
    pub fn put_on_the_path(&self) {
        let program = self.world.bin().join("claude");
        fs::write(&program, format!("#!/bin/sh\nexec '{}' \"$@\"\n", client().display())).expect("a program");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a program");
    }

    /// Starts a session in the background from a terminal with these variables; gives the job's id.
    #[track_caller]
    pub fn start(&self, project: &str, env: &[(&str, &str)], args: &[&str], prompt: &str) -> String {
        let mut command = self.command(project);
        command
            .envs(env.iter().copied())
            .args(["--bg", "--permission-mode", "default"])
            .args(args)
            .args(["--", prompt]);
        let output = command.output().expect("claude --bg");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let id = said.split_once("backgrounded · ").and_then(|(_, rest)| rest.split_whitespace().next());
        id.unwrap_or_else(|| panic!("no job: {said}{}", String::from_utf8_lossy(&output.stderr))).to_owned()
    }

    /// Runs `claude ARGS` to its end, such as `stop ID`.
    #[track_caller]
    pub fn run(&self, args: &[&str]) {
        let output = self.command("home").args(args).output().expect("claude");
        assert!(output.status.success(), "claude {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// What the client says of its background sessions.
    pub fn jobs(&self) -> Vec<Value> {
        let output = self.command("home").args(["agents", "--json"]).output().expect("claude agents");
        let jobs: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let jobs = jobs.as_array().cloned().unwrap_or_default();
        jobs.into_iter().filter(|job| job["kind"] == "background").collect()
    }

    /// Opens a background session in a terminal.
    pub fn attach(&self, project: &str, job: &str) -> Session {
        self.world.session(project).model(&self.api).only(&["attach", job]).launch()
    }

    fn command(&self, project: &str) -> Command {
        let mut command = Command::new(client());
        command.current_dir(self.world.project(project)).env_clear().envs(self.world.environment(&self.api));
        command.stdin(Stdio::null());
        command
    }

    fn pid(&self) -> Option<u32> {
        let lock = fs::read(self.world.home().join(".claude/daemon.lock")).ok()?;
        let lock: Value = serde_json::from_slice(&lock).ok()?;
        let pid = u32::try_from(lock["pid"].as_u64()?).ok()?;
        // The file may be left of a service that has ended, and its number be another process's by now.
        let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?;
        line.contains("daemon\0run").then_some(pid)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let Some(service) = self.pid() else { return };
        let mut all = vec![service];
        let mut at = 0;
        while at < all.len() {
            all.extend(children(all[at]));
            at += 1;
        }
        for pid in &all {
            if let Some(pid) = i32::try_from(*pid).ok().and_then(Pid::from_raw) {
                let _ = kill_process(pid, Signal::KILL); // it may just have ended
            }
        }
        let is_gone = || (!fs::exists(format!("/proc/{service}")).unwrap_or(false)).then_some(());
        let _ = within(PATIENCE, is_gone);
    }
}

fn children(parent: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
    let said = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    said.flat_map(|said| said.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<u32>>()).collect()
}

/// Waits until the model has been told `text` in a conversation.
#[track_caller]
pub fn told(api: &Api, text: &str) -> Request {
    let told = || api.requests().into_iter().find(|request| request.newest().contains(text));
    within(PATIENCE, told).unwrap_or_else(|| panic!("no request says {text:?}\n{}", describe(&api.requests())))
}
