//! The test binary, started again to play another program of a story.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
};

const PART: &str = "CC2CC_TEST_PART";

/// Another program; dropped, it is killed in the middle of whatever it does.
pub struct Program(Child);

impl Program {
    /// Starts it with an environment of its own, and waits until it says that it is ready.
    pub fn start(mut command: Command, part: &str) -> Self {
        command.args(["--exact", "support::helper_program::plays_its_part", "--nocapture"]).env(PART, part);
        let mut program = Self(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("started"));
        let said = BufReader::new(program.0.stdout.as_mut().expect("a pipe")).lines();
        assert!(said.map_while(Result::ok).any(|line| line.ends_with("ready")), "{part} did not get ready");
        program
    }

    #[must_use]
    pub fn command() -> Command {
        Command::new(env::current_exe().expect("this binary"))
    }

    /// Tells it to end, and waits for that.
    #[cfg(windows)] // only there programs hold files
    pub fn end(mut self) {
        drop(self.0.stdin.take());
        assert!(self.0.wait().expect("ended").success());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Not a story: what the other program does. Without a part it is this binary's run of all tests, and does nothing.
#[test]
fn plays_its_part() {
    let Ok(part) = env::var(PART) else { return };
    let (kind, path) = part.split_once(' ').expect("a kind and a path");
    match kind {
        "client" => client(path),
        #[cfg(windows)]
        "holder" => holder(path),
        #[cfg(windows)]
        "scanner" => scanner(path),
        other => panic!("there is no part {other}"),
    }
}

fn ready() {
    println!("ready");
    std::io::stdout().flush().expect("told");
}

#[cfg(windows)] // only there programs hold files
fn until_told_to_end() {
    let _ = std::io::Read::read_to_end(&mut std::io::stdin(), &mut Vec::new());
}

/// A client that has started a waker; what the waker is told lies in the file.
fn client(input: &str) {
    let input = std::fs::File::open(input).expect("the waker's input");
    let binary = env::var_os("CC2CC_TEST_BINARY").expect("the binary");
    let mut waker = Command::new(binary);
    let mut waker = waker.args(["wait", "--ring"]).stdin(input).stdout(Stdio::null()).spawn().expect("started");
    ready();
    waker.wait().expect("ended");
}

/// A program that has a file open and shares it with nobody.
#[cfg(windows)]
fn holder(path: &str) {
    let _held = alone(path.as_ref()).expect("opened");
    ready();
    until_told_to_end();
}

/// A program that opens each new file of a directory once, for a moment, and shares it with nobody. Ends with a failure when it
/// has caught none.
#[cfg(windows)]
fn scanner(directory: &str) {
    use std::{sync::mpsc, thread, time::Duration};
    let (end, told) = mpsc::channel();
    thread::spawn(move || {
        until_told_to_end();
        let _ = end.send(());
    });
    let mut caught = std::collections::HashSet::new();
    ready();
    while told.try_recv().is_err() {
        for entry in std::fs::read_dir(directory).expect("listed").flatten() {
            if !caught.contains(&entry.path())
                && let Ok(_held) = alone(&entry.path())
            {
                caught.insert(entry.path());
                thread::sleep(Duration::from_millis(5)); // as long as it takes to look through a small file
            }
        }
    }
    assert!(!caught.is_empty(), "nothing was in anybody's way");
}

#[cfg(windows)]
fn alone(path: &std::path::Path) -> std::io::Result<std::fs::File> {
    std::os::windows::fs::OpenOptionsExt::share_mode(std::fs::File::options().read(true), 0).open(path)
}
