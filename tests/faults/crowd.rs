//! 200 processes send 50 letters each to 20 agents with two deliveries each, while agents are renamed and sessions end.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use cc2cc::mailbox::State;
use serde_json::Value;

use super::{
    crowd_client::{self, Heard},
    table::{Tally, conclude},
};
use crate::support::{
    binary::lean,
    world::{World, names},
};

const SENDERS: usize = 200;
const LETTERS_EACH: usize = 50;
const AGENTS: usize = 20;
const RENAMES: usize = 40;
const DEADLINE: Duration = Duration::from_secs(600);

#[test]
fn ten_thousand_letters() {
    let world = World::on_disk();
    for agent in 0..AGENTS {
        world.add(&format!("agent-{agent}"));
    }
    fs::create_dir(world.path("sent")).unwrap();
    let begun = Instant::now();
    let all_sent = AtomicBool::new(false);
    let sessions = AtomicUsize::new(0);
    let heard = thread::scope(|scope| {
        let clients: Vec<_> = (0..AGENTS)
            .map(|agent| {
                let (world, sessions) = (&world, &sessions);
                scope.spawn(move || crowd_client::sessions_of(world, agent, sessions))
            })
            .collect();
        let renamer = scope.spawn(|| rename_meanwhile(&world, &all_sent));
        for sender in (0..SENDERS).map(|number| sender(&world, number)).collect::<Vec<_>>() {
            assert!(sender.wait_with_output().unwrap().status.success());
        }
        all_sent.store(true, Ordering::SeqCst);
        assert_eq!(renamer.join().unwrap(), RENAMES);
        fs::write(world.path("all-sent"), "").unwrap();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect::<Vec<Heard>>()
    });
    let tally = count(&world, &heard);
    let slowest = heard.iter().map(|heard| heard.took).max().unwrap_or_default();
    let sessions = sessions.into_inner();
    println!("10,000 letters in {:?}; {sessions} sessions, the slowest hook took {slowest:?}", begun.elapsed());
    assert_eq!(tally.letters, SENDERS * LETTERS_EACH);
    assert!(sessions > AGENTS, "sessions ended meanwhile");
    let how = format!("{SENDERS} processes, {AGENTS} agents, 40 deliveries, {RENAMES} renames, {sessions} sessions");
    conclude("a crowd", &how, tally);
}

/// A person's script.
fn sender(world: &World, number: usize) -> Child {
    let script = r#"letter=0
        while [ $letter -lt "$3" ]; do
            "$0" send --json "agent-$((($1 + letter) % $2))" "from $1, number $letter" || exit 1
            letter=$((letter + 1))
        done >"../sent/$1""#;
    let mut command = Command::new("/bin/sh");
    world.furnish(&mut command);
    command.args(["-c", script]).arg(lean());
    command.args([number.to_string(), AGENTS.to_string(), LETTERS_EACH.to_string()]);
    command.stdout(Stdio::inherit()).stderr(Stdio::inherit()).spawn().expect("started")
}

/// Every letter the senders were told is stored.
fn stored(dir: &Path) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for name in names(dir) {
        let said = fs::read_to_string(dir.join(name)).expect("what a sender was told");
        for line in said.lines() {
            let sent: Value = serde_json::from_str(line).expect("JSON");
            assert_eq!(sent["sent"][0]["state"], "stored", "{line}");
            assert!(ids.insert(sent["sent"][0]["id"].as_str().expect("an id").to_owned()), "{line}");
        }
    }
    ids
}

/// Gives the agents new names, evenly spread over the time in which letters are sent.
fn rename_meanwhile(world: &World, all_sent: &AtomicBool) -> usize {
    let deadline = Instant::now() + DEADLINE;
    for round in 0..RENAMES {
        let mark = SENDERS * LETTERS_EACH * (round + 1) / (RENAMES + 2);
        while !all_sent.load(Ordering::SeqCst) && stored_so_far(&world.path("sent")) < mark {
            assert!(Instant::now() < deadline, "the senders do not come on");
            thread::sleep(Duration::from_millis(20));
        }
        let (agent, turn) = (round % AGENTS, round / AGENTS);
        let old = if turn == 0 { format!("agent-{agent}") } else { format!("renamed-{agent}-{}", turn - 1) };
        world.run(&["rename", &format!("renamed-{agent}-{turn}"), "--agent", &old]).fine();
    }
    RENAMES
}

fn receipts(world: &World, id: &str) -> String {
    let mailboxes = world.home().mailboxes().expect("listed");
    let texts = mailboxes.iter().map(|mailbox| fs::read_to_string(mailbox.path().join(format!("receipts/{id}.jsonl"))));
    texts.filter_map(Result::ok).collect()
}

fn stored_so_far(dir: &Path) -> usize {
    let lines = |name: &String| fs::read_to_string(dir.join(name)).unwrap_or_default().lines().count();
    names(dir).iter().map(lines).sum()
}

fn count(world: &World, heard: &[Heard]) -> Tally {
    let stored = stored(&world.path("sent"));
    let mut times = BTreeMap::<&str, Vec<&Heard>>::new();
    for one in heard {
        times.entry(one.id.as_str()).or_default().push(one);
    }
    let mut tally = Tally { letters: stored.len(), ..Tally::default() };
    tally.lost = stored.iter().filter(|id| !times.contains_key(id.as_str())).count();
    tally.invented = times.keys().filter(|id| !stored.contains(**id)).count();
    for copies in times.values().filter(|copies| copies.len() > 1) {
        // Nothing crashes here, so nothing comes twice, however slow all of it is.
        println!("brought twice without need: {copies:?} {}", receipts(world, &copies[0].id));
        tally.unmarked += 1;
        tally.duplicated += copies.len() - 1;
        tally.unmarked += (copies.len() - 1).saturating_sub(copies.iter().filter(|copy| copy.again).count());
    }
    for (whose, state, letter) in world.letters() {
        assert!(state == State::Done || whose == "user", "{} of {whose} is in {}", letter.id, state.dir());
    }
    tally
}
