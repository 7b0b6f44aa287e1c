//! Letters that go in by other ways than a hook: as a channel message, or as the result of a tool.

use cc2cc::{
    agent::Activity,
    delivery::{evidence::Way, settle::rests_until},
    mailbox::{
        State,
        receipt::{Receipt, Step},
    },
};

use super::{
    claimed::{Story, a_letter_in_hand, framed, settled},
    post::{Post, after_noon, noon},
    transcript::{
        Transcript, answer, channel_in_a_turn, channel_queued, channel_turn, context, taken, tool_result, turn_end,
        user,
    },
};

/// Bob's letter has been on its way since noon, by another way than his delivery.
fn a_letter_on_the_way(way: Way) -> Story {
    let post = Post::new().agent("ann").agent("bob");
    let transcript = Transcript::of(&post);
    let letter = post.posted("ann", "bob", "hello");
    let mut note = Receipt::at(Step::Claimed, noon());
    note.via = way.word();
    note.evidence = Some(transcript.path().display().to_string());
    let bob = post.at("bob");
    bob.claim(&letter.id, &note).unwrap();
    bob.note(&letter.id, &Receipt::at(Step::Delivered, noon())).unwrap();
    Story { post, transcript, bob, id: letter.id }
}

#[test]
fn a_channel_message_is_proved_where_it_went_in() {
    for row in [channel_turn, channel_in_a_turn] {
        let Story { transcript, bob, id, .. } = &a_letter_on_the_way(Way::Push);
        transcript.row(&channel_queued(id.as_str())).row(&taken("dequeue")).row(&row(id.as_str()));
        transcript.row(&answer()).row(&turn_end());
        assert_eq!(settled(bob, id, after_noon(1)), Some(State::Done));
    }
    let Story { transcript, bob, id, .. } = &a_letter_on_the_way(Way::Push);
    transcript.row(&context("Stop", &framed(bob, id))).row(&tool_result(&framed(bob, id)));
    assert_eq!(settled(bob, id, after_noon(60)), Some(State::Inbox));
}

#[test]
fn a_channel_message_that_the_client_keeps_for_later_is_left_to_it() {
    let story = a_letter_on_the_way(Way::Push);
    let Story { transcript, bob, id, .. } = &story;
    story.session_is(Activity::Busy, noon());
    transcript.row(&channel_queued(id.as_str()));
    assert_eq!(settled(bob, id, after_noon(24 * 3600)), Some(State::Claimed));
    transcript.row(&taken("remove"));
    story.whole_turn();
    assert_eq!(settled(bob, id, after_noon(60)), Some(State::Inbox));
}

#[test]
fn a_push_that_no_transcript_knows_is_taken_back() {
    let Story { transcript, bob, id, .. } = &a_letter_on_the_way(Way::Push);
    assert!(!transcript.path().exists());
    assert_eq!(settled(bob, id, after_noon(60)), Some(State::Inbox));
}

#[test]
fn mail_in_the_result_of_a_tool_is_proved_there_or_goes_back_with_the_end_of_the_turn() {
    let Story { transcript, bob, id, .. } = &a_letter_on_the_way(Way::Tool);
    transcript.row(&tool_result(&framed(bob, id))).row(&answer()).row(&turn_end());
    assert_eq!(settled(bob, id, after_noon(1)), Some(State::Done));

    let Story { transcript, bob, id, .. } = &a_letter_on_the_way(Way::Tool);
    transcript.row(&tool_result("another"));
    assert_eq!(settled(bob, id, after_noon(60)), Some(State::Claimed));
    transcript.row(&turn_end());
    assert_eq!(settled(bob, id, after_noon(60)), Some(State::Inbox));
}

#[test]
fn without_hooks_a_claim_has_ten_minutes() {
    let story = a_letter_on_the_way(Way::Tool);
    let Story { transcript, bob, id, .. } = &story;
    transcript.row(&user("hello"));
    assert_eq!(settled(bob, id, after_noon(599)), Some(State::Claimed));
    assert_eq!(settled(bob, id, after_noon(600)), Some(State::Done));
    assert_eq!(story.last().0, Step::Unproved);
}

#[test]
fn a_letter_that_came_back_before_reasons_were_noted_wakes_at_once() {
    let Story { bob, id, .. } = &a_letter_in_hand();
    bob.give_back(id).unwrap();
    assert_eq!(rests_until(&bob.receipts(id)), None);
}
