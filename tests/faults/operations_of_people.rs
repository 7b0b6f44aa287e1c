//! What people, scripts and models do, as operations to be killed.

use std::{fs, path::PathBuf, process::Command};

use cc2cc::{
    agent::{
        Record,
        host::HostKey,
        identity::{self, Claimant, Trust},
        obstacle::Obstacle,
        until::Until,
        wish::{self, Wished},
    },
    mailbox::{Key, State, letter::Letter},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    every_step::{Attempt, Operation},
    removals::abandoned,
    scene::{Run, Scene},
};
use crate::support::{
    binary::lean,
    world::{files_below, names},
};

pub fn all() -> Vec<Operation> {
    [senders(), readers(), installers()].into_iter().flatten().collect()
}

fn started(scene: &Scene) {
    scene.watch(scene.start("startup")).fine();
}

fn senders() -> Vec<Operation> {
    vec![
        Operation::new("send to a name", |scene, attempt| {
            let text = if attempt == Attempt::First { "first" } else { "second" }; // a script that has no key for it
            scene.run(&["send", "calm-owl", text]).sending("calm-owl", text)
        }),
        Operation::new("send with --id, twice", |scene, _| {
            scene.run(&["send", "calm-owl", "--id", "key-1", "once"]).sending("calm-owl", "once")
        }),
        Operation::new("send @all with --id, twice", |scene, _| {
            let run = scene.run(&["send", "@all", "--offline-too", "--id", "key-2", "to all"]);
            run.sending("ann", "to all").sending("bob", "to all").sending("calm-owl", "to all")
        }),
        Operation {
            before: |scene| {
                let host = HostKey::from_text("the-host-of-ann").unwrap();
                let wanted = Some("ann".parse().unwrap());
                identity::claim(&scene.world.home(), &Claimant { wanted, ..Claimant::new(host, Trust::Host) }).unwrap();
            },
            ..Operation::new("send by a session's command, twice", |scene, _| {
                let mut run = scene.run(&["send", "calm-owl", "once"]).sending("calm-owl", "once");
                run.command.env("CC2CC_HOST", "the-host-of-ann").env("CLAUDECODE", "1");
                run
            })
        },
        Operation {
            before: started,
            ..Operation::new("send to the person by the tool, twice", |scene, _| {
                let call = json!({ "name": "send", "arguments": { "to": "user", "text": "once" } });
                scene.server(&[call]).sending("user", "once")
            })
        },
        Operation {
            before: started,
            ..Operation::new("notify-when", |scene, _| scene.run(&["notify-when", "calm-owl", "blocked"]))
        },
        Operation {
            before: |scene| {
                started(scene);
                scene.watch(scene.prompt()).fine();
                for number in 1..=2 {
                    scene.posted("ann", "calm-owl", &format!("letter {number}"));
                }
            },
            ..Operation::new("ask by the tool, twice, letters come with the result", |scene, _| {
                let call = json!({ "name": "ask", "arguments": { "to": "bob", "text": "once" } });
                with_its_client(scene, scene.server(&[call]), HAS_A_RESULT).sending("bob", "once")
            })
        },
        Operation {
            before: |scene| {
                started(scene);
                scene.watch(scene.prompt()).fine();
                let (home, now) = (scene.world.home(), Timestamp::now());
                let (mine, ann, bob) = (scene.mine(), scene.world.at("ann"), scene.world.at("bob"));
                let bob_is_there = bob.hold_presence().unwrap();
                assert_eq!(wish::make(&home, &mine, &bob, Until::Away, now).unwrap(), Wished::Kept);
                drop(bob_is_there);
                let ours_is_there = mine.hold_presence().unwrap();
                assert_eq!(wish::make(&home, &ann, &mine, Until::Blocked, now).unwrap(), Wished::Kept);
                let asks = |record: &mut Record| record.asks = Some(Obstacle::new(now, "permission for Bash"));
                Record::change(&mine, now, asks).unwrap();
                drop(ours_is_there);
            },
            after: |scene| {
                assert_eq!(news(scene, "calm-owl"), ["bob is away now"]);
                assert_eq!(news(scene, "ann"), ["calm-owl is blocked now"]);
            },
            ..Operation::new("a server tells that wishes have come true", |scene, _| {
                with_its_client(scene, scene.server(&[]), NO_WISH_IS_LEFT)
            })
        },
    ]
}

/// What cc2cc itself has told an agent of, however often.
pub fn news(scene: &Scene, name: &str) -> Vec<String> {
    let mailbox = scene.world.at(name);
    let letters = scene.world.letters().into_iter();
    let of_ours =
        letters.filter(|(whose, _, letter)| whose == mailbox.name().as_str() && letter.from.as_str() == "system");
    of_ours.map(|(_, _, letter)| letter.content.text).collect()
}

/// When the client of a server leaves: once it has the result of its call, or once nobody waits for news of calm-owl or has
/// calm-owl wait for it.
pub const HAS_A_RESULT: &str = r#"grep -q '"id":1' out"#;
pub const NO_WISH_IS_LEFT: &str =
    r#"[ -z "$(find "$CC2CC_HOME"/to-*/wishes "$CC2CC_HOME"/to-calm-owl/wished -type f ! -name '*.tmp')" ]"#;

/// A server whose client stays until something is so. A shell plays that client, and is killed with it.
pub fn with_its_client(scene: &Scene, server: Run, leaves_when: &str) -> Run {
    let mut command = Command::new("/bin/sh");
    scene.world.furnish(&mut command);
    command.envs(server.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.args([
        "-c",
        r#"rm -f in out code; mkfifo in
        ("$0" mcp <in >out; echo $? >code) 2>/dev/null &
        exec 3>in; cat >&3 2>/dev/null
        looks=0
        until eval "$1" || [ -s code ] || [ $looks -gt 6000 ]; do looks=$((looks + 1)); sleep 0.01; done
        exec 3>&-
        until [ -s code ]; do sleep 0.01; done
        read -r code <code; cat out
        [ "$code" != 137 ] || kill -9 $$
        exit "$code""#,
    ]);
    command.arg(server.command.get_program()).arg(leaves_when);
    Run { command, input: server.input, sends: server.sends }
}

fn readers() -> Vec<Operation> {
    vec![
        Operation {
            before: |scene| {
                for number in 1..=3 {
                    scene.posted("ann", "calm-owl", &format!("letter {number}"));
                }
            },
            ..Operation::new("inbox --take", |scene, _| {
                scene.run(&["inbox", "--agent", "calm-owl", "--take", "--json"])
            })
        },
        Operation {
            before: |scene| {
                started(scene);
                scene.posted("ann", "calm-owl", "before the move");
                scene.posted("calm-owl", "bob", "to another");
            },
            after: |scene| {
                let old = scene.world.at("calm-owl");
                assert_eq!(old.name().as_str(), "brave-fox");
                scene.stored("calm-owl", "to the old name");
                scene.watch(scene.run(&["send", "calm-owl", "to the old name"]));
                scene.goes_on();
                assert_eq!(scene.world.home().mailboxes().unwrap().len(), 4, "ann, bob, brave-fox, and the person");
            },
            ..Operation::new("rename", |scene, _| scene.run(&["rename", "brave-fox", "--agent", "calm-owl"]))
        },
        Operation {
            before: |scene| {
                started(scene);
                scene.posted("bob", "calm-owl", "for calm-owl");
                *scene.taken_over.borrow_mut() = "ann";
                scene.stored("calm-owl", "for whoever is ann");
                scene.world.posted("bob", "ann", "for whoever is ann");
                scene.posted("ann", "bob", "from ann");
            },
            after: |scene| {
                let mailbox = scene.world.at("calm-owl");
                assert_eq!(mailbox.name().as_str(), "ann");
                assert_eq!(scene.world.home().mailboxes().unwrap().len(), 2, "ann and bob");
            },
            ..Operation::new("take the name of a session that has ended", |scene, _| {
                scene.run(&["rename", "ann", "--agent", "calm-owl"])
            })
        },
        Operation {
            before: |scene| {
                started(scene);
                scene.posted("calm-owl", "ann", "waits for ann");
                abandoned(scene, "ann");
                abandoned(scene, "bob");
            },
            after: |scene| {
                let home = scene.world.home();
                assert!(home.mailbox(&"bob".parse().unwrap()).is_none(), "it was long away and had no letters");
                assert_eq!(scene.world.at("ann").count(State::Inbox).unwrap(), 1);
                assert!(!names(home.path()).iter().any(|name| name.starts_with('.')), "nothing lies aside");
            },
            ..Operation::new("prune", |scene, _| scene.run(&["prune", "--older-than", "1h", "--yes"]))
        },
        Operation {
            before: |scene| {
                started(scene);
                scene.posted("ann", "bob", "goes with all the rest");
                scene.forgets_all();
            },
            after: |scene| {
                let left = names(scene.world.home().path());
                assert!(!left.iter().any(|name| name.starts_with('.')), "{left:?}");
            },
            ..Operation::new("uninstall --purge", |scene, _| scene.run(&["uninstall", "--purge"]))
        },
        Operation {
            before: hold,
            or_says: "is not held",
            after: |scene| assert_eq!(scene.mine().state_of(&"held-1".parse().unwrap()), Some(State::Done)),
            ..Operation::new("accept", |scene, _| scene.run(&["accept", "held-1"]))
        },
        Operation {
            before: hold,
            or_says: "is not held",
            after: |scene| assert_eq!(scene.mine().state_of(&"held-1".parse().unwrap()), Some(State::Dead)),
            ..Operation::new("refuse", |scene, _| scene.run(&["refuse", "held-1"]))
        },
        Operation {
            before: |scene| {
                hold(scene);
                scene.watch(scene.run(&["refuse", "held-1"])).fine();
            },
            or_says: "is not dead",
            after: |scene| assert_eq!(scene.mine().state_of(&"held-1".parse().unwrap()), Some(State::Done)),
            ..Operation::new("retry", |scene, _| scene.run(&["retry", "held-1"]))
        },
    ]
}

fn hold(scene: &Scene) {
    started(scene);
    let mut letter = Letter::new("ann".parse().unwrap(), "calm-owl".parse().unwrap(), "may I?", Timestamp::now());
    letter.id = "held-1".parse().unwrap();
    scene.mine().publish_held(&letter, Key::Fresh, "a person must agree").unwrap();
    scene.stored("calm-owl", "may I?");
}

fn installers() -> Vec<Operation> {
    vec![
        Operation {
            before: |scene| {
                scene.posted("ann", "calm-owl", "stays");
            },
            after: |scene| {
                let plugin = plugin(scene);
                assert_eq!(fs::read(plugin.join("bin/cc2cc")).unwrap(), fs::read(lean()).unwrap());
                let list: Value = serde_json::from_slice(&fs::read(plugin.join("installed.json")).unwrap()).unwrap();
                for file in list["files"].as_array().unwrap() {
                    let path = plugin.join(file.as_str().unwrap());
                    assert!(path.metadata().is_ok_and(|facts| facts.len() > 0), "{}", path.display());
                }
                scene.watch(scene.run(&["uninstall"])).fine();
                let litter: Vec<PathBuf> = files_below(&scene.world.path("home"));
                assert_eq!(litter, Vec::<PathBuf>::new(), "left behind");
            },
            ..Operation::new("install", |scene, _| scene.run(&["install"]))
        },
        Operation {
            before: |scene| {
                scene.posted("ann", "calm-owl", "stays");
                scene.watch(scene.run(&["install"])).fine();
                fs::write(plugin(scene).join("mine.txt"), "a person's own").unwrap();
            },
            or_says: "nothing is installed",
            after: |scene| {
                assert_eq!(names(&plugin(scene)), ["mine.txt"]);
                assert_eq!(files_below(&scene.world.path("home")).len(), 1, "nothing else is left");
            },
            ..Operation::new("uninstall", |scene, _| scene.run(&["uninstall"]))
        },
    ]
}

fn plugin(scene: &Scene) -> PathBuf {
    scene.world.path("home/.claude/skills/cc2cc")
}
