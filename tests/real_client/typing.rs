//! What a person types: answered at once, and without the model.

use crate::{letter_id, settled, world::World};

#[test]
fn a_typed_letter_is_sent_without_the_model() {
    let world = World::with_cc2cc();
    let (mut ann, bob) = (settled(&world, "ann"), settled(&world, "bob"));
    ann.type_line("/cc2cc:send bob please run the tests");
    let told = bob.wait_until_told("please run the tests");
    assert!(told.newest().contains("from=\"ann\""), "{}", told.newest());
    ann.wait_for_screen("sent to bob (idle)");
    ann.wait_for_screen(&letter_id(&told.newest()));
    ann.idle();

    ann.type_line("/cc2cc:send bobb hello");
    ann.wait_for_screen("no agent named bobb");
    ann.wait_for_screen("did you mean bob?");
    ann.type_line("/cc2cc:who ");
    ann.wait_for_screen("you are ann");
    ann.type_line("/cc2cc:accept 17");
    ann.wait_for_screen("no letter 17 is held for ann");
    assert!(!ann.screen().contains("operation blocked"), "{}", ann.screen());
    ann.type_line("/cc2cc:inbox ");
    ann.wait_for_screen("Letters for ann");
    ann.wait_for_screen("none yet");
    ann.idle();
    assert!(ann.requests().is_empty(), "no request was made");
}
