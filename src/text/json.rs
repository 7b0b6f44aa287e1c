//! JSON that may be printed anywhere: what hides in it is written as an escape, so a program reads what was written.

use super::exposed::exposed;

/// The text of a JSON value with every unseen character in its strings escaped. JSON itself leaves most of them as they
/// are.
#[must_use]
pub fn escaped(json: &str) -> String {
    exposed(json, |c, shown| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            shown.push_str(&format!("\\u{unit:04x}"));
        }
    })
}
