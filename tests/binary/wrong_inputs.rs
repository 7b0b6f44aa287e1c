//! What people get wrong, and what they are told: a message, what to do about it, an exit code, and nothing has changed.

use std::fmt::Write;

use insta::assert_snapshot;

use crate::support::world::World;

/// Each line as it would be typed behind `cc2cc`.
const INPUTS: [&[&str]; 73] = [
    &["sned", "ann", "hi"],
    &["send"],
    &["send", "ann"],
    &["send", "ann", ""],
    &["send", "ann", "   "],
    &["send", "amn", "hi"],
    &["send", "nobody-at-all", "hi"],
    &["send", "Ann", "hi"],
    &["send", "ann bob", "hi"],
    &["send", "ann;bob", "hi"],
    &["send", "ann,", "hi"],
    &["send", "ann,amn", "hi"],
    &["send", "ann", "bob", "hi"],
    &["send", "@everyone", "hi"],
    &["send", "@repo", "hi"],
    &["send", "@dir", "hi"],
    &["send", "system", "hi"],
    &["send", "ann", "hi", "--ttl", "10"],
    &["send", "ann", "hi", "--ttl", "0s"],
    &["send", "ann", "hi", "--priority", "urgent"],
    &["send", "ann", "hi", "--reply-to", "no-such-letter"],
    &["send", "ann", "hi", "--id", "../x"],
    &["send", "ann", "hi", "--strict"],
    &["send", "ann", "--file", "missing.txt"],
    &["read", "build"],
    &["read", "NOPE"],
    &["status", "no-such-letter"],
    &["accept", "build-1"],
    &["accept", "last"],
    &["refuse", "no-such-letter"],
    &["rename", "eve"],
    &["rename", "ann", "--agent", "bob"],
    &["rename", "user", "--agent", "bob"],
    &["trust", "ann"],
    &["trust", "--remove", "ann", "bob"],
    &["inbox", "--agent", "amn"],
    &["send", "ann", "-"],
    &["send", "ann", "--file", "empty.txt"],
    &["send", "ann", "--file", "picture.png"],
    &["send", "ann", "hi", "--file", "empty.txt"],
    &["send", "@dir", "hi", "--offline-too"],
    &["send", "ann", "hi", "--reply-to", "build"],
    &["send", "ann", "hi", "--wait-reply", "soon"],
    &["inbox", "--take", "--all"],
    &["inbox", "build-1"],
    &["read"],
    &["read", "last", "build-1"],
    &["thread", "nothing"],
    &["export", "build-1", "--output", "empty.txt"],
    &["retry", "build-1"],
    &["log", "--since", "yesterday"],
    &["log", "-n", "many"],
    &["log", "--with", "amn"],
    &["wait", "--timeout", "0"],
    &["watch"],
    &["rename", "Ann!", "--agent", "bob"],
    &["rename", "eve", "--agent", "amn"],
    &["trust", "ann", "ann"],
    &["trust", "@repo"],
    &["trust", "@repo", "ann"],
    &["agents", "ann"],
    &["help", "hold"],
    &["completions", "tcsh"],
    &["prune", "--older-than", "x"],
    &["join", "backend"],
    &["join", "backend", "@ann", "--agent", "bob"],
    &["leave", "backend"],
    &["notify-when", "amn", "idle"],
    &["wait", "--for", "amn", "--until", "idle"],
    &["ask", "amn", "hi"],
    &["send", "amn", "hi", "--wait-reply", "1s"],
    &["send", "user", "hi"],
    &["send", "user,amn", "hi"],
];

#[test]
#[expect(clippy::too_many_lines, reason = "all of it is one table")]
fn what_is_wrong_is_said_with_a_way_out_and_changes_nothing() {
    let world = World::new().agent("ann").agent("bob");
    let _here = world.there("ann");
    for id in ["build-1", "build-2"] {
        world.run(&["send", "bob", "--id", id, "done"]).fine();
    }
    std::fs::write(world.path("work/empty.txt"), "").expect("written");
    std::fs::write(world.path("work/picture.png"), [0x89, 0xff]).expect("written");
    let files = || files_below(world.home().path());
    let before = files();
    let mut table = String::new();
    for words in INPUTS {
        let said = world.run(words);
        assert_eq!(said.out, "", "{words:?}");
        let told = crate::support::redact::redact(said.err.trim_end(), &world.path(""));
        // Each system has its own words for it, and this number.
        let told = match (told.find("missing.txt: "), told.find(" (os error 2)")) {
            (Some(file), Some(number)) => format!("{}missing.txt: …{}", &told[..file], &told[number..]),
            _ => told,
        };
        writeln!(table, "$ cc2cc {}\n{told}\n→ {}\n", quoted(words), said.code.expect("a code")).expect("written");
        assert_ne!(said.code, Some(0), "{words:?}");
        let hint = told.lines().find_map(|line| line.strip_prefix("hint: "));
        assert!(hint.is_some_and(|hint| hint.contains('`')), "{words:?} names nothing to type: {told}");
        assert_eq!(files(), before, "{words:?} has changed something");
    }
    assert_snapshot!(table, @r#"
    $ cc2cc sned ann hi
    cc2cc: there is no verb `sned`
    hint: did you mean `send`? `cc2cc --help` lists the verbs
    → 2

    $ cc2cc send
    cc2cc: <TO> and <TEXT>... are missing
    hint: `cc2cc send <TO> <TEXT>...`; `cc2cc send --help` says more
    → 2

    $ cc2cc send ann
    cc2cc: <TEXT>... is missing
    hint: `cc2cc send <TO> <TEXT>...`; `cc2cc send --help` says more
    → 2

    $ cc2cc send ann ""
    cc2cc: the text is empty
    hint: `cc2cc send ann "please run the tests"`, or `-` for the text to read standard input
    → 2

    $ cc2cc send ann "   "
    cc2cc: the text is empty
    hint: `cc2cc send ann "please run the tests"`, or `-` for the text to read standard input
    → 2

    $ cc2cc send amn hi
    cc2cc: no agent named `amn`
    hint: did you mean `ann`? `cc2cc agents --all` lists everyone
    → 3

    $ cc2cc send nobody-at-all hi
    cc2cc: no agent named `nobody-at-all`
    hint: `cc2cc agents --all` lists everyone
    → 3

    $ cc2cc send Ann hi
    cc2cc: `Ann` is not an agent name
    hint: a name is lower-case letters and digits with single hyphens inside, like `brave-fox`; `cc2cc agents --all` lists them
    → 2

    $ cc2cc send "ann bob" hi
    cc2cc: `ann bob` is not an agent name
    hint: a name is lower-case letters and digits with single hyphens inside, like `brave-fox`; `cc2cc agents --all` lists them
    → 2

    $ cc2cc send "ann;bob" hi
    cc2cc: `ann;bob` is not an agent name
    hint: a name is lower-case letters and digits with single hyphens inside, like `brave-fox`; `cc2cc agents --all` lists them
    → 2

    $ cc2cc send ann, hi
    cc2cc: `ann,` is not an agent name
    hint: a name is lower-case letters and digits with single hyphens inside, like `brave-fox`; `cc2cc agents --all` lists them
    → 2

    $ cc2cc send ann,amn hi
    cc2cc: no agent named `amn`
    hint: did you mean `ann`? `cc2cc agents --all` lists everyone
    → 3

    $ cc2cc send ann bob hi
    cc2cc: is bob a recipient, too, or does the text begin with that?
    hint: `cc2cc send ann,bob "hi …"` writes to both, `cc2cc send ann "bob hi …"` to one
    → 2

    $ cc2cc send @everyone hi
    cc2cc: no group named `@everyone`
    hint: there is no group yet; `cc2cc join NAME` in a session begins one
    → 3

    $ cc2cc send @repo hi
    cc2cc: @repo means the agents in your git repository, and /world/work is in none
    hint: `@dir` means those in your directory, `@all` everyone who is online
    → 3

    $ cc2cc send @dir hi
    cc2cc: nobody to send to: @dir means no agent that is online
    hint: a letter to a name also reaches those who are away; `cc2cc agents --all` lists them
    → 3

    $ cc2cc send system hi
    cc2cc: no agent named `system`
    hint: `cc2cc agents --all` lists everyone
    → 3

    $ cc2cc send ann hi --ttl 10
    cc2cc: `10` is no value for --ttl <TIME>: a time is a number with a unit and at least 1s: 90s, 10m, 2h, 1d
    hint: `cc2cc send --help` says more
    → 2

    $ cc2cc send ann hi --ttl 0s
    cc2cc: `0s` is no value for --ttl <TIME>: a time is a number with a unit and at least 1s: 90s, 10m, 2h, 1d
    hint: `cc2cc send --help` says more
    → 2

    $ cc2cc send ann hi --priority urgent
    cc2cc: `urgent` is no value for --priority <PRIORITY>: it takes low, normal, high
    hint: `cc2cc send --help` says more
    → 2

    $ cc2cc send ann hi --reply-to no-such-letter
    cc2cc: no letter `no-such-letter` to reply to
    hint: `cc2cc inbox --all` lists the letters you have, `cc2cc log` all, with their ids
    → 3

    $ cc2cc send ann hi --id ../x
    cc2cc: `../x` is not a letter id; an id is up to 64 lower-case letters, digits, `.`, `_` and `-`, beginning with a letter or digit
    hint: `--id build-4711` is one; `cc2cc send --help` says more
    → 2

    $ cc2cc send ann hi --strict
    cc2cc: --wait-reply <TIME> is missing
    hint: `cc2cc send --wait-reply <TIME> --strict <TO> <TEXT>...`; `cc2cc send --help` says more
    → 2

    $ cc2cc send ann --file missing.txt
    cc2cc: could not read missing.txt: … (os error 2)
    hint: name a file that can be read, or `-` in place of the text to read standard input
    → 1

    $ cc2cc read build
    cc2cc: `build` is part of more than one id: build-1, build-2
    hint: write one of these; `cc2cc log` shows which is which
    → 2

    $ cc2cc read NOPE
    cc2cc: `NOPE` is not a letter id; an id is up to 64 lower-case letters, digits, `.`, `_` and `-`, beginning with a letter or digit
    hint: `cc2cc inbox --all` lists the letters you have, `cc2cc log` all, with their ids
    → 2

    $ cc2cc status no-such-letter
    cc2cc: no letter `no-such-letter`
    hint: `cc2cc inbox --all` lists the letters you have, `cc2cc log` all, with their ids
    → 3

    $ cc2cc accept build-1
    cc2cc: the letter `build-1` is not held but waiting
    hint: `cc2cc status build-1` says how far it has come
    → 1

    $ cc2cc accept last
    cc2cc: there is no letter yet that `last` could mean
    hint: `cc2cc inbox --all` lists the letters you have
    → 3

    $ cc2cc refuse no-such-letter
    cc2cc: no letter `no-such-letter`
    hint: `cc2cc inbox --all` lists the letters you have, `cc2cc log` all, with their ids
    → 3

    $ cc2cc rename eve
    cc2cc: at a terminal you are `user`, and stay that
    hint: `cc2cc rename eve --agent NAME` renames the session NAME
    → 2

    $ cc2cc rename ann --agent bob
    cc2cc: `ann` is another agent's name, or was and still leads to it
    hint: `cc2cc agents --all` lists the names in use
    → 1

    $ cc2cc rename user --agent bob
    cc2cc: `user` is reserved
    hint: take another one, like `brave-fox`; `user`, `all` and `system` are no session's
    → 2

    $ cc2cc trust ann
    cc2cc: ann is to be trusted by whom?
    hint: `cc2cc trust ann NAME` is for what it writes to NAME, `cc2cc trust @repo` for a repository
    → 2

    $ cc2cc trust --remove ann bob
    cc2cc: there is no standing yes for ann to bob
    hint: `cc2cc trust` lists them
    → 3

    $ cc2cc inbox --agent amn
    cc2cc: no agent named `amn`
    hint: did you mean `ann`? `cc2cc agents --all` lists everyone
    → 3

    $ cc2cc send ann -
    cc2cc: the text is empty
    hint: nothing came in on standard input; `git diff | cc2cc send ann -` sends what a command prints
    → 2

    $ cc2cc send ann --file empty.txt
    cc2cc: the text is empty
    hint: there is nothing in empty.txt; `cc2cc send ann "please run the tests"` has the text itself
    → 2

    $ cc2cc send ann --file picture.png
    cc2cc: the text is not UTF-8
    hint: send the path of the file, as in `cc2cc send NAME "look at FILE"`
    → 2

    $ cc2cc send ann hi --file empty.txt
    cc2cc: [TEXT]... does not go with --file <FILE>
    hint: `cc2cc send <TO> <TEXT>...`; `cc2cc send --help` says more
    → 2

    $ cc2cc send @dir hi --offline-too
    cc2cc: nobody to send to: @dir means no agent at all
    hint: `cc2cc agents --all` lists everyone
    → 3

    $ cc2cc send ann hi --reply-to build
    cc2cc: `build` is part of more than one id: build-1, build-2
    hint: write one of these; `cc2cc log` shows which is which
    → 2

    $ cc2cc send ann hi --wait-reply soon
    cc2cc: `soon` is no value for --wait-reply <TIME>: a time is a number with a unit and at least 1s: 90s, 10m, 2h, 1d
    hint: `cc2cc send --help` says more
    → 2

    $ cc2cc inbox --take --all
    cc2cc: --take does not go with --all
    hint: `cc2cc inbox --take`; `cc2cc inbox --help` says more
    → 2

    $ cc2cc inbox build-1
    cc2cc: `build-1` has no meaning here
    hint: `cc2cc inbox [OPTIONS]`; `cc2cc inbox --help` says more
    → 2

    $ cc2cc read
    cc2cc: <ID> is missing
    hint: `cc2cc read <ID>`; `cc2cc inbox --all` lists the letters you have, `cc2cc log` all, with their ids
    → 2

    $ cc2cc read last build-1
    cc2cc: `build-1` has no meaning here
    hint: `cc2cc read [OPTIONS] <ID>`; `cc2cc inbox --all` lists the letters you have, `cc2cc log` all, with their ids
    → 2

    $ cc2cc thread nothing
    cc2cc: no letter `nothing`
    hint: `cc2cc inbox --all` lists the letters you have, `cc2cc log` all, with their ids
    → 3

    $ cc2cc export build-1 --output empty.txt
    cc2cc: empty.txt is there already, and was left as it is
    hint: name another file with `--output`, or move that one away
    → 1

    $ cc2cc retry build-1
    cc2cc: the letter `build-1` is not dead but waiting
    hint: `cc2cc status build-1` says how far it has come
    → 1

    $ cc2cc log --since yesterday
    cc2cc: `yesterday` is no value for --since <TIME>: a time is a number with a unit and at least 1s: 90s, 10m, 2h, 1d
    hint: `cc2cc log --help` says more
    → 2

    $ cc2cc log -n many
    cc2cc: `many` is no value for --limit <NUMBER>: it takes a whole number
    hint: `cc2cc log --help` says more
    → 2

    $ cc2cc log --with amn
    cc2cc: no agent named `amn`
    hint: did you mean `ann`? `cc2cc agents --all` lists everyone
    → 3

    $ cc2cc wait --timeout 0
    cc2cc: `0` is no value for --timeout <TIME>: a time is a number with a unit and at least 1s: 90s, 10m, 2h, 1d
    hint: `cc2cc wait --help` says more
    → 2

    $ cc2cc watch
    cc2cc: this is no terminal to watch on
    hint: `cc2cc log -f` prints letters as they come, and `cc2cc watch --json` what happens, one JSON object a line
    → 2

    $ cc2cc rename Ann! --agent bob
    cc2cc: `Ann!` is not an agent name
    hint: a name is lower-case letters and digits with single hyphens inside, like `brave-fox`; `cc2cc agents --all` lists them
    → 2

    $ cc2cc rename eve --agent amn
    cc2cc: no agent named `amn`
    hint: did you mean `ann`? `cc2cc agents --all` lists everyone
    → 3

    $ cc2cc trust ann ann
    cc2cc: ann writes no letters to itself
    hint: `cc2cc trust ann NAME` is for what it writes to another
    → 2

    $ cc2cc trust @repo
    cc2cc: @repo means the git repository here, and /world/work is in none
    hint: go into the repository, or name two agents, as in `cc2cc trust brave-fox calm-owl`
    → 2

    $ cc2cc trust @repo ann
    cc2cc: @repo stands alone
    hint: `cc2cc trust @repo`
    → 2

    $ cc2cc agents ann
    cc2cc: `ann` has no meaning here
    hint: `cc2cc agents [OPTIONS]`; `cc2cc agents --help` says more
    → 2

    $ cc2cc help hold
    cc2cc: there is no help on `hold`
    hint: did you mean `held`? `cc2cc help` lists topics and verbs
    → 2

    $ cc2cc completions tcsh
    cc2cc: `tcsh` is no value for <SHELL>: it takes bash, elvish, fish, powershell, zsh
    hint: did you mean `zsh`? `cc2cc completions --help` says more
    → 2

    $ cc2cc prune --older-than x
    cc2cc: `x` is no value for --older-than <TIME>: a time is a number with a unit and at least 1s: 90s, 10m, 2h, 1d
    hint: `cc2cc prune --help` says more
    → 2

    $ cc2cc join backend
    cc2cc: at a terminal you are `user`, who is in no group
    hint: `--agent NAME` says which session is meant
    → 2

    $ cc2cc join backend @ann --agent bob
    cc2cc: @ann means the agent ann, so it cannot be a group
    hint: a group needs a name that no agent has; `cc2cc agents --all` lists them
    → 2

    $ cc2cc leave backend
    cc2cc: at a terminal you are `user`, who is in no group
    hint: `--agent NAME` says which session is meant
    → 2

    $ cc2cc notify-when amn idle
    cc2cc: no agent named `amn`
    hint: did you mean `ann`? `cc2cc agents --all` lists everyone
    → 3

    $ cc2cc wait --for amn --until idle
    cc2cc: no agent named `amn`
    hint: did you mean `ann`? `cc2cc agents --all` lists everyone
    → 3

    $ cc2cc ask amn hi
    cc2cc: no agent named `amn`
    hint: did you mean `ann`? `cc2cc agents --all` lists everyone
    → 3

    $ cc2cc send amn hi --wait-reply 1s
    cc2cc: no agent named `amn`
    hint: did you mean `ann`? `cc2cc agents --all` lists everyone
    → 3

    $ cc2cc send user hi
    cc2cc: you are `user`: a letter to yourself goes nowhere
    hint: `cc2cc agents` lists whom you can write to
    → 2

    $ cc2cc send user,amn hi
    cc2cc: you are `user`: a letter to yourself goes nowhere
    hint: `cc2cc agents` lists whom you can write to
    → 2
    "#);
}

#[test]
fn what_is_wrong_makes_no_mailbox_for_a_person_who_has_none() {
    let world = World::new().agent("ann").agent("bob");
    let _here = world.there("ann");
    let before = mailboxes(world.home().path());
    assert_eq!(before, ["to-ann", "to-bob"]);
    for words in INPUTS {
        assert_ne!(world.run(words).code, Some(0), "{words:?}");
        assert_eq!(mailboxes(world.home().path()), before, "{words:?}");
    }
}

fn quoted(words: &[&str]) -> String {
    let quote = |word: &&str| {
        let is_plain = !word.is_empty() && !word.contains([' ', ';']);
        if is_plain { (*word).to_owned() } else { format!("\"{word}\"") }
    };
    words.iter().map(quote).collect::<Vec<_>>().join(" ")
}

/// Who has a mailbox.
fn mailboxes(home: &std::path::Path) -> Vec<String> {
    let names = std::fs::read_dir(home).expect("a home").map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    names.retain(|name| name.starts_with("to-"));
    names.sort();
    names
}

/// The files of the mail, letters and all, but for what a look leaves.
fn files_below(path: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else if path.extension().is_none_or(|kind| kind != "lock") {
            found.push(path.display().to_string());
        }
    }
    found.sort();
    found
}
