//! Command lines that cannot be understood: each is told what is wrong and the way out, and changes nothing.

use crate::support::world::World;

const WRONG: &[&[&str]] = &[
    &["accept"],
    &["refuse"],
    &["retry"],
    &["read"],
    &["thread"],
    &["status"],
    &["status", "bad!!"],
    &["status", "a", "b"],
    &["send"],
    &["send", "bob"],
    &["send", "bob", "--priority", "urgent", "hi"],
    &["send", "bob", "--ttl", "0", "hi"],
    &["send", "Bob!", "hi"],
    &["rename"],
    &["inbox", "--jsn"],
    &["inbox", "--nope"],
    &["inbox", "--json", "--json"],
    &["log", "--limit", "many"],
    &["wait", "--timeout", "soon"],
    &["prune"],
    &["completions", "tcsh"],
    &["agnts"],
    &["frobnicate"],
    &["--frobnicate"],
];

#[test]
fn a_command_line_that_cannot_be_understood_is_told_the_way_out_in_our_words() {
    let world = World::new().agent("ann").agent("bob");
    let before = world.files("mail");
    let mut told = String::new();
    for words in WRONG {
        let said = world.run(words);
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{words:?}: {said}");
        assert!(said.err.starts_with("cc2cc: ") && said.err.contains("\nhint: "), "{words:?}: {said}");
        told.push_str(&format!("$ cc2cc {}\n{}", words.join(" "), said.err));
    }
    assert_eq!(world.files("mail"), before);
    insta::assert_snapshot!(told, @"
    $ cc2cc accept
    cc2cc: <ID> is missing
    hint: `cc2cc accept <ID>`; `cc2cc inbox --all` lists the letters you have, `cc2cc log` all, with their ids
    $ cc2cc refuse
    cc2cc: <ID> is missing
    hint: `cc2cc refuse <ID>`; `cc2cc inbox --all` lists the letters you have, `cc2cc log` all, with their ids
    $ cc2cc retry
    cc2cc: <ID> is missing
    hint: `cc2cc retry <ID>`; `cc2cc inbox --all` lists the letters you have, `cc2cc log` all, with their ids
    $ cc2cc read
    cc2cc: <ID> is missing
    hint: `cc2cc read <ID>`; `cc2cc inbox --all` lists the letters you have, `cc2cc log` all, with their ids
    $ cc2cc thread
    cc2cc: <ID> is missing
    hint: `cc2cc thread <ID>`; `cc2cc inbox --all` lists the letters you have, `cc2cc log` all, with their ids
    $ cc2cc status
    cc2cc: <ID> is missing
    hint: `cc2cc status <ID>`; `cc2cc inbox --all` lists the letters you have, `cc2cc log` all, with their ids
    $ cc2cc status bad!!
    cc2cc: `bad!!` is not a letter id; an id is up to 64 lower-case letters, digits, `.`, `_` and `-`, beginning with a letter or digit
    hint: `cc2cc inbox --all` lists the letters you have, `cc2cc log` all, with their ids
    $ cc2cc status a b
    cc2cc: `b` has no meaning here
    hint: `cc2cc status [OPTIONS] <ID>`; `cc2cc inbox --all` lists the letters you have, `cc2cc log` all, with their ids
    $ cc2cc send
    cc2cc: <TO> and <TEXT>... are missing
    hint: `cc2cc send <TO> <TEXT>...`; `cc2cc send --help` says more
    $ cc2cc send bob
    cc2cc: <TEXT>... is missing
    hint: `cc2cc send <TO> <TEXT>...`; `cc2cc send --help` says more
    $ cc2cc send bob --priority urgent hi
    cc2cc: `urgent` is no value for --priority <PRIORITY>: it takes low, normal, high
    hint: `cc2cc send --help` says more
    $ cc2cc send bob --ttl 0 hi
    cc2cc: `0` is no value for --ttl <TIME>: a time is a number with a unit and at least 1s: 90s, 10m, 2h, 1d
    hint: `cc2cc send --help` says more
    $ cc2cc send Bob! hi
    cc2cc: `Bob!` is not an agent name
    hint: a name is lower-case letters and digits with single hyphens inside, like `brave-fox`; `cc2cc agents --all` lists them
    $ cc2cc rename
    cc2cc: <NEW> is missing
    hint: `cc2cc rename <NEW>`; `cc2cc rename --help` says more
    $ cc2cc inbox --jsn
    cc2cc: `--jsn` has no meaning here
    hint: did you mean `--json`? `cc2cc inbox --help` says more
    $ cc2cc inbox --nope
    cc2cc: `--nope` has no meaning here
    hint: `cc2cc inbox [OPTIONS]`; `cc2cc inbox --help` says more
    $ cc2cc inbox --json --json
    cc2cc: --json may be given once
    hint: `cc2cc inbox [OPTIONS]`; `cc2cc inbox --help` says more
    $ cc2cc log --limit many
    cc2cc: `many` is no value for --limit <NUMBER>: it takes a whole number
    hint: `cc2cc log --help` says more
    $ cc2cc wait --timeout soon
    cc2cc: `soon` is no value for --timeout <TIME>: a time is a number with a unit and at least 1s: 90s, 10m, 2h, 1d
    hint: `cc2cc wait --help` says more
    $ cc2cc prune
    cc2cc: --older-than <TIME> is missing
    hint: `cc2cc prune --older-than <TIME>`; `cc2cc prune --help` says more
    $ cc2cc completions tcsh
    cc2cc: `tcsh` is no value for <SHELL>: it takes bash, elvish, fish, powershell, zsh
    hint: did you mean `zsh`? `cc2cc completions --help` says more
    $ cc2cc agnts
    cc2cc: there is no verb `agnts`
    hint: did you mean `agents`? `cc2cc --help` lists the verbs
    $ cc2cc frobnicate
    cc2cc: there is no verb `frobnicate`
    hint: `cc2cc --help` lists the verbs
    $ cc2cc --frobnicate
    cc2cc: `--frobnicate` has no meaning here
    hint: `cc2cc --help` lists the verbs
    ");
}
