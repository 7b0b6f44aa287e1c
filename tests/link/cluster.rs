//! Three servers that keep three copies of each letter, and the one that leads them killed while letters go both ways.

use super::{
    faults::counted,
    machine::strangers,
    server::{Attacker, NatsServer, Release, free_port},
};
use crate::support::eventually::until;

const SERVERS: usize = 3;
const LETTERS: usize = 20;

fn cluster() -> Vec<NatsServer> {
    let ports = [(); SERVERS].map(|()| free_port());
    let routes = ports.map(|port| format!("nats://127.0.0.1:{port}"));
    let start = |(number, route): (usize, &String)| {
        let (name, all) = (number.to_string(), routes.join(","));
        let words = ["--server_name", &name, "--cluster_name", "story", "--cluster", route, "--routes", &all];
        NatsServer::start_as(Release::Newer, &words)
    };
    routes.iter().enumerate().map(start).collect()
}

/// The number of the server that leads the stream of letters.
fn leader(servers: &[NatsServer]) -> usize {
    until("the stream of letters has a leader", || {
        let facts = Attacker::on(&servers[0]).ask("$JS.API.STREAM.INFO.cc2cc-letters")?;
        let copies = facts["config"]["num_replicas"].as_u64()?;
        assert_eq!(copies, SERVERS as u64);
        facts["cluster"]["leader"].as_str()?.parse().ok()
    })
}

#[test]
fn a_cluster_whose_leader_is_killed_loses_and_repeats_nothing() {
    let mut servers = cluster();
    let (mut laptop, mut desk) = strangers(&servers[0]);
    let more = "replicas = 3\n[machines]\nlaptop = \"accept\"\ndesk = \"accept\"\n";
    // At its first address nobody listens.
    laptop.set_at(&format!("nats://127.0.0.1:{},{}", free_port(), servers[0].url()), more);
    laptop.start();
    let leader = leader(&servers);
    desk.set(&servers[leader], more); // it loses its own server
    desk.start();
    laptop.writes("bob@desk", "there 0");
    desk.until_letters("bob", 1);
    let (mut there, mut back) = (vec!["there 0".to_owned()], Vec::new());
    for number in 1..=LETTERS {
        if number == LETTERS / 2 {
            servers[leader].kill();
        }
        for (machine, to, way, sent) in
            [(&laptop, "bob@desk", "there", &mut there), (&desk, "ann@laptop", "back", &mut back)]
        {
            let text = format!("{way} {number}");
            machine.writes(to, &text);
            sent.push(text);
        }
    }
    counted(&desk, "bob", &there);
    counted(&laptop, "ann", &back);
}
