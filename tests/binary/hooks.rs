//! A session's beginning and end.

use std::fs;

use cc2cc::{
    agent::{Activity, Record},
    mailbox::{State, level::Level},
};
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::session::{context, message};
use crate::support::world::World;

#[test]
fn a_session_starts_with_a_name_a_word_to_both_and_no_title() {
    let world = World::new();
    let session = world.session("calm-owl");
    let answer = session.start_hook("startup").fine().json();
    assert_snapshot!(serde_json::to_string_pretty(&answer).unwrap(), @r#"
    {
      "systemMessage": "cc2cc: you are calm-owl",
      "hookSpecificOutput": {
        "additionalContext": "This session's name is calm-owl. cc2cc carries letters between the Claude Code sessions on this machine; they arrive by themselves, in <cc2cc-mail>, which says whose words they are. The send tool writes to a session, and answers a letter with reply_to; where there is no such tool, `cc2cc send NAME TEXT` in Bash does it, and --reply-to ID. SendMessage knows none of these names.",
        "hookEventName": "SessionStart"
      }
    }
    "#);

    let record = Record::of(&world.at("calm-owl"));
    assert_eq!(record.session.as_deref(), Some("c8f4"));
    assert_eq!(record.cwd, Some(world.path("work").display().to_string()));
    assert_eq!(record.evidence, Some(session.transcript().display().to_string()));
    assert_eq!(session.shell(&["whoami"]).fine().out, "calm-owl\n");
}

#[test]
fn without_a_wish_a_name_is_made_up_and_kept() {
    let world = World::new();
    let session = world.session("").without("CC2CC_NAME");
    let first = message(&session.start_hook("startup").fine());
    assert!(first.strip_prefix("cc2cc: you are ").unwrap().contains('-'), "{first}");
    for source in ["clear", "resume"] {
        assert_eq!(message(&session.start_hook(source).fine()), first, "{source}");
    }
    assert_eq!(world.home().mailboxes().unwrap().len(), 1);
}

#[test]
fn waiting_letters_are_counted_and_left_to_delivery() {
    let world = World::new().agent("ann").agent("calm-owl");
    world.posted("ann", "calm-owl", "one");
    let session = world.session("calm-owl");
    assert_eq!(message(&session.start_hook("startup").fine()), "cc2cc: you are calm-owl · 1 letter waiting");
    world.posted("ann", "calm-owl", "two");
    let said = session.start_hook("resume").fine();
    assert_eq!(message(&said), "cc2cc: you are calm-owl · 2 letters waiting");
    assert!(!context(&said).contains("<letter"));
    assert_eq!(world.at("calm-owl").count(State::Inbox).unwrap(), 2);
}

#[test]
fn after_compacting_the_model_is_told_again_and_the_person_is_not() {
    let world = World::new();
    let session = world.session("calm-owl").started();
    let said = session.start_hook("compact").fine();
    assert_eq!(message(&said), "");
    assert!(context(&said).contains("This session's name is calm-owl"));
}

#[test]
fn a_name_that_is_none_or_in_use_is_said() {
    let world = World::new();
    let said = world.session("???").start_hook("startup").fine();
    assert!(message(&said).ends_with(" (CC2CC_NAME=??? is not a name)"), "{said}");

    let world = World::new().agent("calm-owl");
    let _somebody_is_there = world.at("calm-owl").hold_presence().unwrap();
    let said = world.session("calm-owl").start_hook("startup").fine();
    assert!(message(&said).ends_with(" (calm-owl is in use by another session)"), "{said}");
}

#[test]
fn at_its_end_the_session_is_away_and_clearing_is_no_end() {
    let world = World::new();
    let session = world.session("calm-owl").started();
    let _server = world.at("calm-owl").hold_presence().unwrap();
    let online = || world.run(&["agents", "--all", "--json"]).fine().json()["agents"][0]["online"] == Value::Bool(true);
    assert!(online());
    session.end("clear").fine();
    assert!(online());
    let said = session.end("prompt_input_exit").fine();
    assert_eq!(said.out, "");
    assert!(!online());
    session.start_hook("resume").fine();
    assert!(online(), "it is back");
}

#[test]
fn the_record_follows_the_session() {
    let world = World::new().agent("ann");
    let session = world.session("calm-owl").started();
    let record = || Record::of(&world.at("calm-owl"));
    session.prompt("hello").fine();
    assert_eq!((record().state, record().level), (Activity::Busy, Some(Level::Asks)));
    session.stop().fine();
    assert_eq!(record().state, Activity::Idle);
    fs::create_dir_all(world.path("work/repo/.git")).unwrap();
    fs::write(world.path("work/repo/.git/HEAD"), "ref: refs/heads/topic\n").unwrap();
    session.hook("session-start", &json!({ "source": "resume", "cwd": world.path("work/repo") })).fine();
    assert_eq!(record().branch.as_deref(), Some("topic"));
    assert_eq!(record().repo, Some(world.path("work/repo").display().to_string()));
}

#[test]
fn after_clear_a_new_session_id_has_the_same_mailbox() {
    let world = World::new();
    let mut session = world.session("calm-owl").started();
    session.id = "9d01".to_owned();
    let said = session.start_hook("clear").fine();
    assert_eq!(message(&said), "cc2cc: you are calm-owl");
    assert_eq!(Record::of(&world.at("calm-owl")).session.as_deref(), Some("9d01"));
    assert_eq!(world.home().mailboxes().unwrap().len(), 1);
}

#[cfg(unix)] // the other version is a script, which on Windows is no program
#[test]
fn that_a_terminal_has_another_version_is_said_once() {
    let world = World::new();
    let session = world.session("calm-owl");
    world.program("cc2cc", "cc2cc 99.0.0");
    let said = session.start_hook("startup").fine().to_string();
    assert_snapshot!(message(&session.start_hook("startup").fine()), @"cc2cc: you are calm-owl");
    assert!(
        said.contains(
            "in a terminal cc2cc is version 99.0.0 (/world/bin/cc2cc), in sessions 0.1.0: run `cc2cc install`"
        ),
        "{said}"
    );

    world.program("cc2cc", "cc2cc 0.0.9.1");
    let said = session.start_hook("resume").fine().to_string();
    assert!(said.contains("in sessions 0.1.0: remove /world/bin/cc2cc, or update it"), "{said}");

    world.program("cc2cc", concat!("cc2cc ", env!("CARGO_PKG_VERSION")));
    assert_eq!(message(&session.start_hook("startup").fine()), "cc2cc: you are calm-owl");
}

#[test]
fn a_plugin_and_a_program_of_different_versions_are_told_apart_once() {
    let world = World::new();
    let root = world.path("work/plugin");
    fs::create_dir_all(root.join(".claude-plugin")).unwrap();
    let session = world.session("calm-owl").with("CLAUDE_PLUGIN_ROOT", &root.display().to_string());
    let told = |version: &str| {
        fs::write(root.join(".claude-plugin/plugin.json"), json!({ "version": version }).to_string()).unwrap();
        message(&session.start_hook("startup").fine())
    };
    assert_snapshot!(told("99.0.0"), @"
    cc2cc: you are calm-owl
    cc2cc: the plugin is version 99.0.0 and its program 0.1.0: run `cc2cc update`
    ");
    assert_snapshot!(told("0.0.9"), @"
    cc2cc: you are calm-owl
    cc2cc: the plugin is version 0.0.9 and its program 0.1.0: run `claude plugin update` for it
    ");
    assert_snapshot!(told("0.0.9"), @"cc2cc: you are calm-owl");
    assert_snapshot!(told(env!("CARGO_PKG_VERSION")), @"cc2cc: you are calm-owl");
}

#[test]
fn reading_and_writing_mail_asks_nobody_unless_they_want_it() {
    let world = World::new();
    let session = world.session("calm-owl").started();
    let asked = |hook: &str, event: &str, tool: &str, mode: &str| {
        let input = json!({ "hook_event_name": event, "tool_name": tool, "tool_input": {}, "permission_mode": mode });
        session.hook(hook, &input).fine()
    };
    let before = |tool: &str| asked("pre-tool-use", "PreToolUse", tool, "default");
    let instead = |tool: &str| asked("permission-request", "PermissionRequest", tool, "plan");
    let ours = |name: &str| format!("mcp__plugin_cc2cc_cc2cc__{name}");
    for name in ["send", "ask", "inbox", "agents", "status"] {
        let allow = json!({ "hookEventName": "PreToolUse", "permissionDecision": "allow" });
        assert_eq!(before(&ours(name)).json(), json!({ "hookSpecificOutput": allow }), "{name}");
        let allow = json!({ "hookEventName": "PermissionRequest", "decision": { "behavior": "allow" } });
        assert_eq!(instead(&ours(name)).json(), json!({ "hookSpecificOutput": allow }), "{name}");
    }
    for tool in [&ours("rename"), &ours("sending"), "mcp__other__send", "Bash", ""] {
        assert_eq!((before(tool).out, instead(tool).out), (String::new(), String::new()), "{tool}");
    }
    let by_settings = asked("permission-request", "PermissionRequest", &ours("send"), "default");
    assert_eq!(by_settings.out, "", "the person's settings ask");
    for config in ["tools = \"ask\"\n", "tools = \"never\"\n", "not a rule"] {
        fs::write(world.home().path().join("config.toml"), config).unwrap();
        let send = ours("send");
        assert_eq!((before(&send).out, instead(&send).out), (String::new(), String::new()), "{config}");
    }
    fs::write(world.home().path().join("config.toml"), "tools = \"allow\"\n").unwrap();
    assert!(!before(&ours("send")).out.is_empty());
}

#[test]
fn the_plugin_runs_no_hook_with_each_tool_call() {
    let hooks: Value = serde_json::from_str(include_str!("../../hooks/hooks.json")).unwrap();
    let matchers = |event: &str| -> Vec<Value> {
        hooks["hooks"][event].as_array().unwrap().iter().map(|hook| hook["matcher"].clone()).collect()
    };
    assert_eq!(matchers("PreToolUse"), ["mcp__plugin_cc2cc_cc2cc__(send|ask|inbox|agents|notify_when|status)"]);
    assert_eq!(matchers("PermissionRequest"), [Value::Null], "each dialog is noted");
    assert!(hooks["hooks"]["PostToolUse"].is_null());
}
