//! OpenCode's sessions, played: what its plugin hands over to `cc2cc hook --client opencode listen`, and what that asks of it.
//! The plugin itself is played with, and inside of, the real client in `tests/real_client`.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
};

use cc2cc::{
    agent::Record,
    mailbox::{
        State,
        letter::{Letter, LetterId, Priority},
        level::Level,
        receipt::Step,
    },
};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::{
    eventually::{PATIENCE, until},
    world::World,
};

/// An OpenCode that a story plays, with one process of ours beside it.
struct Played {
    world: World,
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<Value>,
    /// Asked for and not yet looked at by the story.
    asked: VecDeque<Value>,
    rules: Value,
    /// What its conversations hold, as the plugin outlines it.
    messages: Value,
}

impl Played {
    fn begun(world: World) -> Self {
        let mut command = world.command(&["hook", "--client", "opencode", "listen"]);
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::inherit()).spawn().expect("started");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let (tell, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = tell.send(serde_json::from_str(&line).expect("JSON"));
            }
        });
        let rules = json!([{"permission": "*", "pattern": "*", "action": "allow"}, {"permission": "bash", "pattern": "*", "action": "ask"}]);
        let mut played = Self { world, child, input, lines, asked: VecDeque::new(), rules, messages: json!([]) };
        played.say(&json!({"begin": {"directory": "/work", "sessions": []}}));
        played
    }

    fn say(&mut self, line: &Value) {
        writeln!(self.input.as_ref().expect("a plugin"), "{line}").expect("it reads");
    }

    fn event(&mut self, name: &str, data: &Value) {
        self.say(&json!({"event": name, "data": data}));
    }

    /// Makes a session, as its first prompt does.
    fn session(&mut self, id: &str) {
        self.event("session.created", &json!({"info": self.info(id)}));
    }

    fn info(&self, id: &str) -> Value {
        json!({"id": id, "directory": self.world.path("work"), "agent": "build", "model": {"id": "m", "providerID": "p"}})
    }

    /// A prompt goes to the model; gives what is added to it.
    fn prompt(&mut self, id: &str, words: &str, typed: bool) -> Vec<Value> {
        let data = json!({"session": id, "agent": "build", "words": words, "typed": typed});
        let added = self.ask("prompt", &data);
        added.as_array().expect("parts").clone()
    }

    fn ask(&mut self, question: &str, data: &Value) -> Value {
        const NUMBER: u64 = 77;
        self.say(&json!({"ask": NUMBER, "question": question, "data": data}));
        loop {
            let line = self.line();
            if line["answer"] == NUMBER {
                return line["data"].clone();
            }
            self.obey(line);
        }
    }

    fn line(&self) -> Value {
        self.lines.recv_timeout(PATIENCE).expect("a line")
    }

    /// Does what a client does at once, and keeps the rest for the story.
    fn obey(&mut self, line: Value) {
        let answer = match line["call"].as_str() {
            Some("agents") => json!([{"name": "build", "permission": self.rules}]),
            Some("messages") => self.messages.clone(),
            Some("session") => self.info(line["data"]["session"].as_str().expect("an id")),
            Some("toast") => Value::Null,
            _ => return self.asked.push_back(line),
        };
        self.say(&json!({"result": line["id"], "data": answer}));
    }

    /// Waits until the client is to begin a turn with a part of ours, and gives that call.
    #[track_caller]
    fn woken(&mut self) -> Value {
        loop {
            if let Some(line) = self.asked.pop_front() {
                assert_eq!(line["call"], "prompt", "{line}");
                return line;
            }
            let line = self.line();
            self.obey(line);
        }
    }

    /// Takes a part: it is in the conversation, and answered.
    fn take(&mut self, call: &Value, answered: bool) {
        let part = &call["data"]["parts"][0]["id"];
        let messages = self.messages.as_array_mut().expect("a list");
        let id = format!("m{}", messages.len());
        messages.push(json!({"id": id, "role": "user", "ours": [part]}));
        if answered {
            messages
                .push(json!({"id": format!("{id}a"), "role": "assistant", "parent": id, "finished": true, "ours": []}));
        }
        self.say(&json!({"result": call["id"], "data": {}}));
    }

    /// Waits for something while the client goes on answering.
    #[track_caller]
    fn until<T>(&mut self, what: &str, mut look: impl FnMut(&World) -> Option<T>) -> T {
        until(what, || {
            while let Ok(line) = self.lines.try_recv() {
                self.obey(line);
            }
            look(&self.world)
        })
    }

    /// The only agent but these.
    #[track_caller]
    fn named(&mut self, but: &[&str]) -> String {
        self.until("a name", |world| {
            let listed = world.run(&["agents", "--json"]).json()["agents"].clone();
            let names = listed.as_array()?.iter().filter_map(|agent| agent["name"].as_str());
            names.filter(|name| !but.contains(name)).map(str::to_owned).next()
        })
    }

    fn record(&self, name: &str) -> Record {
        Record::of(&self.world.at(name))
    }
}

impl Drop for Played {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn status(world: &World, id: &LetterId) -> String {
    let said = world.run(&["status", id.as_str(), "--json"]).json();
    said["copies"][0]["status"].as_str().expect("a status").to_owned()
}

#[test]
fn a_session_is_named_as_it_is_made_and_a_letter_goes_in_as_a_part_of_ours() {
    let mut opencode = Played::begun(World::new().agent("ann"));
    opencode.session("ses_1aB");
    let name = opencode.named(&["ann"]);
    let listed = opencode.world.run(&["agents", "--json"]).json()["agents"][0].clone();
    assert_eq!(
        (&listed["client"], &listed["state"], &listed["reach"]),
        (&"opencode".into(), &"idle".into(), &"wakes".into())
    );
    assert!(opencode.prompt("ses_1aB", "look at the build", true).is_empty());
    assert_eq!(opencode.record(&name).work.expect("work").text, "look at the build");
    opencode.event("session.status", &json!({"sessionID": "ses_1aB", "status": {"type": "idle"}}));

    let id = opencode.world.posted("ann", &name, "hello");
    let call = opencode.woken();
    assert_eq!(call["data"]["session"], "ses_1aB");
    assert_eq!(call["data"]["agent"], "build", "without it a planning session would act");
    let part = &call["data"]["parts"][0];
    assert_eq!((&part["type"], &part["synthetic"]), (&"text".into(), &true.into()));
    assert!(part["id"].as_str().expect("an id").starts_with("prt_cc2cc"), "{part}");
    assert!(part["text"].as_str().expect("a text").contains("\nhello\n"), "{part}");
    assert_eq!(status(&opencode.world, &id), "notified", "the client has not taken it yet");
    opencode.take(&call, false);
    opencode.until("it is handed over", |world| (status(world, &id) == "delivered").then_some(()));
    let last = opencode.messages[0]["id"].clone();
    let answer = json!({"id": "a", "role": "assistant", "parent": last, "finished": true, "ours": []});
    opencode.messages.as_array_mut().expect("a list").push(answer);
    opencode.event("session.status", &json!({"sessionID": "ses_1aB", "status": {"type": "idle"}}));
    opencode.until("it is proved seen", |world| (status(world, &id) == "seen").then_some(()));
}

#[test]
fn each_session_of_a_process_is_an_agent_and_a_subagent_is_none() {
    let mut opencode = Played::begun(World::new().agent("ann"));
    opencode.session("ses_1");
    let first = opencode.named(&["ann"]);
    opencode.session("ses_2");
    let second = opencode.named(&["ann", &first]);
    let mut child = opencode.info("ses_3");
    child["parentID"] = "ses_2".into();
    opencode.event("session.created", &json!({ "info": child }));
    assert!(opencode.prompt("ses_3", "a task of the model's", true).is_empty());
    assert_eq!(opencode.world.home().mailboxes().expect("a list").len(), 3);
    assert_eq!(opencode.record(&second).work, None, "it is nobody's prompt");

    // What a subagent does is done by its session.
    assert_eq!(opencode.ask("caller", &json!({"session": "ses_2"})), "ses_2");
    assert_eq!(opencode.ask("caller", &json!({"session": "ses_3"})), "ses_2/ses_3", "and marked");
    let variable = opencode.ask("shell", &json!({"session": "ses_3"}))["CC2CC_HOST"].clone();
    assert_eq!(variable, "opencode-ses-2");
    assert_eq!(opencode.ask("system", &json!({"session": "ses_3"})), Value::Null);
    let said = opencode.ask("system", &json!({"session": "ses_1"}));
    assert!(said.as_str().expect("a text").starts_with(&format!("This session's name is {first}.")), "{said}");
    assert_eq!(opencode.ask("caller", &json!({"session": "ses_9"})), Value::Null);
}

#[test]
fn only_what_a_person_typed_begins_the_count_of_hops_anew() {
    let mut opencode = Played::begun(World::new().agent("ann"));
    opencode.session("ses_1");
    let name = opencode.named(&["ann"]);
    opencode.prompt("ses_1", "hello", true);
    let mut letter = Letter::new("ann".parse().unwrap(), name.parse().unwrap(), "go on", Timestamp::now());
    letter.origin.hops = 7;
    opencode.world.post(letter);
    let call = opencode.woken();
    opencode.event("wake", &json!({"session": "ses_1", "agent": "build", "typed": false}));
    opencode.take(&call, true);
    opencode.until("its hops", |world| (Record::of(&world.at(&name)).hops == 7).then_some(()));
    opencode.prompt("ses_1", "what the client adds by itself", false);
    assert_eq!(opencode.record(&name).hops, 7);
    opencode.prompt("ses_1", "hello again", true);
    assert_eq!(opencode.record(&name).hops, 0);
}

#[test]
fn a_letter_that_wakes_nobody_goes_along_with_the_next_prompt() {
    let mut opencode = Played::begun(World::new().agent("ann"));
    opencode.session("ses_1");
    let name = opencode.named(&["ann"]);
    opencode.prompt("ses_1", "hello", true);
    let letter = Letter::new("ann".parse().unwrap(), name.parse().unwrap(), "by the way", Timestamp::now());
    let id = opencode.world.post(Letter { priority: Priority::Low, ..letter });
    let added = opencode.prompt("ses_1", "hello again", true);
    assert_eq!(added.len(), 1);
    assert!(added[0]["text"].as_str().expect("a text").contains("by the way"));
    opencode.until("it is handed over", |world| (status(world, &id) == "delivered").then_some(()));
}

#[test]
fn a_part_that_the_client_does_not_take_goes_back_and_comes_again() {
    let mut opencode = Played::begun(World::new().agent("ann"));
    opencode.session("ses_1");
    let name = opencode.named(&["ann"]);
    opencode.prompt("ses_1", "hello", true);
    let id = opencode.world.posted("ann", &name, "hello");
    let call = opencode.woken();
    opencode.say(&json!({"result": call["id"], "data": null, "error": "no such session"}));
    let again = opencode.woken();
    assert_ne!(again["data"]["parts"][0]["id"], call["data"]["parts"][0]["id"]);
    opencode.take(&again, true);
    opencode.until("it is proved seen", |world| (status(world, &id) == "seen").then_some(()));
    let steps: Vec<Step> = opencode.world.at(&name).receipts(&id).iter().map(|receipt| receipt.step).collect();
    assert!(steps.contains(&Step::Returned), "{steps:?}");
}

#[test]
fn a_letter_of_a_session_that_asks_is_held_by_one_whose_shell_asks_nobody() {
    let mut opencode = Played::begun(World::new().agent("ann"));
    opencode.rules = json!([{"permission": "*", "pattern": "*", "action": "allow"}]);
    opencode.session("ses_1");
    let name = opencode.named(&["ann"]);
    opencode.prompt("ses_1", "hello", true);
    assert_eq!(opencode.record(&name).level, Some(Level::Free));
    let ann = opencode.world.at("ann");
    Record::change(&ann, Timestamp::now(), |record| record.level = Some(Level::Asks)).unwrap();
    let origin = Record::of(&ann).origin();
    let letter = Letter::new("ann".parse().unwrap(), name.parse().unwrap(), "push it", Timestamp::now());
    let id = opencode.world.post(Letter { origin, ..letter });
    opencode.until("it is held", |world| (status(world, &id) == "held").then_some(()));
    assert!(opencode.asked.is_empty(), "it costs no turn");
}

#[test]
fn a_client_that_has_gone_leaves_its_sessions_away_and_the_next_one_finds_them() {
    let mut opencode = Played::begun(World::new().agent("ann"));
    opencode.session("ses_1");
    let name = opencode.named(&["ann"]);
    opencode.prompt("ses_1", "hello", true);
    drop(opencode.input.take());
    assert!(opencode.child.wait().expect("ended").success());
    assert_eq!(opencode.world.run(&["agents", "--json"]).json()["agents"], json!([]));
    let id = opencode.world.posted("ann", &name, "while you were away");

    let Played { world, .. } = &mut opencode;
    let world = std::mem::replace(world, World::new());
    let mut opencode = Played::begun(world);
    opencode.event("session.status", &json!({"sessionID": "ses_1", "status": {"type": "busy"}}));
    let call = opencode.woken();
    assert!(call["data"]["parts"][0]["text"].as_str().expect("a text").contains("while you were away"));
    opencode.take(&call, true);
    opencode.until("it is proved seen", |world| (status(world, &id) == "seen").then_some(()));
    assert_eq!(opencode.world.home().mailboxes().expect("a list").len(), 2, "no other name was made up");
    assert_eq!(opencode.world.at(&name).state_of(&id), Some(State::Done));
}

#[test]
fn a_part_that_a_client_left_unanswered_as_it_ended_comes_again_in_the_next_one() {
    let mut opencode = Played::begun(World::new().agent("ann"));
    opencode.session("ses_1");
    let name = opencode.named(&["ann"]);
    opencode.prompt("ses_1", "hello", true);
    let id = opencode.world.posted("ann", &name, "look at the build");
    let call = opencode.woken();
    opencode.take(&call, false);
    opencode.until("it is handed over", |world| (status(world, &id) == "delivered").then_some(()));
    opencode.child.kill().expect("killed");
    opencode.child.wait().expect("ended");

    let (world, messages) = (std::mem::replace(&mut opencode.world, World::new()), opencode.messages.clone());
    let mut opencode = Played::begun(world);
    opencode.messages = messages;
    for state in ["busy", "idle"] {
        opencode.event("session.status", &json!({"sessionID": "ses_1", "status": {"type": state}}));
    }
    let again = opencode.woken();
    let text = again["data"]["parts"][0]["text"].as_str().expect("a text").to_owned();
    assert!(text.contains("look at the build") && text.contains("redelivered"), "{text}");
    opencode.take(&again, true);
    opencode.until("it is proved seen", |world| (status(world, &id) == "seen").then_some(()));
}

#[test]
fn a_question_that_is_open_is_listed_until_it_is_answered() {
    let mut opencode = Played::begun(World::new());
    opencode.session("ses_1");
    let name = opencode.named(&[]);
    opencode.event("permission.asked", &json!({"id": "per_1", "sessionID": "ses_1", "permission": "bash"}));
    let reach = |world: &World| world.run(&["agents", "--json"]).json()["agents"][0]["reach"].clone();
    opencode.until("it asks", |world| (reach(world) == "asks its person").then_some(()));
    opencode.event("permission.replied", &json!({"sessionID": "ses_1", "requestID": "per_1", "reply": "once"}));
    opencode.until("it is answered", |world| (reach(world) == "wakes").then_some(()));
    opencode.event("session.status", &json!({"sessionID": "ses_1", "status": {"type": "busy"}}));
    let error = json!({"name": "APIError", "data": {"message": "too many requests"}});
    opencode.event("session.error", &json!({"sessionID": "ses_1", "error": error}));
    opencode.event("session.idle", &json!({"sessionID": "ses_1"}));
    opencode.until("it fails", |world| (reach(world) == "failing").then_some(()));
    assert_eq!(opencode.record(&name).failing.expect("an error").why, "too many requests");
}

#[cfg(unix)]
#[test]
fn what_its_model_runs_without_a_word_of_whose_it_is_is_nobodys_script() {
    let world = World::new().agent("ann");
    let program = world.path("bin").join("opencode");
    std::fs::copy("/bin/sh", &program).expect("a program of that name");
    let mut command = std::process::Command::new(program);
    world.furnish(&mut command);
    command.arg("-c").arg(r#""$0" send ann hello; true"#).arg(crate::support::binary::cc2cc());
    let said = world.said(&command.output().expect("started"));
    assert!(said.err.contains("has no agent name"), "{said}");
    assert!(world.waiting("ann").is_empty());
}
