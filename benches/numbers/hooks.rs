//! What a hook and a send cost: whole processes, from start to end, on a home that has seen years of use.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::json;

use crate::table::{Row, median_and_p90, milliseconds};

const RUNS: usize = 300;
const AGENTS: usize = 1_000;
const OLD_LETTERS: usize = 100_000;

pub fn measure(binary: &Path, local: &Path) -> Vec<Row> {
    let home = tempfile::tempdir().expect("a temporary directory");
    let bench = Bench { binary, home: home.path(), transcript: home.path().join("transcript.jsonl") };
    let built_by_its_user = Bench { binary: local, transcript: bench.transcript.clone(), ..bench };
    bench.hook("session-start", "SessionStart");
    bench.age();
    // Taken in turn, so that a slow moment of the machine touches all alike.
    let (mut none, mut prompts, mut locals, mut stops, mut sends) = (vec![], vec![], vec![], vec![], vec![]);
    for run in 0..RUNS {
        none.push(timed(|| Command::new("/bin/true").status().expect("true")));
        prompts.push(timed(|| bench.hook("user-prompt-submit", "UserPromptSubmit")));
        locals.push(timed(|| built_by_its_user.hook("user-prompt-submit", "UserPromptSubmit")));
        stops.push(timed(|| bench.hook("stop", "Stop")));
        let text = format!("letter {run}");
        sends.push(timed(|| bench.command(&["send", "agent-1", &text]).output().expect("a send")));
    }
    let row = |what: &str, bar, times: &mut [Duration]| {
        let (median, p90) = median_and_p90(times);
        Row::new(what, bar, format!("{} (p90 {})", milliseconds(median), milliseconds(p90)))
    };
    let on = format!("{OLD_LETTERS} letters in done/, {AGENTS} agents");
    vec![
        row("for scale: `/bin/true`", "", &mut none),
        row(&format!("hook UserPromptSubmit, empty inbox, {on}"), "≤ 3 ms", &mut prompts),
        row("the same as `./install.sh` builds it", "≤ 3 ms", &mut locals),
        row(&format!("hook Stop, empty inbox, {on}"), "≤ 3 ms", &mut stops),
        Row::new("the same hook, memory at its peak", "≤ 6 MiB", bench.peak()),
        row("`cc2cc send`, durable", "≤ 4 ms", &mut sends),
    ]
}

struct Bench<'a> {
    binary: &'a Path,
    home: &'a Path,
    transcript: std::path::PathBuf,
}

impl Bench<'_> {
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(self.binary);
        command.args(words).env_clear().env("HOME", self.home).env("CC2CC_HOME", self.home.join("mail"));
        command.env("CC2CC_NAME", "agent-0").stdin(Stdio::piped()).stdout(Stdio::piped());
        command
    }

    fn input(&self, event: &str) -> String {
        json!({ "hook_event_name": event, "session_id": "bench", "cwd": self.home, "transcript_path": self.transcript,
            "permission_mode": "default", "prompt": "hello", "source": "startup" })
        .to_string()
    }

    fn hook(&self, name: &str, event: &str) -> Output {
        let mut child = self.command(&["hook", name]).spawn().expect("a hook");
        child.stdin.take().expect("a pipe").write_all(self.input(event).as_bytes()).expect("an input");
        let output = child.wait_with_output().expect("a hook");
        assert!(output.status.success(), "{output:?}");
        output
    }

    /// Makes the home an old one.
    fn age(&self) {
        let mail = self.home.join("mail");
        for agent in 1..AGENTS {
            for dir in ["tmp", "inbox", "claimed", "held", "done", "dead", "receipts"] {
                fs::create_dir_all(mail.join(format!("to-agent-{agent}")).join(dir)).expect("a mailbox");
            }
        }
        for letter in 0..OLD_LETTERS {
            fs::write(mail.join(format!("to-agent-0/done/old-{letter}.json")), "{}").expect("a letter");
        }
    }

    /// As the system's own `time` counts it.
    fn peak(&self) -> String {
        let mut child = Command::new("/usr/bin/time");
        child.args(["-f", "%M"]).arg(self.binary).args(["hook", "user-prompt-submit"]);
        child.env_clear().env("HOME", self.home).env("CC2CC_HOME", self.home.join("mail"));
        let mut child = child.stdin(Stdio::piped()).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("time");
        child.stdin.take().expect("a pipe").write_all(self.input("UserPromptSubmit").as_bytes()).expect("an input");
        let output = child.wait_with_output().expect("time");
        let kibibytes: f64 = String::from_utf8_lossy(&output.stderr).trim().parse().expect("a number");
        format!("{:.1} MiB", kibibytes / 1024.0)
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}
