//! The bare commands of the mod: `/send`, `/inbox`, `/who`, answered at once, also while Claude works.

use std::fs;

use cc2cc::mailbox::home::Home;

use crate::{
    agent, post,
    reply::{Gate, Reply},
    settled,
    world::World,
};

#[test]
fn bare_commands_are_answered_without_the_model_which_is_told_nothing_of_them() {
    let world = World::with_cc2cc();
    let (mut ann, bob) = (settled(&world, "ann"), settled(&world, "bob"));
    ann.type_line("/send bob please run  the tests");
    let told = bob.wait_until_told("please run  the tests");
    assert!(told.newest().contains("from=\"ann\""), "{}", told.newest());
    ann.wait_for_screen("cc2cc: sent to bob (idle) · ");

    ann.type_text("/send bobb hello");
    ann.press("\r");
    ann.wait_for_screen("cc2cc: no agent named bobb");
    ann.wait_for_screen("hint: did you mean bob?");
    ann.empty_prompt("/send bobb hello");
    ann.wait("he is idle again", || (agent(&world, "bob")["state"] == "idle").then_some(()));
    ann.type_line("/who");
    ann.wait_for_screen_times("cc2cc: you are ann", 2); // the first is from her start
    ann.wait_for_screen("bob        idle");
    ann.type_text("/send @dir hello");
    ann.press("\r");
    ann.wait_for_screen("nobody to send to: @dir means no agent that is online");
    ann.empty_prompt("/send @dir hello");
    ann.idle();
    assert!(ann.requests().is_empty(), "no request was made");

    ann.type_line("what now?");
    let asked = ann.wait_until_told("what now?").everything();
    for hidden in ["please run", "sent to bob", "bobb", "you are ann"] {
        assert!(!asked.contains(hidden), "{hidden}: {asked}");
    }
}

#[test]
fn what_was_sent_stays_on_the_screen_and_what_could_not_be_comes_back_into_the_prompt() {
    let world = World::with_cc2cc();
    let (mut ann, bob) = (settled(&world, "ann"), settled(&world, "bob"));
    // Markdown leaves its marks alone: what is shown is what was typed.
    ann.type_line("/send bob is *this* __init__ `yours`?");
    ann.wait_for_screen("cc2cc: sent to bob (idle) · ");
    ann.wait_for_screen("     is *this* __init__ `yours`?");
    bob.wait_until_told("is *this* __init__ `yours`?");

    ann.type_text("/send eve are you there?");
    ann.press("\r");
    ann.wait_for_screen("cc2cc: no agent named eve");
    ann.wait_for_draft("/send eve are you there?");
    let home = Home::at(world.home().join(".cc2cc"));
    home.claim(&"eve".parse().expect("a name")).expect("eve has come");
    ann.press("\r");
    ann.wait_for_screen("cc2cc: stored for eve");
    ann.wait_for_screen("     are you there?");
    ann.idle();
    assert!(ann.requests().is_empty(), "no request was made");
}

#[test]
fn bare_commands_work_while_claude_is_busy() {
    let world = World::with_cc2cc();
    let (mut ann, bob) = (settled(&world, "ann"), settled(&world, "bob"));
    let gate = Gate::default();
    ann.api.when("talk").reply(Reply::text("that is all").held_by(&gate));
    ann.type_line("talk to me");
    ann.wait_for_screen("streaming");
    ann.type_line("/send bob are you there?");
    bob.wait_until_told("are you there?");
    ann.wait_for_screen("cc2cc: sent to bob (idle) · ");
    ann.type_line("/who");
    ann.wait_for_screen("cc2cc: ann (you)  busy");
    ann.type_line("/inbox");
    ann.wait_for_screen("Letters for ann");
    assert!(ann.is_busy(), "{}", ann.screen());
    gate.open();
    ann.wait_for_screen("that is all");
    ann.idle();
    ann.type_line("what now?");
    let asked = ann.wait_until_told("what now?").everything();
    assert!(!asked.contains("are you there") && !asked.contains("sent to bob"), "{asked}");
    assert_eq!(ann.requests().len(), 2);
}

#[test]
fn names_are_offered_after_send_and_the_long_names_of_the_commands_are_not() {
    let world = World::with_cc2cc();
    let (mut ann, _bob) = (settled(&world, "ann"), settled(&world, "bob"));
    ann.type_text("/send b");
    ann.wait_for_screen("bob   idle · bob");
    ann.press("\t");
    ann.wait_for_draft("/send bob");
    ann.type_text("hello there");
    ann.press("\r");
    ann.wait_for_screen("cc2cc: sent to bob");
    ann.type_text("/cc2cc:");
    ann.wait_for_screen("/cc2cc:accept");
    // The menu is first drawn as it was before the mod was asked.
    let hidden = |screen: &str| ["/cc2cc:send", "/cc2cc:inbox", "/cc2cc:who"].iter().all(|name| !screen.contains(name));
    ann.wait("the long names hidden", || {
        let screen = ann.screen();
        (screen.contains("/cc2cc:accept") && hidden(&screen)).then_some(())
    });
}

#[test]
fn a_name_that_is_taken_stays_with_its_owner() {
    let world = World::with_cc2cc();
    let commands = world.home().join(".claude/commands");
    fs::create_dir_all(&commands).expect("a directory");
    fs::write(commands.join("who.md"), "The person's own command: count to three.").expect("a command");
    let mut ann = settled(&world, "ann");
    ann.wait_for_screen("/who is somebody else's here; /cc2cc:who does the same");
    ann.type_line("/who ");
    ann.wait_until_told("count to three");
    ann.idle();
    ann.type_line("/cc2cc:who ");
    ann.wait_for_screen_times("you are ann", 2);
    ann.quit();

    let again = settled(&world, "ann");
    again.idle();
    assert!(!again.screen().contains("somebody else's"), "said once: {}", again.screen());
}

#[test]
fn a_session_whose_binary_is_gone_goes_on() {
    let world = World::with_cc2cc();
    fs::remove_file(world.home().join(".claude/skills/cc2cc/bin/cc2cc")).expect("removed");
    let mut ann = world.session("ann").start();
    ann.type_text("/send bob hello");
    ann.press("\r");
    ann.wait_for_screen("cc2cc: its binary could not be started");
    ann.empty_prompt("/send bob hello");
    ann.type_line("/inbox");
    ann.wait_for_screen_times("cc2cc: its binary could not be started", 2);
    ann.type_line("hello");
    ann.wait_until_told("hello");
    ann.wait_for_screen("● ok");
    ann.idle();
}

#[test]
fn a_client_without_mods_keeps_the_long_names_and_wakes() {
    let world = World::with_cc2cc();
    let mut ann = world.session("ann").old().env("CC2CC_NAME", "ann").start();
    crate::settle(&ann, &world, "ann");
    ann.type_line("/cc2cc:who ");
    ann.wait_for_screen_times("you are ann", 2);
    ann.type_line("/cc2cc:send user hello");
    ann.wait_for_screen("stored for user");
    ann.idle();
    assert!(ann.requests().is_empty(), "no request was made");
    post(&world, "ann", "main is red");
    ann.wait_until_told("main is red");
    ann.idle();
    ann.type_line("/send bob hello");
    ann.wait_for_screen("/send");
    ann.idle();
    assert!(world.cc2cc("ann", &["inbox", "--agent", "user"]).status.success());
}
