//! Limits of the system: no watcher left to watch with, and process numbers that come round again.

use std::{
    fs,
    process::{Child, Command, Stdio},
};

use cc2cc::{agent::host::HostKey, mailbox::State};
use serde_json::json;

use super::{
    namespaces::in_namespaces,
    scene::{Heard, Run, Scene},
    table::conclude,
    watchers::watchers,
};
use crate::support::{
    binary::lean,
    eventually::until,
    said::{Said, start},
    world::{World, names},
};

#[test]
fn a_waker_that_cannot_watch_wakes_by_looking() {
    if !in_namespaces("faults::limits::a_waker_that_cannot_watch_wakes_by_looking", &["--user"]) {
        return;
    }
    // This user may watch with two instances, and two other processes of his take them.
    fs::write("/proc/sys/user/max_inotify_instances", "2").expect("a limit of this namespace's own");
    let scene = Scene::new();
    scene.watch(scene.start("startup")).fine();
    let mut others: Vec<Child> = ["ann", "bob"]
        .map(|name| scene.world.command(&["wait", "--agent", name]).spawn().unwrap())
        .into_iter()
        .collect();
    for other in &others {
        until("the other one watches", || (watchers(other.id()) == 1).then_some(()));
    }
    let Run { mut command, input, .. } =
        scene.session_process(&["wait", "--ring"], &json!({ "hook_event_name": "Stop" }));
    let waker = start(&mut command, &input);
    until("the waker is there", || scene.mine().is_online().then_some(()));
    // It has looked once and found nothing; from now on it can only look again.
    let beats = |waker: &Child| fs::read_to_string(format!("/proc/{}/status", waker.id())).unwrap_or_default();
    let naps = |status: &str| {
        status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")?.trim().parse::<u64>().ok())
    };
    let first = naps(&beats(&waker));
    until("it sleeps and looks again", || (naps(&beats(&waker)) > first.map(|count| count + 1)).then_some(()));
    assert_eq!(watchers(waker.id()), 0, "there was none left");
    scene.posted("ann", "calm-owl", "hello");
    let woke = Said::of(&waker.wait_with_output().unwrap());
    assert_eq!(woke.code, Some(2), "{woke:?}");
    scene.hear(&scene.watch(scene.prompt()).fine());
    scene.goes_on();
    for other in &mut others {
        other.kill().unwrap();
        other.wait().unwrap();
    }
    conclude(
        "no watcher left (inotify instances)",
        "2 allowed, 2 in use: the waker wakes by looking",
        scene.tally(Heard::All),
    );
}

#[test]
fn a_home_of_another_user_is_refused_and_not_touched() {
    let world = World::in_memory().agent("bob");
    world.posted("ann", "bob", "hello");
    let mail = world.path("mail");
    let before = names(&mail);
    // Root gives its home away; anybody else finds one of root's.
    let given = std::os::unix::fs::chown(&mail, Some(12_345), None).is_ok();
    let foreign = if given { mail.clone() } else { "/".into() };
    for words in [&["inbox", "--agent", "bob"][..], &["send", "bob", "hello"], &["agents"], &["watch", "--json"]] {
        let said = Said::of(&world.command(words).env("CC2CC_HOME", &foreign).output().unwrap());
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{said:?}");
        assert!(said.err.contains("belongs to another user"), "{said:?}");
    }
    assert_eq!(names(&mail), before);
    assert_eq!(names(&mail.join("to-bob/inbox")).len(), 1);
}

#[test]
fn a_process_number_that_really_comes_round_again() {
    if !in_namespaces(
        "faults::limits::a_process_number_that_really_comes_round_again",
        &["--mount", "--pid", "--fork", "--mount-proc"],
    ) {
        return;
    }
    let scene = Scene::new();
    for name in ["ann", "bob"] {
        scene.posted("calm-owl", name, &format!("for {name}"));
    }
    // Two clients, one after the other, with the same number: bob's dies without a goodbye, then ann's starts.
    let lives = |name: &str, number: &str| {
        let before = (number.parse::<u32>().unwrap() - 1).to_string();
        let run = scene.hook("session-start", &json!({ "hook_event_name": "SessionStart", "source": "startup" }));
        let input = scene.world.path("input.json");
        let text = String::from_utf8(run.input).unwrap().replace("c8f4", &format!("session-of-{name}"));
        fs::write(&input, text).unwrap();
        let client = format!("echo $$; \"{}\" hook session-start <{}", lean().display(), input.display());
        let mut chooser = Command::new("/bin/sh");
        chooser.args(["-c", "echo $0 >/proc/sys/kernel/ns_last_pid && /bin/sh -c \"$1\"; exit $?", &before, &client]);
        scene.world.furnish(&mut chooser);
        chooser.env("CC2CC_NAME", name).stdin(Stdio::null());
        let said = Said::of(&chooser.output().unwrap());
        assert_eq!(said.code, Some(0), "{said:?}");
        assert_eq!(said.out.lines().next(), Some(number), "the number could not be chosen: {said:?}");
        said.out
    };
    assert!(lives("bob", "5000").contains("you are bob"));
    // The first number alone: the second, how long the processors were idle, changes within a tick, too.
    let uptime = || fs::read_to_string("/proc/uptime").unwrap().split(' ').next().map(str::to_owned);
    let then = uptime();
    until("the system's clock ticks", || (uptime() != then).then_some(()));
    assert!(lives("ann", "5000").contains("you are ann"), "not taken for bob");
    assert_eq!(
        names(&scene.world.path("mail/sessions")).iter().filter(|name| name.starts_with("host-5000-")).count(),
        2
    );
    for name in ["ann", "bob"] {
        assert_eq!(scene.world.at(name).count(State::Inbox).unwrap(), 1);
    }
    conclude(
        "a process number really used again",
        "ns_last_pid in a pid namespace of its own",
        scene.tally(Heard::NotYet),
    );
}

#[test]
fn records_of_a_dead_process_with_this_number() {
    let scene = Scene::new();
    let me = HostKey::of(std::process::id()).unwrap().to_string();
    let (pid, rest) = me.split_once('-').unwrap();
    let (born, rest) = rest.split_once('-').unwrap();
    scene.posted("ann", "bob", "for the dead session");
    // A process of this number lived before, as bob's session, and died without a goodbye.
    let before = format!("{pid}-{}-{rest}", born.parse::<u64>().unwrap() - 1);
    let sessions = scene.world.home().subdir("sessions").unwrap();
    fs::write(sessions.join(format!("host-{before}.json")), r#"{"v":1,"agent":"bob"}"#).unwrap();
    fs::write(
        scene.world.at("bob").path().join("agent.json"),
        json!({ "v": 1, "host": before, "state": "busy" }).to_string(),
    )
    .unwrap();
    scene.posted("ann", "calm-owl", "for the living");
    scene.watch(scene.start("startup")).fine();
    assert_eq!(scene.mine().name().as_str(), "calm-owl");
    scene.goes_on();
    assert_eq!(names(&scene.world.at("bob").path().join("inbox")).len(), 1, "it waits for bob");
    conclude(
        "a process number used again, forged",
        "records of the dead process are not taken for the living one's",
        scene.tally(Heard::All),
    );
}
