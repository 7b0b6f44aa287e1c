//! Whether the program in a terminal, the one in the sessions and the plugin are of one version.

use std::{
    env,
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant, UNIX_EPOCH},
};

use serde_json::Value;

use crate::{command::without_window, mailbox::disk};

/// The version of this program.
pub const HERE: &str = env!("CARGO_PKG_VERSION");

/// How long another `cc2cc` may take to say its version.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// Another `cc2cc`, which a terminal runs.
#[derive(Debug)]
pub struct Other {
    pub path: PathBuf,
    pub version: String,
}

impl Other {
    /// What brings it and the installed version `ours` together.
    #[must_use]
    pub fn fix(&self, ours: &str) -> String {
        if is_newer(&self.version, ours) {
            "run `cc2cc install`".to_owned()
        } else {
            format!("remove {}, or update it", self.path.display())
        }
    }
}

/// The `cc2cc` that a terminal runs, when it is neither this program nor of the version `ours`.
#[must_use]
pub fn other_in_terminal(ours: &str) -> Option<Other> {
    let path = in_terminal()?;
    let version = ask(&path).filter(|version| version != ours)?;
    Some(Other { path, version })
}

/// What a session's person should know of versions. The same thing is said once, as long as the temporary directory keeps
/// the mark of it, and looked for once.
#[must_use]
pub fn notice() -> Option<String> {
    let plugin = plugin_of_session().filter(|version| version != HERE && is_new(&format!("{HERE}-{version}")));
    if let Some(version) = plugin {
        let fix = if is_newer(&version, HERE) { "run `cc2cc update`" } else { "run `claude plugin update` for it" };
        return Some(format!("the plugin is version {version} and its program {HERE}: {fix}"));
    }
    let path = in_terminal()?;
    let about = fs::metadata(&path).ok()?;
    let written = about.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_nanos();
    if !is_new(&format!("{HERE}-{written:x}-{:x}", about.len())) {
        return None;
    }
    let other = other_in_terminal(HERE)?;
    let (version, path) = (&other.version, other.path.display());
    Some(format!("in a terminal cc2cc is version {version} ({path}), in sessions {HERE}: {}", other.fix(HERE)))
}

/// Whether version `a` is later than `b`, by their numbers.
#[must_use]
pub fn is_newer(a: &str, b: &str) -> bool {
    let numbers = |version: &str| -> Vec<u64> {
        version.split(['.', '-', '+']).map_while(|part| part.parse().ok()).take(3).collect()
    };
    numbers(a) > numbers(b)
}

/// The first `cc2cc` on the path, when it is another file than this program.
fn in_terminal() -> Option<PathBuf> {
    let name = if cfg!(windows) { "cc2cc.exe" } else { "cc2cc" };
    let first = on_path(name)?;
    let same = |a: &Path, b: &Path| Some(a.canonicalize().ok()? == b.canonicalize().ok()?);
    (same(&first, &env::current_exe().ok()?) == Some(false)).then_some(first)
}

/// The file that is started under this name, or at this path.
#[must_use]
pub fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let mut files = env::split_paths(&path).map(|dir| dir.join(name));
    let with_ending = |file: PathBuf| [file.with_extension("exe"), file].into_iter().find(|file| is_program(file));
    if cfg!(windows) { files.find_map(with_ending) } else { files.find(|file| is_program(file)) }
}

#[cfg(unix)]
fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(file).is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(file: &Path) -> bool {
    file.is_file()
}

/// What a `cc2cc` says its version is.
fn ask(program: &Path) -> Option<String> {
    let mut asked = without_window(Command::new(program).arg("--version"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let begun = Instant::now();
    while asked.try_wait().ok()?.is_none() {
        if begun.elapsed() > ANSWER_WITHIN {
            let _ = asked.kill();
            let _ = asked.wait();
            return None;
        }
        thread::sleep(Duration::from_millis(1));
    }
    let said = asked.wait_with_output().ok()?;
    let said = String::from_utf8_lossy(&said.stdout).trim().strip_prefix("cc2cc ")?.to_owned();
    let is_version =
        |text: &str| text.len() < 64 && text.chars().all(|c| c.is_ascii_alphanumeric() || ".+-".contains(c));
    Some(said).filter(|version| is_version(version))
}

/// The version of the plugin whose hook this is.
fn plugin_of_session() -> Option<String> {
    let root = PathBuf::from(env::var_os("CLAUDE_PLUGIN_ROOT")?);
    let manifest = disk::read(&root.join(".claude-plugin/plugin.json"), 64 * 1024).ok()?;
    let manifest: Value = serde_json::from_slice(&manifest).ok()?;
    Some(manifest["version"].as_str()?.to_owned())
}

/// Leaves a mark of what it is about, and tells whether there was none.
fn is_new(what: &str) -> bool {
    let what: String = what.chars().filter(|c| c.is_ascii_alphanumeric() || ".-".contains(*c)).take(100).collect();
    let mark = env::temp_dir().join(format!("cc2cc-version-{what}"));
    OpenOptions::new().write(true).create_new(true).open(mark).is_ok()
}

#[test]
fn versions_are_compared_by_number() {
    assert!(is_newer("0.10.0", "0.9.9"));
    assert!(is_newer("1.0.1", "1.0"));
    assert!(!is_newer("0.1.0", "0.1.0"));
    assert!(!is_newer("0.1.0-rc.1", "0.1.0"));
}
