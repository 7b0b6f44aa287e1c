//! The built binary in a pseudo-terminal: its keys, its screen, its end. Only what is started here is ever signalled.

use std::{
    io::{Read, Write},
    num::NonZero,
    path::PathBuf,
    process::Output,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use cc2cc::mailbox::home::Home;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::support::eventually::PATIENCE;

const CC2CC: &str = env!("CARGO_BIN_EXE_cc2cc");

/// A home of its own, and the environment in which the binary sees no other.
pub struct Place {
    dir: TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub fn home(&self) -> Home {
        Home::at(self.dir.path().join("mail"))
    }

    pub fn path(&self) -> PathBuf {
        self.dir.path().to_owned()
    }

    fn environment(&self) -> [(&'static str, String); 5] {
        [
            ("HOME", self.dir.path().display().to_string()),
            ("CC2CC_HOME", self.home().path().display().to_string()),
            ("TERM", "xterm-256color".into()),
            ("PATH", "/usr/bin:/bin".into()),
            ("TZ", "UTC".into()),
        ]
    }

    /// A verb of the binary, run to its end.
    pub fn run(&self, words: &[&str]) -> Output {
        let mut command = std::process::Command::new(CC2CC);
        let output =
            command.args(words).env_clear().envs(self.environment()).current_dir(self.path()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        output
    }

    /// The view on a screen of 80 by 24.
    pub fn watch(&self) -> Watched {
        self.start(CC2CC, &["watch"], &[])
    }

    /// A program in the same environment and something more.
    pub fn start(&self, program: &str, words: &[&str], more: &[(&str, &str)]) -> Watched {
        let mut command = CommandBuilder::new(program);
        command.args(words);
        command.env_clear();
        for (name, value) in self.environment() {
            command.env(name, value);
        }
        for (name, value) in more {
            command.env(name, value);
        }
        command.cwd(self.path());
        Watched::start(command)
    }

    pub fn binary() -> &'static str {
        CC2CC
    }
}

type Parser = Arc<Mutex<(vt100::Parser, Vec<u8>)>>;

/// A running program; killed and reaped when dropped.
pub struct Watched {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    parser: Parser,
    master: Box<dyn MasterPty + Send>,
    modes_before: String,
}

impl Watched {
    fn start(command: CommandBuilder) -> Self {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let modes_before = modes(&*pair.master);
        let child = pair.slave.spawn_command(command).unwrap();
        // The program's own end must be the last one, or its output would never be seen to end.
        drop(pair.slave);
        let (rows, columns) = (NonZero::new(24).unwrap(), NonZero::new(80).unwrap());
        let parser: Parser = Arc::new(Mutex::new((vt100::Parser::new(rows, columns, 0), Vec::new())));
        let mut output = pair.master.try_clone_reader().unwrap();
        let keys = pair.master.take_writer().unwrap();
        let shown = Arc::clone(&parser);
        thread::spawn(move || {
            let mut buffer = [0; 8192];
            // On Linux the terminal's end is an error, not a read of nothing.
            while let Ok(read @ 1..) = output.read(&mut buffer) {
                let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
                shown.0.process(&buffer[..read]);
                shown.1.extend_from_slice(&buffer[..read]);
            }
        });
        Self { child, keys, parser, master: pair.master, modes_before }
    }

    /// Whether keys are echoed, gathered into lines and turned into signals.
    fn modes(&self) -> String {
        modes(&*self.master)
    }

    fn lock(&self) -> MutexGuard<'_, (vt100::Parser, Vec<u8>)> {
        self.parser.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn screen(&self) -> String {
        self.lock().0.screen().contents()
    }

    /// All that the program has written.
    pub fn written(&self) -> String {
        String::from_utf8_lossy(&self.lock().1).into_owned()
    }

    pub fn has_the_other_screen(&self) -> bool {
        self.lock().0.screen().alternate_screen()
    }

    pub fn hides_the_cursor(&self) -> bool {
        self.lock().0.screen().hide_cursor()
    }

    /// Waits for something to be so.
    pub fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !is_so(self) {
            assert!(start.elapsed() < PATIENCE, "not {what}; the screen is\n{}", self.screen());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits for a text on the screen.
    pub fn shows(&self, text: &str) {
        self.until(&format!("{text:?} on the screen"), |watched| watched.screen().contains(text));
    }

    /// Waits for the line with a text to have another one too.
    pub fn shows_on_one_line(&self, text: &str, other: &str) {
        let has = |screen: String| screen.lines().any(|line| line.contains(text) && line.contains(other));
        self.until(&format!("{text:?} and {other:?} on one line"), |watched| has(watched.screen()));
    }

    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).and_then(|()| self.keys.flush()).unwrap();
    }

    pub fn resize(&mut self, columns: u16, rows: u16) {
        let (height, width) = (NonZero::new(rows).unwrap(), NonZero::new(columns).unwrap());
        self.lock().0.set_size(height, width);
        self.master.resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    pub fn signal(&self, signal: Signal) {
        let pid = self.child.process_id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        kill_process(pid.unwrap(), signal).unwrap();
    }

    /// Waits for the end; gives the exit code.
    pub fn ends(&mut self) -> u32 {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(start.elapsed() < PATIENCE, "it does not end; the screen is\n{}", self.screen());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// The terminal is as it was before, and usable.
    pub fn is_restored(&self) {
        self.until("the terminal as it was", |watched| !watched.has_the_other_screen() && !watched.hides_the_cursor());
        assert!(self.written().contains("\u{1b}[?2004l"), "pasting is as it was");
        assert_eq!(self.modes(), self.modes_before, "keys are as they were");
    }
}

fn modes(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().expect("a terminal").local_flags)
}

impl Drop for Watched {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
