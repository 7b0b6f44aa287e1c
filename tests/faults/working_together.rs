//! Three sessions split a task, and the one in the middle is killed before every change that it makes to the disk.
//!
//! Ann gives calm-owl a task. Calm-owl asks ann and bob, wants to know when bob is idle, starts a third session with a first
//! letter, and tells the person. Killed at any point it is opened again, and its model does what it has no result of. Nobody
//! is asked or told anything twice, and nothing is lost.

use std::{
    cell::Cell,
    fs,
    os::unix::fs::PermissionsExt,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use cc2cc::{
    agent::{Activity, Record},
    mailbox::{
        State,
        letter::{Kind, Letter},
    },
};
use jiff::Timestamp;
use serde_json::json;

use super::{
    operations_of_people::{HAS_A_RESULT, NO_WISH_IS_LEFT, news, with_its_client},
    scene::{Heard, Run, Scene},
    table::{Tally, conclude},
};
use crate::support::{
    eventually::until,
    said::Said,
    world::{There, World},
};

const TASK: &str = "split this with bob";
const QUESTION: &str = "which half is yours?";
const FIRST_LETTER: &str = "read the rest";
const REPORT: &str = "the task is split";
/// More than any run takes.
const MOST_STEPS: usize = 1000;

#[test]
fn of_three_that_split_a_task_the_middle_one_is_killed_before_every_step() {
    let (next, last) = (AtomicUsize::new(1), AtomicUsize::new(MOST_STEPS));
    let sum = Mutex::new(Tally::default());
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from).min(8) {
            scope.spawn(|| {
                loop {
                    let step = next.fetch_add(1, Ordering::SeqCst);
                    if step > last.load(Ordering::SeqCst) {
                        break;
                    }
                    match catch_unwind(AssertUnwindSafe(|| split(step))) {
                        Ok((tally, Ended::Killed)) => *sum.lock().unwrap() += tally,
                        Ok((_, Ended::Unharmed)) => drop(last.fetch_min(step - 1, Ordering::SeqCst)),
                        Err(_) => failures.lock().unwrap().push(step),
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "killed at these steps something went wrong, see above: {failures:?}");
    let kills = last.into_inner();
    assert!(kills > 50 && kills < MOST_STEPS, "{kills} kills");
    let sum = sum.into_inner().unwrap();
    conclude(
        "one of three that split a task killed",
        &format!("before each of its {kills} steps, and opened again"),
        sum,
    );
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Killed,
    Unharmed,
}

/// Plays all of it, with a kill before the step of this number.
fn split(step: usize) -> (Tally, Ended) {
    let scene = Scene::on(prepare);
    let world = &scene.world;
    let others = Others::new(world);
    let middle = Middle { scene: &scene, left: Cell::new(step), was_killed: Cell::new(false) };

    scene.watch(scene.start("startup")).fine();
    scene.stored("calm-owl", TASK);
    world.run_as(&others.ann, &["send", "--type", "task", "calm-owl", TASK]).fine();
    middle.goes_on_until("it has the task", || heard_of(&scene, "ann", TASK).is_none().then(|| scene.prompt()));

    let answer_of = |name: &str| heard_of(&scene, name, &format!("the half of {name}"));
    middle.goes_on_until("it has both answers", || {
        let missing: Vec<&str> = ["ann", "bob"].into_iter().filter(|name| answer_of(name).is_none()).collect();
        let run = ask(&scene, &missing.join(","));
        (!missing.is_empty()).then(|| missing.iter().fold(run, |run, name| run.sending(name, QUESTION)))
    });

    Record::change(&world.at("bob"), Timestamp::now(), |record| record.state = Activity::Busy).unwrap();
    middle.succeeds(|| shell(&scene, &["notify-when", "bob", "idle"]));
    scene.hear(&scene.watch(scene.stop()).fine());
    Record::change(&world.at("bob"), Timestamp::now(), |record| record.state = Activity::Idle).unwrap();
    middle.goes_on_until("it is told that bob is idle", || {
        let is_told = heard_of(&scene, "system", "bob is idle now").is_some();
        (!is_told).then(|| with_its_client(&scene, scene.server(&[]), NO_WISH_IS_LEFT))
    });

    middle.succeeds(|| {
        let words: &[&str] = if world.path("is-there").exists() { &["send", "third"] } else { &["start", "third"] };
        shell(&scene, &[words, &[FIRST_LETTER]].concat()).sending("third", FIRST_LETTER)
    });
    middle.succeeds(|| {
        let call = json!({ "name": "send", "arguments": { "to": "user", "text": REPORT } });
        scene.server(&[call]).sending("user", REPORT)
    });
    scene.goes_on();

    for (name, text) in [("ann", QUESTION), ("bob", QUESTION), ("third", FIRST_LETTER), ("user", REPORT)] {
        let times =
            world.letters().iter().filter(|(whose, _, letter)| whose == name && letter.content.text == text).count();
        assert_eq!(times, 1, "{name} has {text:?}");
    }
    assert_eq!(fs::read_to_string(world.path("started")).unwrap(), "third\n", "one session was started");
    let of_bob = news(&scene, "calm-owl").into_iter().filter(|text| text.contains("bob")).collect::<Vec<_>>();
    assert_eq!(of_bob, ["bob is idle now"]);
    let told =
        until("the person is notified", || fs::read_to_string(world.path("told")).ok().filter(|told| !told.is_empty()));
    assert_eq!(told, format!("letter calm-owl {REPORT}\n"), "and once");
    drop(others);
    (scene.tally(Heard::All), if middle.was_killed.get() { Ended::Killed } else { Ended::Unharmed })
}

/// The session in the middle, whose model does again what it has no result of.
struct Middle<'a> {
    scene: &'a Scene,
    /// Steps until it is killed.
    left: Cell<usize>,
    was_killed: Cell<bool>,
}

impl Middle<'_> {
    /// Does what is to be done next, until there is nothing.
    #[track_caller]
    fn goes_on_until(&self, what: &str, next: impl Fn() -> Option<Run>) {
        for _ in 0..5 {
            let Some(run) = next() else { return };
            let said = self.does(run);
            assert!(said.was_killed() || said.code == Some(0), "{what}: {said:?}");
            if said.was_killed() || next().is_some() {
                self.scene.goes_on();
            }
        }
        panic!("{what}: not in five attempts");
    }

    /// Does one thing, again if it was killed meanwhile.
    #[track_caller]
    fn succeeds(&self, run: impl Fn() -> Run) {
        let said = self.does(run());
        if said.was_killed() {
            self.scene.goes_on();
            return self.succeeds(run);
        }
        assert_eq!(said.code, Some(0), "{said:?}");
    }

    fn does(&self, mut run: Run) -> Said {
        let (scene, log) = (self.scene, self.scene.world.path("steps"));
        if !self.was_killed.get() {
            run.command.env("CC2CC_FAIL_AT", self.left.get().to_string()).env("CC2CC_FAIL_LOG", &log);
        }
        let (said, sent) = while_others_work(&scene.world, || scene.watch(run));
        for (to, text) in sent {
            scene.stored(&to, &text);
        }
        scene.hear(&said);
        scene.intact();
        self.was_killed.set(self.was_killed.get() || said.was_killed());
        let made = fs::read_to_string(&log).unwrap_or_default().lines().count();
        let _ = fs::remove_file(&log); // there is none where nothing was changed
        self.left.set(self.left.get().saturating_sub(made));
        said
    }
}

/// The mail of this world, a command that notifies the person, and a client that starts sessions in the background.
fn prepare(world: &World) {
    let mail = world.path("mail");
    let words =
        ["sh", "-c", "echo \"$@\" >>\"$0\"", world.path("told").to_str().unwrap(), "{what}", "{from}", "{line}"]
            .map(|word| format!("{word:?}"));
    fs::write(mail.join("config.toml"), format!("[notify]\ncommand = [{}]\n", words.join(", "))).unwrap();
    fs::create_dir_all(world.path("home/.claude")).unwrap();
    let settings = json!({ "env": { "CC2CC_HOME": mail } });
    fs::write(world.path("home/.claude/settings.json"), settings.to_string()).unwrap();
    let (client, started, is_there) = (world.path("bin/claude"), world.path("started"), world.path("is-there"));
    let script = format!(
        "#!/bin/sh\necho \"$3\" >>{}\nuntil [ -e {} ]; do sleep 0.01; done\necho 'backgrounded · 1234'\n",
        started.display(),
        is_there.display()
    );
    fs::write(&client, script).unwrap();
    fs::set_permissions(&client, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The sessions of ann and bob, which can be woken.
struct Others {
    ann: [(&'static str, String); 2],
    _there: [There; 2],
}

impl Others {
    fn new(world: &World) -> Self {
        let ann = world.hosted("ann");
        world.hosted("bob");
        Self { ann, _there: [world.there("ann"), world.there("bob")] }
    }
}

/// Whoever is asked answers, and the session that is started comes, while this is done; gives what was sent meanwhile.
fn while_others_work<T>(world: &World, act: impl FnOnce() -> T) -> (T, Vec<(String, String)>) {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let work = scope.spawn(|| {
            let mut sent = Vec::new();
            loop {
                let is_last = is_over.load(Ordering::SeqCst);
                for name in ["ann", "bob"] {
                    sent.extend(
                        world
                            .waiting(name)
                            .iter()
                            .filter(|letter| letter.kind == Kind::Question)
                            .map(|question| answers(world, name, question)),
                    );
                }
                if world.path("started").exists() && !world.path("is-there").exists() {
                    world.add("third");
                    let note = |record: &mut Record| record.session = Some("1234-5678".to_owned());
                    Record::change(&world.at("third"), Timestamp::now(), note).unwrap();
                    std::mem::forget(world.there("third")); // until this process ends
                    fs::write(world.path("is-there"), "").unwrap();
                }
                if is_last {
                    return sent;
                }
                thread::sleep(Duration::from_millis(5));
            }
        });
        let done = act();
        is_over.store(true, Ordering::SeqCst);
        (done, work.join().unwrap())
    })
}

/// A session that was asked reads the question and answers it.
fn answers(world: &World, name: &str, question: &Letter) -> (String, String) {
    let mailbox = world.at(name);
    mailbox.finish(&question.id, State::Inbox, None).unwrap();
    let text = format!("the half of {name}");
    let me = [("CC2CC_HOST", format!("host-of-{name}")), ("CLAUDECODE", "1".to_owned())];
    world.run_as(&me, &["send", "calm-owl", "--reply-to", question.id.as_str(), &text]).fine();
    ("calm-owl".to_owned(), text)
}

/// A letter that came before the model of the session in the middle.
fn heard_of(scene: &Scene, from: &str, text: &str) -> Option<Letter> {
    let heard = scene.heard.borrow();
    let is_it = |letter: &Letter| {
        letter.from.as_str() == from && letter.content.text == text && heard.iter().any(|(id, _)| *id == letter.id)
    };
    scene.world.letters().into_iter().find_map(|(_, _, letter)| is_it(&letter).then_some(letter))
}

fn ask(scene: &Scene, whom: &str) -> Run {
    let call = json!({ "name": "ask", "arguments": { "to": whom, "text": QUESTION } });
    with_its_client(scene, scene.server(&[call]), HAS_A_RESULT)
}

/// A command of the middle session's shell.
fn shell(scene: &Scene, words: &[&str]) -> Run {
    let mut run = scene.run(words);
    let left: String = fs::read_to_string(scene.world.path("env.sh")).unwrap();
    let host = left.lines().find_map(|line| line.strip_prefix("export CC2CC_HOST=")).expect("the host");
    let path: PathBuf = scene.world.path("bin");
    run.command.env("CC2CC_HOST", host).env("CLAUDECODE", "1").env("PATH", format!("{}:/usr/bin:/bin", path.display()));
    run
}
