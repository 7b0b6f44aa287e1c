//! New names: an adjective and an animal, easy to say and to type.

use crate::mailbox::name::AgentName;

const ADJECTIVES: [&str; 96] = [
    "able", "agile", "alert", "amber", "apt", "azure", "bold", "brave", "brief", "bright", "brisk", "calm", "candid",
    "cheery", "chief", "civil", "clean", "clear", "clever", "coral", "cosy", "crisp", "daring", "deft", "eager",
    "early", "easy", "even", "exact", "fair", "fast", "fine", "firm", "fleet", "fond", "frank", "free", "fresh",
    "gentle", "glad", "golden", "good", "grand", "great", "green", "happy", "hardy", "honest", "ideal", "jolly",
    "keen", "kind", "lively", "loyal", "lucid", "lucky", "mellow", "merry", "mild", "mint", "modest", "neat", "nice",
    "nimble", "noble", "patient", "plain", "polite", "prime", "proud", "quick", "quiet", "rapid", "ready", "rosy",
    "royal", "sage", "sharp", "shiny", "silent", "smart", "smooth", "snug", "solid", "spry", "steady", "still",
    "sunny", "super", "sure", "swift", "tidy", "true", "vivid", "warm", "wise",
];

const ANIMALS: [&str; 96] = [
    "ant", "badger", "bat", "bear", "beaver", "bee", "bison", "bobcat", "camel", "carp", "cat", "cheetah", "cobra",
    "cod", "condor", "coyote", "crab", "crane", "cricket", "crow", "deer", "dingo", "dog", "dolphin", "dove", "duck",
    "eagle", "eel", "egret", "elk", "emu", "falcon", "ferret", "finch", "fox", "frog", "gecko", "goat", "goose",
    "grouse", "gull", "hare", "hawk", "heron", "horse", "ibex", "ibis", "jackal", "jaguar", "jay", "kestrel", "kiwi",
    "koala", "lark", "lemur", "lion", "lizard", "llama", "lynx", "magpie", "marten", "mole", "moose", "moth", "mouse",
    "newt", "ocelot", "orca", "otter", "owl", "panda", "panther", "parrot", "pelican", "pike", "pony", "puffin",
    "puma", "quail", "rabbit", "raven", "robin", "salmon", "seal", "shark", "shrew", "snail", "sparrow", "stork",
    "swan", "tern", "tiger", "toad", "trout", "turtle", "wolf",
];

/// Names to try, in an order that differs from one call to the next; the later ones carry a number and never run out.
pub fn candidates() -> impl Iterator<Item = AgentName> {
    (0_u32..).filter_map(|round| {
        let dice = *uuid::Uuid::new_v4().as_bytes();
        let adjective = ADJECTIVES[usize::from(dice[0]) % ADJECTIVES.len()];
        let animal = ANIMALS[usize::from(dice[1]) % ANIMALS.len()];
        let number = if round < 64 { String::new() } else { format!("-{}", u16::from_le_bytes([dice[2], dice[3]])) };
        format!("{adjective}-{animal}{number}").parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_makes_a_name() {
        for word in ADJECTIVES.iter().chain(&ANIMALS) {
            assert!(word.parse::<AgentName>().is_ok(), "{word}");
        }
        assert!(candidates().nth(100).is_some());
    }
}
