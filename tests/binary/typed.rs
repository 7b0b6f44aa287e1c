//! What a person types into a session and cc2cc answers by itself, without the model.

use insta::assert_snapshot;
use serde_json::Value;

use crate::{redact::redact, session::Session, world::World};

/// The answer the person sees; the prompt goes no further.
#[track_caller]
fn answered(session: &Session, prompt: &str) -> String {
    let answer = session.prompt(prompt).fine().json();
    assert_eq!(answer["decision"], "block", "{answer}");
    assert_eq!(answer["hookSpecificOutput"]["suppressOriginalPrompt"], true, "{answer}");
    assert_eq!(answer["hookSpecificOutput"].get("additionalContext"), None, "{answer}");
    redact(answer["reason"].as_str().unwrap(), &session.world.path(""))
}

#[test]
fn send_stores_the_text_as_typed() {
    let world = World::new().agent("ann");
    let session = world.session("calm-owl").started();
    assert_snapshot!(answered(&session, "/cc2cc:send ann hello  there \"x\" $HOME\nsecond line"), @"stored for ann (offline, finds it on return) · ID");
    let letter = &world.waiting("ann")[0];
    assert_eq!(
        (letter.from.as_str(), letter.content.text.as_str()),
        ("calm-owl", "hello  there \"x\" $HOME\nsecond line")
    );
    assert_eq!(letter.origin.hops, 0, "a person has spoken");
    assert_snapshot!(answered(&session, "/cc2cc:send amn hello"), @"
    cc2cc: no agent named `amn`
    hint: did you mean `ann`? `cc2cc agents --all` lists everyone
    ");
    assert_snapshot!(answered(&session, "/cc2cc:send"), @"
    cc2cc: say to whom and what
    hint: /cc2cc:send calm-owl please run the tests
    ");
    assert_snapshot!(answered(&session, "/cc2cc:send ann"), @"
    cc2cc: say to whom and what
    hint: /cc2cc:send calm-owl please run the tests
    ");
    assert_snapshot!(answered(&session, "/cc2cc:send @all hello"), @"
    cc2cc: nobody to send to: @all means no agent that is online
    hint: only those online are meant; a letter to a name also reaches those who are away
    ");
    assert_eq!(world.waiting("ann").len(), 1);
}

#[test]
fn inbox_lists_and_takes_nothing() {
    let world = World::new().agent("ann");
    let session = world.session("calm-owl").started();
    assert_snapshot!(answered(&session, "/cc2cc:inbox"), @"no letters for calm-owl yet");
    world.posted("ann", "calm-owl", "hello");
    assert_snapshot!(answered(&session, "/cc2cc:inbox"), @"
    the newest letters for calm-owl
    ID  inbox  ann  just now  hello
    ");
    assert_eq!(world.waiting("calm-owl").len(), 1);
}

#[test]
fn who_tells_the_name_and_those_online() {
    let world = World::new().agent("ann");
    let session = world.session("calm-owl").started();
    let _there = world.at("calm-owl").hold_presence().unwrap();
    assert_snapshot!(answered(&session, "/cc2cc:who"), @"
    you are calm-owl
    calm-owl (you)  idle  /world/work  just now
    ");
}

#[test]
fn a_prompt_that_only_mentions_a_command_goes_its_way() {
    let world = World::new();
    let session = world.session("calm-owl").started();
    for prompt in ["tell me about /cc2cc:inbox", "/cc2cc:unknown", "/cc2cc", "/other:send ann hi", "cc2cc:who"] {
        let said = session.prompt(prompt).fine();
        let answer: Value = serde_json::from_str(&said.out).unwrap_or_default();
        assert_eq!(answer.get("decision"), None, "{prompt}: {said}");
    }
}
