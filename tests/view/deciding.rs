//! Held letters: a person says yes or no.

use cc2cc::mailbox::State;
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use insta::assert_snapshot;

use super::stage::{Stage, minutes_ago};

#[test]
fn a_held_letter_is_accepted() {
    let mut stage = Stage::with_a_day(80, 24);
    assert!(stage.screen().contains("1 held for you"));
    assert!(stage.screen().lines().last().unwrap().contains("a accept  x refuse"));
    stage.types("a");
    assert_snapshot!(stage.last_line_but_one(), @" accepted: brave-fox gets it now");
    assert_eq!(stage.at("brave-fox").state_of(&"k-4".parse().unwrap()), Some(State::Inbox));
    assert!(!stage.screen().contains("held for you"));
    assert!(!stage.screen().lines().last().unwrap().contains("accept"));
}

#[test]
fn a_held_letter_is_refused_and_its_sender_told_why() {
    let mut stage = Stage::with_a_day(80, 24);
    stage.types("\nxnot on a Friday");
    assert_snapshot!(stage.last_line_but_one(), @" refuse, and tell its sender why (may be empty): not on a Friday");
    stage.types("\n");
    assert_snapshot!(stage.last_line_but_one(), @" refused: swift-lynx is told");
    assert_eq!(stage.at("brave-fox").state_of(&"k-4".parse().unwrap()), Some(State::Dead));
    let told = stage.at("swift-lynx").letters(State::Inbox).unwrap();
    assert!(told[0].content.text.contains("not on a Friday"), "{told:?}");
    assert!(stage.screen().contains("━ letter · ⊘ refused"));
}

#[test]
fn a_refusal_may_be_without_words_or_thought_better_of() {
    let mut stage = Stage::with_a_day(80, 24);
    stage.types("x\x1b");
    assert_eq!(stage.at("brave-fox").count(State::Held).unwrap(), 1);
    stage.types("x\n");
    assert_eq!(stage.at("brave-fox").reason(&"k-4".parse().unwrap()).unwrap(), "the person did not want it");
}

#[test]
fn one_key_goes_from_held_letter_to_held_letter_wherever_they_are() {
    let mut stage = Stage::with_a_day(120, 30);
    assert!(stage.line("held for you").contains("H 1 held for you"));
    stage.post("calm-owl", "brave-fox", "q-1", minutes_ago(300), "a question", None);
    stage.hold("swift-lynx", "brave-fox", "k-5", minutes_ago(9_000), "and the tables?");
    let answer = stage.hold_in("calm-owl", "swift-lynx", "q-2", minutes_ago(290), "held in a thread", "q-1");
    stage.refresh();
    stage.types("jH");
    assert!(stage.line("❯").contains("held in a thread"), "{}", stage.screen());
    assert!(stage.screen().lines().last().unwrap().contains("a accept"));
    stage.types("H");
    assert!(stage.line("❯").contains("and the tables"), "{}", stage.screen());
    stage.types("H");
    assert!(stage.line("❯").contains("May I push"), "from the last to the first: {}", stage.screen());
    // Out of another pane, a letter that is open, and a filter that hides it.
    stage.types("/Who owns\n\nH");
    assert!(stage.line("❯").contains("held in a thread"), "{}", stage.screen());
    assert!(!stage.screen().contains("saying"));
    stage.types("a\t\tH");
    assert_eq!(stage.at("swift-lynx").state_of(&answer), Some(State::Inbox));
    assert!(stage.line("❯").contains("and the tables"), "{}", stage.screen());
}

#[test]
fn where_nothing_is_held_the_key_says_so() {
    let mut stage = Stage::with_a_day(80, 24);
    stage.types("aH");
    assert_snapshot!(stage.last_line_but_one(), @" nothing is held");
}

#[test]
fn nothing_is_decided_by_a_key_that_is_meant_for_another_program() {
    let mut stage = Stage::with_a_day(80, 24);
    stage.control('a').control('x').event(Event::Key(KeyEvent::new(KeyCode::Char('a'), KeyModifiers::ALT)));
    assert_eq!(stage.at("brave-fox").count(State::Held).unwrap(), 1);
    assert!(stage.screen().contains("1 held for you"));
}

#[test]
fn nothing_is_decided_blindly() {
    let mut stage = Stage::with_a_day(59, 16);
    assert!(stage.screen().contains("needs 60 × 16; this is 59 × 16 (q quits)"));
    stage.types("a");
    assert_eq!(stage.at("brave-fox").count(State::Held).unwrap(), 1);
}

#[test]
fn what_is_not_held_is_not_decided_about() {
    let mut stage = Stage::with_a_day(80, 24);
    stage.types("ja");
    assert_snapshot!(stage.last_line_but_one(), @" × this letter is not held but stored");
}

#[test]
fn of_a_folded_thread_one_sees_first_what_one_decides_about() {
    let mut stage = Stage::with_a_day(80, 24);
    let mailbox = stage.at("brave-fox");
    stage.post("brave-fox", "swift-lynx", "k-5", minutes_ago(1), "so?", Some("k-4"));
    stage.refresh();
    assert!(stage.line("‖ one is held").contains("▸2 ○ brave-fox → swift-lynx"), "none is overlooked");
    stage.types("ga");
    assert_eq!(mailbox.count(State::Held).unwrap(), 1);
    assert_snapshot!(stage.last_line_but_one(), @" this is a thread: choose the letter that is held");
    stage.types("ja");
    assert_eq!(mailbox.count(State::Held).unwrap(), 0);
}

#[test]
fn somebody_else_was_first() {
    let mut stage = Stage::with_a_day(80, 24);
    stage.screen();
    cc2cc::agent::decisions::accept(&stage.home, &"k-4".parse().unwrap()).unwrap();
    stage.types("a");
    assert_snapshot!(stage.last_line_but_one(), @" × the letter `k-4` is not held but waiting · `cc2cc status k-4` says how far i…");
}
