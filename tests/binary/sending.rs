//! `cc2cc send`.

use std::{fs, path::PathBuf, thread};

use cc2cc::mailbox::{
    State,
    letter::{Kind, Letter, Priority},
};
use insta::assert_snapshot;
use serde_json::json;

use crate::support::{eventually::until, said::has, world::World};

#[test]
fn words_become_a_letter_from_the_person() {
    let world = World::new().agent("bob");
    assert_snapshot!(world.run(&["send", "bob", "please", "run  the", "tests"]), @"
    exit 0
    --- out
    stored for bob (away, finds it on return) · SHORT
    --- err
    ");

    let letter = world.waiting("bob").remove(0);
    assert_eq!((letter.from.as_str(), letter.content.text.as_str()), ("user", "please run  the tests"));
    assert_eq!(letter.origin.cwd, Some(world.path("work").display().to_string()));
    assert_eq!((letter.kind, letter.priority, letter.ttl_seconds), (Kind::Message, Priority::Normal, None));
}

#[test]
fn options_may_stand_before_or_after_the_text() {
    let world = World::new().agent("bob");
    for words in [
        ["send", "--type", "task", "--priority", "high", "--ttl", "10m", "bob", "hello"],
        ["send", "bob", "hello", "--type", "task", "--priority", "high", "--ttl", "10m"],
    ] {
        world.run(&words).fine();
        let letter = world.waiting("bob").pop().unwrap();
        assert_eq!((letter.kind, letter.priority, letter.ttl_seconds), (Kind::Task, Priority::High, Some(600)));
        assert_eq!(letter.content.text, "hello");
    }
    world.run(&["send", "bob", "--", "--type", "is a word here"]).fine();
    assert_eq!(world.waiting("bob").pop().unwrap().content.text, "--type is a word here");
}

#[test]
fn the_text_can_come_from_a_pipe_or_a_file_unchanged() {
    let world = World::new().agent("bob");
    let text = "line one\n\n  $HOME \"quoted\" ü\n";
    world.run_with_input(&["send", "bob", "-"], text.as_bytes()).fine();
    fs::write(world.path("work/letter.txt"), text).unwrap();
    world.run(&["send", "bob", "--file", "letter.txt"]).fine();
    let letters = world.waiting("bob");
    assert_eq!([&letters[0].content.text, &letters[1].content.text], [text, text]);

    let missing = world.run(&["send", "bob", "--file", "missing.txt"]);
    assert_eq!((missing.code, missing.out.as_str()), (Some(1), ""));
    assert!(missing.err.starts_with("cc2cc: could not read missing.txt: "), "{missing}");
    assert_snapshot!(world.run_with_input(&["send", "bob", "-"], b"\xff\xfe"), @r#"
    exit 2
    --- out
    --- err
    cc2cc: the text is not UTF-8
    hint: send the path of the file, as in `cc2cc send NAME "look at FILE"`
    "#);
    let long = world.run_with_input(&["send", "bob", "-"], &vec![b'x'; 2 * 1024 * 1024]);
    assert_eq!(long.code, Some(2), "{long}");
    assert!(long.err.contains("the text has more than 1 MiB"), "{long}");
    assert_eq!(world.at("bob").count(State::Inbox).unwrap(), 2);
}

/// What lies in the mail but the mailbox of the person, and locks.
fn files_but_of_the_person(world: &World) -> Vec<PathBuf> {
    let (person, locks) = (world.path("mail/to-user"), world.path("mail/locks"));
    let mut files = world.files("mail");
    files.retain(|path| !path.starts_with(&person) && !path.starts_with(&locks));
    files
}

#[test]
fn what_cannot_be_sent_says_why_and_writes_nothing() {
    let world = World::new().agent("calm-owl");
    let before = files_but_of_the_person(&world);
    assert_snapshot!(world.run(&["send", "clam-owl", "hi"]), @"
    exit 3
    --- out
    --- err
    cc2cc: no agent named `clam-owl`
    hint: did you mean `calm-owl`? `cc2cc agents --all` lists everyone
    ");
    assert_snapshot!(world.run(&["send", "Calm Owl!", "hi"]), @"
    exit 2
    --- out
    --- err
    cc2cc: `Calm Owl!` is not an agent name
    hint: a name is lower-case letters and digits with single hyphens inside, like `brave-fox`; `cc2cc agents --all` lists them
    ");
    assert_snapshot!(world.run(&["send", "calm-owl", "  "]), @r#"
    exit 2
    --- out
    --- err
    cc2cc: the text is empty
    hint: `cc2cc send calm-owl "please run the tests"`, or `-` for the text to read standard input
    "#);
    assert_snapshot!(world.run(&["send", "user", "hi"]), @"
    exit 2
    --- out
    --- err
    cc2cc: you are `user`: a letter to yourself goes nowhere
    hint: `cc2cc agents` lists whom you can write to
    ");
    assert_snapshot!(world.run(&["send", "@all", "hi"]), @"
    exit 3
    --- out
    --- err
    cc2cc: nobody to send to: @all means no agent that is online
    hint: a letter to a name also reaches those who are away; `cc2cc agents --all` lists them
    ");
    assert_snapshot!(world.run(&["send", "calm-owl", "hi", "--reply-to", "nothing"]), @"
    exit 3
    --- out
    --- err
    cc2cc: no letter `nothing` to reply to
    hint: `cc2cc inbox --all` lists the letters you have, `cc2cc log` all, with their ids
    ");
    for bad in ["0s", "5", "-5m", "soon", "9999999999999999999d"] {
        let said = world.run(&["send", "calm-owl", "hi", "--ttl", bad]);
        assert_eq!(said.code, Some(2), "{bad}: {said}");
    }
    assert_eq!(files_but_of_the_person(&world), before);
}

#[test]
fn an_unknown_name_makes_no_home() {
    let world = World::new();
    assert_snapshot!(world.run(&["send", "nobody", "hi"]), @"
    exit 3
    --- out
    --- err
    cc2cc: no agent named `nobody`
    hint: `cc2cc agents --all` lists everyone
    ");
    assert!(!world.path("mail").exists());
}

#[test]
fn one_id_is_one_letter() {
    let world = World::new().agent("bob");
    let send = ["send", "bob", "--id", "build-42", "green"];
    assert_snapshot!(world.run(&send), @"
    exit 0
    --- out
    stored for bob (away, finds it on return) · build-42
    --- err
    ");
    assert_snapshot!(world.run(&send), @"
    exit 0
    --- out
    bob has a letter build-42 already (in inbox); nothing was sent
    --- err
    ");
    world.run(&["inbox", "--agent", "bob", "--take"]).fine();
    assert_snapshot!(world.run(&send), @"
    exit 0
    --- out
    bob has a letter build-42 already (in done); nothing was sent
    --- err
    ");
    assert_eq!(world.run(&["send", "bob", "--id", "../x", "green"]).code, Some(2));
}

#[test]
fn json_says_what_became_of_each_letter() {
    let world = World::new().agent("bob").agent("eve");
    let _there = world.there("eve");
    let said = world.run(&["send", "@all", "--offline-too", "--id", "k-1", "--json", "hi"]).fine().json();
    let expected = json!({ "sent": [
        { "id": "k-1", "to": "bob", "state": "stored", "alreadyIn": null, "recipient": "away" },
        { "id": "k-1", "to": "eve", "state": "stored", "alreadyIn": null, "recipient": "idle" },
    ] });
    assert!(has(&said, &expected), "{said}");
    let again = world.run(&["send", "bob", "--id", "k-1", "--json", "hi"]).fine();
    assert_eq!(again.json()["sent"][0]["alreadyIn"], "inbox");
}

#[test]
fn a_session_s_shell_sends_in_the_session_s_name() {
    let world = World::new().agent("ann").agent("bob");
    let ann = world.hosted("ann");
    world.run_as(&ann, &["send", "bob", "hello"]).fine();
    assert_eq!(world.waiting("bob")[0].from.as_str(), "ann");
    assert_snapshot!(world.run_as(&ann, &["send", "ann", "hello"]), @"
    exit 2
    --- out
    --- err
    cc2cc: you are `ann`: a letter to yourself goes nowhere
    hint: `cc2cc agents` lists whom you can write to
    ");
    let nobody = [("CLAUDECODE", "1".to_owned())];
    assert_snapshot!(world.run_as(&nobody, &["send", "bob", "hello"]), @"
    exit 1
    --- out
    --- err
    cc2cc: this session has no agent name
    hint: start it with CC2CC_NAME=some-name; headless sessions take part only then
    ");
}

#[test]
fn a_reply_answers_the_letter() {
    let world = World::new().agent("ann").agent("bob");
    let question = world.posted("ann", "bob", "question");
    world.run_as(&world.hosted("bob"), &["send", "ann", "--reply-to", question.as_str(), "answer"]).fine();
    let answer = world.waiting("ann").remove(0);
    assert_eq!(
        (answer.kind.clone(), answer.reply_to.as_ref(), answer.thread_id()),
        (Kind::Response, Some(&question), &question)
    );
    assert_snapshot!(world.run(&["status", question.as_str()]), @"
    exit 0
    --- out
    ann → bob: answered (just now)
      bob: away, finds it on return
      stored     TIME
      answered   TIME by SHORT
    --- err
    ");
}

#[test]
fn who_waits_for_an_answer_gets_it() {
    let world = World::new().agent("ann").agent("bob");
    let ann = world.hosted("ann");
    let said = thread::scope(|scope| {
        let asking =
            scope.spawn(|| world.run_as(&ann, &["send", "bob", "--wait-reply", "30s", "--strict", "question"]));
        let question = until("bob has the question", || world.waiting("bob").pop());
        world.posted("bob", "ann", "something else");
        world.run_as(&world.hosted("bob"), &["send", "ann", "--reply-to", question.id.as_str(), "answer"]).fine();
        asking.join().unwrap().fine()
    });
    assert_snapshot!(said, @"
    exit 0
    --- out
    stored for bob (away, finds it on return) · SHORT
    SHORT
    bob → ann · response · just now · done · answers SHORT

    answer
    --- err
    ");
    assert_eq!(world.at("ann").count(State::Inbox).unwrap(), 1, "the other letter waits still");
    assert_eq!(world.at("ann").count(State::Done).unwrap(), 1);
}

#[test]
fn who_waits_in_vain_is_told_so() {
    let world = World::new().agent("bob");
    assert_snapshot!(world.run(&["send", "bob", "--wait-reply", "1s", "question"]), @"
    exit 5
    --- out
    stored for bob (away, finds it on return) · SHORT
    --- err
    cc2cc: no answer from bob in this time
    hint: it will come to user's inbox all the same
    ");
}

#[test]
fn an_answer_whose_time_is_over_is_none() {
    let world = World::new().agent("bob").agent("user");
    let (bob, user) = ("bob".parse().unwrap(), "user".parse().unwrap());
    let long_ago = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(60);
    let mut late = Letter::new(bob, user, "too late", long_ago);
    late.reply_to = Some("question".parse().unwrap());
    late.ttl_seconds = Some(60);
    world.post(late);
    assert_eq!(world.run(&["send", "bob", "--id", "question", "--wait-reply", "1s", "well?"]).code, Some(5));
}

#[test]
fn a_broken_configuration_is_told_to_the_person_whose_letter_waits_for_it() {
    let world = World::new().agent("bob");
    fs::write(world.path("mail/config.toml"), "policy = 7\n").unwrap();
    let _there = world.there("bob");
    assert_snapshot!(world.run(&["send", "bob", "hello"]), @"
    exit 0
    --- out
    sent to bob (idle) · SHORT
    --- err
    cc2cc: warning: /world/mail/config.toml cannot be used: line 1: wanted string or table; the letter is stored, and delivered when that is fixed
    ");
    let json = world.run(&["send", "bob", "again", "--json"]);
    assert_eq!(json.code, Some(0), "{json}");
    assert!(json.json()["warning"].as_str().unwrap().contains("config.toml cannot be used"), "{json}");
    assert_eq!(world.waiting("bob").len(), 2);
    fs::remove_file(world.path("mail/config.toml")).unwrap();
    assert_eq!(world.run(&["send", "bob", "third", "--json"]).fine().json()["warning"], json!(null));
}

#[test]
fn several_recipients_get_a_copy_each_and_a_wrong_one_stops_all() {
    let world = World::new().agent("ann").agent("bob").agent("carl");
    let said = world.run(&["send", "ann,bob,ann", "to both", "--json"]).fine().json();
    let sent = said["sent"].as_array().unwrap();
    assert_eq!(sent.iter().map(|sent| &sent["to"]).collect::<Vec<_>>(), ["ann", "bob"]);
    assert_eq!(world.waiting("bob")[0].origin.sent_to.as_deref(), Some("ann,bob,ann"));
    for (words, code) in [(["send", "ann,bbo", "x"], 3), (["send", "ann,,bob", "x"], 2), (["send", "ann,", "x"], 2)] {
        assert_eq!(world.run(&words).code, Some(code), "{words:?}");
    }
    assert_eq!((world.waiting("ann").len(), world.waiting("bob").len(), world.waiting("carl").len()), (1, 1, 0));
}

#[test]
fn a_text_that_begins_with_a_name_is_asked_about() {
    let world = World::new().agent("ann").agent("bob");
    assert_snapshot!(world.run(&["send", "ann", "bob", "hello", "there"]), @r#"
    exit 2
    --- out
    --- err
    cc2cc: is bob a recipient, too, or does the text begin with that?
    hint: `cc2cc send ann,bob "hello …"` writes to both, `cc2cc send ann "bob hello …"` to one
    "#);
    for words in [&["send", "ann", "@all", "hello"][..], &["send", "ann", "user", "hello"]] {
        assert_eq!(world.run(words).code, Some(2), "{words:?}");
    }
    assert!(world.waiting("ann").is_empty());
    world.run(&["send", "ann", "bob hello"]).fine();
    world.run(&["send", "ann", "hello", "bob"]).fine();
    world.run(&["send", "ann", "bob"]).fine();
    assert_eq!(world.waiting("ann").len(), 3);
}

#[test]
fn a_letter_is_named_by_any_part_of_its_id_and_the_newest_by_last() {
    let world = World::new().agent("ann").agent("bob");
    for (id, text) in [("build-17-red", "one"), ("build-18-green", "two")] {
        world.run(&["send", "ann", "--id", id, text]).fine();
    }
    let text = |words: &[&str]| world.run(words).fine().out;
    assert!(text(&["read", "17"]).ends_with("\none\n"));
    assert!(text(&["read", "last"]).ends_with("\ntwo\n"));
    assert!(text(&["status", "green"]).starts_with("user → ann: stored"));
    assert_snapshot!(world.run(&["read", "build"]), @"
    exit 2
    --- out
    --- err
    cc2cc: `build` is part of more than one id: build-17-red, build-18-green
    hint: write one of these; `cc2cc log` shows which is which
    ");
    assert_snapshot!(world.run(&["read", "19"]), @"
    exit 3
    --- out
    --- err
    cc2cc: no letter `19`
    hint: `cc2cc inbox --all` lists the letters you have, `cc2cc log` all, with their ids
    ");
    assert_snapshot!(world.run(&["accept", "last"]), @"
    exit 3
    --- out
    --- err
    cc2cc: there is no letter yet that `last` could mean
    hint: `cc2cc inbox --all` lists the letters you have
    ");
    let held = world.posted("bob", "ann", "a question");
    world.at("ann").hold(&held, "for a reason").unwrap();
    let part = &held.as_str()[held.as_str().len() - 8..];
    assert!(text(&["read", part]).ends_with("\na question\n"));
    assert_eq!(text(&["accept", part]), "accepted: ann gets it now\n");
    let answer = world.run(&["send", "ann", "--reply-to", part, "as you say", "--json"]).fine().json();
    assert_eq!(world.waiting("ann").last().unwrap().reply_to, Some(held), "{answer}");
}

#[test]
fn a_person_reads_short_ids_and_each_of_them_leads_to_its_letter() {
    let world = World::new().agent("ann").agent("bob");
    let said = world.run(&["send", "ann", "are you there?"]).fine().out;
    let short = said.trim_end().rsplit(' ').next().unwrap();
    let id = world.waiting("ann")[0].id.clone();
    assert_eq!((short.len(), short), (8, id.short()));
    // A key that has it in it is another letter's, and so is a notice about this one.
    world.run(&["send", "bob", "--id", &format!("x-{short}"), "another"]).fine();
    for words in [&["inbox", "--agent", "ann"][..], &["log"], &["thread", short], &["read", short], &["status", short]]
    {
        let said = world.run(words).fine().out;
        assert!(said.contains(short) || words[0] == "status", "{words:?}: {said}");
        assert!(!said.contains(id.as_str()), "{words:?}: {said}");
    }
    for words in [&["inbox", "--agent", "ann", "--json"][..], &["log", "--json"], &["read", short, "--json"]] {
        let said = world.run(words).fine().out;
        assert!(said.contains(id.as_str()), "{words:?}: {said}");
    }
    // Two that differ in their heads alone are told apart by all of it.
    let twin = format!("00000000{}", &id.as_str()[8..]);
    world.run(&["send", "bob", "--id", &twin, "its twin"]).fine();
    let said = world.run(&["read", short]);
    assert_eq!(said.code, Some(2), "{said}");
    assert!(said.err.contains(&format!("`{short}` is part of more than one id: {twin}, {id}\n")), "{said}");
}

#[test]
fn an_answer_need_not_say_what_it_answers_and_of_several_all_are_waited_for() {
    let world = World::new().agent("ann").agent("bob");
    world.run(&["inbox"]).fine(); // the person has a mailbox from here on
    world.posted("bob", "user", "an old letter");
    assert_snapshot!(world.run(&["send", "ann,bob", "--wait-reply", "1s", "well?"]), @"
    exit 5
    --- out
    stored for ann (away, finds it on return) · SHORT
    stored for bob (away, finds it on return) · SHORT
    --- err
    cc2cc: no answer from ann, bob in this time
    hint: it will come to user's inbox all the same
    ");
    let asks = |question: &'static str, more: &'static [&'static str], answers: &[(&str, &str)]| {
        let words = [&["send", "ann,bob", "--wait-reply", "120s", question][..], more].concat();
        thread::scope(|scope| {
            let asking = scope.spawn(|| world.run(&words));
            let has_come = |letter: &Letter| letter.content.text == question;
            until("both are asked", || world.waiting("bob").iter().find(|letter| has_come(letter)).map(|_| ()));
            for (from, text) in answers {
                world.posted(from, "user", text);
            }
            asking.join().unwrap()
        })
    };
    let said = asks("both?", &[], &[("ann", "yes, says ann"), ("bob", "no, says bob")]).fine();
    assert!(said.out.contains("\nyes, says ann\n") && said.out.contains("\nno, says bob\n"), "{said}");
    assert!(!said.out.contains("an old letter"), "{said}");
    let words = ["send", "ann", "--wait-reply", "1s", "--strict", "strictly?"];
    thread::scope(|scope| {
        let asking = scope.spawn(|| world.run(&words));
        until("she is asked", || world.waiting("ann").into_iter().find(|letter| letter.content.text == "strictly?"));
        world.posted("ann", "user", "something else");
        let said = asking.join().unwrap();
        assert_eq!(said.code, Some(5), "{said}");
    });
}
