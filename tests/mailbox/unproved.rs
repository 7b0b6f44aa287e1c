//! A letter goes back to the inbox only when the transcript shows that its turn went by without it, and costs little.

use cc2cc::{
    agent::{Activity, Record, unproved::Unproved},
    clients::rows::length,
    delivery::settle::rests_until,
    mailbox::{
        Moved, State,
        receipt::{Receipt, Step},
    },
};
use jiff::Timestamp;

use super::{
    claimed::{Story, a_letter_delivered, a_letter_in_hand, framed, settled},
    post::{Post, after_noon, noon, steps},
    transcript::{
        Transcript, answer, api_error, began, blocked, context, enqueued, interrupted, queued_command, taken,
        tool_result, turn_end, user,
    },
};

#[test]
fn time_alone_brings_no_letter_back() {
    let story = a_letter_delivered();
    let Story { transcript, bob, id, .. } = &story;
    transcript.row(&user("hello"));
    for seconds in [3, 60, 3600, 24 * 3600] {
        assert_eq!(settled(bob, id, after_noon(seconds)), Some(State::Claimed), "{seconds} s into the turn");
    }
    transcript.row(&turn_end());
    assert_eq!(settled(bob, id, after_noon(3)), Some(State::Inbox));
    assert_eq!(steps(bob, id), [Step::Claimed, Step::Delivered, Step::Returned]);
    assert_eq!(story.last().1.as_deref(), Some("its turn ended without it"));
}

#[test]
fn a_turn_ends_in_each_of_its_ways() {
    for end in [turn_end(), interrupted(), api_error()] {
        let Story { transcript, bob, id, .. } = &a_letter_delivered();
        transcript.row(&user("hello"));
        assert_eq!(settled(bob, id, after_noon(60)), Some(State::Claimed));
        transcript.row(&end);
        assert_eq!(settled(bob, id, after_noon(60)), Some(State::Inbox), "{end}");
    }
}

#[test]
fn the_end_of_the_turn_before_is_not_the_end_of_its_own() {
    let story = a_letter_delivered();
    let Story { transcript, bob, id, .. } = &story;
    transcript.row(&turn_end());
    assert_eq!(settled(bob, id, after_noon(60)), Some(State::Claimed));
    // Its own turn never comes: the session has sat idle since.
    story.session_is(Activity::Idle, after_noon(60));
    assert_eq!(settled(bob, id, after_noon(61)), Some(State::Claimed));
    assert_eq!(settled(bob, id, after_noon(76)), Some(State::Inbox));
}

#[test]
fn a_prompt_in_the_queue_keeps_its_letter_until_the_client_comes_to_it() {
    // The prompt before it in the queue was there at the claim.
    let post = Post::new().agent("ann").agent("bob");
    let transcript = Transcript::of(&post);
    transcript.row(&user("wait for it")).row(&enqueued("and this"));
    let id = post.claimed("bob", Some(transcript.path()));
    let story = Story { bob: post.at("bob"), post, transcript, id };
    story.delivered(noon()).session_is(Activity::Busy, noon());
    let Story { transcript, bob, id, .. } = &story;
    transcript.row(&enqueued("and that")).row(&taken("dequeue"));
    transcript.row(&user("and this")).row(&interrupted()).row(&turn_end());
    assert_eq!(settled(bob, id, after_noon(60)), Some(State::Claimed), "its prompt waits on");
    // The row about the queue comes before the end of the turn before, and before its own rows.
    transcript.row(&taken("dequeue")).row(&turn_end());
    assert_eq!(settled(bob, id, after_noon(60)), Some(State::Claimed), "its rows are still to come");
    transcript.row(&user("and that"));
    assert_eq!(settled(bob, id, after_noon(60)), Some(State::Claimed));
    transcript.row(&context("UserPromptSubmit", &framed(bob, id))).row(&answer()).row(&turn_end());
    assert_eq!(settled(bob, id, after_noon(60)), Some(State::Done));
}

#[test]
fn a_prompt_that_joins_a_turn_proves_its_letter_there_or_loses_it() {
    for with_it in [true, false] {
        let story = a_letter_delivered();
        let Story { transcript, bob, id, .. } = &story;
        transcript.row(&enqueued("and this")).row(&tool_result("went")).row(&taken("remove"));
        assert_eq!(settled(bob, id, after_noon(600)), Some(State::Claimed));
        transcript.row(&queued_command("and this"));
        if with_it {
            transcript.row(&context("UserPromptSubmit", &framed(bob, id)));
        }
        transcript.row(&turn_end());
        let state = if with_it { State::Done } else { State::Inbox };
        assert_eq!(settled(bob, id, after_noon(600)), Some(state));
    }
}

#[test]
fn a_queue_ends_with_its_client_and_when_the_person_takes_it_back() {
    for rows in [vec![taken("popAll"), taken("popAll")], vec![began("resume")]] {
        let story = a_letter_delivered();
        story.transcript.row(&enqueued("and this")).row(&enqueued("and that"));
        for row in &rows {
            assert_eq!(settled(&story.bob, &story.id, after_noon(60)), Some(State::Claimed));
            story.transcript.row(row);
        }
        story.whole_turn();
        assert_eq!(settled(&story.bob, &story.id, after_noon(60)), Some(State::Inbox), "{rows:?}");
    }
}

#[test]
fn a_blocked_prompt_gives_its_letter_back_as_often_as_it_takes() {
    let story = a_letter_delivered();
    let Story { transcript, bob, id, .. } = &story;
    let mut pauses = Vec::new();
    for _ in 0..6 {
        transcript.row(&blocked());
        assert_eq!(settled(bob, id, after_noon(60)), Some(State::Inbox));
        let receipts = bob.receipts(id);
        pauses.push(rests_until(&receipts).unwrap().duration_since(receipts.last().unwrap().at).as_secs());
        story.claimed_again(noon());
    }
    assert_eq!(pauses, [5, 30, 120, 600, 3600, 3600]);
    let blocked = Record::of(bob).blocked.expect("it is said what is in the way");
    assert_eq!((blocked.since, blocked.why.as_str()), (after_noon(60), "another hook blocks its wakes"));
    transcript.row(&user("go on")).row(&context("UserPromptSubmit", &framed(bob, id))).row(&answer()).row(&turn_end());
    assert_eq!(settled(bob, id, after_noon(61)), Some(State::Done));
    assert_eq!(Record::of(bob).blocked, None, "it has come through");
}

#[test]
fn a_letter_costs_two_more_turns_at_most() {
    let story = a_letter_delivered();
    let Story { bob, id, .. } = &story;
    for pause in [5, 60] {
        story.whole_turn();
        assert_eq!(settled(bob, id, after_noon(60)), Some(State::Inbox));
        let receipts = bob.receipts(id);
        assert_eq!(rests_until(&receipts), Some(receipts.last().unwrap().at + jiff::SignedDuration::from_secs(pause)));
        story.claimed_again(noon());
    }
    story.whole_turn();
    assert_eq!(settled(bob, id, after_noon(60)), Some(State::Done));
    assert_eq!(story.last(), (Step::Unproved, Some("the session's transcript never showed it".to_owned())));
    assert!(!steps(bob, id).contains(&Step::Seen));

    let line = Unproved::news(bob, Some("c8f4")).expect("a line for the person");
    assert!(line.contains("never showed it") && line.contains("cc2cc doctor"), "{line}");
    Unproved::note_shown(bob, Some("c8f4")).unwrap();
    assert_eq!(Unproved::news(bob, Some("c8f4")), None, "once");
    assert!(!Unproved::of(bob, Some("c8f4")).unwrap().is_enough(), "one letter is no proof against a record");
}

#[test]
fn after_two_such_letters_a_session_is_not_asked_any_more() {
    let story = a_letter_delivered();
    let bob = &story.bob;
    for id in ["a", "b"] {
        Unproved::add(bob, Some("c8f4"), &id.parse().unwrap(), "never shown", noon()).unwrap();
    }
    story.whole_turn();
    assert_eq!(settled(bob, &story.id, after_noon(60)), Some(State::Done), "delivered once, and left at that");
    assert_eq!(story.last().0, Step::Unproved);
    // Another session of the same agent is asked again.
    assert_eq!(Unproved::of(bob, Some("another")), None);
}

#[test]
fn a_letter_that_never_left_its_delivery_is_not_lost_and_stops_waking() {
    let story = a_letter_in_hand();
    story.session_is(Activity::Busy, noon());
    let Story { bob, id, .. } = &story;
    for round in 1..5 {
        story.whole_turn();
        assert_eq!(settled(bob, id, after_noon(29)), Some(State::Claimed), "its process may only be slow");
        assert_eq!(settled(bob, id, after_noon(30)), Some(State::Inbox));
        assert_eq!(rests_until(&bob.receipts(id)) == Some(Timestamp::MAX), round > 2, "after {round}");
        let mut note = Receipt::at(Step::Claimed, noon());
        note.evidence = Some(story.transcript.path().display().to_string());
        note.offset = Some(length(story.transcript.path()));
        bob.claim(id, &note).unwrap();
    }
}

#[test]
fn a_transcript_that_is_not_written_costs_no_turn() {
    let story = a_letter_delivered();
    let Story { transcript, bob, id, .. } = &story;
    transcript.row(&user("before"));
    story.bob.give_back(id).unwrap();
    story.claimed_again(noon());
    assert_eq!(settled(bob, id, after_noon(3600)), Some(State::Claimed), "its turn is under way");
    story.session_is(Activity::Idle, after_noon(3600));
    assert_eq!(settled(bob, id, after_noon(3601)), Some(State::Claimed));
    assert_eq!(settled(bob, id, after_noon(3620)), Some(State::Done));
    assert_eq!(story.last(), (Step::Unproved, Some("the session's transcript is not written".to_owned())));
}

#[test]
fn rows_of_an_unknown_shape_cost_two_turns_at_most() {
    // The row of the context has another name.
    let story = a_letter_delivered();
    let row = context("UserPromptSubmit", &framed(&story.bob, &story.id));
    let row = row.to_string().replace("hook_additional_context", "injected_context");
    story.transcript.row(&user("go on")).raw(&format!("{row}\n")).row(&turn_end());
    assert_eq!(settled(&story.bob, &story.id, after_noon(60)), Some(State::Done), "it is there, whatever it is called");
    let why = "the session's transcript has rows that cc2cc does not know";
    assert_eq!(story.last(), (Step::Unproved, Some(why.to_owned())));

    // All rows have another name.
    let story = a_letter_delivered();
    story.transcript.raw("{\"kind\":\"prompt\"}\n{\"kind\":\"end\"}\n");
    assert_eq!(settled(&story.bob, &story.id, after_noon(3600)), Some(State::Claimed));
    story.session_is(Activity::Idle, after_noon(60));
    assert_eq!(settled(&story.bob, &story.id, after_noon(80)), Some(State::Done));
    assert_eq!(story.last(), (Step::Unproved, Some(why.to_owned())));
}

#[test]
fn of_two_who_judge_one_claim_the_second_undoes_nothing() {
    let Story { bob, id, .. } = &a_letter_in_hand();
    let judged = bob.receipts(id).len();
    assert_eq!(bob.give_back_if_still(id, judged, "why").unwrap(), Moved::Mine);
    bob.claim(id, &Receipt::at(Step::Claimed, noon())).unwrap();
    assert_eq!(bob.give_back_if_still(id, judged, "why").unwrap(), Moved::Gone);
    assert_eq!(bob.finish_if_still(id, judged, &Receipt::now(Step::Unproved)).unwrap(), Moved::Gone);
    assert_eq!(bob.state_of(id), Some(State::Claimed));
}

#[test]
fn without_a_transcript_a_delivered_letter_is_done_but_never_seen() {
    let story = a_letter_delivered();
    let Story { transcript, bob, id, .. } = &story;
    assert!(!transcript.path().exists());

    assert_eq!(settled(bob, id, after_noon(3600)), Some(State::Claimed), "its first turn may be slow to begin");
    story.session_is(Activity::Idle, after_noon(60));
    assert_eq!(settled(bob, id, after_noon(80)), Some(State::Done));
    assert_eq!(steps(bob, id), [Step::Claimed, Step::Delivered, Step::Unproved]);
    assert!(Unproved::of(bob, Some("c8f4")).unwrap().is_enough(), "there is nothing to ask");
}

#[test]
fn without_a_transcript_a_claim_that_never_left_its_delivery_waits_again() {
    for path in [None, Some("/nowhere/c8f4.jsonl".as_ref())] {
        let post = Post::new().agent("ann").agent("bob");
        let id = post.claimed("bob", path);
        assert_eq!(settled(&post.at("bob"), &id, after_noon(60)), Some(State::Inbox));
    }
}

#[test]
fn what_a_session_took_with_it_comes_back_to_the_next() {
    let story = a_letter_delivered();
    let Story { transcript, bob, id, .. } = &story;
    transcript.row(&user("hello"));
    Record::change(bob, after_noon(3), |record| record.ended = Some(after_noon(3))).unwrap();
    assert_eq!(settled(bob, id, after_noon(60)), Some(State::Inbox));
    assert_eq!(story.last().1.as_deref(), Some("its session ended"));
    assert_eq!(rests_until(&bob.receipts(id)), None, "the next one is woken at once");

    // One that was killed: another process has the mailbox now.
    let post = Post::new().agent("ann").agent("bob");
    let letter = post.posted("ann", "bob", "hello");
    let bob = post.at("bob");
    let mut note = Receipt::at(Step::Claimed, noon());
    note.evidence = Some(transcript.path().display().to_string());
    note.host = Some("1-1".to_owned());
    bob.claim(&letter.id, &note).unwrap();
    bob.note(&letter.id, &Receipt::at(Step::Delivered, noon())).unwrap();
    Record::change(&bob, noon(), |record| record.host = Some("1-1".to_owned())).unwrap();
    assert_eq!(settled(&bob, &letter.id, after_noon(60)), Some(State::Claimed));
    Record::change(&bob, noon(), |record| record.host = Some("2-2".to_owned())).unwrap();
    assert_eq!(settled(&bob, &letter.id, after_noon(60)), Some(State::Inbox));
}
