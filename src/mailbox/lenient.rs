//! JSON from outside, read as far as anything can be made of it. Clients, editors and scripts write half a surrogate pair
//! where they cut a text in the middle of a character, bytes that are not UTF-8, control characters as they are, and a
//! strict parser drops the whole object for it, and with that a prompt's mail or a letter.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Containers may be nested this deep; the parser gives up at 128.
const DEEPEST: usize = 100;
/// What stands for a character that is none.
const REPLACEMENT: &[u8] = b"\\ufffd";

/// Reads a value. What is no character becomes U+FFFD, what is nested too deeply `null`, and of a field that is given
/// twice the last one counts. Correct JSON costs nothing more than with `serde_json`.
///
/// # Errors
/// When it is no JSON even so, or not of this type. The error is that of the text as it came.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    serde_json::from_slice(bytes).or_else(|error| {
        let value = serde_json::from_slice::<Value>(&repaired(bytes)).map_err(|_| ());
        value.and_then(|value| serde_json::from_value(value).map_err(|_| ())).map_err(|()| error)
    })
}

/// The text of a file, without the mark that editors of Windows put before it; what is not UTF-8 becomes U+FFFD.
#[must_use]
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes))
}

/// The same JSON with what a parser stumbles over put right; what is no JSON stays none.
fn repaired(bytes: &[u8]) -> Vec<u8> {
    let text = text(bytes);
    let mut repair = Repair { text: text.as_bytes(), out: Vec::with_capacity(text.len()), depth: 0, in_string: false };
    let mut at = 0;
    while at < repair.text.len() {
        at += if repair.in_string { repair.inside(at) } else { repair.outside(at) };
    }
    repair.out
}

struct Repair<'a> {
    text: &'a [u8],
    out: Vec<u8>,
    depth: usize,
    in_string: bool,
}

impl Repair<'_> {
    /// Takes what stands at a place outside strings, and says how many bytes that was.
    fn outside(&mut self, at: usize) -> usize {
        let byte = self.text[at];
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == DEEPEST {
                    self.put(b"null");
                    return 1;
                }
            }
            0..0x20 => {
                self.put(b" ");
                return 1;
            }
            _ => {}
        }
        self.put(&[byte]);
        1
    }

    /// Takes what stands at a place inside a string, and says how many bytes that was.
    fn inside(&mut self, at: usize) -> usize {
        match self.text[at] {
            b'\\' => return self.escape(at),
            b'"' => {
                self.put(b"\"");
                self.in_string = false;
            }
            control @ 0..0x20 => self.put(format!("\\u{control:04x}").as_bytes()),
            byte => self.put(&[byte]),
        }
        1
    }

    fn escape(&mut self, at: usize) -> usize {
        let text = self.text;
        match (text.get(at + 1), self.unit(at)) {
            (Some(b'u'), Some(0xd800..0xdc00)) if matches!(self.unit(at + 6), Some(0xdc00..0xe000)) => {
                self.put(&text[at..at + 12]);
                12
            }
            (Some(b'u'), Some(0xd800..0xe000)) => {
                self.put(REPLACEMENT);
                6
            }
            (Some(b'u'), Some(_)) => {
                self.put(&text[at..at + 6]);
                6
            }
            (Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't'), _) => {
                self.put(&text[at..at + 2]);
                2
            }
            _ => {
                self.put(b"\\\\"); // it escapes nothing, so it is itself
                1
            }
        }
    }

    /// The UTF-16 unit that is escaped at a place.
    fn unit(&self, at: usize) -> Option<u32> {
        let digits = self.text.get(at..at + 6)?.strip_prefix(b"\\u")?;
        let digits = digits.iter().all(u8::is_ascii_hexdigit).then_some(digits)?;
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    }

    fn put(&mut self, bytes: &[u8]) {
        if self.depth <= DEEPEST {
            self.out.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Value {
        from_slice(bytes).unwrap_or_else(|error| panic!("{error} in {}", String::from_utf8_lossy(bytes)))
    }

    #[test]
    fn what_is_no_character_becomes_the_replacement() {
        for (written, means) in [
            (&br#"{"a":"\ud83d"}"#[..], "\u{fffd}"),
            (br#"{"a":"x\ud83dy"}"#, "x\u{fffd}y"),
            (br#"{"a":"\udca9\ud83d"}"#, "\u{fffd}\u{fffd}"),
            (br#"{"a":"\ud83d\ud83d\ude00"}"#, "\u{fffd}\u{1f600}"),
            (br#"{"a":"\ud83d\n\uDE00"}"#, "\u{fffd}\n\u{fffd}"),
            (br#"{"a":"\\ud83d \ud83d"}"#, "\\ud83d \u{fffd}"),
            (b"{\"a\":\"x\xff\xfey\"}", "x\u{fffd}\u{fffd}y"),
            (b"{\"a\":\"x\0y\x1b\"}", "x\0y\u{1b}"),
            (b"{\"a\":\"one\ntwo\"}", "one\ntwo"),
            (br#"{"a":"C:\dir\u12"}"#, "C:\\dir\\u12"),
            (b"\xef\xbb\xbf{\"a\":\"marked\"}", "marked"),
            (b"\0{\"a\":\0\"padded\"}\0", "padded"),
            (br#"{"a":"first","a":"\ud83d"}"#, "\u{fffd}"),
        ] {
            assert_eq!(read(written)["a"], means, "{}", String::from_utf8_lossy(written));
        }
    }

    #[test]
    fn what_is_nested_too_deeply_is_left_out_and_the_rest_read() {
        for (open, close) in [("[", "]"), ("{\"x\":", "}")] {
            let deep = format!(r#"{{"a":1,"deep":{}"]}}"{},"b":2}}"#, open.repeat(5_000), close.repeat(5_000));
            let value = read(deep.as_bytes());
            assert_eq!((&value["a"], &value["b"]), (&1.into(), &2.into()));
        }
        assert!(from_slice::<Value>("[".repeat(100_000).as_bytes()).is_err());
    }

    #[test]
    fn what_is_no_json_is_none() {
        for bad in [
            &b""[..],
            b"garbage",
            b"{\"a\":\"cut of",
            b"{\"a\":\"\\",
            b"{\"a\":\"\\ud8",
            b"\xff\xfe\0",
            b"]]]{",
            b"{}}",
        ] {
            assert!(from_slice::<Value>(bad).is_err(), "{}", String::from_utf8_lossy(bad));
        }
    }
}
