//! What a person types: answered at once, and without the model.

use cc2cc::mailbox::letter::LetterId;

use crate::{
    letter_id, settled,
    world::{World, client_is_at_least},
};

#[test]
fn a_typed_letter_is_sent_without_the_model() {
    let world = World::with_cc2cc();
    let (mut ann, bob) = (settled(&world, "ann"), settled(&world, "bob"));
    ann.type_line("/cc2cc:send bob please run the tests");
    let told = bob.wait_until_told("please run the tests");
    assert!(told.newest().contains("from=\"ann\""), "{}", told.newest());
    let id: LetterId = letter_id(&told.newest()).parse().expect("an id");
    ann.wait_for_screen(&format!("sent to bob (idle) · {}", id.short()));
    ann.idle();

    ann.type_text("/cc2cc:send bobb hello");
    ann.press("\r");
    // A mod answers where there are mods, and its Markdown takes the backticks.
    let mods = client_is_at_least([2, 1, 292]);
    let named = |name: &str| if mods { name.to_owned() } else { format!("`{name}`") };
    ann.wait_for_screen(&format!("no agent named {}", named("bobb")));
    ann.wait_for_screen(&format!("did you mean {}?", named("bob")));
    if mods {
        ann.empty_prompt("/cc2cc:send bobb hello"); // without them it is in the client's history
    }
    ann.type_line("/cc2cc:who ");
    ann.wait_for_screen_times("you are ann", 2); // the first is from her start
    ann.type_line("/cc2cc:accept 17");
    ann.wait_for_screen(&format!("no letter {} is held for ann", named("17")));
    assert_eq!(ann.screen().contains("operation blocked"), !mods, "{}", ann.screen());
    ann.type_line("/cc2cc:inbox ");
    ann.wait_for_screen(if mods { "Letters for ann" } else { "no letters for ann yet" });
    ann.idle();
    assert!(ann.requests().is_empty(), "no request was made");
}
