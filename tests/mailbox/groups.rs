//! One letter to many: `@all`, `@repo`, `@dir`.

use std::{fs, path::Path};

use cc2cc::{
    agent::{Record, groups, send::Draft},
    mailbox::{State, presence::Presence},
};

use super::post::{Post, noon, says, waiting};

/// Ann, bob and eve work in one repository, ann and bob in the same directory of it; zoe elsewhere.
fn scene() -> Post {
    let post = Post::new().agent("ann").agent("bob").agent("eve").agent("zoe").agent("user");
    let repo = post.folder("repo");
    fs::create_dir(repo.join(".git")).unwrap();
    fs::write(repo.join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
    let place = |agent: &str, cwd: &Path| {
        Record::change(&post.at(agent), noon(), |record| record.locate(cwd)).unwrap();
    };
    place("ann", &post.folder("repo/src"));
    place("bob", &post.folder("repo/src"));
    place("eve", &post.folder("repo/docs"));
    place("zoe", &post.folder("elsewhere"));
    post
}

fn online(post: &Post, agents: &[&str]) -> Vec<Presence> {
    agents.iter().map(|agent| post.at(agent).hold_presence().unwrap()).collect()
}

fn reached(post: &Post, address: &str, draft: &Draft) -> Vec<String> {
    post.send("ann", address, draft).unwrap().into_iter().map(|sent| sent.to.to_string()).collect()
}

#[test]
fn a_group_is_those_who_are_there_and_never_the_sender() {
    let post = scene();
    let _there = online(&post, &["ann", "bob", "eve", "zoe", "user"]);
    assert_eq!(reached(&post, "@all", &says("to all")), ["bob", "eve", "zoe"]);
    assert_eq!(reached(&post, "@repo", &says("to the repository")), ["bob", "eve"]);
    assert_eq!(reached(&post, "@dir", &says("to the directory")), ["bob"]);
    let letter = &waiting(&post.at("eve"))[1];
    assert_eq!(letter.origin.sent_to.as_deref(), Some("@repo"));
    assert_eq!(letter.to.as_str(), "eve");
}

#[test]
fn those_who_are_away_are_left_out_unless_they_are_asked_for() {
    let post = scene();
    let _there = online(&post, &["eve"]);
    assert_eq!(reached(&post, "@all", &says("there")), ["eve"]);
    assert_eq!(reached(&post, "@all", &Draft { offline_too: true, ..says("away, too") }), ["bob", "eve", "zoe"]);
    assert_eq!(reached(&post, "@dir", &Draft { offline_too: true, ..says("away, here") }), ["bob"]);
    let error = post.send("ann", "@dir", &says("x")).unwrap_err();
    assert_eq!(error.to_string(), "nobody to send to: @dir means no agent that is online");
}

#[test]
fn outside_of_any_repository_there_is_no_repo_to_write_to() {
    let post = scene();
    let _there = online(&post, &["ann", "bob", "eve", "zoe"]);
    let error = post.send("zoe", "@repo", &Draft { offline_too: true, ..says("x") }).unwrap_err();
    let here = post.folder("elsewhere");
    assert_eq!(
        error.to_string(),
        format!("@repo means the agents in your git repository, and {} is in none", here.display())
    );
}

#[test]
fn a_letter_to_a_group_is_one_letter_with_a_copy_for_each() {
    let post = scene();
    let sent = post.send("ann", "@all", &Draft { offline_too: true, ..says("x") }).unwrap();
    assert!(sent.iter().all(|copy| copy.id == sent[0].id));
    let copies = cc2cc::agent::status::find(&post.home, &sent[0].id).unwrap();
    assert_eq!(copies.len(), 3);
    assert!(copies.iter().all(|copy| copy.state == State::Inbox && copy.letter.to == *copy.mailbox.name()));
}

#[test]
fn a_group_reaches_those_who_joined_it_wherever_they_work() {
    let post = scene();
    let _there = online(&post, &["ann", "bob", "zoe"]);
    let join = |agent: &str, group: &str| groups::join(&post.at(agent), [group.parse().unwrap()], noon()).unwrap();
    for agent in ["ann", "zoe", "eve"] {
        assert_eq!(join(agent, "backend"), ["backend".parse().unwrap()]);
    }
    assert_eq!(join("zoe", "@backend"), [], "once");
    assert_eq!(reached(&post, "@backend", &says("hello")), ["zoe"], "eve is away");
    assert_eq!(waiting(&post.at("zoe"))[0].origin.sent_to.as_deref(), Some("@backend"));
    assert_eq!(reached(&post, "@backend", &Draft { offline_too: true, ..says("all") }), ["eve", "zoe"]);
    assert_eq!(reached(&post, "bob,@backend", &says("more")), ["bob", "zoe"]);

    assert!(groups::leave(&post.at("zoe"), &"backend".parse().unwrap(), noon()).unwrap());
    assert!(!groups::leave(&post.at("zoe"), &"backend".parse().unwrap(), noon()).unwrap());
    let error = post.send("ann", "@backend", &says("x")).unwrap_err();
    assert_eq!(error.to_string(), "nobody to send to: @backend means no agent that is online");
}

#[test]
fn a_group_that_is_not_there_names_those_that_are_and_an_agent_may_be_meant() {
    let post = scene();
    let error = post.send("ann", "@frontend", &says("x")).unwrap_err();
    assert_eq!(error.to_string(), "no group named `@frontend`");
    assert_eq!(error.hint().unwrap(), "there is no group yet; `cc2cc join NAME` in a session begins one");
    groups::join(&post.at("zoe"), ["shop", "backend"].map(|group| group.parse().unwrap()), noon()).unwrap();
    let error = post.send("ann", "bob,@frontend", &says("x")).unwrap_err();
    assert_eq!(error.hint().unwrap(), "there is @backend, @shop; `cc2cc join NAME` in a session begins another");
    assert_eq!(waiting(&post.at("bob")).len(), 0, "nothing is sent");

    let sent = post.send("ann", "@bob", &says("to you alone")).unwrap();
    assert_eq!((sent.len(), waiting(&post.at("bob"))[0].origin.sent_to.as_deref()), (1, None));
}

#[test]
fn whoever_is_renamed_stays_in_the_group() {
    let post = scene();
    groups::join(&post.at("zoe"), ["shop".parse().unwrap()], noon()).unwrap();
    cc2cc::agent::identity::rename(&post.home, &post.at("zoe"), &"yak".parse().unwrap()).unwrap();
    assert_eq!(reached(&post, "@shop", &Draft { offline_too: true, ..says("hello") }), ["yak"]);
}

#[test]
fn a_record_that_cannot_be_read_is_left_as_it_is_and_nothing_is_claimed() {
    let post = scene();
    let file = post.at("zoe").path().join("agent.json");
    fs::write(&file, "{ torn").unwrap();
    let error = groups::join(&post.at("zoe"), ["shop".parse().unwrap()], noon()).unwrap_err();
    assert!(error.to_string().contains("agent.json"), "{error}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "{ torn");
}
