//! Who may write to whom: the rules that hold by themselves, and those a person writes down.

use std::fs;

use cc2cc::{
    agent::{
        Record, identity,
        policy::{Config, Verdict},
        send::Fate,
        send_error::SendError,
    },
    mailbox::{
        State,
        letter::{Author, Letter},
        level::Level,
    },
};

use super::post::{Post, name, noon, says, texts, waiting};

/// A letter from ann, who acts at `level`, and `hops` letters since a person spoke.
fn from_ann(level: Option<Level>, hops: u32) -> Letter {
    let mut letter = Letter::new(name("ann"), name("bob"), "hello", noon());
    letter.origin.level = level;
    letter.origin.hops = hops;
    letter
}

fn config(post: &Post, text: &str) -> Config {
    fs::create_dir_all(post.home.path()).unwrap();
    fs::write(post.home.path().join("config.toml"), text).unwrap();
    Config::load(&post.home).unwrap()
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Accept => "accept",
        Verdict::Hold(_) => "hold",
        Verdict::Refuse(_) => "refuse",
    }
}

#[test]
fn a_letter_to_a_session_that_asks_less_is_held() {
    let config = Config::load(&Post::new().home).unwrap();
    for (sender, receiver, wanted) in [
        (Some(Level::Asks), Some(Level::Asks), "accept"),
        (Some(Level::Plans), Some(Level::Free), "hold"),
        (Some(Level::Asks), Some(Level::Free), "hold"),
        (Some(Level::Edits), Some(Level::Free), "hold"),
        (Some(Level::Checked), Some(Level::Free), "hold"),
        (None, Some(Level::Free), "hold"),
        (Some(Level::Free), Some(Level::Free), "accept"),
        (Some(Level::Free), Some(Level::Plans), "accept"),
        (Some(Level::Asks), Some(Level::Checked), "accept"),
        (Some(Level::Asks), None, "accept"),
    ] {
        let verdict = config.judge(&from_ann(sender, 1), &name("bob"), receiver);
        assert_eq!(word(&verdict), wanted, "{sender:?} to {receiver:?}");
    }
    let mut by_hand = from_ann(Some(Level::Asks), 1);
    by_hand.from = name("user");
    assert_eq!(config.judge(&by_hand, &name("bob"), Some(Level::Free)), Verdict::Accept, "the person is always heard");
    let mut typed = from_ann(Some(Level::Asks), 0);
    typed.origin.author = Some(Author::Person);
    assert_eq!(config.judge(&typed, &name("bob"), Some(Level::Free)), Verdict::Accept, "also in a session's name");
    typed.origin.author = Some(Author::Other("robot".to_owned()));
    assert_eq!(
        word(&config.judge(&typed, &name("bob"), Some(Level::Free))),
        "hold",
        "what is not known counts for nobody"
    );
}

#[test]
fn a_chain_of_letters_without_a_person_ends() {
    let config = Config::load(&Post::new().home).unwrap();
    assert_eq!(config.judge(&from_ann(None, 24), &name("bob"), None), Verdict::Accept);
    let held = Verdict::Hold("25 letters without human input".into());
    assert_eq!(config.judge(&from_ann(None, 25), &name("bob"), None), held);
}

#[test]
fn the_nearest_rule_decides() {
    let post = Post::new();
    let config = config(
        &post,
        "policy = \"refuse\"\nhop-limit = 2\n[from]\nann = \"hold\"\n[agents.bob]\npolicy = \"accept\"\nfrom.eve = \"accept\"\n",
    );
    let judge = |sender: &str, receiver: &str, level| {
        let mut letter = from_ann(Some(Level::Asks), 1);
        letter.from = name(sender);
        word(&config.judge(&letter, &name(receiver), level))
    };
    assert_eq!(judge("carl", "dora", None), "refuse", "the rule for all");
    assert_eq!(judge("carl", "bob", None), "accept", "the rule for the receiver");
    assert_eq!(judge("ann", "bob", None), "hold", "the rule for the sender");
    assert_eq!(judge("carl", "bob", Some(Level::Free)), "hold", "a general yes is no yes to this");
    assert_eq!(judge("eve", "bob", Some(Level::Free)), "accept", "a standing yes for this pair is");
    let mut long = from_ann(Some(Level::Asks), 3);
    long.from = name("eve");
    assert_eq!(word(&config.judge(&long, &name("bob"), None)), "hold", "but not to an endless chain");
}

#[test]
fn a_letter_is_held_or_refused_when_it_is_sent_and_the_sender_is_told() {
    let post = Post::new().agent("ann").agent("bob").agent("eve");
    config(&post, "[agents.bob]\npolicy = \"hold\"\n[agents.eve]\npolicy = \"refuse\"\n");
    let sent = post.send("ann", "bob", &says("please")).unwrap();
    assert_eq!(sent[0].fate, Fate::Held("config.toml holds letters from ann to bob".into()));
    assert_eq!(post.at("bob").state_of(&sent[0].id), Some(State::Held));
    assert!(waiting(&post.at("bob")).is_empty());

    let files = post.files();
    let refused = post.send("ann", "eve", &says("please")).unwrap_err();
    assert!(matches!(refused, SendError::Refused { .. }), "{refused}");
    assert_eq!(refused.to_string(), "eve does not take this letter: config.toml refuses letters from ann to eve");
    assert!(post.files() <= files + 1, "nothing but the sender's own lock");
}

#[test]
fn a_rule_follows_its_agent_through_a_rename() {
    let post = Post::new().agent("ann").agent("bob").agent("eve");
    config(&post, "[from]\neve = \"refuse\"\n[agents.bob]\npolicy = \"hold\"\n");
    identity::rename(&post.home, &post.at("bob"), &name("bobby")).unwrap();
    assert!(matches!(post.send("ann", "bob", &says("one")).unwrap()[0].fate, Fate::Held(_)));
    assert!(matches!(post.send("ann", "bobby", &says("two")).unwrap()[0].fate, Fate::Held(_)));
    identity::rename(&post.home, &post.at("eve"), &name("evelyn")).unwrap();
    assert!(matches!(post.send("evelyn", "ann", &says("three")).unwrap_err(), SendError::Refused { .. }));
}

#[test]
fn the_level_a_session_has_now_counts_when_a_letter_is_sent() {
    let post = Post::new().agent("ann").agent("bob");
    let acts = |agent: &str, level: Level| {
        let mailbox = post.at(agent);
        Record::change(&mailbox, noon(), |record| record.level = Some(level)).unwrap();
    };
    acts("ann", Level::Asks);
    acts("bob", Level::Asks);
    post.send("ann", "bob", &says("one")).unwrap();
    acts("bob", Level::Free);
    post.send("ann", "bob", &says("two")).unwrap();
    assert_eq!(texts(&post.at("bob")), ["one"]);
    assert_eq!(post.at("bob").ids(State::Held).unwrap().len(), 1);
}

#[test]
fn a_configuration_that_cannot_be_read_lets_nothing_through_and_says_where() {
    let post = Post::new().agent("ann").agent("bob");
    for broken in ["policy = \"sometimes\"", "polcy = \"hold\"", "policy", "[agents.\"Not A Name\"]\npolicy = \"hold\""]
    {
        fs::write(post.home.path().join("config.toml"), broken).unwrap();
        let error = post.send("ann", "bob", &says("hello")).unwrap_err();
        assert!(matches!(error, SendError::Config(_)), "{error}");
        assert!(error.to_string().contains("config.toml"), "{error}");
        assert!(!error.to_string().contains('\n'), "{error}");
    }
    assert!(waiting(&post.at("bob")).is_empty());
}
