//! What people, scripts and models do, as operations to be killed.

use std::{fs, path::PathBuf};

use cc2cc::{
    agent::{
        host::HostKey,
        identity::{self, Claimant, Trust},
    },
    mailbox::{Key, State, letter::Letter},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    every_step::{Attempt, Operation},
    office::Office,
    removals::abandoned,
};
use crate::support::{
    binary::lean,
    world::{files_below, names},
};

pub fn all() -> Vec<Operation> {
    [senders(), readers(), installers()].into_iter().flatten().collect()
}

fn started(office: &Office) {
    office.watch(office.start("startup")).fine();
}

fn senders() -> Vec<Operation> {
    vec![
        Operation::new("send to a name", |office, attempt| {
            let text = text_of(attempt);
            office.run(&["send", "calm-owl", text]).sending("calm-owl", text)
        }),
        Operation::new("send with --id, twice", |office, _| {
            office.run(&["send", "calm-owl", "--id", "key-1", "once"]).sending("calm-owl", "once")
        }),
        Operation::new("send @all with --id, twice", |office, _| {
            let run = office.run(&["send", "@all", "--offline-too", "--id", "key-2", "to all"]);
            run.sending("ann", "to all").sending("bob", "to all").sending("calm-owl", "to all")
        }),
        Operation {
            before: |office| {
                let host = HostKey::from_text("the-host-of-ann").unwrap();
                let wanted = Some("ann".parse().unwrap());
                identity::claim(&office.world.home(), &Claimant { host, session: None, wanted, trust: Trust::Host })
                    .unwrap();
            },
            ..Operation::new("send by a session's command", |office, attempt| {
                let text = text_of(attempt);
                let mut run = office.run(&["send", "calm-owl", text]).sending("calm-owl", text);
                run.command.env("CC2CC_HOST", "the-host-of-ann").env("CLAUDECODE", "1");
                run
            })
        },
        Operation {
            before: started,
            ..Operation::new("send to the person by the tool, first letter", |office, attempt| {
                let text = text_of(attempt);
                let call = json!({ "name": "send", "arguments": { "to": "user", "text": text } });
                office.server(&[call]).sending("user", text)
            })
        },
    ]
}

fn text_of(attempt: Attempt) -> &'static str {
    if attempt == Attempt::First { "first" } else { "second" }
}

fn readers() -> Vec<Operation> {
    vec![
        Operation {
            before: |office| {
                for number in 1..=3 {
                    office.posted("ann", "calm-owl", &format!("letter {number}"));
                }
            },
            ..Operation::new("inbox --take", |office, _| {
                office.run(&["inbox", "--agent", "calm-owl", "--take", "--json"])
            })
        },
        Operation {
            before: |office| {
                started(office);
                office.posted("ann", "calm-owl", "before the move");
                office.posted("calm-owl", "bob", "to another");
            },
            after: |office| {
                let old = office.world.at("calm-owl");
                assert_eq!(old.name().as_str(), "brave-fox");
                office.stored("calm-owl", "to the old name");
                office.watch(office.run(&["send", "calm-owl", "to the old name"]));
                office.goes_on();
                assert_eq!(office.world.home().mailboxes().unwrap().len(), 4, "ann, bob, brave-fox, and the person");
            },
            ..Operation::new("rename", |office, _| office.run(&["rename", "brave-fox", "--agent", "calm-owl"]))
        },
        Operation {
            before: |office| {
                started(office);
                office.posted("calm-owl", "ann", "waits for ann");
                abandoned(office, "ann");
                abandoned(office, "bob");
            },
            after: |office| {
                let home = office.world.home();
                assert!(home.mailbox(&"bob".parse().unwrap()).is_none(), "it was long away and had no letters");
                assert_eq!(office.world.at("ann").count(State::Inbox).unwrap(), 1);
                assert!(!names(home.path()).iter().any(|name| name.starts_with('.')), "nothing lies aside");
            },
            ..Operation::new("prune", |office, _| office.run(&["prune", "--older-than", "1h", "--yes"]))
        },
        Operation {
            before: |office| {
                started(office);
                office.posted("ann", "bob", "goes with all the rest");
                office.forgets_all();
            },
            after: |office| {
                let left = names(office.world.home().path());
                assert!(!left.iter().any(|name| name.starts_with('.')), "{left:?}");
            },
            ..Operation::new("uninstall --purge", |office, _| office.run(&["uninstall", "--purge"]))
        },
        Operation {
            before: hold,
            or_says: "is not held",
            after: |office| assert_eq!(office.mine().state_of(&"held-1".parse().unwrap()), Some(State::Done)),
            ..Operation::new("accept", |office, _| office.run(&["accept", "held-1"]))
        },
        Operation {
            before: hold,
            or_says: "is not held",
            after: |office| assert_eq!(office.mine().state_of(&"held-1".parse().unwrap()), Some(State::Dead)),
            ..Operation::new("refuse", |office, _| office.run(&["refuse", "held-1"]))
        },
        Operation {
            before: |office| {
                hold(office);
                office.watch(office.run(&["refuse", "held-1"])).fine();
            },
            or_says: "is not dead",
            after: |office| assert_eq!(office.mine().state_of(&"held-1".parse().unwrap()), Some(State::Done)),
            ..Operation::new("retry", |office, _| office.run(&["retry", "held-1"]))
        },
    ]
}

fn hold(office: &Office) {
    started(office);
    let mut letter = Letter::new("ann".parse().unwrap(), "calm-owl".parse().unwrap(), "may I?", Timestamp::now());
    letter.id = "held-1".parse().unwrap();
    office.mine().publish_held(&letter, Key::Fresh, "a person must agree").unwrap();
    office.stored("calm-owl", "may I?");
}

fn installers() -> Vec<Operation> {
    vec![
        Operation {
            before: |office| {
                office.posted("ann", "calm-owl", "stays");
            },
            after: |office| {
                let plugin = plugin(office);
                assert_eq!(fs::read(plugin.join("bin/cc2cc")).unwrap(), fs::read(lean()).unwrap());
                let list: Value = serde_json::from_slice(&fs::read(plugin.join("installed.json")).unwrap()).unwrap();
                for file in list["files"].as_array().unwrap() {
                    let path = plugin.join(file.as_str().unwrap());
                    assert!(path.metadata().is_ok_and(|facts| facts.len() > 0), "{}", path.display());
                }
                office.watch(office.run(&["uninstall"])).fine();
                let litter: Vec<PathBuf> = files_below(&office.world.path("home"));
                assert_eq!(litter, Vec::<PathBuf>::new(), "left behind");
            },
            ..Operation::new("install", |office, _| office.run(&["install"]))
        },
        Operation {
            before: |office| {
                office.posted("ann", "calm-owl", "stays");
                office.watch(office.run(&["install"])).fine();
                fs::write(plugin(office).join("mine.txt"), "a person's own").unwrap();
            },
            or_says: "nothing is installed",
            after: |office| {
                assert_eq!(names(&plugin(office)), ["mine.txt"]);
                assert_eq!(files_below(&office.world.path("home")).len(), 1, "nothing else is left");
            },
            ..Operation::new("uninstall", |office, _| office.run(&["uninstall"]))
        },
    ]
}

fn plugin(office: &Office) -> PathBuf {
    office.world.path("home/.claude/skills/cc2cc")
}
