//! When something is broken a hook disturbs nobody: exit code 0, a line in the log, a word to the person, once.

use std::fs;

use insta::assert_snapshot;
use serde_json::json;

use super::session::{context, message};
use crate::support::{redact::redact, world::World};

const EVENTS: [&str; 4] = ["session-start", "user-prompt-submit", "stop", "session-end"];

#[test]
fn a_home_that_cannot_be_used_is_told_once_and_stops_nothing() {
    let world = World::new();
    fs::write(world.path("mail"), "not a directory").unwrap();
    let session = world.session("calm-owl");
    let first = session.start_hook("startup").fine();
    assert_snapshot!(redact(&message(&first), &world.path("")), @"cc2cc: mail is off for now: there can be no mail in /world/mail: it is not a directory. `cc2cc doctor` looks into it.");
    for event in ["user-prompt-submit", "stop", "user-prompt-submit"] {
        let said = session.hook(event, &json!({ "prompt": "go" })).fine();
        assert_eq!(said.out, "", "{event}");
    }
    let other = world.session("calm-owl").with("CLAUDE_CODE_SESSION_ID", "other");
    assert_ne!(message(&other.prompt("go").fine()), "", "another session's person has not been told");
    fs::write(world.path("tmp").join("cc2cc-told-"), "").unwrap();
    let nameless = world.session("calm-owl").without("CLAUDE_CODE_SESSION_ID");
    assert_ne!(message(&nameless.prompt("go").fine()), "", "nor one whose client does not name it");
    assert_eq!(nameless.prompt("go").fine().out, "");
    let waker = world.said(&session.waker("Stop").wait_with_output().unwrap());
    assert_eq!(waker.fine().out, "");
    assert_eq!(fs::read_to_string(world.path("mail")).unwrap(), "not a directory");
}

#[test]
fn a_home_that_would_be_another_in_each_directory_is_refused() {
    let world = World::new();
    for words in [&["agents"][..], &["send", "bob", "hello"], &["doctor"]] {
        let said = world.run_as(&[("CC2CC_HOME", "mail".to_owned())], words);
        assert_eq!(said.code, Some(1), "{said}");
        let all = format!("{}{}", said.out, said.err);
        assert!(all.contains("CC2CC_HOME is mail, which is another place in each directory"), "{said}");
        assert!(all.contains("write the whole path, from the root on"), "{said}");
    }
    assert!(!world.path("work/mail").exists());
}

#[test]
fn what_went_wrong_is_in_the_log_line_by_line() {
    let world = World::new();
    fs::create_dir(world.path("mail")).unwrap();
    fs::write(world.path("mail/sessions"), "a file in the way").unwrap();
    let session = world.session("calm-owl");
    session.start_hook("startup").fine();
    session.stop().fine();
    let log = fs::read_to_string(world.path("mail/log")).unwrap();
    let lines: Vec<_> = log.lines().collect();
    assert_eq!(lines.len(), 2, "{log}");
    assert!(lines[0].contains("hook session-start: could not "), "{log}");
    assert!(lines[1].contains("hook stop: could not "), "{log}");
    #[cfg(unix)] // Windows has no modes
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(world.path("mail/log")).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_log_that_has_grown_begins_anew_and_keeps_the_last() {
    let world = World::new();
    fs::create_dir(world.path("mail")).unwrap();
    fs::write(world.path("mail/log"), "old\n".repeat(100_000)).unwrap();
    world.session("calm-owl").hook_with_input("stop", b"garbage").fine();
    assert!(fs::metadata(world.path("mail/log")).unwrap().len() < 1_000);
    assert!(fs::read_to_string(world.path("mail/log.1")).unwrap().starts_with("old\n"));
}

#[test]
fn garbage_on_standard_input_stops_nothing() {
    let inputs: [&[u8]; 5] = [b"", b"garbage", b"{\"session_id\": 7}", b"\xff\xfe\x00", b"{\"prompt\": \"cut of"];
    for input in inputs {
        for event in EVENTS {
            let world = World::new();
            let said = world.session("calm-owl").hook_with_input(event, input);
            assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{event} {input:?}: {said}");
            assert!(message(&said).starts_with("cc2cc: mail is off for now: "), "{event} {input:?}: {said}");
            assert!(!said.out.contains("\"decision\""), "{said}");
        }
    }
}

/// Clients cut texts in the middle of a character, and scripts write what they like.
#[test]
fn input_that_is_not_quite_json_is_taken_and_mail_stays_on() {
    let deep = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
    let oddities: [&[u8]; 6] =
        [br"\ud83d", br"\udc00\ud83d", b"\xff\xed\xa0\xbd", b"\0", b"a\nb", br#"x","later":["y\ud83d"],"y":"\ud83d"#];
    for oddity in oddities {
        let world = World::new().agent("ann");
        let session = world.session("calm-owl").started();
        world.posted("ann", "calm-owl", "hello");
        let input = session.input(&json!({ "hook_event_name": "UserPromptSubmit", "prompt": "ODD" })).to_string();
        let (before, after) = input.split_once("ODD").unwrap();
        let after = format!("{},\"deep\":{deep}}}", after.strip_suffix('}').unwrap());
        let input = [before.as_bytes(), oddity, after.as_bytes()].concat();
        let said = session.hook_with_input("user-prompt-submit", &input).fine();
        assert!(context(&said).contains("hello"), "{}: {said}", String::from_utf8_lossy(oddity));
    }
}

#[test]
fn an_event_of_another_version_stops_nothing() {
    let world = World::new();
    let said = world.session("calm-owl").hook("pre-compact", &json!({})).fine();
    assert!(message(&said).contains("there is no hook `pre-compact`"), "{said}");
}

#[test]
fn strange_but_honest_input_is_taken() {
    let world = World::new();
    let session = world.session("calm-owl");
    let odd = json!({
        "session_id": "../../../x\u{0}y", "transcript_path": "/nowhere/\u{202e}", "cwd": "/nowhere at all", "source": "moon",
        "future": {"deep": [1, 2, {"a": null}]}, "prompt": "p".repeat(1_000_000), "permission_mode": "strange",
    });
    for event in EVENTS {
        let said = session.hook(event, &odd).fine();
        assert!(!message(&said).contains("mail is off"), "{event}: {said}");
    }
    assert!(world.files("").iter().all(|path| path.starts_with(world.path("mail")) || path == &session.env_file()));
}
