//! What the names of agents and of machines have in common: safe as a file name, on every system.

/// Letters and digits in a name; single hyphens between them do not count.
pub(super) const LONGEST: usize = 31;

/// Whether Windows takes a file of this name, whatever its extension, for a device. Refused on every system, so that a
/// home can be moved between them.
#[must_use]
pub fn is_device(stem: &str) -> bool {
    let port = |kind: &str| stem.strip_prefix(kind).is_some_and(|rest| matches!(rest.as_bytes(), [b'0'..=b'9']));
    matches!(stem, "con" | "prn" | "aux" | "nul") || port("com") || port("lpt")
}

/// Whether a text is a name by itself, of an agent here or of a machine.
pub(super) fn is_plain(text: &str) -> bool {
    let counted = text.bytes().filter(|byte| *byte != b'-').count();
    (1..=LONGEST).contains(&counted)
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        && text.split('-').all(|part| !part.is_empty())
        && !is_device(text)
}
