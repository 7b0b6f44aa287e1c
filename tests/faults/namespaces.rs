//! A story in a mount namespace of its own, where it may mount what it likes: whatever becomes of it, nothing stays mounted.

use std::{
    env, fs,
    os::unix::fs::MetadataExt,
    path::Path,
    process::{Command, Stdio},
};

const INSIDE: &str = "CC2CC_FAULTS_ALONE";

/// Starts this very story again in namespaces of its own; `true` inside of them.
///
/// # Panics
/// When the system gives none: then the story fails, since what it must show was not shown.
#[track_caller]
pub fn in_namespaces(story: &str, namespaces: &[&str]) -> bool {
    if env::var_os(INSIDE).is_some() {
        return true;
    }
    let mut inside = Command::new("unshare");
    inside.args(namespaces);
    if !is_root() || namespaces.contains(&"--user") {
        inside.args(["--user", "--map-root-user"]);
    }
    inside.arg(env::current_exe().expect("this program")).args(["--exact", story, "--nocapture", "--test-threads=1"]);
    inside.env(INSIDE, "1").stdin(Stdio::null()).stdout(Stdio::piped());
    let output = inside.spawn().and_then(std::process::Child::wait_with_output);
    let output = output.unwrap_or_else(|error| panic!("`unshare` (util-linux) is needed: {error}"));
    let out = String::from_utf8_lossy(&output.stdout);
    for (_, line) in out.lines().filter_map(|line| line.split_once("| ")) {
        println!("| {line}");
    }
    assert!(
        output.status.success() && out.contains("1 passed"),
        "failed in namespaces of its own (root, or unprivileged user namespaces, are needed for {namespaces:?}):\n{out}"
    );
    false
}

/// Mounts something; the namespace takes it away again.
#[track_caller]
pub fn mount(words: &[&str], at: &Path) {
    let said = Command::new("mount").args(words).arg(at).output().expect("`mount` (util-linux) is needed");
    assert!(said.status.success(), "mount {words:?} {}: {}", at.display(), String::from_utf8_lossy(&said.stderr));
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}

/// The same command with no more rights than the files give, which for root means without its capabilities.
pub fn without_privileges(command: &Command) -> Command {
    let mut bound = Command::new(if is_root() { "setpriv" } else { "env" });
    if is_root() {
        bound.args(["--bounding-set=-all", "--inh-caps=-all"]);
    }
    bound.arg(command.get_program()).args(command.get_args());
    bound.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    if let Some(dir) = command.get_current_dir() {
        bound.current_dir(dir);
    }
    bound.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    bound
}
