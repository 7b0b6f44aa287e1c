//! From an address and a text to a letter in one inbox.

use std::{collections::HashSet, path::Path, thread};

use cc2cc::{
    agent::{
        Activity, Record,
        directory::Address,
        identity,
        policy::{Config, Verdict},
        reach::Reach,
        send::{self, Draft, Fate},
        send_error::SendError,
        sender::Sender,
        status::{self, Stage},
    },
    mailbox::{
        Key, State,
        letter::{Kind, Letter, LetterId, Priority, TEXT_LIMIT_BYTES},
        level::Level,
        receipt::Step,
    },
};

use super::post::{Post, id, name, noon, says, steps, texts, waiting};

#[test]
fn a_letter_carries_what_cc2cc_knows_of_its_sender() {
    let post = Post::new().agent("ann").agent("bob");
    let ann = post.at("ann");
    let told = Record { level: Some(Level::Plans), session: Some("s1".into()), hops: 4, ..Record::default() };
    Record::change(&ann, noon(), |record| {
        *record = told;
        record.locate(&post.folder("project"));
    })
    .unwrap();

    let sent =
        post.send("ann", "bob", &Draft { priority: Priority::High, ttl_seconds: Some(60), ..says("hello") }).unwrap();

    let letter = &waiting(&post.at("bob"))[0];
    assert_eq!((&letter.id, &letter.from, &letter.to), (&sent[0].id, &name("ann"), &name("bob")));
    assert_eq!((letter.timestamp, letter.priority, letter.ttl_seconds), (noon(), Priority::High, Some(60)));
    assert_eq!(letter.origin.level, Some(Level::Plans));
    assert_eq!(letter.origin.session.as_deref(), Some("s1"));
    assert_eq!(letter.origin.hops, 5, "one more than since a person last spoke to ann");
    assert!(Path::new(letter.origin.cwd.as_ref().unwrap()).ends_with("project"));
    assert_eq!(letter.origin.sent_to, None);
}

#[test]
fn a_person_speaking_for_a_session_starts_the_count_anew() {
    let post = Post::new().agent("ann").agent("bob");
    Record::change(&post.at("ann"), noon(), |record| record.hops = 9).unwrap();
    let sender = Sender::agent(&post.at("ann")).by_hand();
    send::send(&post.home, &sender, &"bob".parse().unwrap(), &says("hello"), noon()).unwrap();
    assert_eq!(waiting(&post.at("bob"))[0].origin.hops, 0);
}

#[test]
fn the_sender_is_told_whether_anyone_is_there() {
    let post = Post::new().agent("ann").agent("bob");
    let told = |text: &str| {
        let sent = post.send("ann", "bob", &says(text)).unwrap().remove(0);
        sent.standing.map(|standing| (standing.reach, standing.state())).unwrap()
    };
    assert_eq!(told("v"), (Reach::Away, None));
    let here = post.there("bob");
    assert_eq!(told("w"), (Reach::Wakes, Some("idle")));
    Record::change(&post.at("bob"), noon(), |record| record.state = Activity::Busy).unwrap();
    assert_eq!(told("x"), (Reach::Wakes, Some("busy")));
    Record::change(&post.at("bob"), noon(), |record| record.state = Activity::Idle).unwrap();
    drop(here.waker);
    assert_eq!(told("y"), (Reach::NextTurn, None));
}

#[test]
fn what_cannot_be_sent_is_said_and_writes_nothing() {
    let post = Post::new().agent("ann").agent("calm-owl");
    let before = post.files();
    let refused = |to: &str, draft: &Draft| {
        let error = post.send("ann", to, draft).unwrap_err();
        format!("{error}\n{}", error.hint().unwrap_or_default())
    };
    let to_nobody = Draft { reply_to: Some(id("unknown")), ..says("x") };
    let too_long = says(&"x".repeat(TEXT_LIMIT_BYTES + 1));
    insta::assert_snapshot!(refused("clam-owl", &says("x")), @"
    no agent named `clam-owl`
    did you mean `calm-owl`? `cc2cc agents --all` lists everyone
    ");
    insta::assert_snapshot!(refused("zzzzzzzz", &says("x")), @"
    no agent named `zzzzzzzz`
    `cc2cc agents --all` lists everyone
    ");
    insta::assert_snapshot!(refused("ann", &says("x")), @"
    you are `ann`: a letter to yourself goes nowhere
    `cc2cc agents` lists whom you can write to
    ");
    insta::assert_snapshot!(refused("calm-owl", &says(" \n\t")), @"
    the text is empty
    say what the letter is to say, as in `please run the tests`
    ");
    insta::assert_snapshot!(refused("calm-owl", &too_long), @"
    the text has more than 1 MiB, which is the most that a letter holds
    write it to a file and send its path
    ");
    insta::assert_snapshot!(refused("calm-owl", &Draft { ttl_seconds: Some(0), ..says("x") }), @"
    a time to live of 0 would expire at once
    `10m` gives it ten minutes
    ");
    insta::assert_snapshot!(refused("calm-owl", &to_nobody), @"
    no letter `unknown` to reply to
    `cc2cc inbox --all` lists the letters you have, `cc2cc log` all, with their ids
    ");
    insta::assert_snapshot!(refused("@all", &says("x")), @"
    nobody to send to: @all means no agent that is online
    a letter to a name also reaches those who are away; `cc2cc agents --all` lists them
    ");
    assert_eq!(post.files(), before);
}

#[test]
fn oneself_is_oneself_under_an_old_name_too() {
    let post = Post::new().agent("ann");
    identity::rename(&post.home, &post.at("ann"), &name("amy")).unwrap();
    assert!(matches!(post.send("amy", "ann", &says("x")), Err(SendError::ToYourself(_))));
}

#[test]
fn the_person_can_always_be_written_to() {
    let post = Post::new().agent("ann");
    post.send("ann", "user", &says("done")).unwrap();
    assert_eq!(texts(&post.at("user")), ["done"]);
}

#[test]
fn the_same_id_sent_twice_is_one_letter_and_says_so() {
    let post = Post::new().agent("ann").agent("bob");
    let draft = Draft { id: Some(id("build-42")), ..says("green") };
    assert_eq!(post.send("ann", "bob", &draft).unwrap()[0].fate, Fate::Stored);
    assert_eq!(post.send("ann", "bob", &draft).unwrap()[0].fate, Fate::Already(State::Inbox));
    assert_eq!(post.at("bob").count(State::Inbox).unwrap(), 1);
}

#[test]
fn letters_with_ids_of_their_own_are_two_letters_though_they_say_the_same() {
    let post = Post::new().agent("ann").agent("bob");
    for key in ["build-42", "build-43"] {
        let sent = post.send("ann", "bob", &Draft { id: Some(id(key)), ..says("green") }).unwrap();
        assert_eq!((sent[0].id.as_str(), &sent[0].fate), (key, &Fate::Stored));
    }
    assert_eq!(post.at("bob").count(State::Inbox).unwrap(), 2);
}

#[test]
fn a_repeat_to_many_is_no_second_copy_for_any_of_them() {
    let post = Post::new().agent("ann").agent("bob").agent("eve");
    for to in ["bob", "eve"] {
        post.send("ann", to, &says("standup now")).unwrap();
    }
    post.send("ann", "@all", &Draft { offline_too: true, ..says("standup now") }).unwrap();
    for to in ["bob", "eve"] {
        assert_eq!(post.at(to).count(State::Inbox).unwrap(), 1, "{to}");
    }
}

#[test]
fn replies_go_on_with_the_thread_and_answer_the_letter() {
    let post = Post::new().agent("ann").agent("bob");
    let first = post.send("ann", "bob", &says("question")).unwrap().remove(0).id;
    let answer =
        post.send("bob", "ann", &Draft { reply_to: Some(first.clone()), ..says("answer") }).unwrap().remove(0).id;
    let thanks =
        post.send("ann", "bob", &Draft { reply_to: Some(answer.clone()), ..says("thanks") }).unwrap().remove(0).id;

    let answer_letter = post.at("ann").read(State::Inbox, &answer).unwrap();
    assert_eq!((&answer_letter.kind, answer_letter.thread_id()), (&Kind::Response, &first));
    assert_eq!(answer_letter.reply_to.as_ref(), Some(&first));
    assert_eq!(post.at("bob").read(State::Inbox, &thanks).unwrap().thread_id(), &first);

    let receipts = post.at("bob").receipts(&first);
    assert_eq!((receipts[0].step, receipts[0].by.as_ref(), receipts[0].at), (Step::Answered, Some(&answer), noon()));
    assert_eq!(status::find_in(&post.at("bob"), &first).unwrap().status().stage, Stage::Answered);
}

#[test]
fn a_letter_one_never_had_is_not_answered_by_a_reply_to_it() {
    let post = Post::new().agent("ann").agent("bob").agent("eve");
    let private = post.send("ann", "bob", &says("question")).unwrap().remove(0).id;
    post.send("eve", "ann", &Draft { reply_to: Some(private.clone()), ..says("I know") }).unwrap();
    assert_eq!(steps(&post.at("bob"), &private), []);
}

#[test]
fn a_recipient_that_is_renamed_all_the_while_gets_every_letter_once() {
    let post = Post::new().agent("ann").agent("bob0");
    let sent: HashSet<_> = thread::scope(|scope| {
        let renaming = scope.spawn(|| {
            for number in 1..=40 {
                identity::rename(&post.home, &post.at("bob0"), &name(&format!("bob{number}"))).unwrap();
            }
        });
        let mut sent = HashSet::new();
        while !renaming.is_finished() || sent.len() < 100 {
            for id in [None, Some(LetterId::fresh())] {
                let draft = Draft { id, ..says("hello") };
                let copies = send::send(&post.home, &Sender::user(), &"bob0".parse().unwrap(), &draft, noon()).unwrap();
                sent.extend(copies.into_iter().map(|copy| copy.id));
            }
        }
        renaming.join().unwrap();
        sent
    });
    let got = post.at("bob40").ids(State::Inbox).unwrap();
    assert_eq!(got.len(), sent.len());
    assert_eq!(got.into_iter().collect::<HashSet<_>>(), sent);
}

#[test]
fn a_letter_to_a_machine_that_nobody_has_linked_goes_nowhere() {
    let post = Post::new().agent("ann").agent("bob");
    let says_why = |to: &str| {
        let error = post.send("ann", to, &says("hello")).unwrap_err();
        (error.to_string(), error.hint().unwrap())
    };
    let unknown = "no machine named `laptop` is linked to this one".to_owned();
    let none = "no machine is; leave out what stands behind the @ to write to an agent here".to_owned();
    for to in ["bob@laptop", "@all@laptop", "bob,eve@laptop", "ann@laptop"] {
        assert_eq!(says_why(to), (unknown.clone(), none.clone()), "{to}");
    }
    assert!(waiting(&post.at("bob")).is_empty(), "nor does the copy for somebody here");
    std::fs::create_dir_all(post.home.path().join("link/machines")).unwrap();
    for file in ["desk.json", "build-7.json", "Desk.json", "notes"] {
        std::fs::write(post.home.path().join("link/machines").join(file), "{}").unwrap();
    }
    assert_eq!(says_why("bob@laptop"), (unknown, "linked is `build-7`, `desk`".to_owned()));
}

#[test]
fn an_address_with_a_machine_is_read_everywhere() {
    for (text, meant) in [
        ("calm-owl@laptop", Address::Agent(name("calm-owl@laptop"))),
        ("user@laptop", Address::Agent(name("user@laptop"))),
        ("@all@laptop", Address::AllOn("laptop".parse().unwrap())),
    ] {
        assert_eq!(text.parse(), Ok(meant), "{text}");
        assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
    }
    for bad in ["@backend@laptop", "@calm-owl@laptop", "@repo@laptop", "@all@", "@all@a@b", "owl@", "@@laptop"] {
        assert!(bad.parse::<Address>().is_err(), "{bad}");
    }
    let post = Post::new().agent("ann").agent("bob");
    let mut letter = Letter::new(name("brave-fox@laptop"), name("bob"), "hello", noon());
    letter.reply_to = Some(id("there-1"));
    post.at("bob").publish(&letter, Key::Fresh).unwrap();
    assert_eq!(waiting(&post.at("bob")), [letter]);
    std::fs::write(post.home.path().join("config.toml"), "from.\"brave-fox@laptop\" = \"hold\"\n").unwrap();
    let letter = waiting(&post.at("bob")).remove(0);
    let config = Config::load(&post.home).unwrap();
    assert!(matches!(config.judge(&letter, &name("bob"), None), Verdict::Hold(_)));
}

#[test]
fn nobody_here_takes_the_name_of_an_agent_elsewhere() {
    let post = Post::new().agent("ann");
    let error = identity::rename(&post.home, &post.at("ann"), &name("ann@laptop")).unwrap_err();
    assert_eq!(error.to_string(), "`ann@laptop` names an agent of another machine");
    std::fs::write(post.home.path().join("config.toml"), "[dirs]\n\"~/here\" = \"ann@laptop\"\n").unwrap();
    let error = Config::load(&post.home).unwrap_err().to_string();
    assert!(error.ends_with("cannot be used: `ann@laptop` is the name of an agent elsewhere"), "{error}");
}
