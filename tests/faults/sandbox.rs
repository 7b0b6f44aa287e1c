//! A command of a session in a sandbox: it sees the home read-only, and processes of its own alone.

use std::process::{Child, Command};

use cc2cc::{
    agent::host::HostKey,
    mailbox::{State, letter::LetterId},
};
use serde_json::{Value, json};

use super::{
    namespaces::in_namespaces,
    scene::{Heard, Scene},
    table::conclude,
};
use crate::support::{
    eventually::until,
    said::{Said, said, start},
};

/// A scene whose session has its waker, and whose mail only commands outside of the sandbox can write.
struct Sandboxed {
    scene: Scene,
    waker: Child,
}

impl Sandboxed {
    fn new() -> Self {
        let scene = Scene::new();
        scene.watch(scene.start("startup")).fine();
        let mut waker = scene.session_process(&["wait", "--ring"], &json!({ "hook_event_name": "Stop" }));
        let waker = start(&mut waker.command, &waker.input);
        until("the waker is there", || scene.mine().is_online().then_some(()));
        Self { scene, waker }
    }

    /// Runs a verb as the session's shell does in its sandbox, with the walls that `unshare` makes of these words.
    fn run(&self, walls: &[&str], words: &[&str]) -> Said {
        let mail = self.scene.world.path("mail");
        let host = HostKey::of(std::process::id()).expect("this process").to_string();
        let inner = self.scene.world.command(words);
        let mut command = Command::new("unshare");
        self.scene.world.furnish(&mut command);
        command.env("CLAUDECODE", "1").env("CC2CC_HOST", host).arg("--mount").args(walls).args(["sh", "-c"]);
        command.arg("mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" && exec setsid --wait \"$@\"");
        command.arg(mail).arg(inner.get_program()).args(inner.get_args());
        said(&mut command, b"")
    }
}

impl Drop for Sandboxed {
    fn drop(&mut self) {
        drop(self.waker.kill());
        drop(self.waker.wait());
    }
}

const WALLS: [&[&str]; 2] = [&[], &["--pid", "--fork", "--mount-proc"]];

#[test]
fn a_command_in_a_sandbox_reads_and_says_what_writes_instead() {
    if !in_namespaces("faults::sandbox::a_command_in_a_sandbox_reads_and_says_what_writes_instead", &["--mount"]) {
        return;
    }
    let session = Sandboxed::new();
    let id = low(&session.scene, "read me");
    for walls in WALLS {
        let reads = |words: &[&str]| session.run(walls, words).fine().out;
        assert_eq!(reads(&["whoami"]), "calm-owl\n");
        assert!(reads(&["agents"]).contains("calm-owl (you)"));
        assert!(reads(&["inbox"]).contains("read me"));
        assert!(reads(&["read", id.as_str()]).contains("read me"));
        assert!(reads(&["log"]).contains("read me"));
        assert!(reads(&["status", id.as_str()]).contains("stored"));

        for words in [&["send", "ann", "hello"][..], &["rename", "other-owl"], &["inbox", "--take"]] {
            let said = session.run(walls, words);
            assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{words:?}: {said:?}");
            assert!(said.err.starts_with("cc2cc: a sandbox keeps this command from writing: could not "), "{said:?}");
            assert!(said.err.contains("hint: the cc2cc tools are outside of it: `send` writes a letter"), "{said:?}");
            assert!(!said.err.contains("chmod") && !said.err.contains("doctor"), "{said:?}");
        }

        let doctor = session.run(walls, &["doctor", "--json"]);
        let report: Value = serde_json::from_str(&doctor.out).expect("JSON");
        let found = |what: &str| {
            let findings = report["findings"].as_array().expect("findings").iter();
            findings.filter(|finding| finding["what"] == what).map(Value::to_string).collect::<Vec<_>>().join("\n")
        };
        assert!(found("home").contains("a sandbox keeps commands here from writing"), "{report}");
        assert!(found("session").contains("you are calm-owl, and can be woken"), "{report}");
        assert!(found("self-test").contains("not tried, a sandbox"), "{report}");
        assert_eq!(found("mailbox"), "", "{report}");
        assert!(!doctor.out.contains("chmod"), "{report}");
    }
    assert_eq!(session.scene.mine().count(State::Inbox).expect("counted"), 1, "nothing has changed");
    assert_eq!(session.scene.world.at("ann").count(State::Inbox).expect("counted"), 0);
    session.scene.goes_on();
    let how = "a bind mount, with and without a pid namespace: six verbs read, three say what writes instead";
    conclude("a command in a sandbox (read-only home)", how, session.scene.tally(Heard::All));
}

/// A letter that wakes nobody.
fn low(scene: &Scene, text: &str) -> LetterId {
    let said = scene.run(&["send", "calm-owl", "--priority", "low", "--json", text]);
    let said = scene.watch(said.sending("calm-owl", text)).fine();
    let sent: Value = serde_json::from_str(&said.out).expect("JSON");
    sent["sent"][0]["id"].as_str().expect("an id").parse().expect("an id")
}
