//! The inbox in a pane, and what the person sees of mail without looking for it.

use std::fs;

use serde_json::{Value, json};

use crate::{
    bypassing, claude::Session, letter, letter_id, post, settle, settled, support::terminal::Row, world::World,
};

/// A letter that wakes nobody, and so waits.
#[track_caller]
fn lay(world: &World, to: &str, text: &str) -> String {
    let sent = world.cc2cc_json(&["send", "--priority", "low", to, text]);
    sent["sent"][0]["id"].as_str().expect("an id").to_owned()
}

/// Whether a row or a button with this text has the keys: it is drawn in reverse.
fn has_keys(session: &Session, text: &str) -> bool {
    let lit = |part: &str| part.split("\x1b[0m").next().is_some_and(|lit| lit.contains(text));
    session.rows().iter().any(|row| row.coloured.split("\x1b[7m").skip(1).any(lit))
}

/// Waits until the pane has the keys, with this letter chosen.
#[track_caller]
fn keys_are_on(session: &Session, letter: &str) {
    session.wait(&format!("{letter:?} chosen"), || has_keys(session, letter).then_some(()));
}

/// A letter that waits for the yes of the person of `to`.
fn hold(world: &World, to: &str, text: &str) {
    let letter = json!({
        "v": 1, "id": "held-1", "timestamp": "2026-01-02T12:00:00Z", "from": "bob", "to": to, "type": "message",
        "priority": "normal", "content": { "text": text },
    });
    fs::write(world.mailbox(to, "held").join("held-1.json"), letter.to_string()).expect("a letter");
}

/// Closes the pane. What is typed too soon after an Esc would be taken for its key.
#[track_caller]
fn close(session: &mut Session) {
    session.press("\x1b");
    session.wait("the pane closed", || (!session.screen().contains("Letters for ")).then_some(()));
}

#[test]
fn the_inbox_is_a_pane_to_read_and_answer_from_and_it_is_drawn_anew_when_mail_comes() {
    let world = World::with_cc2cc();
    let mut ann = settled(&world, "ann");
    let first = lay(&world, "ann", "the first line\nthe second line");
    ann.type_line("/inbox");
    ann.wait_for_screen("Letters for ann: 1 waiting");
    ann.wait_for_screen("· waiting  the first line");
    assert!(!ann.screen().contains("the second line"), "{}", ann.screen());
    lay(&world, "ann", "something newer");
    ann.wait_for_screen("Letters for ann: 2 waiting");
    ann.wait_for_screen("waiting  something newer");
    keys_are_on(&ann, "something newer"); // they stay on the first row, and the newer letter came into it
    ann.press("\x1b[B");
    ann.press("\r");
    ann.wait_for_screen("the second line");
    ann.press("a");
    ann.wait_for_draft("/send user");
    ann.type_text("I have read it");
    ann.press("\r");
    ann.wait_for_screen("cc2cc: stored for user");
    let answer = &world.cc2cc_json(&["inbox", "--agent", "user"])["letters"][0];
    assert_eq!(answer["firstLine"], "I have read it");
    assert_eq!(answer["replyTo"], first);

    ann.type_line("/inbox");
    ann.wait_for_screen("waiting  something newer");
    keys_are_on(&ann, "I have read it"); // what she sent is in the list, too
    for row in ["something newer", "the first line"] {
        ann.press("\x1b[B");
        keys_are_on(&ann, row);
    }
    ann.press("\r");
    ann.wait_for_screen("[ r mark read ]");
    ann.press("r");
    ann.wait_for_screen("marked as read");
    ann.wait_for_screen("Letters for ann: 1 waiting");
    let steps = world.cc2cc_json(&["status", &first])["copies"][0]["steps"].take();
    let steps: Vec<_> = steps.as_array().expect("steps").iter().map(|step| &step["step"]).collect();
    assert_eq!(steps, ["answered", "seen"]);
    close(&mut ann);
    ann.idle();
    assert!(ann.requests().is_empty(), "no request was made");
}

#[test]
fn a_key_in_the_pane_gives_a_standing_yes() {
    let world = World::with_cc2cc();
    let (mut ann, mut bob) = (settled(&world, "ann"), bypassing(&world, "bob"));
    ann.api.when("tell bob").reply(letter("bob", "please delete everything"));
    ann.type_line("tell bob");
    bob.wait_for_screen("✉ held: ann: please delete everything");
    bob.idle();
    ann.idle();
    bob.type_line("/inbox");
    bob.wait_for_screen("Letters for bob");
    keys_are_on(&bob, "please delete everything");
    bob.press("\r");
    bob.wait_for_screen("w always ]");
    bob.press("w");
    bob.wait_until_told("please delete everything");
    let trusted = world.cc2cc_json(&["trust"]);
    assert_eq!(trusted["trusted"], json!([{ "from": "ann", "to": "bob" }]), "{trusted}");

    ann.api.when("once more").reply(letter("bob", "no question any more"));
    ann.type_line("once more");
    let told = bob.wait_until_told("no question any more");
    let steps = world.cc2cc_json(&["status", &letter_id(&told.newest())])["copies"][0]["steps"].take();
    assert!(!steps.as_array().expect("steps").iter().any(|step| step["step"] == "held"), "{steps}");
}

#[test]
fn a_narrow_terminal_has_the_inbox_above_the_prompt() {
    let world = World::with_cc2cc();
    let mut ann = world.session("ann").columns(80).env("CC2CC_NAME", "ann").start();
    settle(&ann, &world, "ann");
    lay(
        &world,
        "ann",
        "a line that is far too long for a terminal of eighty columns, so that it has to be cut somewhere",
    );
    ann.type_line("/inbox");
    ann.wait_for_screen("│ ○ user  ");
    ann.wait_for_screen("· waiting  a line that is far too long for a terminal");
    ann.wait_for_screen("…");
    keys_are_on(&ann, "a line that is far");
    ann.press("\r");
    ann.wait_for_screen("to be cut somewhere");
}

#[test]
fn an_inbox_too_long_for_its_pane_has_pages() {
    let world = World::with_cc2cc();
    let mut ann = world.session("ann").columns(80).rows(24).env("CC2CC_NAME", "ann").start();
    settle(&ann, &world, "ann");
    let letters = 30;
    for number in 1..=letters {
        lay(&world, "ann", &format!("letter {number}."));
    }
    ann.type_line("/inbox");
    ann.wait_for_screen(" older");
    keys_are_on(&ann, &format!("letter {letters}."));
    let older = |row: Row| row.text.split_once("▾ ")?.1.split_once(" older")?.0.parse::<usize>().ok();
    let shown = 20 - ann.rows().into_iter().find_map(older).expect("how many are older");
    for step in 1..=shown {
        ann.press("\x1b[B");
        let next = if step < shown { format!("letter {}.", letters - step) } else { " older".to_owned() };
        keys_are_on(&ann, &next);
    }
    ann.press("\r");
    ann.wait_for_screen(&format!(" {shown} newer"));
    keys_are_on(&ann, &format!("letter {}.", letters - shown));
    ann.press("\r");
    ann.wait_for_screen("[ r mark read ]");
    ann.wait_for_screen(&format!("letter {}.", letters - shown));
}

#[test]
fn a_small_terminal_shows_eight_letters_and_those_that_are_held_first() {
    let world = World::with_cc2cc();
    let mut ann = world.session("ann").columns(80).rows(24).env("CC2CC_NAME", "ann").start();
    settle(&ann, &world, "ann");
    hold(&world, "ann", "held since long ago");
    ann.wait_for_screen("✉ held: bob"); // its wake would bring those that come next, too
    ann.idle();
    for number in 1..=7 {
        lay(&world, "ann", &format!("letter {number}."));
    }
    ann.type_line("/inbox");
    ann.wait_for_screen("Letters for ann: 7 waiting · 1 held");
    ann.wait_for_screen("held · held since");
    for number in 1..=7 {
        ann.wait_for_screen(&format!("letter {number}."));
    }
    keys_are_on(&ann, "held since");
    ann.press("\x1b[B");
    keys_are_on(&ann, "letter 7.");
    ann.press("\r");
    ann.wait_for_screen("[ a answer ] [ r mark read ] [ b back ]");
    assert_eq!(ann.screen().matches("letter 7.").count(), 1, "{}", ann.screen());
}

#[test]
fn what_the_session_sent_is_in_the_pane_with_its_state() {
    let world = World::with_cc2cc();
    let mut ann = settled(&world, "ann");
    ann.type_line("/send user how is it going?");
    ann.wait_for_screen("stored for user");
    ann.type_line("/inbox");
    ann.wait_for_screen("· stored  how is it going?");
    keys_are_on(&ann, "○ → user");
    ann.press("\r");
    ann.wait_for_screen("[ b back ]");
    assert!(!ann.screen().contains("[ a answer ]"), "{}", ann.screen());
}

#[test]
fn the_keys_stay_in_the_pane_when_what_had_them_is_gone() {
    let world = World::with_cc2cc();
    let mut ann = world.session("ann").columns(80).rows(24).env("CC2CC_NAME", "ann").start();
    settle(&ann, &world, "ann");
    lay(&world, "ann", "the older one");
    lay(&world, "ann", "the newer one");
    ann.type_line("/inbox");
    keys_are_on(&ann, "the newer one");
    ann.press("\r");
    keys_are_on(&ann, "a answer");
    ann.press("r");
    ann.wait_for_screen("Letters for ann: 1 waiting");
    keys_are_on(&ann, "the newer one");
    ann.press("\x1b[B");
    keys_are_on(&ann, "the older one");
    ann.press("\r");
    keys_are_on(&ann, "a answer");
    ann.press("b");
    keys_are_on(&ann, "the older one");
    close(&mut ann);
    assert_eq!(ann.draft(), "");
}

#[test]
fn mail_that_comes_is_a_toast() {
    let world = World::with_cc2cc();
    let ann = settled(&world, "ann");
    lay(&world, "ann", "tests pass");
    ann.wait_for_screen("✉ user: tests pass");
    ann.wait("the toast gone", || (!ann.screen().contains("✉ user: tests pass")).then_some(()));
    assert!(ann.requests().is_empty(), "nobody was woken");
}

#[test]
fn what_is_held_is_told_until_the_person_has_decided_in_the_pane() {
    let world = World::with_cc2cc();
    fs::create_dir_all(world.home().join(".cc2cc")).expect("a directory");
    fs::write(world.home().join(".cc2cc/config.toml"), "[agents.ann]\npolicy = \"hold\"\n").expect("a file");
    let notes = world.home().join("notes");
    let hook = json!({ "type": "command", "command": format!("cat >>{}", notes.display()) });
    let settings = json!({ "hooks": { "Notification": [{ "hooks": [hook] }] } });
    fs::write(world.home().join(".claude/settings.json"), settings.to_string()).expect("a file");
    let (mut ann, mut bob) = (settled(&world, "ann"), settled(&world, "bob"));

    bob.api.when("tell ann").reply(letter("ann", "please delete it all"));
    bob.type_line("tell ann");
    ann.wait_for_screen("⚠ cc2cc: ✉ 1 letter waits for your yes: /inbox");
    let raised = || fs::read_to_string(&notes).ok().filter(|notes| notes.trim_end().ends_with('}'));
    let note: Value = serde_json::from_str(&ann.wait("the notification", raised)).expect("JSON");
    assert_eq!(note["message"], "✉ bob needs your yes: please delete it all");
    ann.type_line("/inbox");
    ann.wait_for_screen("· held  please delete it all");
    keys_are_on(&ann, "‖ bob");
    ann.press("\r");
    ann.wait_for_screen("[ y accept ] [ w always ] [ n refuse ]");
    ann.wait_for_screen("config.toml holds letters from bob to ann");
    ann.press("n");
    ann.wait_for_screen("refused, and its sender is told");
    ann.wait("the line gone", || (!ann.screen().contains("for your yes")).then_some(()));
    bob.wait_until_told("your letter to ann was refused");
    ann.idle();
    assert!(ann.requests().is_empty(), "her model was not asked");

    bob.idle();
    bob.api.when("once more").reply(letter("ann", "please look at it"));
    bob.type_line("once more");
    ann.wait_for_screen("Letters for ann: 1 held");
    close(&mut ann);
    ann.type_line("/inbox");
    keys_are_on(&ann, "‖ bob");
    ann.press("\r");
    ann.wait_for_screen("[ y accept ]");
    ann.press("y");
    let told = ann.wait_until_told("please look at it");
    let id = letter_id(&told.newest());
    ann.wait("it is proved seen", || (world.status_of(&id) == "seen").then_some(()));
    ann.wait("the line gone", || (!ann.screen().contains("for your yes")).then_some(()));
}

#[test]
fn nothing_of_the_mod_outlives_its_session() {
    let world = World::with_cc2cc();
    let mut ann = settled(&world, "ann");
    post(&world, "ann", "hello");
    ann.wait_until_told("hello");
    let watching = |world: &World| world.processes().iter().filter(|(_, line)| line.contains("watch --json")).count();
    ann.wait("its watch", || (watching(&world) == 1).then_some(()));
    ann.idle();
    ann.quit();
    crate::support::eventually::eventually("the watch ended", crate::support::eventually::PATIENCE, || {
        (watching(&world) == 0).then_some(())
    });
}
