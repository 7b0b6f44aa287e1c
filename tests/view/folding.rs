//! Threads: one line with the newest letter and how many there are, until one unfolds them.

use cc2cc::{
    mailbox::State,
    mailbox::receipt::{Receipt, Step},
};
use insta::assert_snapshot;

use super::stage::{Stage, minutes_ago, noon};

#[test]
fn a_thread_is_one_line_until_it_is_unfolded() {
    let mut stage = Stage::with_a_day(80, 24);
    stage.types("G\n");
    assert_snapshot!(stage.letters(), @"
         ‖ swift-lynx → brave-fox held · May I push t…   3m
         ○ swift-lynx → calm-owl  Who owns infra now?    7m
    ❯ ▾2 ○ calm-owl → brave-fox                          1h
           ✓ brave-fox → calm-owl Does the web client…   2h
           ○ calm-owl → brave-fox Two tests fail: log…   1h
    ");
    stage.types("jj");
    assert!(stage.line("❯").contains("Two tests fail"));
    stage.types("h");
    assert!(stage.line("❯").contains("▸2"), "the cursor is on the thread it folded");
}

#[test]
fn the_cursor_stays_on_its_letter_whatever_comes() {
    let mut stage = Stage::with_a_day(80, 24);
    stage.types("j");
    assert!(stage.line("❯").contains("Who owns infra"));
    stage.post("calm-owl", "swift-lynx", "k-5", noon(), "I do", Some("k-3"));
    stage.post("calm-owl", "swift-lynx", "k-6", noon(), "something else", None);
    stage.refresh();
    let line = stage.line("❯");
    assert!(line.contains("▸2") && line.contains("I do"), "{line}");
    for k in 0..60 {
        stage.post("calm-owl", "swift-lynx", &format!("flood-{k}"), noon(), "flood", None);
    }
    stage.refresh();
    assert!(stage.line("❯").contains("I do"));
}

#[test]
fn a_letter_climbs_before_ones_eyes() {
    let mut stage = Stage::with_a_day(140, 24);
    let id = stage.post("brave-fox", "calm-owl", "k-7", minutes_ago(1), "watch me", None);
    let mut seen = Vec::new();
    let mut look = |stage: &mut Stage| {
        stage.refresh();
        let line = stage.line("watch me");
        seen.push(line.split('│').nth(1).unwrap().split_whitespace().nth(1).unwrap_or_default().to_owned());
    };
    look(&mut stage);
    let mailbox = stage.at("calm-owl");
    mailbox.note(&id, &Receipt::now(Step::Notified)).unwrap();
    look(&mut stage);
    mailbox.claim(&id, &Receipt::now(Step::Claimed)).unwrap();
    mailbox.note(&id, &Receipt::now(Step::Delivered)).unwrap();
    look(&mut stage);
    mailbox.finish(&id, State::Claimed, Some(&Receipt::now(Step::Seen))).unwrap();
    look(&mut stage);
    mailbox.note(&id, &Receipt::now(Step::Answered)).unwrap();
    look(&mut stage);
    assert_eq!(seen, ["stored", "notified", "delivered", "seen", "answered"]);
}

#[test]
fn an_open_letter_gets_its_steps_while_one_reads_on() {
    let mut stage = Stage::with_a_day(80, 24);
    let text = (0..200).map(|line| format!("line {line}")).collect::<Vec<_>>().join("\n");
    let id = stage.post("brave-fox", "calm-owl", "k-8", minutes_ago(1), &text, None);
    stage.refresh();
    stage.types("g\n");
    stage.types("jjjjjjjj  ");
    let place = |stage: &mut Stage| stage.letters().lines().position(|line| line.contains("line 42"));
    let before = place(&mut stage);
    assert!(before.is_some());
    stage.climb("calm-owl", &id, &[(Step::Notified, 2)]);
    stage.refresh();
    assert_eq!(place(&mut stage), before);
    stage.types("G");
    assert!(stage.screen().contains("line 199"));
    assert!(stage.line("━ letter").contains("100 %"));
    stage.types("g");
    assert!(stage.screen().contains("◔ notified   2026-01-02 11:59:02.000  +2000 ms"), "{}", stage.screen());
}
