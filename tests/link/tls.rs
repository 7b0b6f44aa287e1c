//! A server that proves itself with a certificate, and what a person is told where it does not.

use super::{
    certificates::Authority,
    machine::{Machine, strangers},
    server::NatsServer,
};

#[test]
fn a_server_is_proved_by_the_certificate_that_a_person_names() {
    let authority = Authority::new();
    let server = NatsServer::start_with(&authority.of("127.0.0.1"));
    let (mut laptop, mut desk) = strangers(&server);
    laptop.start();
    desk.start();
    let id = laptop.sends("ann", "bob@desk", "by TLS");
    let why = laptop.until_why("--ca");
    assert_eq!(
        why,
        "the server's certificate is signed by nobody this system knows; `cc2cc link up` with `--ca FILE` names the \
         certificate of who has signed it"
    );
    let doctor = laptop.world.run(&["doctor"]);
    assert!(doctor.out.contains(&format!("letters to other machines wait: {why}")), "{doctor}");
    assert_eq!(laptop.stage("bob@desk", &id), "stored");

    for machine in [&laptop, &desk] {
        machine.link(&["up", &server.url(), "--ca", &authority.file(), "--as", machine.name]).fine();
    }
    desk.until_letters("bob", 1);
    laptop.until_stage("bob@desk", &id, "held");
    assert_eq!(laptop.link(&[]).fine().out.lines().nth(1), Some("connected"));
}

#[test]
fn a_certificate_that_proves_nothing_is_said_to_be_that() {
    let authority = Authority::new();
    let mut server = NatsServer::start_with(&authority.expired());
    let mut laptop = Machine::new("laptop", &server);
    let mut why_not = |words: &[String], ca: &Authority, says: &str| {
        server.kill();
        server.with(words);
        server.start_again();
        laptop.kill();
        laptop.set(&server, &format!("ca = \"{}\"\n", ca.file()));
        laptop.start();
        laptop.until_why(says);
    };
    why_not(&authority.expired(), &authority, "certificate has expired; whoever runs the server has to renew it");
    why_not(&authority.of("127.0.0.2"), &authority, "certificate is for another host");
    let other = Authority::new();
    why_not(&authority.of("127.0.0.1"), &other, &format!("certificate is not signed by that in {}", other.file()));
    why_not(&[], &authority, "the server does not speak TLS");
    std::fs::remove_file(other.file()).expect("removed");
    why_not(&authority.of("127.0.0.1"), &other, &format!("{} is of no use", other.file()));
}
