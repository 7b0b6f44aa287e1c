//! The receipts of a letter that waits for very long.

use cc2cc::mailbox::receipt::{Receipt, Step};

use super::post::{Post, after_noon, noon, texts};

#[test]
fn a_letter_notified_every_hour_for_two_years_still_waits() {
    let post = Post::new().agent("ann").agent("bob");
    let bob = post.at("bob");
    let id = post.posted("ann", "bob", "still here").id;
    let note = |step, at| bob.note(&id, &Receipt::at(step, at)).unwrap();
    note(Step::Accepted, noon());
    for hour in 0..2 * 365 * 24 {
        note(Step::Notified, after_noon(hour * 3600));
    }
    assert_eq!(texts(&bob), ["still here"]);
    let receipts = bob.receipts(&id);
    assert_eq!(receipts[0].step, Step::Accepted, "a person's word stays");
    assert_eq!(receipts[1].at, noon(), "and when it was first");
    assert_eq!(receipts.last().unwrap().at, after_noon((2 * 365 * 24 - 1) * 3600));
    assert!(receipts.len() > 10 && receipts.is_sorted_by_key(|receipt| receipt.at));
}

#[test]
fn what_counts_stays_however_often_a_letter_came_back() {
    let post = Post::new().agent("ann").agent("bob");
    let bob = post.at("bob");
    let id = post.posted("ann", "bob", "once more").id;
    let note = |step, why: &str| {
        let mut receipt = Receipt::at(step, noon()).why(why);
        receipt.evidence = Some("/a/rather/long/path/of/a/transcript".repeat(4));
        bob.note(&id, &receipt).unwrap();
    };
    note(Step::Returned, "the turn went by");
    note(Step::Returned, "the turn went by");
    for _ in 0..2_000 {
        note(Step::Claimed, "");
        note(Step::Returned, "the prompt was blocked");
    }
    assert_eq!(texts(&bob), ["once more"]);
    let receipts = bob.receipts(&id);
    let went_by = receipts.iter().filter(|receipt| receipt.why.as_deref() == Some("the turn went by"));
    assert_eq!(went_by.count(), 2);
    assert_eq!(receipts.last().unwrap().step, Step::Returned);
}
