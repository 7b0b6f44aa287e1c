//! `cc2cc wait`, as a script uses it.

use std::thread;

use cc2cc::{agent::identity, mailbox::State};
use insta::assert_snapshot;

use crate::support::{eventually::until, world::World};

#[test]
fn a_letter_that_waits_is_listed_at_once_and_stays() {
    let world = World::new().agent("bob");
    world.posted("bob", "bob", "hello");
    let said = world.run(&["wait", "--agent", "bob"]).fine();
    assert!(said.out.contains("hello"), "{said}");
    assert_eq!(world.at("bob").count(State::Inbox).unwrap(), 1);
    let json = world.run(&["wait", "--agent", "bob", "--json"]).fine().json();
    assert_eq!((&json["agent"], &json["letters"][0]["firstLine"]), (&"bob".into(), &"hello".into()));
}

#[test]
fn a_letter_that_comes_ends_the_wait_even_after_a_rename() {
    let world = World::new().agent("ann").agent("bob");
    let said = thread::scope(|scope| {
        let mut command = world.command(&["wait", "--agent", "bob", "--timeout", "30s"]);
        let child = command.spawn().unwrap();
        until("it watches", || watches(child.id()).then_some(()));
        let waiting = scope.spawn(|| child.wait_with_output().unwrap());
        identity::rename(&world.home(), &world.at("bob"), &"rob".parse().unwrap()).unwrap();
        world.posted("ann", "bob", "hello");
        world.said(&waiting.join().unwrap())
    });
    assert!(said.fine().out.contains("hello"));
}

#[test]
fn no_letter_in_the_time_given_is_exit_code_five() {
    let world = World::new();
    assert_snapshot!(world.run(&["wait", "--timeout", "1s"]), @"
    exit 5
    --- out
    --- err
    cc2cc: no mail for user in this time
    ");
    assert_snapshot!(world.run(&["wait", "--agent", "bob"]), @"
    exit 3
    --- out
    --- err
    cc2cc: no agent named `bob`
    hint: `cc2cc agents --all` lists everyone
    ");
    assert_eq!(world.run(&["wait", "--timeout", "0s"]).code, Some(2));
}

/// Whether a process has an inotify watch, told by the system itself. Others do not tell; there the letter may also come
/// before the watch.
fn watches(pid: u32) -> bool {
    if cfg!(not(target_os = "linux")) {
        return true;
    }
    let listed = std::process::Command::new("/bin/ls").args(["-l", &format!("/proc/{pid}/fd")]).output().unwrap();
    String::from_utf8_lossy(&listed.stdout).contains("inotify")
}
