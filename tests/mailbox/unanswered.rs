//! A letter whose request was not answered is in the conversation, and not seen: it goes before the model with the next
//! turn that works.

use cc2cc::{
    agent::Activity,
    mailbox::{State, receipt::Step},
};
use serde_json::Value;

use super::{
    claimed::{Story, a_letter_delivered, framed, settled},
    post::{after_noon, noon},
    transcript::{answer, api_error, context, interrupted, turn_end, user},
};

/// What a transcript shows of a letter's turn that has not worked, up to where the session sits idle.
fn a_letter_in_a_turn(rows: &[Value]) -> Story {
    let story = a_letter_delivered();
    let Story { transcript, bob, id, .. } = &story;
    transcript.row(&user("hello")).row(&context("UserPromptSubmit", &framed(bob, id)));
    for row in rows {
        transcript.row(row);
    }
    story.session_is(Activity::Idle, noon());
    story
}

#[test]
fn a_letter_whose_request_failed_is_not_seen_until_a_turn_works_again() {
    for rows in [vec![api_error()], vec![answer(), api_error()], vec![api_error(), turn_end()]] {
        let story = a_letter_in_a_turn(&rows);
        let Story { transcript, bob, id, .. } = &story;
        assert_eq!(settled(bob, id, after_noon(59)), Some(State::Claimed), "{rows:?}");
        // It is still in the conversation, so the next request brings it, and not a second time.
        transcript.row(&user("go on"));
        assert_eq!(settled(bob, id, after_noon(59)), Some(State::Claimed), "{rows:?}");
        transcript.row(&answer()).row(&turn_end());
        assert_eq!(settled(bob, id, after_noon(59)), Some(State::Done), "{rows:?}");
        assert_eq!(story.last().0, Step::Seen);
    }
}

#[test]
fn after_an_error_a_letter_is_tried_twice_more_and_then_stays_in_the_conversation() {
    let story = a_letter_in_a_turn(&[api_error()]);
    let Story { transcript, bob, id, .. } = &story;
    let fails_again = |at| {
        story.claimed_again(after_noon(at));
        transcript.row(&context("UserPromptSubmit", &framed(bob, id))).row(&api_error());
        story.session_is(Activity::Idle, after_noon(at));
    };
    assert_eq!(settled(bob, id, after_noon(60)), Some(State::Inbox));
    assert_eq!(story.last().1.as_deref(), Some("its turn failed"));
    fails_again(100);
    assert_eq!(settled(bob, id, after_noon(100 + 599)), Some(State::Claimed));
    assert_eq!(settled(bob, id, after_noon(100 + 600)), Some(State::Inbox));
    fails_again(1_000);
    assert_eq!(settled(bob, id, after_noon(1_000_000)), Some(State::Claimed));
    transcript.row(&user("go on")).row(&answer()).row(&turn_end());
    assert_eq!(settled(bob, id, after_noon(1_000_000)), Some(State::Done));
}

#[test]
fn a_letter_whose_turn_was_cut_before_the_answer_waits_for_the_next_turn() {
    let story = a_letter_in_a_turn(&[interrupted(), turn_end()]);
    let Story { transcript, bob, id, .. } = &story;
    assert_eq!(
        settled(bob, id, after_noon(1_000_000)),
        Some(State::Claimed),
        "nobody wakes a session that was stopped"
    );
    transcript.row(&user("go on")).row(&answer()).row(&turn_end());
    assert_eq!(settled(bob, id, after_noon(1_000_000)), Some(State::Done));
}
