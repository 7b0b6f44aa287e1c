//! More than two machines on one server, and machines that are called the same.

use super::{
    faults::counted,
    machine::{Machine, pair, strangers},
    server::NatsServer,
};
use crate::support::eventually::until;

/// A third machine, with a bob of its own; laptop and it trust each other.
fn third(laptop: &Machine, server: &NatsServer) -> Machine {
    let mut build = Machine::new("build", server).with("bob");
    laptop.link(&["pair", &build.code()]).fine();
    build.link(&["pair", &laptop.code()]).fine();
    laptop.link(&["trust", "build"]).fine();
    build.link(&["trust", "laptop"]).fine();
    build.start();
    build
}

#[test]
fn a_letter_to_one_name_on_two_machines_reaches_both() {
    let server = NatsServer::start();
    let (laptop, desk) = pair(&server);
    let build = third(&laptop, &server);
    laptop.sends("ann", "bob@desk,bob@build", "to both of you");
    counted(&desk, "bob", &["to both of you".to_owned()]);
    counted(&build, "bob", &["to both of you".to_owned()]);
}

#[test]
fn of_two_letters_that_their_senders_gave_one_id_the_second_is_refused_and_its_sender_told() {
    let server = NatsServer::start();
    let (laptop, desk) = pair(&server);
    let build = third(&laptop, &server);
    desk.link(&["pair", &build.code()]).fine();
    build.link(&["pair", &desk.code()]).fine();
    build.link(&["trust", "desk"]).fine();
    laptop.world.run(&["send", "--id", "nightly", "bob@build", "of laptop"]).fine();
    build.until_letters("bob", 1);
    desk.world.run(&["send", "--id", "nightly", "bob@build", "of desk"]).fine();
    let id = "nightly".parse().expect("an id");
    desk.until_stage("bob@build", &id, "refused");
    assert_eq!(desk.status("bob@build", &id).why.as_deref(), Some("another letter has the id nightly there"));
    counted(&build, "bob", &["of laptop".to_owned()]);
}

#[test]
fn two_machines_of_one_name_do_not_take_each_others_letters() {
    let server = NatsServer::start();
    let (laptop, desk) = pair(&server);
    desk.sends("bob", "ann@laptop", "the first");
    laptop.until_letters("ann", 1);
    let mut twin = Machine::new("laptop", &server).with("ann");
    twin.start();
    let why = twin.until_why("another machine is called laptop");
    assert!(why.contains("`--as NAME` gives this one another name"), "{why}");
    let mut sent = vec!["the first".to_owned()];
    for number in 0..20 {
        let text = format!("number {number}");
        desk.writes("ann@laptop", &text);
        sent.push(text);
    }
    counted(&laptop, "ann", &sent);
}

#[test]
fn a_name_under_which_two_machines_ask_is_paired_by_a_code_alone() {
    let server = NatsServer::start();
    let mut laptop = Machine::new("laptop", &server).with("ann");
    laptop.start();
    let code = laptop.code();
    let mut desk = Machine::new("desk", &server).with("bob");
    let mut other = Machine::new("desk", &server).with("bob");
    for asks in [&mut desk, &mut other] {
        asks.link(&["pair", &code]).fine();
        asks.start();
    }
    let disputed = || laptop.overview()["asking"][0]["disputed"].as_bool();
    until("both ask", || (disputed() == Some(true)).then_some(()));
    let said = laptop.link(&["pair", "desk"]);
    assert_eq!(said.code, Some(1), "{said}");
    assert!(said.err.contains("more than one machine asks as desk"), "{said}");
    laptop.link(&["pair", &other.code()]).fine();
    assert_eq!(laptop.overview()["machines"][0]["fingerprint"], other.overview()["fingerprint"]);
}

#[test]
fn whoever_links_again_keeps_what_was_set_and_whoever_forgets_takes_the_rights_back() {
    let server = NatsServer::start();
    let (laptop, _desk) = strangers(&server);
    let rights = "team = \"shop\"\n[from]\n\"bob@desk\" = \"accept\"\n\"eve@build\" = \"accept\"\n";
    laptop.set(&server, rights);
    let said = laptop.link(&["up", &server.url()]).fine();
    assert!(said.out.starts_with("this machine is laptop ("), "{said}");
    laptop.link(&["forget", "desk"]).fine();
    let config = std::fs::read_to_string(laptop.world.path("mail/config.toml")).expect("the configuration");
    assert!(config.contains("team = \"shop\"") && config.contains("name = \"laptop\""), "{config}");
    assert!(!config.contains("bob@desk") && config.contains("eve@build"), "{config}");
}

#[test]
fn no_session_changes_which_machines_are_trusted() {
    let server = NatsServer::start();
    let (laptop, _desk) = strangers(&server);
    let before = std::fs::read_to_string(laptop.world.path("mail/config.toml")).expect("the configuration");
    for words in [["trust", "desk"], ["forget", "desk"]] {
        let mut command = laptop.link_command(&words);
        let said = laptop.world.said(&command.envs(laptop.world.hosted("ann")).output().expect("started"));
        assert_eq!(said.code, Some(1), "{said}");
        assert!(said.err.contains("only a person decides this"), "{said}");
    }
    let after = std::fs::read_to_string(laptop.world.path("mail/config.toml")).expect("the configuration");
    assert_eq!(before, after);
}

#[test]
fn the_way_of_a_letter_to_a_name_that_was_another_is_told_as_well() {
    let server = NatsServer::start();
    let (laptop, desk) = pair(&server);
    desk.world.run(&["rename", "rob", "--agent", "bob"]).fine();
    let id = laptop.sends("ann", "bob@desk", "to the old name");
    desk.until_letters("rob", 1);
    laptop.until_stage("bob@desk", &id, "forwarded");
    desk.world.run_as(&desk.world.hosted("rob"), &["inbox", "--take"]).fine();
    laptop.until_stage("bob@desk", &id, "seen");
}

#[test]
fn a_letter_larger_than_all_that_the_server_keeps_is_dead_and_stops_no_other() {
    let server = NatsServer::start();
    let (mut laptop, mut desk) = strangers(&server);
    for machine in [&mut laptop, &mut desk] {
        machine.set(&server, "max-bytes = 60000\n[machines]\nlaptop = \"accept\"\ndesk = \"accept\"\n");
        machine.start();
    }
    laptop.sends("ann", "bob@desk", "first");
    desk.until_letters("bob", 1);
    let large = laptop.sends("ann", "bob@desk", &"x".repeat(100_000));
    laptop.sends("ann", "bob@desk", "last");
    desk.until_letters("bob", 2);
    let why = laptop.status("bob@desk", &large).why.unwrap_or_default();
    assert!(why.ends_with("and the server keeps 60000 for all letters"), "{why}");
}
