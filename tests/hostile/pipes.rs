//! The same through the binary: hooks and server get whatever comes, on a home of their own.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};

use super::{INPUT, corpus, mangled};

fn start(home: &Path, words: &[&str]) -> Child {
    let binary = std::env::var_os("CC2CC_TEST_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_cc2cc").into());
    let mut command = Command::new(binary);
    command
        .args(words)
        .env_clear()
        .env(if cfg!(windows) { "USERPROFILE" } else { "HOME" }, home)
        .env(if cfg!(windows) { "TMP" } else { "TMPDIR" }, home)
        .env("CC2CC_HOME", home.join("mail"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("cc2cc")
}

fn hook(home: &Path, event: &str, input: &[u8]) -> Output {
    let mut child = start(home, &["hook", event]);
    // A hook may end without having read it all.
    let _ = child.stdin.take().expect("a pipe").write_all(input);
    child.wait_with_output().expect("an end")
}

/// Whatever a hook is told: it ends with 0, and says nothing or one JSON object.
fn hook_ends_well(home: &Path, input: &[u8]) {
    for event in ["session-start", "user-prompt-submit", "stop", "session-end"] {
        let output = hook(home, event, input);
        assert_eq!(output.status.code(), Some(0), "{event}: {output:?}");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.is_empty() || serde_json::from_str::<Value>(&said).is_ok_and(|said| said.is_object()), "{said}");
    }
}

#[test]
fn a_hook_ends_well_whatever_it_is_told() {
    let home = tempfile::tempdir().expect("a home");
    for (_, input) in corpus("hook-input") {
        hook_ends_well(home.path(), &input);
    }
    let mut runner = TestRunner::new(Config { failure_persistence: None, cases: 40, ..Config::default() });
    let tried = runner.run(&mangled(INPUT), |input| {
        hook_ends_well(home.path(), &input);
        Ok(())
    });
    tried.expect("hooks that end well");
}

#[cfg(not(windows))] // Wine looks through the whole directory for every name, so that a flood takes it hours
#[test]
fn an_inbox_flooded_with_files_is_worked_off_and_loses_none() {
    use std::fs;
    const FLOOD: usize = 100_000;
    let home = tempfile::tempdir().expect("a home");
    let session = json!({ "session_id": "s", "cwd": home.path(), "prompt": "hello", "source": "startup" }).to_string();
    hook(home.path(), "session-start", session.as_bytes());
    let entries = fs::read_dir(home.path().join("mail")).expect("mail").map(|entry| entry.expect("an entry").path());
    let mailbox = entries.into_iter().find(|path| path.join("inbox").is_dir()).expect("a mailbox");
    for number in 0..FLOOD {
        let text = format!(r#"{{"from":"ann","to":"bob","content":{{"text":"letter {number}"}}}}"#);
        fs::write(mailbox.join(format!("inbox/n-{number}.json")), text).expect("written");
    }
    let count = |directory: &str| fs::read_dir(mailbox.join(directory)).expect("a directory").count();
    for turn in 0..3 {
        let output = hook(home.path(), "user-prompt-submit", session.as_bytes());
        assert_eq!(output.status.code(), Some(0));
        assert!(output.stdout.len() < 40_000, "{} bytes", output.stdout.len());
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains(r#"id=\"n-"#), "turn {turn} brings none: {said}");
        // What becomes of a delivered letter depends on how long the next turn takes to come.
        let directories = ["inbox", "claimed", "held", "done", "dead"].map(count);
        assert_eq!(directories.iter().sum::<usize>(), FLOOD, "{directories:?}");
        assert!(directories[0] < FLOOD && directories[2] + directories[4] == 0, "{directories:?}");
    }
}

const TOOLS: [&str; 5] = ["send", "inbox", "agents", "status", "rename"];

#[test]
fn the_server_answers_whatever_a_tool_is_called_with() {
    let home = tempfile::tempdir().expect("a home");
    let mut server = start(home.path(), &["mcp"]);
    let mut to = server.stdin.take().expect("a pipe");
    let mut from = BufReader::new(server.stdout.take().expect("a pipe")).lines();
    let mut ask = |id: u64, method: &str, params: &Value| -> Value {
        writeln!(to, "{}", json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })).expect("asked");
        loop {
            let line = from.next().expect("an answer").expect("a line");
            let answer: Value = serde_json::from_str(&line).expect("JSON");
            if answer["id"] == id {
                return answer;
            }
        }
    };
    let client = json!({ "name": "test", "version": "1" });
    ask(0, "initialize", &json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client }));
    let mut id = 0;
    let mut call = |tool: &str, arguments: &Value| {
        id += 1;
        let answer = ask(id, "tools/call", &json!({ "name": tool, "arguments": arguments }));
        assert!(answer.get("result").is_some() || answer.get("error").is_some(), "{answer}");
    };
    for (_, arguments) in corpus("mcp") {
        let arguments = serde_json::from_slice(&arguments).expect("JSON");
        for tool in TOOLS {
            call(tool, &arguments);
        }
    }
    let text = prop_oneof![any::<String>(), Just("@all".to_owned()), Just("../x".to_owned()), "[a-z-]{1,40}"];
    let value = prop_oneof![text.clone().prop_map(Value::from), any::<i64>().prop_map(Value::from), Just(Value::Null)];
    let arguments = (value.clone(), value.clone(), value.clone(), value, prop::sample::select(&TOOLS[..]));
    let mut runner = TestRunner::new(Config { failure_persistence: None, cases: 150, ..Config::default() });
    let call = std::cell::RefCell::new(call);
    let tried = runner.run(&arguments, |(a, b, c, d, tool)| {
        let arguments = json!({ "to": a, "text": b, "id": c, "name": d, "reply_to": c, "all": true });
        (call.borrow_mut())(tool, &arguments);
        Ok(())
    });
    tried.expect("answers");
    drop(to);
    assert!(server.wait().expect("an end").success(), "it ends with its client");
}
