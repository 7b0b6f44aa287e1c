//! `cc2cc agents`, `whoami`, `rename` and the words before the verb.

use cc2cc::agent::{Activity, Record};
use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::{said::has, world::World};

/// Ann is online and busy in a repository, bob is away with a letter waiting.
fn scene() -> World {
    let world = World::new().agent("ann").agent("bob");
    let record = |name: &str, state: Activity, cwd: &str, branch: Option<&str>| {
        Record::change(&world.at(name), Timestamp::now(), |record| {
            record.state = state;
            record.cwd = Some(cwd.to_owned());
            record.branch = branch.map(str::to_owned);
            record.started = Some(Timestamp::now() - SignedDuration::from_mins(5));
        })
        .unwrap();
    };
    record("ann", Activity::Busy, &world.path("home/src/app").display().to_string(), Some("main"));
    record("bob", Activity::Idle, "/srv", None);
    world.posted("ann", "bob", "hello");
    world
}

#[test]
fn those_online_are_listed_and_the_others_on_request() {
    let world = scene();
    assert_snapshot!(world.run(&["agents"]), @"
    exit 0
    --- out
    no agent is online, `--all` shows those that are away; start `claude` in another terminal
    --- err
    ");
    let _there = world.there("ann");
    assert_snapshot!(world.run(&["agents"]), @"
    exit 0
    --- out
    ann  busy  ~/src/app [main]  5 min ago
    --- err
    ");
    assert_snapshot!(world.run_as(&world.hosted("bob"), &["agents", "--all"]), @"
    exit 0
    --- out
    ann        busy            ~/src/app [main]  5 min ago
    bob (you)  away  1 unread  /srv
    --- err
    ");
}

#[test]
fn agents_as_json() {
    let world = scene();
    let _there = world.there("ann");
    let mut listed = world.run(&["agents", "--all", "--json"]).fine().json();
    for agent in listed["agents"].as_array_mut().unwrap() {
        assert!(agent["since"].as_str().unwrap().ends_with('Z'));
        agent["since"] = Value::Null;
        agent["started"] = Value::Null;
    }
    let expected = json!({ "agents": [
            { "name": "ann", "online": true, "state": "busy", "reach": "wakes", "why": null, "unread": 0,
              "cwd": world.path("home/src/app"), "repo": null, "branch": "main", "since": null, "started": null },
            { "name": "bob", "online": false, "state": null, "reach": "away", "why": null, "unread": 1,
              "cwd": "/srv", "repo": null, "branch": null, "since": null, "started": null },
        ] });
    assert!(has(&listed, &expected), "{listed}");
    assert_eq!(world.run(&["agents", "--json"]).fine().json()["agents"].as_array().unwrap().len(), 1);
}

#[test]
fn one_is_the_person_at_a_terminal_and_the_agent_in_a_session() {
    let world = World::new().agent("ann");
    assert_snapshot!(world.run(&["whoami"]), @"
    exit 0
    --- out
    user
    --- err
    ");
    assert_snapshot!(world.run_as(&world.hosted("ann"), &["whoami"]), @"
    exit 0
    --- out
    ann
    --- err
    ");
    assert_eq!(world.run(&["whoami", "--json"]).fine().json(), json!({ "name": "user", "home": world.path("mail") }));
    let nobody = [("CLAUDECODE", "1".to_owned()), ("CC2CC_HOST", "some-other-host".to_owned())];
    assert_snapshot!(world.run_as(&nobody, &["whoami"]), @"
    exit 1
    --- out
    --- err
    cc2cc: this session has no agent name
    hint: start it with CC2CC_NAME=some-name; headless sessions take part only then
    ");
}

#[test]
fn a_renamed_agent_is_reached_under_both_names() {
    let world = World::new().agent("ann").agent("bob");
    let bob = world.hosted("bob");
    assert_snapshot!(world.run_as(&bob, &["rename", "calm-owl"]), @"
    exit 0
    --- out
    bob is calm-owl now; letters to the old name still arrive
    --- err
    ");
    assert_eq!(world.run_as(&bob, &["whoami"]).fine().out, "calm-owl\n");
    assert_snapshot!(world.run(&["send", "bob", "hello"]), @"
    exit 0
    --- out
    stored for calm-owl (away, finds it on return) · SHORT
    --- err
    ");
    assert_eq!(world.run(&["rename", "rob", "--agent", "bob"]).fine().out.lines().count(), 1);
    assert_eq!(world.waiting("rob").len(), 1);
}

#[test]
fn a_name_that_cannot_be_had_is_refused() {
    let world = World::new().agent("ann").agent("bob");
    let bob = world.hosted("bob");
    assert_snapshot!(world.run_as(&bob, &["rename", "ann"]), @"
    exit 1
    --- out
    --- err
    cc2cc: `ann` is another agent's name, or was and still leads to it
    hint: `cc2cc agents --all` lists the names in use
    ");
    assert_snapshot!(world.run_as(&bob, &["rename", "user"]), @"
    exit 2
    --- out
    --- err
    cc2cc: `user` is reserved
    hint: take another one, like `brave-fox`; `user`, `all` and `system` are no session's
    ");
    assert_snapshot!(world.run_as(&bob, &["rename", "../x"]), @"
    exit 2
    --- out
    --- err
    cc2cc: `../x` is not an agent name
    hint: a name is lower-case letters and digits with single hyphens inside, like `brave-fox`; `cc2cc agents --all` lists them
    ");
    assert_snapshot!(world.run(&["rename", "somebody"]), @"
    exit 2
    --- out
    --- err
    cc2cc: at a terminal you are `user`, and stay that
    hint: `cc2cc rename somebody --agent NAME` renames the session NAME
    ");
    assert_eq!(world.run_as(&bob, &["whoami"]).fine().out, "bob\n");
}

#[test]
fn wrong_words_are_answered_with_the_right_ones() {
    let world = World::new();
    assert_eq!(world.run(&["--version"]).fine().out, format!("cc2cc {}\n", env!("CARGO_PKG_VERSION")));
    let help = world.run(&["--help"]).fine().out;
    assert!(
        help.contains("Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 held, refused or slowed, 5 timed out.")
    );
    for words in
        [&["sned", "bob", "x"][..], &[], &["send", "bob"], &["inbox", "--take", "--all"], &["hook", "stop", "x"]]
    {
        let said = world.run(words);
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{words:?}: {said}");
        assert!(!said.err.is_empty());
    }
}

#[test]
fn a_standing_yes_is_given_listed_and_taken_back() {
    let world = World::new().agent("ann").agent("bob");
    let run = |words: &[&str]| world.run(words).to_string();
    assert_snapshot!(run(&["trust"]), @"
    exit 0
    --- out
    nobody is trusted beyond the rules; `cc2cc trust A B` and `cc2cc trust @repo` do that
    --- err
    ");
    assert_snapshot!(run(&["trust", "ann", "bob"]), @"
    exit 0
    --- out
    trusted: ann to bob
    --- err
    ");
    assert_snapshot!(run(&["trust", "ann", "bob"]), @"
    exit 0
    --- out
    trusted already: ann to bob
    --- err
    ");
    assert_snapshot!(run(&["trust", "ann"]), @"
    exit 2
    --- out
    --- err
    cc2cc: ann is to be trusted by whom?
    hint: `cc2cc trust ann NAME` is for what it writes to NAME, `cc2cc trust @repo` for a repository
    ");
    assert_snapshot!(run(&["trust", "amn", "bob"]), @"
    exit 3
    --- out
    --- err
    cc2cc: no agent named `amn`
    hint: did you mean `ann`? `cc2cc agents --all` lists everyone
    ");
    assert_snapshot!(run(&["trust", "ann", "ann"]), @"
    exit 2
    --- out
    --- err
    cc2cc: ann writes no letters to itself
    hint: `cc2cc trust ann NAME` is for what it writes to another
    ");
    assert_snapshot!(run(&["trust", "@repo"]), @"
    exit 2
    --- out
    --- err
    cc2cc: @repo means the git repository here, and /world/work is in none
    hint: go into the repository, or name two agents, as in `cc2cc trust brave-fox calm-owl`
    ");
    std::fs::create_dir_all(world.path("work/.git")).unwrap();
    std::fs::write(world.path("work/.git/HEAD"), "ref: refs/heads/main\n").unwrap();
    assert_snapshot!(run(&["trust", "@repo"]), @"
    exit 0
    --- out
    trusted: among the sessions of /world/work
    --- err
    ");
    assert_snapshot!(run(&["trust"]), @"
    exit 0
    --- out
    ann to bob
    among the sessions of /world/work
    --- err
    ");
    assert_snapshot!(run(&["trust", "--json"]), @r#"
    exit 0
    --- out
    {"trusted":[{"from":"ann","to":"bob"},{"repo":"/world/work"}]}
    --- err
    "#);
    assert_snapshot!(run(&["trust", "--remove", "ann", "bob"]), @"
    exit 0
    --- out
    no longer trusted: ann to bob
    --- err
    ");
    assert_snapshot!(run(&["trust", "--remove", "ann", "bob"]), @"
    exit 3
    --- out
    --- err
    cc2cc: there is no standing yes for ann to bob
    hint: `cc2cc trust` lists them
    ");
    assert_snapshot!(run(&["trust", "--remove", "@repo"]), @"
    exit 0
    --- out
    no longer trusted: among the sessions of /world/work
    --- err
    ");
}

#[test]
fn accept_always_lets_what_the_sender_writes_through_from_then_on() {
    let world = World::new().agent("ann").agent("bob");
    let id = world.posted("ann", "bob", "hello");
    world.at("bob").hold(&id, "bob acts without asking, and ann does not").unwrap();
    assert_snapshot!(world.run(&["accept", "--always", id.as_str()]).to_string(), @"
    exit 0
    --- out
    accepted: bob gets it now, and what ann writes to it from now on
    --- err
    ");
    assert_eq!(world.run(&["trust"]).fine().out, "ann to bob\n");
    let session = world.session("calm-owl").started();
    let said = session.shell(&["trust", "ann", "bob"]);
    assert_eq!(said.code, Some(4), "no model does this: {said}");
}
