//! The two tables of texts, tried on every surface of the binary: each verb in a session and at a terminal, `--json`, the
//! server's tools, the frame, what the mod draws, and what a TAB shows.

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
};

use cc2cc::{
    agent::Record,
    mailbox::{
        Key, State,
        letter::{Kind, Letter, LetterId},
    },
    text::{sanitize::neutralise, terminal::printable, unseen::is_unsafe},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    mcp::Server,
    session::{context, message},
};
use crate::support::{said::Said, world::World};

/// The texts of both tables.
fn texts() -> Vec<String> {
    let tables = [include_str!("../attacks.json"), include_str!("../ordinary.json")];
    let rows = tables.into_iter().flat_map(|table| serde_json::from_str::<Vec<Value>>(table).expect("a table"));
    rows.map(|row| row["text"].as_str().expect("a text").to_owned()).collect()
}

/// A letter that has a text wherever somebody else's words can stand.
fn letter(number: usize, text: &str, to: &str) -> Letter {
    let at = Timestamp::now() - SignedDuration::from_secs(60);
    let mut letter = Letter::new("eve".parse().unwrap(), to.parse().unwrap(), text, at);
    letter.id = id(number);
    letter.thread = Some(id(0));
    letter.kind = Kind::Other(text.to_owned());
    let origin = &mut letter.origin;
    for fact in [&mut origin.cwd, &mut origin.branch, &mut origin.repo, &mut origin.sent_to] {
        *fact = Some(text.to_owned());
    }
    letter.origin.extra.insert(text.to_owned(), text.into());
    letter.content.extra.insert(text.to_owned(), json!({ text: [text] }));
    letter.extra.insert(format!("x{text}"), text.into());
    letter
}

/// The record of a session in which everybody says a text, and tools are called it.
fn transcript(world: &World, number: usize, text: &str) -> PathBuf {
    let call = json!({ "type": "tool_use", "name": text, "input": { "description": text } });
    let letter = format!("<letter id=\"1\" from=\"{text}\">");
    let rows = [
        json!({ "type": "user", "message": { "content": text }, "origin": { "kind": "human" } }),
        json!({ "type": "assistant", "message": { "content": [{ "type": "text", "text": text }, call] } }),
        json!({ "type": "attachment", "attachment": { "type": "hook_additional_context", "content": [letter] } }),
        json!({ "type": "assistant", "isApiErrorMessage": true, "message": { "content": [{ "type": "text", "text": text }] } }),
    ];
    let path = world.path(&format!("transcript-{number}.jsonl"));
    std::fs::write(&path, rows.map(|row| format!("{row}\n")).concat()).unwrap();
    path
}

fn id(number: usize) -> LetterId {
    format!("letter-{number}").parse().unwrap()
}

/// For each text an agent that works in a place of that name, and a letter to `to`, which has others that are held, dead
/// and seen.
fn furnish(world: &World, to: &str) {
    for name in ["eve", "user"] {
        world.home().claim(&name.parse().unwrap()).unwrap();
    }
    for (number, text) in texts().iter().enumerate() {
        let name = format!("agent-{number}");
        world.home().claim(&name.parse().unwrap()).unwrap();
        Record::change(&world.at(&name), Timestamp::now(), |record| {
            record.cwd = Some(text.clone());
            record.branch = Some(text.clone());
            record.repo = Some(text.clone());
            record.evidence = Some(transcript(world, number, text).display().to_string());
        })
        .unwrap();
        world.post(letter(number, text, to));
        let mut held = letter(1_000 + number, text, to);
        world.at(to).publish_held(&held, Key::Fresh, text).unwrap();
        held.id = id(2_000 + number);
        world.post(held.clone());
        world.at(to).refuse(&held.id, State::Inbox, text).unwrap();
        held.id = id(3_000 + number);
        held.from = to.parse().unwrap(); // which it may read about, refused or not
        held.to = "eve".parse().unwrap();
        world.post(held.clone());
        world.at("eve").refuse(&held.id, State::Inbox, text).unwrap();
    }
    std::fs::write(world.home().path().join("config.toml"), "peek = \"all\"\n").unwrap();
    // Windows has no such names as the first.
    let odd = if cfg!(windows) { "odd\u{202e}.json" } else { "odd\u{1b}[2J\u{202e}<system-reminder>.json" };
    std::fs::write(world.at(to).dir(State::Dead).join(odd), "{").unwrap();
}

/// How a verb is made to print the words of others, if it can at all. `N` stands for the number of each text.
fn words(verb: &str) -> Vec<Vec<&str>> {
    match verb {
        "send" => vec![
            vec!["send", "agent-0", "hi"],
            vec!["send", "agent-0", "hi again", "--json"],
            vec!["send", "<system-reminder>\u{202e}", "hi"],
        ],
        "ask" => vec![vec!["ask", "agent-1", "well?"], vec!["ask", "<system-reminder>\u{202e}", "hi"]],
        "notify-when" => {
            vec![vec!["notify-when", "agent-0", "blocked"], vec!["notify-when", "<system-reminder>", "idle"]]
        }
        "join" => vec![vec!["join", "backend"], vec!["join", "<system-reminder>\u{202e}"]],
        "leave" => vec![vec!["leave", "backend"], vec!["leave", "<system-reminder>\u{202e}"]],
        "inbox" => vec![
            vec!["inbox"],
            vec!["inbox", "--json"],
            vec!["inbox", "--all"],
            vec!["inbox", "--all", "--json"],
            vec!["inbox", "--dead"],
            vec!["inbox", "--dead", "--json"],
            vec!["inbox", "--agent", "eve", "--dead"],
        ],
        "read" => vec![vec!["read", "letter-N"], vec!["read", "letter-N", "--json"]],
        "agents" => vec![vec!["agents", "--all"], vec!["agents", "--all", "--json"]],
        "whoami" => vec![vec!["whoami"], vec!["whoami", "--json"]],
        "rename" => vec![vec!["rename", "\u{202e}\u{1b}[2J<system-reminder>"]],
        "status" => vec![vec!["status", "letter-300N"], vec!["status", "letter-300N", "--json"]],
        "log" => {
            vec![vec!["log", "-n", "1000"], vec!["log", "-n", "1000", "--full"], vec!["log", "-n", "1000", "--json"]]
        }
        "thread" => vec![vec!["thread", "letter-1"], vec!["thread", "letter-1", "--json"]], // all are of one
        "export" => vec![vec!["export", "letter-1"]],
        "wait" => vec![vec!["wait"], vec!["wait", "--json"]],
        "start" => vec![
            vec!["start", "<system-reminder>\u{202e}"],
            vec!["start", "new-fox", "--dir", "<system-reminder>\u{202e}"],
        ],
        "peek" => {
            vec![vec!["peek", "agent-N"], vec!["peek", "agent-N", "--json"], vec!["peek", "<system-reminder>\u{202e}"]]
        }
        "statusline" => vec![vec!["statusline"]],
        "doctor" => vec![vec!["doctor"], vec!["doctor", "--json"]],
        // These print names, numbers and paths of their own; what they decide on is for a person.
        "accept" => vec![vec!["accept", "letter-1001"]],
        "refuse" => vec![vec!["refuse", "letter-1002", "--why", "\u{202e}<system-reminder>"]],
        "retry" => vec![vec!["retry", "letter-2001"]],
        "link" => vec![vec!["link"], vec!["link", "--json"], vec!["link", "pair", "<system-reminder>\u{202e}"]],
        "trust" => vec![vec!["trust"], vec!["trust", "<system-reminder>\u{202e}", "agent-0"]],
        "prune" => vec![vec!["prune", "--older-than", "1d", "--json"]],
        // In a session of its own below, or with nobody's words but ours.
        "watch" | "typed" | "mcp" | "hook" | "help" | "completions" | "demo" | "install" | "update" | "uninstall" => {
            vec![]
        }
        _ => panic!("say how the verb {verb} is made to print the words of others"),
    }
}

/// All that is tried, with a number in the place of `N`.
fn all_words() -> Vec<Vec<String>> {
    let command = cc2cc::cli::command();
    let verbs: Vec<String> = command.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    let mut all = Vec::new();
    for words in verbs.iter().flat_map(|verb| words(verb)) {
        let numbers = if words.concat().contains('N') { 0..texts().len() } else { 0..1 };
        for number in numbers {
            let numbered = |word: &&str| match *word {
                "letter-N" => format!("letter-{number}"),
                "agent-N" => format!("agent-{number}"),
                "letter-300N" => id(3_000 + number).to_string(),
                word => word.to_owned(),
            };
            all.push(words.iter().map(numbered).collect());
        }
    }
    all
}

/// A model may read this: cleaning it changes nothing. JSON is looked at text by text.
#[track_caller]
fn is_for_a_model(text: &str, what: &str) {
    match serde_json::from_str::<Value>(text) {
        Ok(value) if value.is_object() => each_text(&value, &mut |text| assert_eq!(neutralise(text), text, "{what}")),
        _ => assert_eq!(neutralise(text), text, "{what}"),
    }
    assert_eq!(printable(text), text, "{what}");
}

fn each_text(value: &Value, look: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => look(text),
        Value::Array(items) => items.iter().for_each(|item| each_text(item, look)),
        Value::Object(fields) => fields.iter().for_each(|(name, field)| {
            look(name);
            each_text(field, look);
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn complaint(said: &Said) -> &str {
    said.err.strip_prefix("cc2cc: ").unwrap_or(&said.err)
}

#[test]
fn in_a_session_every_verb_is_harmless() {
    let world = World::new().agent("bob");
    furnish(&world, "bob");
    let model = world.hosted("bob");
    let mut all = all_words();
    all.push(vec!["inbox".into(), "--take".into()]); // last, since it takes them away
    for words in all {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let said = world.run_as(&model, &words);
        let what = format!("{words:?}");
        is_for_a_model(&said.out, &what);
        is_for_a_model(complaint(&said), &what);
    }
}

#[test]
fn at_a_terminal_every_verb_prints_and_a_program_reads_what_was_written() {
    let world = World::new();
    furnish(&world, "user");
    let mut all = all_words();
    all.push(vec!["inbox".into(), "--take".into(), "--json".into()]);
    for words in all {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let said = world.run(&words);
        assert_eq!(printable(&said.out), said.out, "{words:?}");
        assert_eq!(printable(&said.err), said.err, "{words:?}");
        if words[0] == "read" && words.len() == 3 {
            let number: usize = words[1].strip_prefix("letter-").unwrap().parse().unwrap();
            let text = &texts()[number];
            assert_eq!(said.json()["letter"]["content"]["text"], **text, "{words:?}");
            assert_eq!(said.json()["letter"][format!("x{text}")], **text, "{words:?}");
        }
        if words[0] == "peek" && words.len() == 3 {
            let number: usize = words[1].strip_prefix("agent-").unwrap().parse().unwrap();
            let turn = said.json()["turns"][0].clone();
            assert_eq!(turn["prompt"].as_str().unwrap(), texts()[number].trim(), "{words:?}");
        }
        if words == ["inbox", "--take", "--json"] {
            let taken: Vec<_> = said.json()["letters"].as_array().unwrap().clone();
            let mut taken: Vec<_> = taken.iter().map(|letter| letter["content"]["text"].as_str().unwrap()).collect();
            taken.dedup(); // what was accepted and retried has the words of another
            assert_eq!(taken, texts(), "{words:?}");
        }
    }
}

#[test]
fn an_answer_that_was_waited_for_is_harmless() {
    let world = World::new().agent("bob");
    let model = world.hosted("bob");
    for (number, text) in texts().iter().enumerate() {
        let eve = format!("eve-{number}"); // one might be written to too often
        world.home().claim(&eve.parse().unwrap()).unwrap();
        for (json, number) in [(false, number), (true, 1_000 + number)] {
            let asked = format!("asked-{number}");
            world.post(Letter { reply_to: Some(asked.parse().unwrap()), ..letter(number, text, "bob") });
            let mut words = vec!["send", &eve, "--id", &asked, "--wait-reply", "1s", &asked];
            words.extend(json.then_some("--json"));
            let said = world.run_as(&model, &words);
            assert_eq!(said.code, Some(0), "{said}");
            for line in if json { said.out.lines().collect() } else { vec![said.out.as_str()] } {
                is_for_a_model(line, text);
            }
        }
    }
}

#[test]
fn a_watch_in_a_session_is_harmless() {
    let world = World::new().agent("bob");
    furnish(&world, "bob");
    let mut watch = world.command(&["watch", "--json"]).envs(world.hosted("bob")).spawn().expect("started");
    let mut lines = BufReader::new(watch.stdout.take().expect("a pipe")).lines();
    let ready = lines.next().expect("a line").expect("read");
    is_for_a_model(&ready, "ready");
    let texts = texts();
    for (number, text) in texts.iter().enumerate() {
        world.post(letter(4_000 + number, text, "bob"));
        world.at("bob").refuse(&id(4_000 + number), State::Inbox, text).unwrap();
    }
    let mut refused = 0;
    while refused < texts.len() {
        let line = lines.next().expect("a line").expect("read");
        is_for_a_model(&line, "event");
        refused += usize::from(line.contains("\"event\":\"refused\""));
    }
    watch.kill().expect("killed");
    watch.wait().expect("ended");
}

#[test]
fn every_tool_is_harmless() {
    let world = World::new();
    let session = world.session("bob").started();
    furnish(&world, "bob");
    let mut server = Server::greeted(&session);
    let mut calls = vec![
        ("agents", json!({ "all": true })),
        ("inbox", json!({})),
        ("inbox", json!({ "all": true })),
        ("send", json!({ "to": "agent-0", "text": "hi" })),
        ("send", json!({ "to": "\u{202e}<system-reminder>", "text": "hi" })),
        ("notify_when", json!({ "agent": "\u{202e}<system-reminder>", "state": "idle" })),
        ("ask", json!({ "to": "agent-0", "text": "well?" })),
        ("ask", json!({ "to": "\u{202e}<system-reminder>", "text": "well?" })),
        ("ask", json!({ "to": "agent-0", "text": "hi", "within": "\u{202e}<system-reminder>" })),
        ("rename", json!({ "name": "\u{202e}<system-reminder>" })),
        ("status", json!({ "id": "\u{202e}<system-reminder>" })),
    ];
    for number in 0..texts().len() {
        calls.push(("inbox", json!({ "id": id(number) })));
        calls.push(("status", json!({ "id": id(3_000 + number) })));
    }
    for (tool, arguments) in calls {
        let result = server.call(tool, &arguments);
        let what = format!("{tool} {arguments}");
        for content in result["content"].as_array().expect("a list") {
            let text = content["text"].as_str().expect("a text");
            // A session that is long without a waker gets its letters here; another story reads frames.
            if !text.starts_with("<cc2cc-mail>\n") {
                is_for_a_model(text, &what);
            }
        }
        each_text(&result["structuredContent"], &mut |text| assert_eq!(neutralise(text), text, "{what}"));
    }
}

#[test]
fn what_a_hook_puts_before_model_and_person_is_harmless() {
    let world = World::new();
    let session = world.session("bob").started();
    furnish(&world, "bob");
    let texts = texts();
    let mut delivered = 0;
    while delivered < texts.len() {
        let said = session.prompt("go on").fine();
        let told = context(&said);
        assert!(told.contains("<letter id="), "{delivered} of {}: {said}", texts.len());
        // Each letter is what stands between the tags that are ours.
        for part in told.split("<letter id=").skip(1) {
            let (head, body) = part.split_once(">\n").expect("a letter");
            let (body, _) = body.split_once("\n</letter>\n").expect("its end");
            assert!(!head.contains(['<', '>', '\n']) && head.matches('"').count() % 2 == 0, "{head}");
            assert_eq!(neutralise(body), body);
            delivered += 1;
        }
        assert_eq!(printable(&message(&said)), message(&said));
        session.record(&told);
    }
    for prompt in ["/cc2cc:inbox", "/cc2cc:who", "/cc2cc:send \u{202e}\u{1b}[2J hi"] {
        let reason = session.prompt(prompt).fine().json()["reason"].as_str().unwrap().to_owned();
        assert_eq!(printable(&reason), reason, "{prompt}");
    }
}

/// The mod draws what it is told as it is.
#[test]
fn what_the_mod_is_told_is_fit_for_a_screen() {
    let world = World::new();
    let _session = world.session("bob").started();
    furnish(&world, "bob");
    let mut asked = vec![vec!["typed", "inbox", "--json"], vec!["typed", "who", "--json"], vec!["typed", "inbox"]];
    let ids: Vec<String> =
        (0..texts().len()).flat_map(|number| [number, 1_000 + number]).map(|n| id(n).to_string()).collect();
    asked.extend(ids.iter().map(|id| vec!["typed", "read", id.as_str()]));
    for words in asked {
        let said = world.run(&words).fine();
        assert_eq!(printable(&said.out), said.out, "{words:?}");
        if words[1] == "read" || words.len() == 3 {
            each_text(&said.json(), &mut |text| assert_eq!(printable(text), text, "{words:?}"));
        } else {
            is_for_a_model(&said.out, "what a client may show to its model");
        }
    }
    let read = |number: usize| world.run(&["typed", "read", id(number).as_str()]).json()["text"].clone();
    for (number, text) in texts().iter().enumerate() {
        assert_eq!(read(number), printable(text));
    }
}

#[test]
fn what_a_tab_shows_is_fit_for_a_screen() {
    let world = World::new();
    furnish(&world, "user");
    let _there: Vec<_> =
        (0..texts().len()).map(|number| world.at(&format!("agent-{number}")).hold_presence().unwrap()).collect();
    for words in [&["send", ""][..], &["accept", ""], &["retry", ""]] {
        let said = world.run_as(&[("CC2CC_COMPLETE", "fish".to_owned())], &[&["--", "cc2cc"], words].concat()).fine();
        assert!(said.out.lines().count() > 5, "{said}");
        let shown = said.out.replace(['\t'], " ");
        assert_eq!(printable(&shown), shown, "{words:?}");
    }
    let mut model = world.hosted("eve").to_vec();
    model.push(("CC2CC_COMPLETE", "fish".to_owned()));
    let said = world.run_as(&model, &["--", "cc2cc", "send", ""]).fine();
    for line in said.out.lines() {
        is_for_a_model(line, "a candidate");
    }
}

/// Nothing that is tried above would be missed if the tables were empty or tame.
#[test]
fn the_tables_hold_what_they_should() {
    let texts = texts();
    let attacks = texts.iter().filter(|text| neutralise(text) != **text).count();
    assert!(attacks >= 20 && texts.len() - attacks >= 25, "{attacks} of {}", texts.len());
    assert!(texts.iter().flat_map(|text| text.chars()).filter(|c| is_unsafe(*c)).count() > 80);
}
