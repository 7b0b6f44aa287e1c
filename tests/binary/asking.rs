//! `ask`, as a tool and as a verb: a question, and whoever asked waits for the answer.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    process::Child,
    thread,
};

use cc2cc::{
    agent::{Activity, Record, obstacle::Obstacle, reach},
    mailbox::{
        Moved, State,
        letter::{Kind, Letter, LetterId},
        receipt::Step,
    },
};
use insta::assert_snapshot;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{mcp::Server, session::Session};
use crate::support::{eventually::until, said::Said, world::World};

/// Calm-owl asks; ann and bob can be asked.
fn scene() -> World {
    World::new().agent("ann").agent("bob")
}

/// Calm-owl's session, in a turn.
fn at_work(world: &World) -> Session<'_> {
    let session = world.session("calm-owl").started();
    session.prompt("ask bob").fine();
    session
}

/// A waker of the session that has its place.
fn waker(session: &Session) -> Child {
    let waker = session.waker("UserPromptSubmit");
    until("the waker has its place", || reach::has_waker(&session.mailbox()).then_some(()));
    waker
}

/// The question that an agent was asked.
#[track_caller]
fn question(world: &World, name: &str) -> Letter {
    until("the question", || world.waiting(name).into_iter().find(|letter| letter.kind == Kind::Question))
}

/// An agent answers what it was asked.
#[track_caller]
fn answers(world: &World, name: &str, text: &str) {
    let question = question(world, name);
    let words = ["send", question.from.as_str(), "--reply-to", question.id.as_str(), text];
    world.run_as(&world.hosted(name), &words).fine();
}

/// What the call says has come of it with each of those asked, and the letters with its result.
fn told(answer: &Value) -> (Value, String) {
    let content = &answer["result"]["content"];
    let said = content[0]["text"].as_str().unwrap_or_else(|| panic!("{answer}"));
    let said = serde_json::from_str(said).unwrap_or_else(|_| panic!("{answer}"));
    (said, content[1]["text"].as_str().unwrap_or_default().to_owned())
}

/// The outcome with the only one who was asked.
fn outcome(answer: &Value) -> String {
    told(answer).0["asked"][0]["outcome"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// The client puts the result of the call before the model, which answers, and says so in the transcript.
fn record(session: &Session, answer: &Value) {
    let result = json!({ "type": "tool_result", "tool_use_id": "toolu_1", "content": answer["result"]["content"] });
    let rows = [
        json!({ "type": "user", "message": { "role": "user", "content": [result] } }),
        json!({ "type": "assistant", "message": { "role": "assistant", "content": [{ "type": "text", "text": "ok" }] } }),
        json!({ "type": "system", "subtype": "turn_duration" }),
    ];
    let mut file = OpenOptions::new().append(true).create(true).open(session.transcript()).unwrap();
    for row in rows {
        writeln!(file, "{row}").unwrap();
    }
}

fn steps(session: &Session, id: &LetterId) -> Vec<Step> {
    session.mailbox().receipts(id).iter().map(|receipt| receipt.step).collect()
}

fn woke(session: &Session, waker: Child) -> Said {
    session.world.said(&waker.wait_with_output().unwrap())
}

#[test]
fn an_answer_is_the_result_of_the_call_and_wakes_nobody() {
    let world = scene();
    let _bob = world.there("bob");
    let session = at_work(&world);
    let mut server = Server::greeted(&session);
    let mut waker = waker(&session);
    let call = server.begin_call("ask", &json!({ "to": "bob", "text": "how many tests?", "within": "10m" }));
    answers(&world, "bob", "there are 42");
    let answer = server.answer_to(call);
    let (said, mail) = told(&answer);
    assert_eq!((&said["asked"][0]["to"], outcome(&answer).as_str()), (&"bob".into(), "answered"));
    assert!(said.get("note").is_none(), "{said}");
    let id: LetterId = said["asked"][0]["letter"].as_str().unwrap().parse().unwrap();
    assert!(mail.contains(&format!("<letter id=\"{id}\" from=\"bob\" type=\"response\"")), "{mail}");
    assert!(mail.contains("there are 42"), "{mail}");
    assert_eq!(answer["result"].get("structuredContent"), None, "the client would show nothing beside it");
    assert_eq!(steps(&session, &id), [Step::Claimed, Step::Delivered], "no wake was sent for it");
    let claim = &session.mailbox().receipts(&id)[0];
    assert_eq!(claim.via.as_deref(), Some("tool"));
    assert!(waker.try_wait().unwrap().is_none(), "the waker sleeps on");

    record(&session, &answer);
    session.stop().fine();
    assert_eq!(session.mailbox().state_of(&id), Some(State::Done));
    assert_eq!(steps(&session, &id).last(), Some(&Step::Seen));
    assert!(waker.try_wait().unwrap().is_none(), "still");
    drop(server);
    waker.kill().unwrap();
    waker.wait().unwrap();
}

/// Also one that goes on in the background: a wake that finds nothing would take the turn from the news that it has ended.
#[test]
#[cfg(unix)] // it fails under Wine, and why is not known
fn an_answer_that_a_command_waits_for_wakes_nobody() {
    let world = scene();
    let _bob = world.there("bob");
    let session = at_work(&world);
    let _server = Server::greeted(&session);
    session.stop().fine();
    let mut waker = waker(&session);
    let env = fs::read_to_string(session.env_file()).unwrap();
    let host = env.lines().find_map(|line| line.strip_prefix("export CC2CC_HOST=")).unwrap();
    let mut command = world.command(&["ask", "bob", "how many tests?", "--within", "10m"]);
    let asking = command.env("CC2CC_HOST", host).env("CLAUDECODE", "1").spawn().unwrap();
    question(&world, "bob");
    let lock = session.mailbox().path().join("awaiting.lock");
    until("it waits", || cc2cc::mailbox::lock::is_kept(&lock).then_some(()));
    answers(&world, "bob", "there are 42");
    let said = world.said(&asking.wait_with_output().unwrap()).fine();
    assert!(said.out.contains("there are 42"), "{said}");
    // The waker has looked since: it wakes for what comes now, and that finds it here.
    assert!(waker.try_wait().unwrap().is_none(), "it sleeps on");
    world.run_as(&world.hosted("ann"), &["send", "calm-owl", "by the way"]).fine();
    let woke = woke(&session, waker);
    assert!(woke.err.contains("from ann;"), "nobody else's letter wakes: {woke}");
}

#[test]
fn who_cannot_be_reached_is_said_at_once_and_the_question_waits() {
    let world = scene();
    let session = at_work(&world);
    let mut server = Server::greeted(&session);
    let mut asked = |reach: &str, text: &str| {
        let call = server.begin_call("ask", &json!({ "to": "bob", "text": text, "within": "10m" }));
        let answer = server.answer_to(call);
        assert_eq!(outcome(&answer), reach, "{answer}");
        let (said, mail) = told(&answer);
        assert!(said["note"].as_str().unwrap().contains("arrives by itself") && mail.is_empty(), "{answer}");
        assert!(world.waiting("bob").iter().any(|letter| letter.content.text == text));
    };
    asked("away", "one");
    let there = world.there("bob");
    let noted = |change: &dyn Fn(&mut Record)| {
        Record::change(&world.at("bob"), Timestamp::now(), |record| {
            record.forget_obstacles();
            record.state = Activity::Idle;
            change(record);
        })
        .unwrap();
    };
    let obstacle = || Some(Obstacle::new(Timestamp::now(), "because"));
    noted(&|record| record.failing = obstacle());
    asked("failing", "two");
    noted(&|record| (record.state, record.asks) = (Activity::Busy, obstacle()));
    asked("asks its person", "three");
    noted(&|record| record.state = Activity::Deaf);
    asked("deaf", "four");
    drop(there);
}

#[test]
fn who_becomes_unreachable_is_no_longer_waited_for() {
    let world = scene();
    let there = world.there("bob");
    let session = at_work(&world);
    let mut server = Server::greeted(&session);
    let call = server.begin_call("ask", &json!({ "to": "bob", "text": "well?", "within": "10m" }));
    question(&world, "bob");
    drop(there);
    let answer = server.answer_to(call);
    assert_eq!(outcome(&answer), "away");
    assert_eq!(told(&answer).0["asked"][0]["why"], "away, finds it on return");
}

#[test]
fn something_else_from_whom_one_asks_ends_the_wait() {
    let world = scene();
    let _bob = world.there("bob");
    let session = at_work(&world);
    let mut server = Server::greeted(&session);
    let call = server.begin_call("ask", &json!({ "to": "bob", "text": "well?", "within": "10m" }));
    question(&world, "bob");
    world.run_as(&world.hosted("ann"), &["send", "calm-owl", "an aside"]).fine();
    world.run_as(&world.hosted("bob"), &["send", "calm-owl", "the build is red"]).fine();
    let answer = server.answer_to(call);
    assert_eq!(outcome(&answer), "wrote something else");
    let (said, mail) = told(&answer);
    assert!(mail.contains("the build is red") && mail.contains("an aside"), "what waits comes with it: {mail}");
    assert!(said["note"].as_str().unwrap().contains("arrives by itself"), "{said}");
}

#[test]
fn when_the_time_is_over_a_late_answer_is_an_ordinary_letter() {
    let world = scene();
    let _bob = world.there("bob");
    let session = at_work(&world);
    let mut server = Server::greeted(&session);
    let waker = waker(&session);
    let call = server.begin_call("ask", &json!({ "to": "bob", "text": "well?", "within": "1s" }));
    let answer = server.answer_to(call);
    assert_eq!((outcome(&answer).as_str(), told(&answer).1.as_str()), ("no answer yet", ""));
    answers(&world, "bob", "late");
    let said = woke(&session, waker);
    assert_eq!(said.code, Some(2), "{said}");
    assert_eq!(world.waiting("calm-owl")[0].content.text, "late");
}

#[test]
fn a_cancelled_call_gives_nothing_and_the_next_one_waits() {
    let world = scene();
    let _bob = world.there("bob");
    let session = at_work(&world);
    let mut server = Server::greeted(&session);
    let waker = waker(&session);
    let call = server.begin_call("ask", &json!({ "to": "bob", "text": "well?", "within": "10m" }));
    question(&world, "bob");
    server.cancel(call);
    let next = server.begin_call("ask", &json!({ "to": "ann", "text": "and you?", "within": "10m" }));
    assert_eq!(outcome(&server.answer_to(next)), "away");
    answers(&world, "bob", "after all");
    let said = woke(&session, waker);
    assert_eq!(said.code, Some(2), "{said}");
    assert_eq!(world.waiting("calm-owl")[0].content.text, "after all", "nobody has claimed it");
}

#[test]
fn a_question_that_is_held_refused_or_expired_comes_back_as_that() {
    let world = scene();
    let _there = (world.there("bob"), world.there("ann"));
    let session = at_work(&world);
    let mut server = Server::greeted(&session);
    fs::write(world.path("mail/config.toml"), "[agents.bob]\npolicy = \"hold\"\n").unwrap();
    let call = server.begin_call("ask", &json!({ "to": "bob", "text": "may I?", "within": "10m" }));
    let answer = server.answer_to(call);
    assert_eq!(outcome(&answer), "held");
    assert_eq!(told(&answer).0["asked"][0]["why"], "config.toml holds letters from calm-owl to bob");

    // One that goes into the inbox is refused there, and another one expires, before it is read.
    fs::remove_file(world.path("mail/config.toml")).unwrap();
    let ends_as = |outcome_of: &str, end: &dyn Fn(&LetterId), server: &mut Server| {
        let text = format!("shall it be {outcome_of}?");
        let call = server.begin_call("ask", &json!({ "to": "ann", "text": text, "within": "10m" }));
        let asked = until("it waits", || world.waiting("ann").into_iter().find(|letter| letter.content.text == text));
        end(&asked.id);
        let answer = server.answer_to(call);
        assert_eq!(outcome(&answer), outcome_of, "{answer}");
    };
    ends_as(
        "refused",
        &|id| assert_eq!(world.at("ann").refuse(id, State::Inbox, "no").unwrap(), Moved::Mine),
        &mut server,
    );
    ends_as("expired", &|id| assert_eq!(world.at("ann").expire(id).unwrap(), Moved::Mine), &mut server);
}

#[test]
fn of_several_all_are_waited_for_and_who_is_missing_is_named() {
    let world = scene().agent("carl");
    let _there = (world.there("ann"), world.there("bob"));
    let session = at_work(&world);
    let mut server = Server::greeted(&session);
    let call = server.begin_call("ask", &json!({ "to": "ann,bob,carl", "text": "who has time?", "within": "10m" }));
    answers(&world, "ann", "I have");
    answers(&world, "bob", "not me");
    let answer = server.answer_to(call);
    let (said, mail) = told(&answer);
    let outcomes: Vec<String> =
        said["asked"].as_array().unwrap().iter().map(|one| format!("{} {}", one["to"], one["outcome"])).collect();
    assert_eq!(outcomes, [r#""ann" "answered""#, r#""bob" "answered""#, r#""carl" "away""#]);
    assert!(mail.contains("I have") && mail.contains("not me"), "{mail}");
}

/// Calm-owl asks bob, whose session waits for ann, who waits for calm-owl: nobody waits in vain.
#[test]
fn those_who_ask_in_a_ring_do_not_wait_for_each_other() {
    let world = scene();
    let _there = (world.there("ann"), world.there("bob"));
    let session = at_work(&world);
    let mut server = Server::greeted(&session);
    let (ann, bob) = (world.hosted("ann"), world.hosted("bob"));
    thread::scope(|scope| {
        let by_ann = scope.spawn(|| world.run_as(&ann, &["ask", "calm-owl", "--within", "10m", "who goes first?"]));
        question(&world, "calm-owl");
        let by_bob = scope.spawn(|| world.run_as(&bob, &["ask", "ann", "--within", "10m", "and me?"]));
        let call = server.begin_call("ask", &json!({ "to": "bob", "text": "is it ready?", "within": "10m" }));
        let answer = server.answer_to(call);
        let (said, mail) = told(&answer);
        assert!(mail.contains("from=\"ann\" type=\"question\"") && mail.contains("who goes first?"), "{answer}");
        assert!(said["note"].as_str().unwrap().starts_with("ann asks you something: answer first."), "{said}");
        assert_eq!(outcome(&answer), "no answer yet");
        for (waiting, whose) in [(by_ann, "bob"), (by_bob, "calm-owl")] {
            let said = waiting.join().unwrap();
            assert_eq!(said.code, Some(5), "{said}");
            assert!(said.err.contains(&format!("{whose} asks you something meanwhile")), "{said}");
        }
    });
}

#[test]
fn a_question_that_waits_already_ends_the_wait_before_it_begins() {
    let world = scene();
    let _there = (world.there("ann"), world.there("bob"));
    let session = at_work(&world);
    let mut server = Server::greeted(&session);
    world.run_as(&world.hosted("bob"), &["send", "calm-owl", "--wait-reply", "1s", "what do you need?"]);
    let call = server.begin_call("ask", &json!({ "to": "bob", "text": "what do you do?", "within": "10m" }));
    let answer = server.answer_to(call);
    assert!(told(&answer).1.contains("what do you need?"), "{answer}");
    assert_eq!(question(&world, "bob").content.text, "what do you do?", "it is asked all the same");
}

#[test]
fn the_client_hears_whom_the_call_waits_for() {
    let world = scene();
    let _bob = world.there("bob");
    let session = at_work(&world);
    let mut server = Server::greeted(&session);
    let call = server.begin_call("ask", &json!({ "to": "bob", "text": "well?" }));
    let said = server.answer();
    assert_eq!(said["method"], "notifications/progress", "{said}");
    assert_eq!((&said["params"]["progressToken"], &said["params"]["message"]), (&json!(1), &"waiting for bob".into()));
    assert_eq!(server.done("inbox", &json!({}))["me"], "calm-owl", "other calls are answered meanwhile");
    answers(&world, "bob", "yes");
    assert_eq!(outcome(&server.answer_to(call)), "answered");
}

#[test]
fn a_call_ends_before_its_client_would_move_it_to_the_background() {
    let world = scene();
    let _bob = world.there("bob");
    let session = at_work(&world).with("CLAUDE_CODE_MCP_AUTO_BACKGROUND_MS", "2000");
    let mut server = Server::greeted(&session);
    let call = server.begin_call("ask", &json!({ "to": "bob", "text": "well?", "within": "10m" }));
    assert_eq!(outcome(&server.answer_to(call)), "no answer yet");
}

#[test]
fn what_makes_no_sense_is_not_asked() {
    let world = scene();
    let session = at_work(&world);
    let mut server = Server::greeted(&session);
    assert_snapshot!(server.failed("ask", &json!({ "to": "bob", "text": "well?", "within": "11m" })), @"
    an answer is awaited for at most 10m
    hint: the question stays: a later answer arrives by itself
    ");
    assert_snapshot!(server.failed("ask", &json!({ "to": "bob", "text": "well?", "within": "soon" })), @"a time is a number with a unit and at least 1s: 90s, 10m, 2h, 1d");
    assert_snapshot!(server.failed("ask", &json!({ "to": "bbo", "text": "well?" })), @"
    no agent named `bbo`
    hint: did you mean `bob`? `cc2cc agents --all` lists everyone
    ");
    let event = json!({ "hook_event_name": "PreToolUse", "tool_name": "mcp__plugin_cc2cc_cc2cc__ask",
        "tool_use_id": "toolu_1", "agent_id": "af7cc6a85f8c9c55d" });
    assert!(session.hook("pre-tool-use", &event).fine().out.contains("allow"));
    assert_snapshot!(server.failed("ask", &json!({ "to": "bob", "text": "well?" })), @"
    a subagent cannot wait for an answer: it would come to its session
    hint: `send` writes a letter
    ");
    assert!(world.waiting("bob").is_empty());
    let _bob = world.there("bob");
    let first = server.begin_call("ask", &json!({ "to": "bob", "text": "well?" }));
    question(&world, "bob");
    assert_snapshot!(server.failed("ask", &json!({ "to": "ann", "text": "and you?" })), @"
    another `ask` of this session waits already
    hint: one `ask` reaches several: `to` takes a,b
    ");
    answers(&world, "bob", "yes");
    assert_eq!(outcome(&server.answer_to(first)), "answered");
    assert!(world.waiting("ann").is_empty());
}

#[test]
fn an_answer_to_a_server_that_was_killed_wakes() {
    let world = scene();
    let _bob = world.there("bob");
    let session = at_work(&world);
    let mut server = Server::greeted(&session);
    let waker = waker(&session);
    server.begin_call("ask", &json!({ "to": "bob", "text": "well?", "within": "10m" }));
    question(&world, "bob");
    server.kill();
    answers(&world, "bob", "here it is");
    let said = woke(&session, waker);
    assert_eq!(said.code, Some(2), "{said}");
    assert_eq!(world.waiting("calm-owl").len(), 1);
}

/// A client that has closed the connection is not kept by a call that waits, and nothing is claimed for it.
#[test]
fn a_server_whose_client_has_gone_does_not_wait_on() {
    let world = scene();
    let _bob = world.there("bob");
    let session = at_work(&world);
    let mut server = Server::greeted(&session);
    server.begin_call("ask", &json!({ "to": "bob", "text": "well?", "within": "10m" }));
    question(&world, "bob");
    let (_, code) = server.ended();
    assert_eq!(code, Some(0));
    answers(&world, "bob", "too late");
    assert_eq!(world.waiting("calm-owl").len(), 1);
}

#[test]
fn the_verb_prints_the_answer() {
    let world = scene();
    let _bob = world.there("bob");
    let said = thread::scope(|scope| {
        let asking = scope.spawn(|| world.run(&["ask", "bob", "how many tests?"]));
        answers(&world, "bob", "there are 42");
        asking.join().unwrap()
    });
    let said = said.fine();
    let lines: Vec<&str> = said.out.lines().collect();
    assert!(lines[0].starts_with("sent to bob (idle) · "), "{said}");
    assert!(lines[2].starts_with("bob → user · response · "), "{said}");
    assert_eq!((lines[3], lines[4]), ("", "there are 42"), "{said}");
    assert_eq!(world.at("user").count(State::Done).unwrap(), 1, "what was printed is read");
}

#[test]
fn the_verb_prints_json() {
    let world = scene();
    let _bob = world.there("bob");
    let said = thread::scope(|scope| {
        let asking = scope.spawn(|| world.run(&["ask", "bob", "--json", "and benches?"]));
        answers(&world, "bob", "none");
        asking.join().unwrap().fine()
    });
    let reply: Value = serde_json::from_str(said.out.lines().nth(1).unwrap()).unwrap();
    assert_eq!(reply["reply"]["content"]["text"], "none");
}

#[test]
fn the_verb_says_who_does_not_answer_and_why() {
    let world = scene();
    assert_snapshot!(world.run(&["ask", "bob", "well?"]), @"
    exit 5
    --- out
    stored for bob (away, finds it on return) · SHORT
    --- err
    cc2cc: no answer from bob; bob: away, finds it on return
    hint: it will come to user's inbox all the same
    ");
    let _ann = world.there("ann");
    assert_snapshot!(world.run(&["ask", "ann,bob", "--within", "1s", "who?"]), @"
    exit 5
    --- out
    sent to ann (idle) · SHORT
    stored for bob (away, finds it on return) · SHORT
    --- err
    cc2cc: no answer from ann, bob in this time; bob: away, finds it on return
    hint: it will come to user's inbox all the same
    ");
    assert_snapshot!(world.run(&["ask", "bob", "--within", "11m", "well?"]), @"
    exit 2
    --- out
    --- err
    cc2cc: an answer is awaited for at most 10m
    hint: `cc2cc send --wait-reply` waits for as long as it is told, also for whoever is away
    ");
    fs::write(world.path("mail/config.toml"), "[agents.ann]\npolicy = \"hold\"\n").unwrap();
    assert_snapshot!(world.run_as(&world.hosted("bob"), &["ask", "ann", "may I?"]), @"
    exit 4
    --- out
    held for ann's person: config.toml holds letters from bob to ann · SHORT
    --- err
    cc2cc: no answer from ann; ann: the question is held: config.toml holds letters from bob to ann
    ");
}

#[test]
#[cfg(unix)] // in a pseudo-terminal, which Wine lacks
fn a_person_is_told_whom_they_wait_for_until_everyone_has_answered() {
    use portable_pty::CommandBuilder;

    use crate::support::{
        binary::cc2cc,
        eventually::PATIENCE,
        terminal::{COLUMNS, Terminal},
    };

    let world = scene();
    let mut command = CommandBuilder::new(cc2cc());
    command.env_clear();
    command.cwd(world.path("work"));
    for (name, at) in [("HOME", "home"), ("CC2CC_HOME", "mail")] {
        command.env(name, world.path(at));
    }
    command.args(["send", "ann,bob", "--wait-reply", "1d", "well?"]);
    let mut terminal = Terminal::run(command, COLUMNS);
    let shown = |terminal: &Terminal, text: &str| {
        until(text, || terminal.screen().contains(text).then_some(()));
    };
    shown(&terminal, "waiting for ann, bob");
    world.posted("bob", "user", "bob says no");
    shown(&terminal, "bob says no");
    let last = |terminal: &Terminal| terminal.screen().lines().last().map(str::to_owned);
    until("she is waited for alone", || (last(&terminal).as_deref() == Some("waiting for ann")).then_some(()));
    world.posted("ann", "user", "ann says yes");
    assert!(terminal.ends_within(PATIENCE), "{}", terminal.screen());
    shown(&terminal, "ann says yes");
    assert_eq!(terminal.screen().matches("waiting for").count(), 2, "{}", terminal.screen());
}
