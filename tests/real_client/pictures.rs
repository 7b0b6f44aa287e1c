//! The scenes of the README's pictures.

use std::{fs, num::NonZero};

use cc2cc::{
    agent::{Activity, Record, reach},
    mailbox::home::Home,
};
use jiff::{SignedDuration, Timestamp};
use portable_pty::CommandBuilder;
use serde_json::json;

use crate::{
    SEND,
    claude::Session,
    letter, letter_id,
    picture::Picture,
    reply::Reply,
    settle,
    support::eventually::{PATIENCE, eventually},
    support::terminal::{Row, Terminal},
    world::World,
};

const COLUMNS: u16 = 100;

/// A session with a name, in a project of another.
fn sitting(world: &World, project: &str, name: &str) -> Session {
    let session = world.session(project).columns(COLUMNS).env("CC2CC_NAME", name).start();
    settle(&session, world, name);
    session
}

fn world() -> World {
    let world = World::with_cc2cc();
    world.project("api");
    world.project("web");
    world
}

#[test]
fn two_sessions_talk() {
    let world = world();
    let (mut fox, owl) = (sitting(&world, "api", "brave-fox"), sitting(&world, "web", "calm-owl"));
    let question = "The login API takes `email` now, no longer `user`. Does the web client still work?";
    fox.api.when("ask calm-owl").reply(letter("calm-owl", question));
    fox.api.when_it(|request| !request.tool_results().is_empty()).reply(Reply::text("I wrote to calm-owl."));
    owl.api.when("takes `email` now").reply_with(|request| {
        let answer = "Two tests fail: they still send `user`. I am changing them.";
        Reply::tool(SEND, json!({ "to": "brave-fox", "text": answer, "reply_to": letter_id(&request.newest()) }))
    });
    owl.api.when_it(|request| !request.tool_results().is_empty()).reply(Reply::text("I told brave-fox."));
    fox.api
        .when("Two tests fail")
        .reply(Reply::text("calm-owl found two tests that need the new field, and fixes them."));

    fox.type_line("ask calm-owl whether the new login API works for the web client");
    fox.wait_for_screen("calm-owl found two tests");
    fox.idle();
    owl.wait_for_screen("I told brave-fox.");
    owl.idle();
    for session in [&fox, &owl] {
        session.wait("the toast gone", || (!session.screen().contains("│ cc2cc")).then_some(()));
    }
    let picture = Picture::default().caption("terminal 1 · brave-fox").talk(fox.rows());
    picture.caption("terminal 2 · calm-owl · nobody types here").talk(owl.rows()).check("two-sessions");
}

/// A letter that came some minutes ago; half a minute more, so that the minute does not change in a slow story.
fn lay(world: &World, state: &str, id: &str, parties: [&str; 2], minutes: i64, text: &str) {
    let [from, to] = parties;
    // What is called NAME-2 answers NAME-1.
    let first = id.strip_suffix("-2").map(|name| format!("{name}-1"));
    let letter = json!({
        "v": 1, "id": id, "timestamp": ago(minutes), "from": from, "to": to, "type": "message", "priority": "low",
        "thread": first, "replyTo": first, "content": { "text": text },
    });
    fs::write(world.mailbox(to, state).join(format!("{id}.json")), letter.to_string()).expect("a letter");
}

fn ago(minutes: i64) -> Timestamp {
    Timestamp::now() - SignedDuration::from_secs(minutes * 60 + 30)
}

#[test]
fn the_inbox_is_open() {
    let world = world();
    let mut fox = sitting(&world, "api", "brave-fox");
    lay(
        &world,
        "done",
        "web-1",
        ["calm-owl", "brave-fox"],
        42,
        "The web client sends `email` now, all its tests pass.",
    );
    lay(&world, "held", "tables-1", ["calm-owl", "brave-fox"], 3, "May I delete the old login table?");
    fox.wait_for_screen("1 letter waits for your yes");
    fox.wait_for_screen("✉ held: calm-owl"); // its ring would bring the next one, too
    fox.idle();
    lay(&world, "inbox", "nightly-812", ["user", "brave-fox"], 12, "Nightly build 812 is green.");
    fox.type_line("/inbox");
    fox.wait_for_screen("Letters for brave-fox: 1 waiting · 1 held");
    fox.wait_for_screen("3 min ago");
    fox.press("\x1b[B\x1b[A");
    let is_chosen = |row: &Row| row.text.contains("May I delete") && row.coloured.contains("\x1b[7m");
    fox.wait("the first letter to be the chosen one", || fox.rows().iter().any(is_chosen).then_some(()));
    let picture = Picture::default().part(&fox.rows(), "Letters for brave-fox", "esc closes");
    picture.row(&fox.rows(), "waits for your yes").check("inbox");
}

#[test]
fn the_live_view_is_open() {
    let world = World::with_binary();
    let home = Home::at(world.home().join(".cc2cc"));
    let agents = [
        ("brave-fox", "api", Activity::Busy),
        ("calm-owl", "web", Activity::Idle),
        ("swift-lynx", "infra", Activity::Idle),
    ];
    let _present: Vec<_> = agents
        .into_iter()
        .map(|(name, place, state)| {
            let mailbox = home.claim(&name.parse().expect("a name")).expect("a mailbox");
            let cwd = world.home().join("shop").join(place).display().to_string();
            let host = Some("played".to_owned());
            let told = Record { cwd: Some(cwd), state, delivers_in: host.clone(), host, ..Record::default() };
            Record::change(&mailbox, Timestamp::now(), |record| *record = told).expect("a record");
            let waker = || reach::take_wakers_place(&mailbox).expect("its place").expect("nobody has it");
            (name != "swift-lynx").then(|| (mailbox.hold_presence().expect("its presence"), waker()))
        })
        .collect();
    let seen = |to: &str, id: &str, steps: &[&str]| {
        let lines =
            steps.iter().map(|step| json!({ "at": ago(1), "step": step }).to_string() + "\n").collect::<String>();
        fs::write(world.mailbox(to, "receipts").join(format!("{id}.jsonl")), lines).expect("receipts");
    };
    lay(
        &world,
        "done",
        "login-1",
        ["brave-fox", "calm-owl"],
        44,
        "The login API takes `email` now. Does the web client still work?",
    );
    seen("calm-owl", "login-1", &["notified", "delivered", "seen", "answered"]);
    lay(
        &world,
        "done",
        "login-2",
        ["calm-owl", "brave-fox"],
        42,
        "Two tests fail: they still send `user`. I am changing them.",
    );
    seen("brave-fox", "login-2", &["notified", "delivered", "seen"]);
    lay(&world, "inbox", "main-red", ["user", "swift-lynx"], 12, "main is red since the last merge");
    lay(&world, "claimed", "deploy-1", ["user", "calm-owl"], 5, "please run the end-to-end tests");
    seen("calm-owl", "deploy-1", &["notified", "delivered"]);
    lay(&world, "held", "drop-1", ["calm-owl", "brave-fox"], 3, "May I delete the old login table?");

    let mut command = CommandBuilder::new(world.bin().join("cc2cc"));
    command.env_clear();
    command.arg("watch");
    command.cwd(world.home());
    for (name, value) in
        [("HOME", world.home().display().to_string()), ("TERM", "xterm-256color".into()), ("TZ", "UTC".into())]
    {
        command.env(name, value);
    }
    let rows = NonZero::new(16).expect("rows");
    let view = Terminal::run_on(command, NonZero::new(COLUMNS).expect("columns"), rows);
    eventually("the letters", PATIENCE, || view.screen().contains("main is red").then_some(()));
    eventually("the agents", PATIENCE, || view.screen().contains("2 of 3 online").then_some(()));
    println!("{}", view.screen());
    Picture::default().whole(view.rows()).check("watch");
}
