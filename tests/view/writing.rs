//! Letters that the person writes.

use cc2cc::mailbox::{State, letter::Kind};
use crossterm::event::{Event, KeyCode};
use insta::assert_snapshot;

use super::stage::Stage;

#[test]
fn an_answer_goes_to_the_sender_in_the_letters_thread() {
    let mut stage = Stage::with_a_day(80, 24);
    stage.types("G\njjrI look").control('j').types("into it");
    assert_snapshot!(stage.letters(), @"
         ‖ swift-lynx → brave-fox held · May I push t…   3m
         ○ swift-lynx → calm-owl  Who owns infra now?    7m
      ▾2 ○ calm-owl → brave-fox                          1h
           ✓ brave-fox → calm-owl Does the web client…   2h
    ›      ○ calm-owl → brave-fox Two tests fail: log…   1h
    ━ answer ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
     to calm-owl
     answers «Two tests fail: login: 422»
     I look
     into it
    ");
    stage.types("\n");
    let letters = stage.at("calm-owl").letters(State::Inbox).unwrap();
    let sent = letters.iter().find(|letter| letter.from.is_user()).expect("it was sent");
    assert_eq!((sent.content.text.as_str(), &sent.kind), ("I look\ninto it", &Kind::Response));
    assert_eq!(sent.thread, Some("k-1".parse().unwrap()));
    assert_eq!(sent.reply_to, Some("k-2".parse().unwrap()));
    assert!(stage.last_line_but_one().starts_with(" sent to calm-owl (idle) · "));
    assert!(stage.line("I look into it").contains("user → calm-owl"));
}

#[test]
fn a_new_letter_goes_to_the_agent_one_is_on_or_whom_one_names() {
    let mut stage = Stage::with_a_day(80, 24);
    stage.types("\tnto the fox\n");
    assert_eq!(stage.at("brave-fox").letters(State::Inbox).unwrap().last().unwrap().content.text, "to the fox");
    stage.types("\tn\t").control('u').types("swift-lynx\nto the lynx\n");
    assert_eq!(stage.at("swift-lynx").letters(State::Inbox).unwrap()[0].content.text, "to the lynx");
    stage.types("n\t").control('u').types("@all\nto those who are there\n");
    assert!(stage.last_line_but_one().contains("and to 1 more"), "{}", stage.last_line_but_one());
}

#[test]
fn what_cannot_be_sent_stays_as_it_was_written() {
    let mut stage = Stage::with_a_day(80, 24);
    stage.types("n\t").control('u').types("clam-owl\nall my words\n");
    assert_snapshot!(stage.last_line_but_one(), @" × no agent named `clam-owl` · did you mean `calm-owl`? `cc2cc agents --all` li…");
    assert!(stage.screen().contains("all my words"));
    stage.types("\t");
    stage.control('u').types("calm-owl\n\n");
    assert!(stage.last_line_but_one().starts_with(" sent to calm-owl"));
}

#[test]
fn a_letter_to_nobody_or_with_no_text_is_none() {
    let mut stage = Stage::with_a_day(80, 24);
    stage.types("n\t").control('u').types("\n\n");
    assert_snapshot!(stage.last_line_but_one(), @" × to whom? Tab leads to the line that says it");
    stage.types("\x1b\tn\n");
    assert_snapshot!(stage.last_line_but_one(), @" × the text is empty · say what the letter is to say, as in `please run the tes…");
}

#[test]
fn a_draft_is_kept_until_it_is_sent() {
    let mut stage = Stage::with_a_day(80, 24);
    stage.types("rhalf a thou\x1b");
    assert_snapshot!(stage.last_line_but_one(), @" kept: the same key goes on with it");
    stage.types("jr");
    assert!(!stage.screen().contains("half a thou"), "another letter, another answer");
    stage.types("\x1bkrght\n");
    assert_eq!(stage.at("swift-lynx").letters(State::Inbox).unwrap()[0].content.text, "half a thought");
}

#[test]
fn a_letter_goes_to_whoever_wrote_the_one_that_is_chosen_unless_one_says_otherwise() {
    let mut stage = Stage::with_a_day(80, 24);
    assert!(stage.screen().contains("swift-lynx → brave-fox"));
    stage.types("j");
    assert!(stage.screen().lines().last().unwrap().contains("n write to swift-lynx"), "{}", stage.screen());
    stage.types("nhello lynx\n");
    let sent = stage.at("swift-lynx").letters(State::Inbox).unwrap();
    assert_eq!((sent[0].content.text.as_str(), &sent[0].reply_to), ("hello lynx", &None));
    // One's own letter leads to whoever got it.
    assert!(stage.line("❯").contains("swift-lynx → calm-owl"));
    stage.types("gn");
    assert!(stage.screen().contains("to swift-lynx"), "{}", stage.screen());
}

#[test]
fn an_address_is_completed_as_it_is_typed() {
    let mut stage = Stage::with_a_day(80, 24);
    stage.types("n\t").control('u');
    assert_snapshot!(stage.letters(), @"
    ›    ‖ swift-lynx → brave-fox held · May I push t…   3m
         ○ swift-lynx → calm-owl  Who owns infra now?    7m
      ▸2 ○ calm-owl → brave-fox   Two tests fail: log…   1h
    ━ new letter ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
     to
        brave-fox  calm-owl  swift-lynx  @all
    ");
    stage.types("ca");
    assert_snapshot!(stage.letters(), @"
    ›    ‖ swift-lynx → brave-fox held · May I push t…   3m
         ○ swift-lynx → calm-owl  Who owns infra now?    7m
      ▸2 ○ calm-owl → brave-fox   Two tests fail: log…   1h
    ━ new letter ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
     to calm-owl
        calm-owl
    ");
    stage.types("\t");
    assert!(stage.line(" to ").contains("to calm-owl"), "{}", stage.screen());
    stage.types("first\t,");
    assert!(!stage.screen().contains("@all"), "a group stands alone: {}", stage.screen());
    stage.key(KeyCode::Down).key(KeyCode::Down);
    assert!(stage.screen().lines().last().unwrap().contains("Tab swift-lynx, to the text"), "{}", stage.screen());
    stage.key(KeyCode::Up).types("\n");
    stage.types(" and second\n");
    for agent in ["calm-owl", "brave-fox"] {
        let letters = stage.at(agent).letters(State::Inbox).unwrap();
        assert_eq!(letters.iter().filter(|letter| letter.content.text == "first and second").count(), 1, "{agent}");
    }
}

#[test]
fn a_name_that_is_one_already_is_not_made_longer() {
    let mut stage = Stage::with_a_day(80, 24);
    for agent in ["ann", "anna"] {
        stage.online(agent, cc2cc::agent::Activity::Idle, "/srv");
    }
    stage.refresh();
    stage.types("n\t").control('u').types("ann\tto ann\n");
    assert_eq!(stage.at("ann").letters(State::Inbox).unwrap().len(), 1);
    stage.types("n\t").control('u').types("ann").key(KeyCode::Down).key(KeyCode::Down).types("\nto anna\n");
    assert_eq!(stage.at("anna").letters(State::Inbox).unwrap().len(), 1);
}

#[test]
fn tab_goes_from_field_to_field_in_an_answer_too() {
    let mut stage = Stage::with_a_day(80, 24);
    stage.types("rtext\t");
    assert!(stage.screen().lines().last().unwrap().contains("↑↓ choose"), "{}", stage.screen());
    stage.types("\t more\n");
    assert_eq!(stage.at("swift-lynx").letters(State::Inbox).unwrap()[0].content.text, "text more");
}

#[test]
fn words_that_could_not_be_sent_are_not_in_the_next_letter_and_come_back_when_asked_for() {
    let mut stage = Stage::with_a_day(80, 24);
    stage.types("nthese words");
    let gone = stage.at("swift-lynx");
    stage.home.remove(&gone).unwrap();
    stage.types("\n");
    assert!(stage.last_line_but_one().contains("no agent named `swift-lynx`"));
    stage.types("\x1b");
    assert_snapshot!(stage.last_line_but_one(), @" not sent, and kept: ↑ in an empty letter brings it back");
    stage.types("n");
    assert!(!stage.screen().contains("these words"), "{}", stage.screen());
    assert!(stage.screen().lines().last().unwrap().contains("↑ what was kept"), "{}", stage.screen());
    stage.key(KeyCode::Up);
    assert!(stage.screen().contains("these words"));
    stage.types("\t").control('u').types("calm\t\n");
    let sent = stage.at("calm-owl").letters(State::Inbox).unwrap();
    assert_eq!(sent.iter().filter(|letter| letter.content.text == "these words").count(), 1);
}

#[test]
fn an_agent_that_goes_meanwhile_is_an_error_and_no_crash() {
    let mut stage = Stage::with_a_day(80, 24);
    stage.types("\tjngoodbye");
    let gone = stage.at("calm-owl");
    stage.home.remove(&gone).unwrap();
    stage.types("\n");
    assert_snapshot!(stage.last_line_but_one(), @" × no agent named `calm-owl` · `cc2cc agents --all` lists everyone");
}

#[test]
fn what_is_pasted_is_text_and_sends_nothing() {
    let mut stage = Stage::with_a_day(80, 24);
    stage.types("r").event(Event::Paste("fn main() {\r\n\trun();\r\n}\u{1b}[31m\n".into()));
    assert_snapshot!(stage.letters(), @"
    ›    ‖ swift-lynx → brave-fox held · May I push t…   3m
         ○ swift-lynx → calm-owl  Who owns infra now?    7m
      ▸2 ○ calm-owl → brave-fox   Two tests fail: log…   1h
    ━ answer ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
     to swift-lynx
     answers «May I push to production?»
     fn main() {
         run();
     }[31m
    ");
    stage.key(KeyCode::Up).types("// ");
    assert!(stage.screen().contains("// "));
}

#[test]
fn a_notice_of_cc2cc_takes_no_answer() {
    let mut stage = Stage::with_a_day(80, 24);
    stage.types("x\n"); // the line of the thread goes on showing the letter, not the notice that it was refused
    assert!(stage.line("▸2").contains("refused · May I pus"), "{}", stage.screen());
    stage.types("\njj");
    assert!(stage.line("system").contains('›') || stage.line("system").contains('❯'), "{}", stage.screen());
    stage.types("r");
    let screen = stage.screen();
    assert!(!screen.contains("━ answer"), "{screen}");
}

#[test]
fn a_long_letter_scrolls_as_it_is_written() {
    let mut stage = Stage::with_a_day(80, 24);
    stage.types("r");
    stage.types(&"many words ".repeat(60));
    stage.types("end");
    assert!(stage.screen().contains("end"));
}
