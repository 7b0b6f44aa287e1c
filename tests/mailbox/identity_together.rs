//! Which agent a session is when everything happens at once.

use std::{collections::HashSet, sync::Barrier, thread};

use cc2cc::{
    agent::identity::{self, Claim, Claimant},
    mailbox::name::AgentName,
};

use super::post::{Post, claimant, name, starting};

/// All claims, made in the same instant.
fn together(post: &Post, claimants: &[Claimant]) -> Vec<Claim> {
    let line = Barrier::new(claimants.len());
    thread::scope(|scope| {
        let claims: Vec<_> = claimants
            .iter()
            .map(|claimant| {
                let line = &line;
                scope.spawn(move || {
                    line.wait();
                    identity::claim(&post.home, claimant).unwrap()
                })
            })
            .collect();
        claims.into_iter().map(|claim| claim.join().unwrap()).collect()
    })
}

fn names(claims: &[Claim]) -> HashSet<AgentName> {
    claims.iter().map(|claim| claim.mailbox.name().clone()).collect()
}

#[test]
fn hook_server_and_waker_of_one_session_agree_on_one_name() {
    for _ in 0..30 {
        let post = Post::new();
        let claims = together(&post, &[starting("p1", "s1"), claimant("p1"), starting("p1", "s1"), claimant("p1")]);
        assert_eq!(names(&claims).len(), 1);
        assert_eq!(post.home.mailboxes().unwrap().len(), 1);
    }
}

#[test]
fn sessions_that_start_together_never_share_a_name() {
    let post = Post::new();
    let claimants: Vec<_> = (0..24).map(|n| starting(&format!("p{n}"), &format!("s{n}"))).collect();
    let claims = together(&post, &claimants);
    assert_eq!(names(&claims).len(), 24);
    assert_eq!(post.home.mailboxes().unwrap().len(), 24);
}

#[test]
fn of_sessions_that_ask_for_one_name_together_one_gets_it() {
    let post = Post::new();
    let claimants: Vec<_> = (0..4)
        .map(|n| Claimant { wanted: Some(name("brave-fox")), ..starting(&format!("p{n}"), &format!("s{n}")) })
        .collect();
    let claims = together(&post, &claimants);
    assert_eq!(names(&claims).len(), 4);
    let denied = claims.iter().filter(|claim| claim.denied == Some(name("brave-fox"))).count();
    assert_eq!(denied, 3);
    assert!(claims.iter().any(|claim| claim.mailbox.name() == &name("brave-fox") && claim.denied.is_none()));
}

#[test]
fn of_two_that_resume_one_session_together_one_gets_the_mailbox() {
    let post = Post::new();
    let before = identity::claim(&post.home, &starting("p0", "s1")).unwrap().mailbox;
    super::post::abandoned(&before);
    let claims = together(&post, &[starting("p1", "s1"), starting("p2", "s1")]);
    assert_eq!(names(&claims).len(), 2);
    assert!(names(&claims).contains(before.name()));
}

#[test]
fn a_rename_amid_claims_leaves_one_agent_with_the_new_name() {
    for _ in 0..20 {
        let post = Post::new();
        let fox = identity::claim(&post.home, &starting("p1", "s1")).unwrap().mailbox;
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| identity::claim(&post.home, &claimant("p1")).unwrap());
            }
            scope.spawn(|| identity::rename(&post.home, &fox, &name("calm-owl")).unwrap());
        });
        assert_eq!(post.home.mailboxes().unwrap().len(), 1);
        assert_eq!(post.at(fox.name().as_str()).name(), &name("calm-owl"));
    }
}
