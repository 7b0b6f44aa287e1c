//! A server that lets in who has credentials of its operator.

use std::fs;

use super::{machine::strangers, operator::Operator, server::NatsServer};

#[test]
fn letters_wait_until_the_server_accepts_the_credentials() {
    let operator = Operator::new();
    let server = NatsServer::start_with(&operator.words());
    let (mut laptop, mut desk) = strangers(&server);
    let of_desk = desk.world.path("desk.creds");
    fs::write(&of_desk, operator.credentials()).expect("written");
    desk.set(&server, &format!("creds = \"{}\"\n", of_desk.display()));
    desk.start();
    laptop.start();
    let id = laptop.sends("ann", "bob@desk", "with credentials");
    let why = laptop.until_why("--creds");
    assert_eq!(why, "the server asks for authorization: `cc2cc link up` with `--creds FILE` names its credentials");
    let doctor = laptop.world.run(&["doctor"]);
    assert!(doctor.out.contains(&format!("letters to other machines wait: {why}")), "{doctor}");

    let creds = laptop.world.path("laptop.creds");
    let file = creds.to_str().expect("text");
    fs::write(&creds, "not yet").expect("written");
    laptop.link(&["up", &server.url(), "--as", "laptop", "--creds", file]).fine();
    laptop.until_why(&format!("{file} holds no credentials"));
    let of_others = Operator::new().credentials();
    fs::write(&creds, &of_others).expect("written");
    laptop.until_why(&format!("the server does not accept the credentials in {file}"));
    assert_eq!(laptop.stage("bob@desk", &id), "stored");

    fs::write(&creds, operator.credentials()).expect("written");
    assert_eq!(desk.until_letters("bob", 1).len(), 1);
    laptop.until_stage("bob@desk", &id, "held");
    assert_eq!(laptop.link(&[]).fine().out.lines().nth(1), Some("connected"));
    let seed = of_others.lines().find(|line| line.starts_with("SU")).expect("a seed");
    assert!(!laptop.world.log().contains(seed));
}
