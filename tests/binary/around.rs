//! Who runs a verb: variables of a session outlive it, and reach terminals of the person; what is around the process decides.

use std::{
    fs,
    io::{Read, Write},
    os::unix::fs::symlink,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use cc2cc::{
    agent::{
        host::HostKey,
        identity::{self, Claimant, Trust},
    },
    mailbox::letter::Author,
};

use crate::support::{binary::cc2cc, eventually::until, said::Said, world::World};

/// A process that has a session, as its client would be.
struct Host {
    child: Child,
    key: String,
}

impl Host {
    /// Gives a process the agent `name`.
    fn of(world: &World, name: &str, mut command: Command) -> Self {
        let child = command.stdin(Stdio::piped()).spawn().expect("a host");
        let key = HostKey::of(child.id()).expect("it lives");
        let wanted = Some(name.parse().expect("a name"));
        let claimant = Claimant { wanted, ..Claimant::new(key.clone(), Trust::Host) };
        identity::claim(&world.home(), &claimant).expect("claimed");
        Self { child, key: key.to_string() }
    }

    fn somewhere(world: &World, name: &str) -> Self {
        let mut sleep = Command::new("/bin/sleep");
        sleep.arg("600");
        Self::of(world, name, sleep)
    }

    fn ends(&mut self) {
        self.child.kill().and_then(|()| self.child.wait()).expect("ended");
    }

    fn variables(&self) -> [(&'static str, String); 2] {
        [("CC2CC_HOST", self.key.clone()), ("CLAUDECODE", "1".to_owned())]
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A terminal server, as a model or its person starts it from a session; ended when dropped.
struct Tmux<'a> {
    world: &'a World,
}

impl Tmux<'_> {
    fn command(&self) -> Command {
        let mut tmux = Command::new("/usr/bin/tmux");
        self.world.furnish(&mut tmux);
        tmux.arg("-S")
            .arg(self.world.path("tmux"))
            .args(["-f", "/dev/null"])
            .env("TERM", "xterm")
            .env("SHELL", "/bin/sh");
        tmux
    }

    /// Runs a verb in a terminal of its own and gives what it said.
    #[track_caller]
    fn run(&self, verb: &str, variables: &[(&str, String)]) -> String {
        let (out, done) = (self.world.path("work/out"), self.world.path("work/done"));
        drop(fs::remove_file(&done));
        let line = format!("{} {verb} >{} 2>&1; /bin/mv {} {}", cc2cc(), out.display(), out.display(), done.display());
        let started = self.command().envs(variables.iter().cloned()).args(["new-session", "-d", &line]).output();
        let started = started.expect("tmux is needed");
        assert!(started.status.success(), "{}", String::from_utf8_lossy(&started.stderr));
        until("the verb has run", || fs::read_to_string(&done).ok())
    }
}

impl Drop for Tmux<'_> {
    fn drop(&mut self) {
        drop(self.command().arg("kill-server").output());
    }
}

#[test]
fn a_terminal_that_a_session_has_started_is_the_persons() {
    let world = World::new().agent("bob");
    let mut ann = Host::somewhere(&world, "ann");
    let tmux = Tmux { world: &world };
    // The server stays between the two, with the variables of the session that started it.
    let mut keep = tmux.command();
    keep.envs(ann.variables()).args(["new-session", "-d", "/bin/sleep 600"]);
    assert!(keep.status().expect("tmux is needed").success());
    assert_eq!(tmux.run("whoami", &ann.variables()), "user\n", "the session lives, and this is no part of it");
    ann.ends();
    assert_eq!(tmux.run("whoami", &ann.variables()), "user\n");
    let sent = tmux.run("send bob hello", &ann.variables());
    assert!(sent.starts_with("stored for bob"), "{sent}");
    let letter = world.waiting("bob").remove(0);
    assert_eq!((letter.from.as_str(), letter.origin.author, letter.origin.hops), ("user", Some(Author::Person), 0));
}

#[test]
fn what_has_neither_a_terminal_nor_a_session_is_a_script_of_the_account() {
    let world = World::new().agent("bob");
    detached(&world, &[], "send bob hello").fine();
    let letter = world.waiting("bob").remove(0);
    assert_eq!((letter.from.as_str(), letter.origin.author, letter.origin.hops), ("user", Some(Author::Script), 0));
}

#[test]
fn a_command_that_has_lost_its_variables_is_still_its_sessions() {
    let world = World::new().agent("bob");
    let command = client(&world, &format!("{} send bob hello && {} whoami", cc2cc(), cc2cc()));
    let said = told_to_go(&world, &mut Host::of(&world, "ann", command).child).fine();
    assert!(said.out.ends_with("\nann\n"), "{said}");
    let letter = world.waiting("bob").remove(0);
    assert_eq!((letter.from.as_str(), letter.origin.author), ("ann", None));
    // It decides nothing either, and one that takes no part does not pass for the person.
    let command = client(&world, &format!("{} accept key-1", cc2cc()));
    let said = told_to_go(&world, &mut Host::of(&world, "ann", command).child);
    assert_eq!(said.code, Some(4), "{said}");
    let mut stranger =
        client(&world, &format!("{} send bob hello", cc2cc())).stdin(Stdio::piped()).spawn().expect("a client");
    let said = told_to_go(&world, &mut stranger);
    assert!(said.err.contains("this session has no agent name"), "{said}");
    assert_eq!(world.waiting("bob").len(), 1);
}

/// Runs a verb without a terminal and with no session around it, and says what came of it.
fn detached(world: &World, variables: &[(&str, String)], verb: &str) -> Said {
    let mut setsid = Command::new("/usr/bin/setsid");
    world.furnish(&mut setsid);
    let words = verb.split(' ');
    world.said(&setsid.arg("--wait").arg(cc2cc()).args(words).envs(variables.iter().cloned()).output().expect("setsid"))
}

#[test]
fn what_a_session_has_left_running_is_its_own_while_it_lives() {
    let world = World::new();
    let mut ann = Host::somewhere(&world, "ann");
    assert_eq!(detached(&world, &ann.variables(), "whoami").fine().out, "ann\n");
    ann.ends();
    assert_eq!(detached(&world, &ann.variables(), "whoami").fine().out, "user\n");
    let unknown = [("CLAUDECODE", "1".to_owned())];
    let said = detached(&world, &unknown, "whoami");
    assert_eq!(said.code, Some(1), "nobody can say whose it is: {said}");
}

/// A program that is called like the client and runs one line of shell when it is told to.
fn client(world: &World, line: &str) -> Command {
    let program = world.path("bin/claude");
    if !program.exists() {
        symlink(Path::new("/bin/sh"), &program).expect("a link");
    }
    let mut command = Command::new(program);
    world.furnish(&mut command);
    command.args(["-c", &format!("read go; {line}; exit $?")]);
    command
}

/// Tells such a program to go, and says what came of it.
fn told_to_go(world: &World, child: &mut Child) -> Said {
    child.stdin.take().expect("a pipe").write_all(b"go\n").expect("it reads");
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    child.stdout.take().expect("a pipe").read_to_end(&mut stdout).expect("read");
    child.stderr.take().expect("a pipe").read_to_end(&mut stderr).expect("read");
    world.said(&Output { status: child.wait().expect("ended"), stdout, stderr })
}

#[test]
fn the_nearest_client_around_a_command_is_its_session() {
    let world = World::new();
    let ann = Host::somewhere(&world, "ann");
    // The client has lost what its first hook left for its commands.
    let mut alone = client(&world, &format!("{} whoami", cc2cc()));
    alone.env("CLAUDECODE", "1");
    assert_eq!(told_to_go(&world, &mut Host::of(&world, "bob", alone).child).fine().out, "bob\n");

    let mut nested = client(&world, &format!("{} whoami", cc2cc()));
    nested.envs(ann.variables());
    let said = told_to_go(&world, &mut Host::of(&world, "carl", nested).child);
    assert_eq!(said.fine().out, "carl\n", "the variable is that of ann");

    let mut stranger = client(&world, &format!("{} send carl hello", cc2cc()));
    stranger.envs(ann.variables());
    let mut child = stranger.stdin(Stdio::piped()).spawn().expect("a client");
    let said = told_to_go(&world, &mut child);
    assert_eq!(said.code, Some(1), "a client that takes no part is not ann: {said}");
    assert!(said.err.contains("this session has no agent name"), "{said}");
}
