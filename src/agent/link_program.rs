//! The program that carries letters between machines, `cc2cc-link`: where it is, and that it runs while a session does.
//!
//! It is a program of its own, so that `cc2cc` speaks to no other machine. A session's server starts it where `config.toml` has
//! `[link]`; of several that start it, a lock lets one run. It ends itself when no session is left.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use super::{machines, policy::Config};
use crate::{
    mailbox::{
        home::{HOME_VARIABLE, Home},
        log,
    },
    threads,
};

/// The program's name, without what the system adds.
pub const PROGRAM: &str = "cc2cc-link";
/// The words with which it runs until the last session has ended.
pub const WITH_SESSIONS: [&str; 2] = ["run", "--with-sessions"];
/// How long to leave it before it is started anew, or looked for again.
const PAUSE: Duration = Duration::from_secs(15);

/// Where the program is: beside this one. Nothing else of that name is started.
#[must_use]
pub fn path() -> Option<PathBuf> {
    let here = std::env::current_exe().ok()?;
    let path = here.with_file_name(format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX));
    path.is_file().then_some(path)
}

/// Sees to it that letters are carried as long as this process runs, if a person has set up `[link]`.
pub fn keep_running(home: &Home) {
    if Config::load(home).is_ok_and(|config| config.link().is_none()) {
        return;
    }
    let home = home.clone();
    let _ = threads::start("link", move || {
        loop {
            let is_wanted = Config::load(&home).is_ok_and(|config| config.link().is_some());
            if is_wanted && !machines::is_running(home.path()) {
                start_and_wait(&home);
            }
            thread::sleep(PAUSE);
        }
    });
}

/// Starts it and waits for its end.
fn start_and_wait(home: &Home) {
    let Some(program) = path() else {
        log::line(home, &format!("link: there is no {PROGRAM} beside cc2cc, so letters to other machines wait"));
        return;
    };
    match command(home, program).spawn() {
        Ok(mut child) => drop(child.wait()),
        Err(error) => log::line(home, &format!("link: could not start {PROGRAM}: {error}")),
    }
}

/// The command that runs it apart from whoever starts it.
#[must_use]
pub fn command(home: &Home, program: PathBuf) -> Command {
    let mut command = Command::new(program);
    command.args(WITH_SESSIONS).env(HOME_VARIABLE, home.path());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    #[cfg(unix)] // what the terminal tells its programs is not for it
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command
}
