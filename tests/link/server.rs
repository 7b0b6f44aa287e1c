//! The real nats-server on the loopback, which a story can kill and start again, and a client that speaks its protocol by
//! hand, as an attacker would.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::eventually::{PATIENCE, until};

/// Which nats-server: what it keeps and says is not the same in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// The one that Debian has, 2.9.
    Debian,
    /// The one that tests/run fetches, 2.14.
    Newer,
}

pub struct NatsServer {
    dir: TempDir,
    release: Release,
    pub port: u16,
    words: Vec<String>,
    running: Option<Child>,
}

impl NatsServer {
    pub fn start() -> Self {
        Self::start_with::<&str>(&[])
    }

    pub fn start_with<S: AsRef<str>>(words: &[S]) -> Self {
        Self::start_as(Release::Debian, words)
    }

    pub fn start_as<S: AsRef<str>>(release: Release, words: &[S]) -> Self {
        let dir = tempfile::tempdir().expect("a directory for the server");
        let mut server = Self { dir, release, port: free_port(), words: Vec::new(), running: None };
        server.with(words);
        server.start_again();
        server
    }

    /// What it is started with from the next time on.
    pub fn with<S: AsRef<str>>(&mut self, words: &[S]) {
        self.words = words.iter().map(|word| word.as_ref().to_owned()).collect();
    }

    pub fn start_again(&mut self) {
        let said = File::create(self.dir.path().join("said")).expect("a file");
        let mut command = Command::new(program(self.release));
        command
            .env_clear()
            .args(["-a", "127.0.0.1", "-p", &self.port.to_string(), "-js", "-sd"])
            .arg(self.dir.path().join("jetstream"))
            .args(&self.words)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(said);
        self.running = Some(command.spawn().expect("nats-server starts"));
        until("the server listens", || TcpStream::connect(("127.0.0.1", self.port)).ok());
    }

    /// Another release on the same disk, from the next time on.
    pub fn becomes(&mut self, release: Release) {
        self.release = release;
    }

    /// As a power cut would; what it has acknowledged is on its disk.
    pub fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.kill().and_then(|()| running.wait()).expect("killed");
        }
    }

    pub fn url(&self) -> String {
        let scheme = if self.words.iter().any(|word| word == "--tls") { "tls" } else { "nats" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.kill();
    }
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port()
}

/// Where Debian puts it is on no ordinary path.
fn program(release: Release) -> PathBuf {
    if release == Release::Newer {
        let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/nats/bin/nats-server");
        assert!(fetched.is_file(), "there is no {}; tests/run fetches it", fetched.display());
        return fetched;
    }
    let chosen = std::env::var_os("CC2CC_TEST_NATS").map(PathBuf::from);
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let usual = std::env::split_paths(&paths).chain([PathBuf::from("/usr/sbin")]).map(|path| path.join("nats-server"));
    let found = chosen.into_iter().chain(usual).find(|path: &PathBuf| Path::is_file(path));
    found.expect("nats-server is installed; tests/run does that")
}

/// Somebody with access to the server and no key.
pub struct Attacker {
    stream: BufReader<TcpStream>,
}

/// A message as it lies on the server.
#[derive(Debug, Clone)]
pub struct Captured {
    pub headers: Vec<u8>,
    pub body: Vec<u8>,
}

impl Attacker {
    pub fn on(server: &NatsServer) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", server.port)).expect("connected");
        stream.set_read_timeout(Some(PATIENCE)).expect("set");
        let mut attacker = Self { stream: BufReader::new(stream) };
        attacker.line();
        attacker.say(b"CONNECT {\"verbose\":false,\"headers\":true}\r\n");
        attacker
    }

    /// Hears what is published under a subject from now on.
    pub fn listen(&mut self, subject: &str) {
        self.say(format!("SUB {subject} 1\r\nPING\r\n").as_bytes());
        while self.line() != "PONG" {}
    }

    pub fn next(&mut self) -> Captured {
        loop {
            let line = self.line();
            let words: Vec<&str> = line.split(' ').collect();
            if words[0] != "HMSG" {
                continue;
            }
            let number = |at: usize| words[words.len() - at].parse::<usize>().expect("a number");
            let (headers, all) = (number(2), number(1));
            let mut bytes = vec![0; all + 2];
            self.stream.read_exact(&mut bytes).expect("read");
            return Captured { headers: bytes[..headers].to_vec(), body: bytes[headers..all].to_vec() };
        }
    }

    pub fn publish(&mut self, subject: &str, headers: &[u8], body: &[u8]) {
        self.say(format!("HPUB {subject} {} {}\r\n", headers.len(), headers.len() + body.len()).as_bytes());
        self.say(&[headers, body, b"\r\nPING\r\n"].concat());
        while self.line() != "PONG" {}
    }

    /// What the server answers to a request; nothing while it has no leader to answer.
    pub fn ask(&mut self, subject: &str) -> Option<Value> {
        self.stream.get_ref().set_read_timeout(Some(Duration::from_millis(500))).expect("set");
        self.say(format!("SUB answers 2\r\nPUB {subject} answers 0\r\n\r\n").as_bytes());
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).ok()?;
            if let Some(count) = line.strip_prefix("MSG answers 2 ") {
                let mut answer = vec![0; count.trim_end().parse().expect("a number")];
                self.stream.read_exact(&mut answer).expect("read");
                return serde_json::from_slice(&answer).ok();
            }
        }
    }

    fn say(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).expect("sent");
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("read");
        assert!(!line.is_empty(), "the server has closed the connection");
        line.trim_end().to_owned()
    }
}

/// Headers as the link writes them.
pub fn headers(from: &str, id: &str) -> Vec<u8> {
    format!("NATS/1.0\r\nCc2cc-From: {from}\r\nNats-Msg-Id: {id}\r\n\r\n").into_bytes()
}
