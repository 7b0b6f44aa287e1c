//! What the person of a session sees of a delivery, on the screen of whatever client.

use crate::{
    agent::decisions::HeldLetter,
    delivery::deliver::{Delivery, NAMED},
    mailbox::letter::Letter,
    text::terminal::printable,
};

/// The lines of a delivery; `None` when it has nothing for the person. What one types in this client to decide about a
/// held letter, `how_to_decide` makes of its short id.
#[must_use]
pub fn lines(delivery: &Delivery, how_to_decide: fn(&str) -> String) -> Option<String> {
    let line = |letter: &Letter| format!("✉ {}: {}", letter.from, letter.first_line(100));
    let mut lines: Vec<String> = delivery.letters.iter().take(NAMED).map(line).collect();
    if delivery.letters.len() > NAMED {
        lines.push(format!("✉ and {} more", delivery.letters.len() - NAMED));
    }
    if delivery.more > 0 {
        lines.push(format!("✉ {} more waiting for the next turn", delivery.more));
    }
    lines.extend(delivery.notices.iter().map(|notice| format!("✉ {}", notice.first_line(200))));
    lines.extend(delivery.held.iter().map(|held| held_line(held, how_to_decide)));
    lines.extend(delivery.troubles.iter().take(NAMED).cloned());
    if delivery.troubles.len() > NAMED {
        lines.push(format!("cc2cc: and {} more in dead/", delivery.troubles.len() - NAMED));
    }
    (!lines.is_empty()).then(|| printable(&lines.join("\n")))
}

/// What the person sees of a held letter, and how to decide.
fn held_line(held: &HeldLetter, how_to_decide: fn(&str) -> String) -> String {
    let letter = &held.letter;
    let why = held.why().map(|why| format!(" ({why})")).unwrap_or_default();
    let (from, line, id) = (&letter.from, letter.first_line(80), letter.id.short());
    let decide = how_to_decide(id);
    format!("✉ held: {from}: {line}{why}\n  {decide}\n  `cc2cc read {id}` in a terminal shows all of it")
}
