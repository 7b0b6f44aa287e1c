//! One Claude Code session of a story. This test process plays the client: it starts the hooks, and keeps the transcript.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::PathBuf,
    process::{Child, Command},
};

use cc2cc::mailbox::Mailbox;
use serde_json::{Value, json};

use crate::support::{
    eventually::until,
    said::{Said, start},
    world::World,
};

pub struct Session<'a> {
    pub world: &'a World,
    pub id: String,
    env: Vec<(&'static str, String)>,
}

impl World {
    /// The session this process is in this world, with the environment and input measured on Claude Code 2.1.330.
    pub fn session(&self, name: &str) -> Session<'_> {
        let env = vec![
            ("CLAUDECODE", "1".to_owned()),
            ("CLAUDE_CODE_CHILD_SESSION", "1".to_owned()),
            ("CLAUDE_CODE_ENTRYPOINT", "cli".to_owned()),
            ("CLAUDE_CODE_SESSION_ATTENDED", "1".to_owned()),
            ("CLAUDE_CODE_SESSION_ID", "c8f4".to_owned()),
            ("CLAUDE_PID", std::process::id().to_string()),
            ("CC2CC_NAME", name.to_owned()),
        ];
        Session { world: self, id: "c8f4".to_owned(), env }
    }
}

impl Session<'_> {
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.env.retain(|(other, _)| *other != name);
        self.env.push((name, value.to_owned()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.env.retain(|(other, _)| *other != name);
        self
    }

    /// The session has begun, and takes part.
    #[track_caller]
    pub fn started(self) -> Self {
        self.start_hook("startup").fine();
        self
    }

    #[track_caller]
    pub fn start_hook(&self, source: &str) -> Said {
        self.hook(
            "session-start",
            &json!({ "hook_event_name": "SessionStart", "source": source, "model": "claude-opus-5-5" }),
        )
    }

    pub fn prompt(&self, prompt: &str) -> Said {
        self.hook(
            "user-prompt-submit",
            &json!({ "hook_event_name": "UserPromptSubmit", "prompt": prompt, "prompt_id": "p1", "permission_mode": "default" }),
        )
    }

    pub fn stop(&self) -> Said {
        self.stop_with_timers(&[])
    }

    /// A turn ends, and timers are set that will say this.
    pub fn stop_with_timers(&self, texts: &[&str]) -> Said {
        let timer =
            |text: &&str| json!({ "id": "2d945cef", "schedule": "27 5 * * *", "recurring": false, "prompt": text });
        self.hook(
            "stop",
            &json!({
                "hook_event_name": "Stop", "prompt_id": "p1", "permission_mode": "default", "effort": {"level": "medium"},
                "stop_hook_active": false, "last_assistant_message": "ok", "background_tasks": [],
                "session_crons": texts.iter().map(timer).collect::<Vec<_>>(),
            }),
        )
    }

    /// A wake of this session that is on its way, as if a letter had come that is gone by now.
    #[track_caller]
    pub fn wake_on_its_way(&self) -> String {
        let word = cc2cc::clients::wakes::begin(&self.mailbox()).expect("a word");
        wake(&cc2cc::clients::wakes::wake("calm-owl", "ann", &word))
    }

    pub fn end(&self, reason: &str) -> Said {
        self.hook("session-end", &json!({ "hook_event_name": "SessionEnd", "prompt_id": "p1", "reason": reason }))
    }

    pub fn hook(&self, event: &str, more: &Value) -> Said {
        self.hook_with_input(event, self.input(more).to_string().as_bytes())
    }

    pub fn hook_with_input(&self, event: &str, input: &[u8]) -> Said {
        let child = start(&mut self.command(&["hook", event]), input);
        self.world.said(&child.wait_with_output().expect("ended"))
    }

    /// A waker, as the client starts it with an event.
    pub fn waker(&self, event: &str) -> Child {
        let source = if event == "SessionStart" { json!("resume") } else { Value::Null };
        let input = self.input(&json!({ "hook_event_name": event, "source": source }));
        start(&mut self.command(&["wait", "--ring"]), input.to_string().as_bytes())
    }

    /// A waker that has taken its post.
    pub fn placed_waker(&self, event: &str) -> Child {
        let waker = self.waker(event);
        until("the waker is set", || self.mailbox().is_online().then_some(()));
        waker
    }

    pub fn input(&self, more: &Value) -> Value {
        let mut input =
            json!({ "session_id": self.id, "transcript_path": self.transcript(), "cwd": self.world.path("work") });
        input.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        input
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = self.world.command(words);
        command.envs(self.env.clone()).env("CLAUDE_ENV_FILE", self.env_file());
        command
    }

    pub fn mailbox(&self) -> Mailbox {
        let name = self.env.iter().find(|(name, _)| *name == "CC2CC_NAME").expect("it has a name");
        self.world.at(&name.1)
    }

    pub fn transcript(&self) -> PathBuf {
        self.world.path("transcript.jsonl")
    }

    /// Where a hook leaves what the session's shell commands are to have in their environment.
    pub fn env_file(&self) -> PathBuf {
        self.world.path("env.sh")
    }

    /// The client puts a hook's context before the model, which answers, and says so in the transcript.
    pub fn record(&self, context: &str) {
        let row =
            json!({ "type": "attachment", "attachment": { "type": "hook_additional_context", "content": [context] } });
        let end = json!({ "type": "system", "subtype": "turn_duration" });
        let mut file = OpenOptions::new().append(true).create(true).open(self.transcript()).expect("opened");
        writeln!(file, "{row}\n{end}").expect("written");
    }

    /// A shell command of the session: it has what the hook left for it.
    pub fn shell(&self, words: &[&str]) -> Said {
        let left = fs::read_to_string(self.env_file()).expect("the hook left something");
        let host = left.lines().find_map(|line| line.strip_prefix("export CC2CC_HOST=")).expect("the host");
        self.world.run_as(&[("CC2CC_HOST", host.to_owned()), ("CLAUDECODE", "1".to_owned())], words)
    }
}

/// The prompt that the client makes of what a waker said as it woke.
pub fn wake(said: &str) -> String {
    format!(
        "<task-notification>\n<summary>✉ a letter has come</summary>\n</task-notification>\n<system-reminder>\nStop \
         hook blocking error from command \"SessionStart:startup\": {said}\n</system-reminder>"
    )
}

/// What a hook put before the model; empty when nothing.
pub fn context(said: &Said) -> String {
    let answer: Value = serde_json::from_str(&said.out).unwrap_or_default();
    answer["hookSpecificOutput"]["additionalContext"].as_str().unwrap_or_default().to_owned()
}

/// What a hook showed the person; empty when nothing.
pub fn message(said: &Said) -> String {
    let answer: Value = serde_json::from_str(&said.out).unwrap_or_default();
    answer["systemMessage"].as_str().unwrap_or_default().to_owned()
}
