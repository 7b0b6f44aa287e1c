//! Codex's hooks, told what Codex tells them and with a rollout as it writes one.

use std::{fs, io::Write, path::PathBuf};

use cc2cc::{
    agent::{Activity, Record},
    clients::wakes,
    mailbox::{Mailbox, State, letter::Letter, level::Level},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::{eventually::until, said::Said, world::World};

const THREAD: &str = "01a227fc-a455-7c43-8f3c-7122f9a03bfd";

/// A session of Codex that a story plays.
struct Played<'a> {
    world: &'a World,
    rollout: PathBuf,
}

impl<'a> Played<'a> {
    fn new(world: &'a World) -> Self {
        let played = Self { world, rollout: world.path("home/.codex/sessions/2026/01/01/rollout-x.jsonl") };
        fs::create_dir_all(played.rollout.parent().unwrap()).unwrap();
        played.row("session_meta", &json!({ "source": "vscode", "thread_source": "user", "base_instructions": {} }));
        played
    }

    fn row(&self, kind: &str, payload: &Value) {
        let row = json!({ "timestamp": "2026-01-01T00:00:00Z", "type": kind, "payload": payload });
        let mut file = fs::OpenOptions::new().create(true).append(true).open(&self.rollout).unwrap();
        writeln!(file, "{row}").unwrap();
    }

    fn begins(&self, trigger: &str) {
        let attribution = json!({ "turn_trigger": trigger });
        self.row("event_msg", &json!({ "type": "task_started", "turn_attribution": attribution }));
    }

    fn hook(&self, name: &str, more: &Value) -> Said {
        let mut event =
            json!({ "session_id": THREAD, "transcript_path": self.rollout, "cwd": self.world.path("work") });
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.world.run_with_input(&["hook", "--client", "codex", name], event.to_string().as_bytes()).fine()
    }

    fn started(self) -> Self {
        self.hook("session-start", &json!({ "source": "startup" }));
        self
    }

    fn mailbox(&self) -> Mailbox {
        let mailboxes = self.world.home().mailboxes().unwrap();
        mailboxes.into_iter().find(|mailbox| Record::of(mailbox).session.as_deref() == Some(THREAD)).expect("a mailbox")
    }

    fn record(&self) -> Record {
        Record::of(&self.mailbox())
    }
}

fn context(said: &Said) -> String {
    said.json()["hookSpecificOutput"]["additionalContext"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_session_is_named_written_to_and_has_evidence_in_its_rollout() {
    let world = World::new().agent("ann");
    let codex = Played::new(&world);
    let said = codex.hook("session-start", &json!({ "source": "startup" })).json();
    let name = codex.mailbox().name().to_string();
    assert_eq!(said["systemMessage"], format!("cc2cc: you are {name}"));
    until("its waker", || codex.mailbox().is_online().then_some(()));

    let id = world.posted("ann", &name, "how are you?");
    codex.begins("user");
    let said = codex.hook("user-prompt-submit", &json!({ "prompt": "hello" }));
    let given = context(&said);
    assert!(given.contains("how are you?") && said.json()["systemMessage"] == "✉ ann: how are you?", "{said}");
    assert_eq!(codex.record().state, Activity::Busy);
    let state =
        |id| [State::Claimed, State::Done].into_iter().find(|state| codex.mailbox().ids(*state).unwrap().contains(id));
    let by_hook = json!({ "content_item_kinds": ["hooks.additional_context"],
        "content_item_metadata": [{ "provenance": { "type": "harness", "hook": true } }] });
    let typed =
        json!({ "content_item_kinds": ["user.text"], "content_item_metadata": [{ "provenance": { "type": "user" } }] });
    let message = |role: &str, text: &str, marks: &Value| {
        let content = json!([{ "type": "input_text", "text": text }]);
        let passed = "internal_chat_message_metadata_passthrough";
        codex.row("response_item", &json!({ "type": "message", "role": role, "content": content, passed: marks }));
    };
    // What only quotes a letter proves nothing, whoever writes it.
    message("user", &given, &typed);
    message("developer", &given, &typed);
    message("assistant", &given, &json!({}));
    codex.hook("stop", &json!({}));
    assert_eq!(state(&id), Some(State::Claimed));
    message("developer", &given, &by_hook);
    codex.hook("stop", &json!({}));
    assert_eq!(state(&id), Some(State::Claimed), "nothing has answered it");
    message("assistant", "fine", &json!({}));
    codex.hook("stop", &json!({}));
    assert_eq!((state(&id), codex.record().state), (Some(State::Done), Activity::Idle));
}

#[test]
fn a_wake_is_no_person_and_one_that_brings_nothing_makes_no_request() {
    let world = World::new().agent("ann");
    let codex = Played::new(&world).started();
    let mailbox = codex.mailbox();
    let hops = |hops| {
        Record::change(&mailbox, Timestamp::now(), |record| record.hops = hops).unwrap();
    };
    let wake = |word: &str| json!({ "prompt": wakes::wake(mailbox.name().as_str(), "ann", word) });
    hops(7);
    codex.begins("queue");
    let said = codex.hook("user-prompt-submit", &wake(&wakes::begin(&mailbox).unwrap())).json();
    assert_eq!((said["decision"].as_str(), codex.record().state), (Some("block"), Activity::Idle));
    assert_eq!(codex.record().hops, 7);
    for (trigger, prompt, left) in [("agent", "go on", 7), ("user", "go on", 0)] {
        hops(7);
        codex.begins(trigger);
        codex.hook("user-prompt-submit", &json!({ "prompt": prompt }));
        assert_eq!(codex.record().hops, left, "{trigger}");
    }
    // Whoever makes up a word is a person who does.
    hops(7);
    codex.begins("user");
    let said = codex.hook("user-prompt-submit", &wake("00000000"));
    assert_eq!((said.out.as_str(), codex.record().hops), ("", 0));
}

#[test]
fn how_far_it_acts_is_read_in_the_rollout_and_rules_hold() {
    let world = World::new().agent("ann");
    let codex = Played::new(&world).started();
    let turn = |policy: &str, reviewer: &str, profile: &str, sandbox: &str, mode: &str| {
        codex.row(
            "turn_context",
            &json!({ "approval_policy": policy, "approvals_reviewer": reviewer,
            "permission_profile": { "type": profile }, "sandbox_policy": { "type": sandbox },
            "collaboration_mode": { "mode": mode } }),
        );
        codex.begins("user");
        codex.hook("user-prompt-submit", &json!({ "prompt": "go on" }));
        codex.record().level.unwrap()
    };
    assert_eq!(turn("on-request", "user", "managed", "workspace-write", "plan"), Level::Plans);
    assert_eq!(turn("on-request", "user", "managed", "read-only", "default"), Level::Asks);
    assert_eq!(turn("on-request", "user", "managed", "workspace-write", "default"), Level::Edits);
    assert_eq!(turn("on-request", "auto_review", "managed", "workspace-write", "default"), Level::Checked);
    assert_eq!(turn("never", "user", "managed", "read-only", "default"), Level::Checked);
    assert_eq!(turn("on-request", "user", "disabled", "danger-full-access", "default"), Level::Free);
    let name = codex.mailbox().name().clone();
    let letter = Letter::new("ann".parse().unwrap(), name, "delete it", Timestamp::now());
    world.post(letter);
    codex.begins("user");
    let said = codex.hook("user-prompt-submit", &json!({ "prompt": "go on" }));
    assert!(!context(&said).contains("delete it"), "{said}");
    let shown = said.json()["systemMessage"].as_str().unwrap_or_default().to_owned();
    assert!(shown.contains("✉ held: ann: delete it") && shown.contains("`cc2cc accept "), "{shown}");
}

#[test]
fn a_one_shot_run_and_another_threads_thread_take_no_part() {
    for meta in [
        json!({ "source": "exec", "thread_source": "user" }),
        json!({ "source": "vscode", "thread_source": "subagent" }),
        json!({ "source": { "subagent": "review" } }),
    ] {
        let world = World::new();
        let codex = Played::new(&world);
        fs::remove_file(&codex.rollout).unwrap();
        codex.row("session_meta", &meta);
        assert_eq!(codex.hook("session-start", &json!({ "source": "startup" })).out, "", "{meta}");
        assert!(!world.home().path().exists(), "{meta}");
    }
}

#[test]
fn a_question_to_the_person_is_told_until_the_tool_has_run_which_brings_letters() {
    let world = World::new().agent("ann");
    let codex = Played::new(&world).started();
    codex.begins("user");
    codex.hook("user-prompt-submit", &json!({ "prompt": "go on" }));
    codex.hook("permission-request", &json!({ "tool_name": "Bash" }));
    assert_eq!(codex.record().asks.map(|asks| asks.why), Some("permission for Bash".to_owned()));
    world.posted("ann", codex.mailbox().name().as_str(), "stop that");
    assert!(context(&codex.hook("post-tool-use", &json!({ "tool_name": "Bash" }))).contains("stop that"));
    assert_eq!(codex.record().asks, None);
    assert_eq!(codex.hook("post-tool-use", &json!({ "tool_name": "Bash" })).out, "", "once");
}

#[test]
fn at_its_end_a_session_is_away_and_its_waker_ends() {
    let world = World::new();
    let codex = Played::new(&world).started();
    until("its waker", || codex.mailbox().is_online().then_some(()));
    codex.hook("session-end", &json!({ "reason": "other" }));
    until("its waker's end", || (!codex.mailbox().is_online()).then_some(()));
    let name = codex.mailbox().name().clone();
    codex.hook("session-start", &json!({ "source": "resume" }));
    assert_eq!(*codex.mailbox().name(), name);
    until("its next waker", || codex.mailbox().is_online().then_some(()));
}

#[test]
fn a_letter_begins_no_part_of_what_a_hook_gives_the_model() {
    use cc2cc::text::sanitize::neutralise;
    let rows: Vec<Value> = serde_json::from_str(include_str!("../attacks.json")).expect("the table of attacks");
    let world = World::new().agent("ann");
    let codex = Played::new(&world).started();
    let name = codex.mailbox().name().to_string();
    codex.begins("user");
    for (number, row) in rows.iter().enumerate() {
        let text = row["text"].as_str().expect("a text").replace('\0', "");
        let (event, more) = match number % 2 {
            0 => ("user-prompt-submit", json!({ "prompt": "hello" })),
            _ => ("post-tool-use", json!({ "tool_name": "Bash" })),
        };
        let id = world.posted("ann", &name, &text);
        let said = codex.hook(event, &more);
        let answer = said.json();
        let given = answer["hookSpecificOutput"]["additionalContext"].as_str().expect("a text");
        let mail = given.strip_prefix("<cc2cc-mail>").and_then(|rest| rest.trim_end().strip_suffix("</cc2cc-mail>"));
        let (_, letter) = mail.expect("the frame alone").split_once("<letter id=").expect("the letter");
        let (head, letter) = letter.split_once(">\n").expect("its text");
        assert!(head.contains(id.as_str()), "{head}");
        let (letter, after) = letter.split_once("</letter>").expect("its end");
        assert_eq!((neutralise(letter).as_str(), after.trim()), (letter, ""), "{}", row["name"]);
        let shown = answer["systemMessage"].as_str().expect("a line for the person");
        assert_eq!(cc2cc::text::terminal::printable(shown), shown, "{}", row["name"]);
    }
}
