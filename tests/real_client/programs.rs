//! Clients that another program works with, over pipes or sockets instead of a terminal.

use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, ExitStatus, Stdio};

use serde_json::json;

use crate::api::Api;
use crate::reply::{HALF, HALF_IN_JSON};
use crate::support::eventually::{PATIENCE, eventually, within};
use crate::world::{World, client};

/// The words of a client that is fed messages, as editors and the SDKs start it.
pub const STREAMING: [&str; 6] = ["-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose"];

/// A client that writes to a file; killed when dropped.
pub struct Program {
    child: Child,
    input: Option<Box<dyn Write>>,
    _world: World,
}

/// What the client's standard input is.
pub enum Input {
    Nothing,
    Pipe,
    /// One end of a pair of sockets, as Node and Python make it.
    Socket,
}

impl Program {
    /// Starts the client in the project `name`; `api` plays the model.
    pub fn start(world: &World, name: &str, api: &Api, words: &[&str], env: &[(&str, &str)], input: &Input) -> Self {
        let mut command = Command::new(client());
        command.current_dir(world.project(name)).env_clear().envs(world.environment(api)).envs(env.iter().copied());
        command.args(words);
        let out = File::create(world.log(name).with_extension("out")).expect("a file for what it says");
        command.stdout(out).stderr(Stdio::null());
        let mut ours: Option<Box<dyn Write>> = None;
        match input {
            Input::Nothing => drop(command.stdin(Stdio::null())),
            Input::Pipe => drop(command.stdin(Stdio::piped())),
            Input::Socket => {
                let (here, there) = UnixStream::pair().expect("a pair of sockets");
                command.stdin(OwnedFd::from(there));
                ours = Some(Box::new(here));
            }
        }
        let mut child = command.spawn().expect("a client");
        drop(command); // it holds the client's end, too
        let input = ours.or_else(|| Some(Box::new(child.stdin.take()?)));
        Self { child, input, _world: world.clone() }
    }

    /// Tells a streaming client what a person would type.
    pub fn say(&mut self, text: &str) {
        let message = json!({ "type": "user", "message": { "role": "user", "content": text } });
        let message = message.to_string().replace(HALF, HALF_IN_JSON);
        let input = self.input.as_mut().expect("an open input");
        writeln!(input, "{message}").and_then(|()| input.flush()).expect("the client reads");
    }

    /// Ends what the client is told.
    pub fn say_no_more(&mut self) {
        self.input = None;
    }

    /// Waits until the client has ended by itself.
    #[track_caller]
    pub fn ends(&mut self) -> ExitStatus {
        eventually("the client ends", PATIENCE, || self.child.try_wait().expect("a child"))
    }

    /// Whether the client goes on for a moment more.
    pub fn goes_on(&mut self) -> bool {
        within(std::time::Duration::from_millis(300), || self.child.try_wait().expect("a child")).is_none()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
