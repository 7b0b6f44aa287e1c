//! `cc2cc update`: the newest release, fetched and checked by the install script that this program carries.
//!
//! So the binary needs no TLS, no archive format and no second way of checking, and what runs was checked when this
//! program was installed.

use std::{
    io,
    process::{Command, ExitCode, ExitStatus},
};

use crate::{
    failure::{Code, Failure},
    setup::{
        install::{InstallError, Places},
        origin::InstalledFrom,
    },
};

/// Update cc2cc to the newest release
#[derive(clap::Args)]
pub struct Args {}

#[cfg(unix)]
const AGAIN: &str = "curl -fsSL https://github.com/cc2cc/cc2cc/releases/latest/download/install.sh | sh";
#[cfg(windows)]
const AGAIN: &str = "irm https://github.com/cc2cc/cc2cc/releases/latest/download/install.ps1 | iex";

/// Windows PowerShell knows no `&&`.
const THEN: &str = if cfg!(windows) { ";" } else { " &&" };
const SCRIPT: &str = if cfg!(windows) { "\\install.ps1" } else { "/install.sh" };

pub fn run(_: &Args) -> Result<ExitCode, Failure> {
    let places = Places::from_env()?;
    let installed = places.version().ok_or_else(|| InstallError::NotInstalled(places.plugin.clone()))?;
    let not_here = |problem: String, hint: String| Err(Failure::new(Code::Failed, problem).hint(hint));
    match places.origin() {
        InstalledFrom::Release => fetch(&installed),
        InstalledFrom::Source => not_here(
            format!("cc2cc {installed} was built by the install script, as there was no release for this machine"),
            format!("run it again: `{AGAIN}`"),
        ),
        InstalledFrom::Checkout(path) => {
            let path = path.display();
            not_here(
                format!("cc2cc {installed} was built from the checkout in {path}"),
                format!("`git -C {path} pull{THEN} {path}{SCRIPT}`"),
            )
        }
        InstalledFrom::Cargo => not_here(
            format!("cc2cc {installed} was installed by cargo"),
            format!("`cargo install --locked cc2cc{THEN} cc2cc install`"),
        ),
        InstalledFrom::Unknown => not_here(
            format!("it is not known how cc2cc {installed} was installed"),
            format!("`{AGAIN}` installs the newest release in its place"),
        ),
    }
}

/// Has the script look for a release that is newer than the one `installed`.
fn fetch(installed: &str) -> Result<ExitCode, Failure> {
    let ended = run_script(installed)
        .map_err(|error| Failure::new(Code::Failed, format!("could not run the install script: {error}")))?;
    Ok(if ended.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Tells the script what is installed.
const HAVE: &str = "CC2CC_HAVE";

#[cfg(unix)]
fn run_script(installed: &str) -> io::Result<ExitStatus> {
    use std::{io::Write, process::Stdio};

    let mut script = Command::new("sh").arg("-s").env(HAVE, installed).stdin(Stdio::piped()).spawn()?;
    if let Some(mut input) = script.stdin.take() {
        input.write_all(include_bytes!("../../install.sh"))?;
    }
    script.wait()
}

#[cfg(windows)]
fn run_script(installed: &str) -> io::Result<ExitStatus> {
    use std::{env, fs};

    use crate::mailbox::disk;

    let script = env::temp_dir().join(format!("cc2cc-update-{}.ps1", disk::unique()));
    fs::write(&script, include_bytes!("../../install.ps1"))?;
    let ended = Command::new("powershell")
        .args(["-NoProfile", "-ExecutionPolicy", "Bypass", "-File"])
        .arg(&script)
        .env(HAVE, installed)
        .status();
    disk::discard(&script);
    ended
}
