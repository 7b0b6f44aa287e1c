//! Machines of a story: each has a home of its own, and a link that can be ended at any moment.

use std::process::{Child, Command, Stdio};

use cc2cc::{
    agent::status::{self, Status},
    mailbox::{
        State,
        letter::{Letter, LetterId},
    },
};
use serde_json::Value;

use super::server::NatsServer;
use crate::support::{
    eventually::{PATIENCE, until, within},
    said::Said,
    world::World,
};

pub struct Machine {
    pub name: &'static str,
    pub world: World,
    link: Option<Child>,
}

impl Machine {
    /// A machine that is linked; its link does not run yet.
    pub fn new(name: &'static str, server: &NatsServer) -> Self {
        let machine = Self { name, world: World::new(), link: None };
        machine.set(server, "");
        machine
    }

    pub fn with(self, agent: &str) -> Self {
        self.world.add(agent);
        self
    }

    /// Writes its configuration; the link that starts next reads it.
    pub fn set(&self, server: &NatsServer, more: &str) {
        self.set_at(&server.url(), more);
    }

    /// The same with an address.
    pub fn set_at(&self, url: &str, more: &str) {
        let text = format!("[link]\nurl = \"{url}\"\nname = \"{}\"\n{more}", self.name);
        std::fs::create_dir_all(self.world.path("mail")).expect("a home");
        std::fs::write(self.world.path("mail/config.toml"), text).expect("written");
    }

    pub fn link_command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cc2cc-link"));
        command.args(words);
        self.world.furnish(&mut command);
        command
    }

    pub fn link(&self, words: &[&str]) -> Said {
        self.world.said(&self.link_command(words).output().expect("started"))
    }

    pub fn start(&mut self) {
        self.start_failing_at(None);
    }

    /// The link, which is killed before its change of this number to the disk.
    pub fn start_failing_at(&mut self, step: Option<u32>) {
        let mut command = self.link_command(&["run"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        if let Some(step) = step {
            command.env("CC2CC_FAIL_AT", step.to_string());
        }
        self.link = Some(command.spawn().expect("started"));
    }

    /// Whether its link has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.link.as_mut().is_none_or(|link| link.try_wait().expect("asked").is_some())
    }

    pub fn kill(&mut self) {
        if let Some(mut link) = self.link.take() {
            let _ = link.kill();
            link.wait().expect("ended");
        }
    }

    pub fn code(&self) -> String {
        let said = self.link(&["pair"]).fine();
        let code = said.out.split_whitespace().find(|word| word.starts_with(&format!("{}:", self.name)));
        code.expect("a code").to_owned()
    }

    /// Writes as an agent of this machine; the short id is given.
    pub fn sends(&self, from: &str, to: &str, text: &str) -> LetterId {
        let said = self.world.run_as(&self.world.hosted(from), &["send", "--json", to, text]).fine();
        let sent: Value = said.json();
        sent["sent"][0]["id"].as_str().expect("an id").parse().expect("an id")
    }

    /// Writes as the person of this machine, who has no rate limit.
    pub fn writes(&self, to: &str, text: &str) {
        self.world.run(&["send", to, text]).fine();
    }

    /// How far a letter to somebody has come, as this machine knows.
    pub fn status(&self, to: &str, id: &LetterId) -> Status {
        let mailbox = self.world.at(to);
        status::find_in(&mailbox, id).expect("the letter is there").status()
    }

    pub fn stage(&self, to: &str, id: &LetterId) -> &'static str {
        self.status(to, id).stage.as_str()
    }

    #[track_caller]
    pub fn until_stage(&self, to: &str, id: &LetterId, stage: &str) {
        until(&format!("{to} {stage}; {}", self.world.log()), || (self.stage(to, id) == stage).then_some(()));
    }

    /// The letters of one agent, in whichever state.
    pub fn letters_of(&self, agent: &str) -> Vec<(State, Letter)> {
        self.world.letters_of(agent)
    }

    #[track_caller]
    pub fn until_letters(&self, agent: &str, count: usize) -> Vec<(State, Letter)> {
        until(&format!("{count} letters of {agent}"), || {
            let letters = self.letters_of(agent);
            (letters.len() >= count).then_some(letters)
        })
    }

    /// Waits until `cc2cc link` says this of why nothing goes, and gives all that it says.
    #[track_caller]
    pub fn until_why(&self, says: &str) -> String {
        let found = within(PATIENCE, || {
            let why = self.overview()["why"].as_str().unwrap_or_default().to_owned();
            why.contains(says).then_some(why)
        });
        found.unwrap_or_else(|| panic!("nobody says {says}: {}\n{}", self.overview(), self.world.log()))
    }

    /// What `cc2cc link --json` says of this machine.
    pub fn overview(&self) -> Value {
        self.link(&["--json"]).fine().json()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Two machines that have taken each other's code, each with an agent, and trust each other; their links run.
pub fn pair(server: &NatsServer) -> (Machine, Machine) {
    let (mut laptop, mut desk) = strangers(server);
    laptop.link(&["trust", "desk"]).fine();
    desk.link(&["trust", "laptop"]).fine();
    laptop.start();
    desk.start();
    (laptop, desk)
}

/// The same before anybody trusts and any link runs.
pub fn strangers(server: &NatsServer) -> (Machine, Machine) {
    let (laptop, desk) = (Machine::new("laptop", server).with("ann"), Machine::new("desk", server).with("bob"));
    laptop.link(&["pair", &desk.code()]).fine();
    desk.link(&["pair", &laptop.code()]).fine();
    (laptop, desk)
}
