//! Faults between machines, made for real: letters are counted in and out, none is lost, none comes twice.

use std::collections::BTreeMap;

use super::{
    machine::{Machine, pair, strangers},
    server::NatsServer,
};
use crate::support::eventually::until;

/// Every letter that was sent is there once, and no other.
#[track_caller]
pub(super) fn counted(machine: &Machine, agent: &str, sent: &[String]) {
    machine.until_letters(agent, sent.len());
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for (_, letter) in machine.letters_of(agent) {
        *times.entry(letter.content.text).or_default() += 1;
    }
    let expected = sent.iter().map(|text| (text.clone(), 1)).collect();
    assert_eq!(times, expected, "{}", machine.world.log());
}

#[test]
fn a_link_killed_before_every_step_of_sending_loses_and_repeats_nothing() {
    let server = NatsServer::start();
    let (mut laptop, mut desk) = strangers(&server);
    desk.link(&["trust", "laptop"]).fine();
    desk.start();
    let mut sent = Vec::new();
    let mut killed = 0;
    for step in 1.. {
        let text = format!("killed before step {step}");
        let id = laptop.sends("ann", "bob@desk", &text);
        sent.push(text);
        laptop.start_failing_at(Some(step));
        let went = until("the link is killed, or has sent it", || {
            let has_ended = laptop.has_ended();
            (has_ended || laptop.stage("bob@desk", &id) == "forwarded").then_some(!has_ended)
        });
        laptop.kill();
        if went && step > killed + 3 {
            break;
        }
        killed = if went { killed } else { step };
    }
    assert!(killed >= 6, "only {killed} steps were found");
    laptop.start();
    counted(&desk, "bob", &sent);
}

#[test]
fn a_link_killed_before_every_step_of_taking_loses_and_repeats_nothing() {
    let server = NatsServer::start();
    let (mut laptop, mut desk) = strangers(&server);
    desk.link(&["trust", "laptop"]).fine();
    laptop.start();
    desk.start();
    let mut sent = vec!["before".to_owned()];
    laptop.sends("ann", "bob@desk", "before");
    counted(&desk, "bob", &sent);
    let mut killed = 0;
    for step in 1.. {
        desk.kill();
        let text = format!("killed before step {step}");
        let id = laptop.sends("ann", "bob@desk", &text);
        laptop.until_stage("bob@desk", &id, "forwarded");
        sent.push(text);
        desk.start_failing_at(Some(step));
        let came = until("the link is killed, or has taken it", || {
            let has_ended = desk.has_ended();
            let known = std::fs::read_to_string(desk.world.path("mail/link/received/laptop")).unwrap_or_default();
            (has_ended || known.contains(id.as_str())).then_some(!has_ended)
        });
        if came && step > killed + 3 {
            break;
        }
        killed = if came { killed } else { step };
    }
    assert!(killed >= 6, "only {killed} steps were found");
    desk.kill();
    desk.start();
    counted(&desk, "bob", &sent);
}

#[test]
fn a_server_killed_again_and_again_loses_and_repeats_nothing() {
    killed_again_and_again(&mut NatsServer::start());
}

pub(super) fn killed_again_and_again(server: &mut NatsServer) {
    let (laptop, desk) = pair(server);
    let mut sent = Vec::new();
    for round in 0..5 {
        for number in 0..10 {
            let text = format!("letter {number} of round {round}");
            laptop.writes("bob@desk", &text);
            sent.push(text);
            if number == 5 {
                server.kill();
            }
        }
        let waits = laptop.world.letters().iter().any(|(name, ..)| name == "bob@desk");
        assert!(waits, "what was sent is somewhere");
        server.start_again();
        desk.until_letters("bob", 1);
    }
    counted(&desk, "bob", &sent);
}

#[test]
fn a_full_server_is_waited_for_and_said() {
    full_and_waited_for(&NatsServer::start());
}

pub(super) fn full_and_waited_for(server: &NatsServer) {
    let (mut laptop, mut desk) = strangers(server);
    for machine in [&laptop, &desk] {
        machine.set(server, "max-bytes = 60000\n[machines]\nlaptop = \"accept\"\ndesk = \"accept\"\n");
    }
    laptop.start();
    desk.start();
    laptop.sends("ann", "bob@desk", "first");
    desk.until_letters("bob", 1);
    desk.kill();
    let mut sent = vec!["first".to_owned()];
    for number in 0..12 {
        let text = format!("{number}: {}", "x".repeat(10_000));
        laptop.sends("ann", "bob@desk", &text);
        sent.push(text);
    }
    until("the link is full", || {
        let why = laptop.overview()["why"].as_str().unwrap_or_default().to_owned();
        why.starts_with("the link is full").then_some(())
    });
    let shown = laptop.link(&[]).fine().out;
    assert!(shown.contains("to go: the link is full"), "{shown}");
    desk.start();
    counted(&desk, "bob", &sent);
}

#[test]
fn a_server_with_less_room_than_is_asked_for_is_said_and_asked_for_less() {
    let settings = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(settings.path(), "jetstream { max_file_store: 20MB }\n").expect("written");
    let server = NatsServer::start_with(&["-c", settings.path().to_str().expect("text")]);
    let (mut laptop, mut desk) = strangers(&server);
    laptop.start();
    let why = laptop.until_why("less room than the 1024 MiB");
    assert!(why.ends_with("`max-bytes` under `[link]` in config.toml asks for less"), "{why}");
    let id = laptop.sends("ann", "bob@desk", "patience");
    assert_eq!(laptop.stage("bob@desk", &id), "stored");
    for machine in [&mut laptop, &mut desk] {
        machine.kill();
        machine.set(&server, "max-bytes = 1048576\n[machines]\nlaptop = \"accept\"\ndesk = \"accept\"\n");
        machine.start();
    }
    desk.until_letters("bob", 1);
}

#[test]
fn a_letter_that_the_server_never_takes_is_dead_with_the_reason_and_stops_no_other() {
    let server = NatsServer::start();
    let (laptop, desk) = pair(&server);
    let huge = laptop.world.path("huge");
    std::fs::write(&huge, "\u{1}".repeat(400_000)).expect("written");
    let ann = laptop.world.hosted("ann");
    let said =
        laptop.world.run_as(&ann, &["send", "--json", "bob@desk", "--file", huge.to_str().expect("text")]).fine();
    let id = said.json()["sent"][0]["id"].as_str().expect("an id").parse().expect("an id");
    laptop.sends("ann", "bob@desk", "small");
    laptop.until_stage("bob@desk", &id, "refused");
    let why = laptop.status("bob@desk", &id).why.unwrap_or_default();
    assert!(why.contains("and the server takes 1048576"), "{why}");
    counted(&desk, "bob", &["small".to_owned()]);
}

#[test]
fn a_server_that_does_not_let_the_link_in_is_said_and_letters_wait() {
    let server = NatsServer::start_with(&["--user", "ann", "--pass", "secret"]);
    let (mut laptop, _desk) = strangers(&server);
    laptop.start();
    laptop.sends("ann", "bob@desk", "waits");
    let why = until("why nothing goes", || {
        let overview = laptop.overview();
        let why = overview["why"].as_str().unwrap_or_default().to_owned();
        (overview["connected"] == false && why.to_lowercase().contains("auth")).then_some(why)
    });
    assert!(!why.contains("secret"), "{why}");
    assert_eq!(laptop.letters_of("bob@desk").len(), 1);
}
