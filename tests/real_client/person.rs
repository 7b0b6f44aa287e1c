//! Who a command is: a terminal that was started from a session's Bash is the person's, while that session lives and after
//! it; a command in the client's sandbox is the session's, and cannot write.

use std::{fs, process::Command};

use serde_json::json;

use crate::{
    is_online,
    reply::Reply,
    settled,
    support::eventually::{PATIENCE, eventually},
    world::World,
};

/// A terminal server somebody has started; ended when dropped.
struct Tmux<'a>(&'a World);

impl Tmux<'_> {
    fn socket(&self) -> String {
        self.0.home().join("tmux").display().to_string()
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut tmux = self.0.command("home", "tmux");
        tmux.args(["-S", &self.socket()]).args(words);
        tmux
    }

    /// Runs a line in a new window and gives what it wrote to the file.
    #[track_caller]
    fn run(&self, line: &str) -> String {
        let (file, done) = (self.0.home().join("said"), self.0.home().join("done"));
        drop(fs::remove_file(&done));
        let line = format!("{line} >{} 2>&1; mv {} {}", file.display(), file.display(), done.display());
        assert!(self.command(&["new-window", "-d", &line]).status().expect("tmux is needed").success());
        eventually(&line, PATIENCE, || fs::read_to_string(&done).ok())
    }
}

impl Drop for Tmux<'_> {
    fn drop(&mut self) {
        drop(self.command(&["kill-server"]).output());
    }
}

#[test]
fn a_terminal_server_started_from_a_sessions_bash_serves_the_person() {
    let world = World::with_cc2cc();
    let mut ann = settled(&world, "ann");
    let tmux = Tmux(&world);
    let (left, gate) = (world.home().join("left"), world.home().join("gate"));
    let command = format!(
        "cc2cc whoami; tmux -S {} -f /dev/null new-session -d 'sleep 600'; \
         (setsid sh -c 'until [ -e {gate} ]; do sleep 0.1; done; cc2cc whoami >{left}.part 2>&1; mv {left}.part {left}' </dev/null >/dev/null 2>&1 &)",
        tmux.socket(),
        left = left.display(),
        gate = gate.display(),
    );
    ann.api.when("start it").reply(Reply::tool("Bash", json!({ "command": command, "description": "start" })));
    ann.type_line("start it");
    let told = ann.wait_for_request("with the result", |request| !request.tool_results().is_empty());
    assert_eq!(told.tool_results()[0].trim(), "ann");
    let environment = tmux.run("env");
    assert!(environment.contains("CLAUDECODE=1") && environment.contains("CC2CC_HOST="), "{environment}");
    assert_eq!(tmux.run("cc2cc whoami"), "user\n");
    fs::write(&gate, "").expect("the command has ended");
    let detached = eventually("what was detached has run", PATIENCE, || fs::read_to_string(&left).ok());
    assert_eq!(detached, "ann\n");

    ann.idle();
    ann.quit();
    eventually("she is offline", PATIENCE, || (!is_online(&world, "ann")).then_some(()));
    assert_eq!(tmux.run("cc2cc whoami"), "user\n");
    assert!(tmux.run("cc2cc send ann 'see you'").starts_with("stored for ann"));
}

#[test]
fn a_command_in_the_clients_sandbox_reads_and_is_told_of_the_tools() {
    let world = World::with_cc2cc();
    let settings = json!({ "sandbox": { "enabled": true, "autoAllowBashIfSandboxed": true } });
    fs::write(world.home().join(".claude/settings.json"), settings.to_string()).expect("settings");
    let mut ann = settled(&world, "ann");
    let bash = |command: &str| Reply::tool("Bash", json!({ "command": command, "description": "look" }));
    ann.api.when("look").reply(bash("(cc2cc whoami; cc2cc agents; cc2cc send user hello; cc2cc doctor) 2>&1 || true"));
    ann.type_line("look");
    let told = ann.wait_for_request("with the result", |request| !request.tool_results().is_empty());
    let said = told.tool_results()[0].clone();
    assert!(said.starts_with("ann\nann (you)  busy"), "{said}");
    assert!(said.contains("cc2cc: a sandbox keeps this command from writing: could not "), "{said}");
    assert!(said.contains("hint: the cc2cc tools are outside of it: `send` writes a letter"), "{said}");
    assert!(said.contains("you are ann, and can be woken"), "{said}");
    assert!(!said.contains("chmod"), "{said}");
}

#[test]
fn whose_words_a_letter_is_is_told_by_what_is_around_its_writer() {
    let world = World::with_cc2cc();
    let (mut ann, bob) = (settled(&world, "ann"), settled(&world, "bob"));
    fs::write(world.home().join(".cc2cc/config.toml"), "[agents.bob]\npolicy = \"hold\"\n").expect("a rule");

    ann.type_line("/send bob typed into ann");
    let told = bob.wait_until_told("typed into ann").newest();
    assert!(told.contains("from=\"ann\" by=\"person\""), "{told}");
    assert!(told.contains("the words of the person at this machine"), "{told}");
    bob.idle();

    let tmux = Tmux(&world);
    let server = tmux.command(&["-f", "/dev/null", "new-session", "-d", "sleep 600"]).status();
    assert!(server.expect("tmux is needed").success());
    let said = tmux.run("cc2cc send bob 'from a terminal'");
    assert!(said.starts_with("sent to bob"), "{said}");
    let told = bob.wait_until_told("from a terminal").newest();
    assert!(told.contains("from=\"user\" by=\"person\""), "{told}");
    bob.idle();

    crate::post(&world, "bob", "from a job");
    let told = bob.wait_until_told("from a job").newest();
    assert!(told.contains("from=\"user\" by=\"script\"") && told.contains("and not by the person"), "{told}");
    bob.idle();

    // A model that takes its variables away is its session all the same, and held as that.
    let command =
        "env -u CLAUDECODE -u CC2CC_HOST -u CLAUDE_CODE_SESSION_ID -u CLAUDE_PID cc2cc send bob 'from a model'";
    ann.api.when("do it").reply(Reply::tool("Bash", json!({ "command": command, "description": "send" })));
    ann.type_line("do it");
    bob.wait_for_screen("✉ held: ann: from a model");
    assert_eq!(bob.requests().len(), 3, "his model was not asked");
}
