//! `[notify]` in config.toml: a command for what comes for the person, tried with the programs that reference.md names.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::PathBuf,
    process::Command,
};

use portable_pty::CommandBuilder;

use super::session::{context, message};
use crate::support::{
    eventually::until,
    terminal::{COLUMNS, Terminal},
    world::World,
};

/// What stands for `command` in the row of reference.md's table for this place.
fn recipe(place: &str) -> String {
    let reference = include_str!("../../docs/reference.md");
    let row = reference.lines().find(|line| line.starts_with(&format!("| {place}"))).expect("a row");
    let cells: Vec<&str> = row.split(" | ").collect();
    cells[1].trim_matches(['`', ' ', '|']).to_owned()
}

fn configure(world: &World, command: &str, more: &str) {
    fs::write(world.home().path().join("config.toml"), format!("[notify]\ncommand = {command}\n{more}")).unwrap();
}

/// A command that writes its words into a file, a line each time.
fn writer(world: &World) -> PathBuf {
    let told = world.path("told");
    let script = "printf '%s|' \"$@\" >>\"$0\" && echo >>\"$0\"";
    let words = [script, told.to_str().unwrap()].map(|word| format!("{word:?}")).join(", ");
    configure(world, &format!("[\"sh\", \"-c\", {words}, \"{{what}}\", \"{{from}}\", \"{{to}}\", \"{{line}}\"]"), "");
    told
}

fn lines(file: &PathBuf, count: usize) -> Vec<String> {
    until("the command has been run", || {
        let text = fs::read_to_string(file).unwrap_or_default();
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        (lines.len() >= count && text.ends_with('\n')).then_some(lines)
    })
}

#[test]
fn a_letter_to_the_person_and_one_that_is_held_are_told_once_each() {
    let world = World::new().with_programs().agent("ann").agent("bob");
    let told = writer(&world);
    let session = world.session("calm-owl").started();
    session.shell(&["send", "user", "--id", "key", "--", "-done- $(touch x)\nmore"]).fine();
    assert_eq!(lines(&told, 1), ["letter|calm-owl|user| -done- $(touch x)…|"]);
    for _ in 0..2 {
        session.shell(&["send", "user", "--id", "key", "--", "-done- $(touch x)\nmore"]).fine();
    }
    session.shell(&["send", "bob", "no business of the person's"]).fine();

    let config = fs::read_to_string(world.home().path().join("config.toml")).unwrap();
    fs::write(world.home().path().join("config.toml"), format!("{config}[agents.ann]\npolicy = \"hold\"\n")).unwrap();
    session.shell(&["send", "ann", "please"]);
    assert_eq!(lines(&told, 2)[1..], ["held|calm-owl|ann|please|"]);
}

#[test]
fn what_is_held_as_it_is_about_to_be_delivered_is_told_then() {
    let world = World::new().with_programs().agent("ann");
    let session = world.session("calm-owl").started();
    world.posted("ann", "calm-owl", "stored while that was fine");
    let told = writer(&world);
    let config = fs::read_to_string(world.home().path().join("config.toml")).unwrap();
    fs::write(world.home().path().join("config.toml"), format!("policy = \"hold\"\n{config}")).unwrap();
    let said = session.prompt("hello").fine();
    assert!(!context(&said).contains("that was fine"), "{}", message(&said));
    assert_eq!(lines(&told, 1), ["held|ann|calm-owl|stored while that was fine|"]);
}

#[test]
fn it_is_not_run_more_often_than_it_may() {
    let world = World::new().with_programs();
    let session = world.session("calm-owl").started();
    let told = writer(&world);
    let config = fs::read_to_string(world.home().path().join("config.toml")).unwrap();
    fs::write(world.home().path().join("config.toml"), format!("{config}per-minute = 2\n")).unwrap();
    for text in ["one", "two", "three"] {
        session.shell(&["send", "user", text]).fine();
    }
    let told = lines(&told, 2);
    assert_eq!(told.len(), 2, "{told:?}");
    let noted: Vec<serde_json::Value> =
        serde_json::from_slice(&fs::read(world.home().path().join("notify.json")).unwrap()).unwrap();
    assert_eq!(noted.len(), 2, "the third was not run");
}

#[test]
fn a_program_that_is_not_there_costs_nothing_and_is_said() {
    let world = World::new().with_programs();
    let session = world.session("calm-owl").started();
    configure(&world, r#"["no-such-program", "{line}"]"#, "");
    session.shell(&["send", "user", "hello"]).fine();
    assert!(world.log().contains("notify: could not start no-such-program: "), "{}", world.log());
    let said = world.run(&["doctor"]);
    assert!(said.out.contains("[notify] names no-such-program, which is not on the PATH"), "{said}");
}

#[test]
fn the_recipe_for_tmux_shows_a_line() {
    let world = World::new().with_programs();
    let session = world.session("calm-owl").started();
    let tmux = |words: &[&str]| {
        let server = world.path("tmux").display().to_string();
        let said = Command::new("tmux").args(["-f", "/dev/null", "-S", &server]).args(words).env_clear().output();
        String::from_utf8(said.expect("tmux").stdout).expect("text")
    };
    tmux(&["new-session", "-d", "-s", "desk", "-x", "80", "-y", "10", "sleep", "600"]);
    // The command finds its server as in a terminal of it.
    let socket = tmux(&["display-message", "-p", "#{socket_path},#{pid},0"]);
    let mut client = CommandBuilder::new("tmux");
    client.args(["-u", "-S", &world.path("tmux").display().to_string(), "attach"]);
    client.env_clear();
    client.env("TERM", "xterm");
    client.env("PATH", "/usr/bin:/bin");
    let terminal = Terminal::run(client, COLUMNS);
    until("the terminal", || terminal.screen().contains("[desk]").then_some(()));
    configure(&world, &recipe("tmux"), "");
    let env = fs::read_to_string(session.env_file()).unwrap();
    let host = env.lines().find_map(|line| line.strip_prefix("export CC2CC_HOST=")).expect("the host");
    let env = [("CC2CC_HOST", host.to_owned()), ("CLAUDECODE", "1".to_owned()), ("TMUX", socket.trim().to_owned())];
    world.run_as(&env, &["send", "user", "#(touch never)"]).fine();
    until("the line", || terminal.screen().contains("✉ calm-owl wrote: cc2cc inbox").then_some(()));
    tmux(&["kill-server"]);
}

#[test]
fn the_recipe_for_a_telephone_posts_the_line() {
    let world = World::new().with_programs();
    let session = world.session("calm-owl").started();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = format!("http://{}/your-topic", server.local_addr().unwrap());
    let command = recipe("telephone").replace("https://ntfy.example/your-topic", &place);
    assert!(command.contains(&place), "{command}");
    configure(&world, &command, "");
    session.shell(&["send", "user", "@/etc/passwd & <b>"]).fine();
    let (mut asked, _) = server.accept().unwrap();
    let mut request = Vec::new();
    let mut part = [0; 4096];
    until("the whole request", || {
        let read = asked.read(&mut part).expect("a request");
        request.extend_from_slice(&part[..read]);
        String::from_utf8_lossy(&request).ends_with("@/etc/passwd & <b>").then_some(())
    });
    asked.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
    let request = String::from_utf8(request).unwrap();
    assert!(request.starts_with("POST /your-topic HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("\r\nTitle: cc2cc: calm-owl\r\n"), "{request}");
}
