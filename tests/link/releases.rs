//! The same with a newer nats-server than Debian's, where its words or what it keeps could differ.

use super::{
    faults::{full_and_waited_for, killed_again_and_again},
    machine::pair,
    server::{NatsServer, Release},
};

fn newer() -> NatsServer {
    NatsServer::start_as::<&str>(Release::Newer, &[])
}

#[test]
fn a_newer_server_killed_again_and_again_loses_and_repeats_nothing() {
    killed_again_and_again(&mut newer());
}

#[test]
fn a_newer_server_that_is_full_is_waited_for_and_said() {
    full_and_waited_for(&newer());
}

#[test]
fn a_server_that_is_replaced_by_a_newer_one_keeps_what_waits() {
    let mut server = NatsServer::start();
    let (laptop, mut desk) = pair(&server);
    laptop.sends("ann", "bob@desk", "before");
    desk.until_letters("bob", 1);
    desk.kill();
    let waits = laptop.sends("ann", "bob@desk", "waits on the server");
    laptop.until_stage("bob@desk", &waits, "forwarded");
    server.kill();
    server.becomes(Release::Newer);
    server.start_again();
    laptop.sends("ann", "bob@desk", "after");
    desk.start();
    assert_eq!(desk.until_letters("bob", 3).len(), 3);
    let answer = desk.sends("bob", "ann@laptop", "all are here");
    assert_eq!(laptop.until_letters("ann", 1)[0].1.id, answer);
}
