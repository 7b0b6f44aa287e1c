//! What a session's processes do where its record cannot be read.

use std::fs;

use cc2cc::mailbox::{State, lock};

use super::session::context;
use crate::support::world::World;

const TORN: &[u8] = br#"{"v":1,"session":"c8f4","hops":20,"host":"a-host","later":{"of":"another versio"#;

#[test]
fn a_torn_record_is_not_written_over_while_the_session_goes_on() {
    let world = World::new().agent("ann").agent("bob");
    let session = world.session("calm-owl").started();
    let file = session.mailbox().path().join("agent.json");
    fs::write(&file, TORN).unwrap();
    let held = session.shell(&["send", "bob", "on and on"]);
    assert!(held.code == Some(4) && held.out.contains("nobody knows how many letters ago"), "{held}");
    world.run(&["send", "calm-owl", "a letter"]).fine();
    let wake = session.wake_on_its_way();
    assert!(context(&session.prompt(&wake).fine()).contains("a letter"), "mail goes on");
    session.stop().fine();
    session.prompt("a person").fine();
    session.end("exit").fine();
    assert_eq!(fs::read(&file).unwrap(), TORN);

    session.start_hook("resume").fine();
    let kept = fs::read_dir(session.mailbox().path()).unwrap().flatten().map(|entry| entry.path());
    let kept: Vec<_> = kept.filter(|path| path.display().to_string().contains("agent.json.unreadable-")).collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(fs::read(&kept[0]).unwrap(), TORN);
    let record = fs::read_to_string(&file).unwrap();
    assert!(record.contains(r#""session": "c8f4""#) && record.contains(r#""hops": 1000000"#), "{record}");
    session.prompt("a person").fine();
    session.shell(&["send", "bob", "a person has spoken"]).fine();
    assert_eq!(world.waiting("bob").len(), 1);
}

#[test]
fn a_letter_whose_delivery_could_not_be_noted_waits_again_at_once() {
    let world = World::new().agent("ann").agent("bob");
    let session = world.session("calm-owl").started();
    let id = world.posted("ann", "calm-owl", "for the next turn");
    let stopped = lock::try_exclusive(&session.mailbox().path().join("record.lock")).unwrap();
    let said = session.prompt("a person").fine();
    assert!(said.out.contains("record.lock") && !said.out.contains("for the next turn"), "{said}");
    assert_eq!(session.mailbox().state_of(&id), Some(State::Inbox));
    drop(stopped);
    assert!(context(&session.prompt("a person").fine()).contains("for the next turn"));
}
