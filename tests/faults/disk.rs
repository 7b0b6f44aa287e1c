//! A disk that is full, read-only, forbidden or gone: nothing is half stored, hooks end well, and after it all goes on.

use std::{
    fs::{self, File, Permissions},
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use cc2cc::mailbox::State;

use super::{
    namespaces::{in_namespaces, mount, without_privileges},
    scene::{Heard, Run, Scene},
    stopped::{Stopped, stopped_before, woken},
    table::{Tally, conclude},
};
use crate::support::{said::Said, world::names};

const MIB: &str = "size=1m,mode=0700";

/// A scene whose mail lies on a small file system of its own.
fn scene_on_a_small_disk() -> Scene {
    Scene::on(|world| mount(&["-t", "tmpfs", "-o", MIB, "tmpfs"], &world.path("mail")))
}

/// Fills the disk up to `pages` pages of 4 KiB.
fn fill(scene: &Scene, pages: usize) {
    let mut filler = File::create(scene.world.path("mail/.filler")).unwrap();
    while filler.write_all(&[0; 4096]).is_ok() {}
    let length = filler.metadata().unwrap().len() / 4096 * 4096;
    filler.set_len(length - 4096 * pages as u64).unwrap();
}

fn space_returns(scene: &Scene) {
    fs::remove_file(scene.world.path("mail/.filler")).unwrap();
}

type Deed = (&'static str, fn(&Scene) -> Run);

/// What is done while the disk is in a bad way.
fn deeds() -> [Deed; 5] {
    [
        ("send", |scene| scene.run(&["send", "calm-owl", "a new one"]).sending("calm-owl", "a new one")),
        ("prompt", Scene::prompt),
        ("stop", Scene::stop),
        ("start", |scene| scene.start("resume")),
        ("send --id", |scene| {
            scene.run(&["send", "calm-owl", "--id", "key-1", "by key"]).sending("calm-owl", "by key")
        }),
    ]
}

/// A send says what it did; a hook disturbs nobody.
#[track_caller]
fn behaves(deed: &str, said: &Said) {
    if deed.starts_with("send") {
        assert!(matches!(said.code, Some(0 | 1)), "{deed}: {said:?}");
        assert_eq!(said.code == Some(0), said.err.is_empty(), "{deed}: {said:?}");
    } else {
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{deed}: {said:?}");
    }
}

fn with_letters(scene: &Scene) {
    scene.watch(scene.start("startup")).fine();
    scene.posted("ann", "calm-owl", "brought already");
    scene.hear(&scene.watch(scene.prompt()).fine());
    scene.posted("ann", "calm-owl", "waits");
    // Two letters and a log line are written in the files' last pages; a person's mailbox is made by the first send.
    scene.watch(scene.run(&["send", "bob", "by a person"]).sending("bob", "by a person")).fine();
    fs::write(scene.world.path("mail/log"), "the log\n").unwrap();
}

#[test]
fn a_disk_with_no_room_left() {
    if !in_namespaces("faults::disk::a_disk_with_no_room_left", &["--mount"]) {
        return;
    }
    let mut tally = Tally::default();
    let (mut runs, mut refused, mut told) = (0, 0, 0);
    for (deed, act) in deeds() {
        for pages in 0.. {
            let scene = scene_on_a_small_disk();
            with_letters(&scene);
            fill(&scene, pages);
            let before = scene.world.log();
            let said = scene.watch(act(&scene));
            runs += 1;
            behaves(deed, &said);
            scene.hear(&said);
            scene.intact();
            let complaints = scene.world.log().strip_prefix(&before).expect("it only grows").lines().count();
            assert!(complaints <= 1, "{}", scene.world.log());
            if pages == 0 {
                let doctor = scene.world.run(&["doctor"]);
                assert!(doctor.out.contains("free some of it; what waits arrives by itself then"), "{doctor}");
            }
            space_returns(&scene);
            let went_well = said.code == Some(0) && complaints == 0;
            refused += usize::from(said.code == Some(1));
            told += complaints;
            scene.watch(scene.run(&["send", "calm-owl", "after it"]).sending("calm-owl", "after it")).fine();
            scene.goes_on();
            tally += scene.tally(Heard::All);
            assert!(pages < 40, "{deed} never goes well: {said:?}");
            if went_well && pages > 3 {
                break;
            }
        }
    }
    assert!(refused > 0 && told > 0, "the disk was never full: {refused} refused, {told} told");
    let how =
        format!("tmpfs of 1 MiB with 0, 1, 2 … pages free: {runs} runs, {refused} sends refused, {told} hooks told");
    conclude("disk full", &how, tally);
}

#[test]
fn a_disk_that_became_read_only() {
    if !in_namespaces("faults::disk::a_disk_that_became_read_only", &["--mount"]) {
        return;
    }
    let mut tally = Tally::default();
    let (mut runs, mut busy) = (0, 0);
    for (deed, act) in deeds() {
        for step in 1.. {
            let scene = scene_on_a_small_disk();
            with_letters(&scene);
            let run = act(&scene);
            let sends = run.sends.clone();
            let Stopped::Sleeping(child) = stopped_before(step, run) else { break };
            runs += 1;
            let mail = scene.world.path("mail");
            // A file that is open for writing, as a lock is, keeps its disk writable: the system refuses.
            if remount("ro", &mail) {
                let said = woken(child);
                behaves(deed, &said);
                scene.may_be_stored(&sends, said.code == Some(0));
                scene.hear(&said);
                assert!(remount("rw", &mail));
            } else {
                busy += 1;
                let said = woken(child);
                scene.may_be_stored(&sends, said.code == Some(0));
                scene.hear(&said);
            }
            scene.intact();
            scene.goes_on();
            tally += scene.tally(Heard::All);
        }
    }
    assert!(runs - busy > 12, "{runs} runs, {busy} busy");
    let how = format!("mount -o remount,ro before each step of 5 operations: {} times", runs - busy);
    conclude("disk read-only midway", &how, tally);
}

fn remount(how: &str, at: &Path) -> bool {
    let said = Command::new("mount").args(["-o", &format!("remount,{how}")]).arg(at).output().expect("`mount`");
    said.status.success()
}

#[test]
fn permission_that_is_lost_midway() {
    let mut tally = Tally::default();
    let mut runs = 0;
    for (deed, act) in deeds() {
        for step in 1.. {
            let scene = Scene::new();
            with_letters(&scene);
            let mut run = act(&scene);
            run.command = without_privileges(&run.command);
            let sends = run.sends.clone();
            let Stopped::Sleeping(child) = stopped_before(step, run) else { break };
            runs += 1;
            permit(&scene, 0o500);
            let mut send =
                scene.run(&["send", "calm-owl", "into the forbidden"]).sending("calm-owl", "into the forbidden");
            send.command = without_privileges(&send.command);
            let refused = scene.watch(send);
            assert_eq!(refused.code, Some(1), "permission binds: {refused:?}");
            let said = woken(child);
            permit(&scene, 0o700);
            behaves(deed, &said);
            scene.may_be_stored(&sends, said.code == Some(0));
            scene.hear(&said);
            scene.intact();
            scene.goes_on();
            tally += scene.tally(Heard::All);
        }
    }
    let how = format!("chmod 0500 on every directory before each step of 5 operations: {runs} times");
    conclude("permission lost midway", &how, tally);
}

fn permit(scene: &Scene, mode: u32) {
    for dir in directories(&scene.world.path("mail")) {
        fs::set_permissions(dir, Permissions::from_mode(mode)).unwrap();
    }
}

fn directories(below: &Path) -> Vec<PathBuf> {
    let mut found = vec![below.to_owned()];
    for name in names(below) {
        let path = below.join(name);
        if path.is_dir() {
            found.extend(directories(&path));
        }
    }
    found
}

#[test]
fn a_mail_directory_that_is_removed_midway() {
    let mut tally = Tally::default();
    let mut runs = 0;
    for (deed, act) in deeds() {
        for step in 1.. {
            let scene = Scene::new();
            with_letters(&scene);
            let run = act(&scene);
            let sends = run.sends.clone();
            let Stopped::Sleeping(child) = stopped_before(step, run) else { break };
            runs += 1;
            let removed = scene.world.letters();
            let is_removed = |text: &str| removed.iter().any(|(_, _, letter)| letter.content.text == text);
            fs::remove_dir_all(scene.world.path("mail")).unwrap();
            scene.forgets_all(); // a person removed them
            let said = woken(child);
            behaves(deed, &said);
            scene.may_be_stored(&sends, said.code == Some(0) && !sends.iter().any(|(_, text)| is_removed(text)));
            scene.watch(scene.start("startup")).fine();
            assert_eq!(scene.mine().name().as_str(), "calm-owl");
            scene.watch(scene.run(&["send", "calm-owl", "after it"]).sending("calm-owl", "after it")).fine();
            scene.goes_on();
            scene.intact();
            assert!(scene.mine().count(State::Done).unwrap() > 0);
            tally += scene.tally(Heard::All);
        }
    }
    let how = format!("rm -r of all the mail before each step of 5 operations: {runs} times; letters sent since");
    conclude("mail directory removed midway", &how, tally);
}
