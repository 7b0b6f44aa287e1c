//! A home on a mount that announces nothing, as network mounts and those of virtual machines are.

use std::{
    fs,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
};

use cc2cc::mailbox::State;
use notify::{RecursiveMode, Watcher};
use serde_json::json;

use super::{
    namespaces::in_namespaces,
    scene::{Heard, Run, Scene},
    table::conclude,
};
use crate::support::{
    eventually::until,
    said::{Said, start},
};

#[test]
fn a_mount_that_announces_nothing_is_looked_at_all_the_same() {
    if !in_namespaces("faults::silent::a_mount_that_announces_nothing_is_looked_at_all_the_same", &["--mount"]) {
        return;
    }
    let scene = Scene::new();
    scene.watch(scene.start("startup")).fine();
    let (real, view) = (scene.world.path("mail"), scene.world.path("view"));
    fs::create_dir(&view).unwrap();
    let mut mount = Command::new("bindfs").arg("-f").args([&real, &view]).stdin(Stdio::null()).spawn();
    let mount: &mut Child = mount.as_mut().expect("`bindfs` (Debian: bindfs) is needed");
    until("the mount stands", || view.join("to-calm-owl").is_dir().then_some(()));

    // A witness of the same kind as the waker's.
    let (tell, told) = mpsc::channel();
    let mut witness = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let _ = tell.send(event.expect("an event").kind);
    })
    .unwrap();
    witness.watch(&view.join("to-calm-owl/inbox"), RecursiveMode::NonRecursive).unwrap();

    let Run { mut command, input, .. } =
        scene.session_process(&["wait", "--ring"], &json!({ "hook_event_name": "Stop" }));
    let waker = start(command.env("CC2CC_HOME", &view), &input);
    until("the waker watches", || {
        let open = fs::read_dir(format!("/proc/{}/fd", waker.id())).ok()?.flatten();
        let mut targets = open.filter_map(|entry| fs::read_link(entry.path()).ok());
        targets.any(|target| target.ends_with("anon_inode:inotify")).then_some(())
    });
    thread::scope(|scope| {
        let waker = scope.spawn(|| Said::of(&waker.wait_with_output().unwrap()));
        scene.posted("ann", "calm-owl", "from the other side of the mount");
        let woke = waker.join().unwrap();
        assert_eq!(woke.code, Some(2), "{woke:?}");
    });
    // Those who looked are seen, what came is not.
    assert!(told.try_iter().all(|kind| kind.is_access()), "the mount announced the letter");
    scene.hear(&scene.watch(scene.prompt()).fine());
    assert_eq!(scene.mine().count(State::Inbox).unwrap(), 0);
    scene.goes_on();
    mount.kill().unwrap();
    mount.wait().unwrap();
    conclude("a mount that announces nothing", "bindfs: the waker wakes by looking", scene.tally(Heard::All));
}
