//! Watchers of the file system, of which a user has few for all programs together: a session takes one, and many
//! sessions are woken all the same.

use std::{
    fs,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Child, Command, Stdio},
    time::Instant,
};

use cc2cc::{agent::reach, clients::claude::watching, mailbox::receipt::Step};
use serde_json::json;

use super::{
    namespaces::in_namespaces,
    scene::{Heard, Run, Scene},
    table::conclude,
};
use crate::support::{
    binary::lean,
    eventually::until,
    said::start,
    world::{World, names},
};

/// How many inotify instances a process holds.
pub fn watchers(pid: u32) -> usize {
    let open = format!("/proc/{pid}/fd");
    let leads_to = |name: &String| fs::read_link(format!("{open}/{name}")).unwrap_or_default();
    names(open.as_ref()).iter().filter(|name| leads_to(name).ends_with("anon_inode:inotify")).count()
}

/// Ends whatever a story that failed has left running.
struct Processes(Vec<Child>);

impl Drop for Processes {
    fn drop(&mut self) {
        for process in &mut self.0 {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

#[test]
fn a_session_holds_one_watch() {
    let scene = Scene::new();
    scene.watch(scene.start("startup")).fine();
    let Run { mut command, input, .. } = scene.server(&[]);
    let mut server = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    // Its input stays open: a server whose client has gone ends.
    std::io::Write::write_all(server.stdin.as_mut().unwrap(), &input).unwrap();
    let mut session = Processes(vec![server]);
    until("the server is there", || scene.mine().is_online().then_some(()));
    let Run { mut command, input, .. } =
        scene.session_process(&["wait", "--ring"], &json!({ "hook_event_name": "Stop" }));
    session.0.push(start(&mut command, &input));
    until("the waker is set", || reach::has_waker(&scene.mine()).then_some(()));
    // What the mod of the plugin reads.
    let Run { mut command, .. } = scene.session_process(&["watch", "--json", "--session"], &json!({}));
    session.0.push(command.spawn().unwrap());
    let mut told = std::io::BufReader::new(session.0[2].stdout.take().unwrap());
    std::io::BufRead::read_line(&mut told, &mut String::new()).unwrap();

    until("the waker watches", || (watchers(session.0[1].id()) == 1).then_some(()));
    let held: Vec<usize> = session.0.iter().map(|process| watchers(process.id())).collect();
    assert_eq!(held, [0, 1, 0], "of server, waker, and the session's own watch");

    // The others hear of things with their next beat.
    scene.posted("ann", "calm-owl", "hello");
    let mut line = String::new();
    while !line.contains("\"sent\"") {
        line.clear();
        assert!(std::io::BufRead::read_line(&mut told, &mut line).unwrap() > 0, "the watch has ended");
    }
    assert!(line.contains("hello"), "{line}");
    assert_eq!(session.0[1].wait().unwrap().code(), Some(2), "the waker woke its session");
    scene.goes_on();
    conclude("watchers of a session", "server, waker, watch: one in all", scene.tally(Heard::All));
}

/// A session of its own: a shell plays the client, runs the first hook and then the waker, and ends as that ends.
fn session_with_waker(world: &World, number: usize) -> Child {
    let input = world.path(&format!("input-{number}.json"));
    let event =
        |event: &str| json!({ "hook_event_name": event, "source": "startup", "session_id": format!("s{number}") });
    fs::write(&input, event("SessionStart").to_string()).unwrap();
    let stop = input.with_extension("stop");
    fs::write(&stop, event("Stop").to_string()).unwrap();
    let script = "\"$0\" hook session-start <\"$1\" >/dev/null && \"$0\" wait --ring <\"$2\"; exit $?";
    let mut client = Command::new("/bin/sh");
    client.args(["-c", script]).args([lean(), &input, &stop].map(Path::as_os_str));
    world.furnish(&mut client);
    client.env("CC2CC_NAME", format!("owl-{number}")).env("CLAUDE_CODE_SESSION_ATTENDED", "1").spawn().unwrap()
}

/// The watchers of a process's children.
fn watchers_below(parent: &Child) -> usize {
    let list = format!("/proc/{0}/task/{0}/children", parent.id());
    let children = fs::read_to_string(list).unwrap_or_default();
    children.split_whitespace().filter_map(|pid| pid.parse().ok()).map(watchers).sum()
}

#[test]
fn seventy_sessions_are_woken_with_the_usual_limit() {
    const SESSIONS: usize = 70;
    const LIMIT: usize = 128;
    if !in_namespaces("faults::watchers::seventy_sessions_are_woken_with_the_usual_limit", &["--user"]) {
        return;
    }
    fs::write("/proc/sys/user/max_inotify_instances", LIMIT.to_string()).expect("a limit of this namespace's own");
    let scene = Scene::new();
    // Each client watches something, too, as far as other programs of this user leave it anything.
    let clients: Vec<_> = (0..SESSIONS).filter_map(|_| notify::recommended_watcher(|_| {}).ok()).collect();
    let mut sessions = Processes((0..SESSIONS).map(|number| session_with_waker(&scene.world, number)).collect());
    let name = |number: usize| format!("owl-{number}");
    for number in 0..SESSIONS {
        let is_set =
            || scene.world.home().mailbox(&name(number).parse().unwrap()).is_some_and(|it| reach::has_waker(&it));
        until("each has its waker", || is_set().then_some(()));
    }
    // A waker asks for its watch right after it has taken its place. Who gets none writes down why.
    let refused = |number| {
        let reason = watching::refusal(&scene.world.at(&name(number)))?;
        reason.contains("fs.inotify.max_user_instances").then_some(())
    };
    let without = || (0..SESSIONS).filter_map(refused).count();
    let with = || sessions.0.iter().map(watchers_below).sum::<usize>();
    until("each has a watch or knows why not", || (with() + without() == SESSIONS).then_some(()));
    assert!(sessions.0.iter().all(|session| watchers_below(session) <= 1), "one each at most");
    let (with, without) = (with(), without());
    assert!(with <= LIMIT - clients.len() && without >= SESSIONS + clients.len() - LIMIT, "{with} and {without}");
    let checked = String::from_utf8(scene.world.command(&["doctor"]).output().unwrap().stdout).unwrap();
    assert!(
        checked.contains("no watcher to be had (") && checked.contains("fs.inotify.max_user_instances"),
        "{checked}"
    );
    assert_eq!(checked.matches("is woken by looking now and then").count(), without, "{checked}");

    let posted = Instant::now();
    let ids: Vec<_> = (0..SESSIONS).map(|number| scene.posted("ann", &name(number), "hello")).collect();
    let last_posted = posted.elapsed();
    for (session, number) in sessions.0.iter_mut().zip(0..) {
        let ended = until("it wakes its session", || session.try_wait().unwrap());
        assert_eq!((ended.code(), ended.signal()), (Some(2), None), "owl-{number}");
    }
    let last_woken = posted.elapsed();
    for (number, id) in ids.iter().enumerate() {
        let receipts = scene.world.at(&name(number)).receipts(id);
        assert_eq!(receipts.iter().filter(|receipt| receipt.step == Step::Notified).count(), 1, "owl-{number}");
    }
    drop(clients);
    conclude(
        "too few watchers for all",
        &format!(
            "{with} wakers watch, {without} look; letters written within {last_posted:?}, the last woken after {last_woken:?}"
        ),
        scene.tally(Heard::NotYet),
    );
}
