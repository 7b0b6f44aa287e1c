//! Finds the id of a request that cannot be parsed: too long, cut off, or no JSON.

use serde_json::Value;

/// No client has longer ids; what is longer is answered without one.
pub const LONGEST_ID_BYTES: usize = 1024;

/// Looks at the bytes of one message in pieces and remembers its id, and nothing else.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "where in the message it is")]
pub struct IdFinder {
    depth: usize,
    in_string: bool,
    is_escaped: bool,
    /// The name or value that is being read in the message's own object; empty for what is in deeper ones.
    token: Vec<u8>,
    is_value: bool,
    is_id: bool,
    found: Option<Value>,
}

impl IdFinder {
    /// Looks at the next piece.
    pub fn take(&mut self, piece: &[u8]) {
        for byte in piece {
            self.step(*byte);
        }
    }

    /// The id, if the message has got as far.
    pub fn found(self) -> Option<Value> {
        self.found
    }

    fn step(&mut self, byte: u8) {
        if self.in_string {
            self.keep(byte);
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' => self.is_escaped = true,
                b'"' => {
                    self.in_string = false;
                    if !self.is_value && self.depth == 1 {
                        self.is_id = self.token == b"\"id\"";
                    }
                }
                _ => {}
            }
            return;
        }
        match byte {
            b'"' => {
                self.in_string = true;
                if self.depth == 1 {
                    self.token.clear();
                }
                self.keep(byte);
            }
            b':' if self.depth == 1 => {
                self.is_value = true;
                self.token.clear();
            }
            b',' if self.depth == 1 => self.end_value(),
            b'{' | b'[' => {
                self.depth += 1;
                if self.depth == 2 {
                    self.is_id = false; // an id is no container
                }
            }
            b'}' | b']' => {
                if self.depth == 1 {
                    self.end_value();
                }
                self.depth = self.depth.saturating_sub(1);
            }
            byte if byte.is_ascii_whitespace() => {}
            byte => self.keep(byte),
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.depth == 1 && self.token.len() <= LONGEST_ID_BYTES {
            self.token.push(byte);
        }
    }

    fn end_value(&mut self) {
        if self.is_value && self.is_id {
            let id = serde_json::from_slice(&self.token).ok();
            self.found = id.filter(|id: &Value| id.is_string() || id.is_number()).or(self.found.take());
        }
        (self.is_value, self.is_id) = (false, false);
        self.token.clear();
    }
}

/// The id of a message.
pub fn find(message: &[u8]) -> Option<Value> {
    let mut finder = IdFinder::default();
    finder.take(message);
    finder.found()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_found_wherever_it_stands_in_the_message_itself() {
        for (message, id) in [
            (r#"{"jsonrpc":"2.0","id":7,"method":"x","params":{"na"#, Some(7.into())),
            (
                r#"{ "method" : "x", "params": {"id": 1, "a": ["id", 2, {"id": 3}]}, "id" : "seven" }"#,
                Some("seven".into()),
            ),
            (r#"{"params":{"text":"\"id\":1,{\"id\":2}\\"},"id":9}"#, Some(9.into())),
            (r#"{"id":"a\"b","x":01}"#, Some("a\"b".into())),
            (r#"{"x":[[[[}}}},"id":5}"#, Some(5.into())),
            (r#"{"x":[[[[,"id":5}"#, None),
            (r#"{"id":{"id":1},"x":2}"#, None),
            (r#"{"id":7"#, None),
            (r#"{"id":null,"x":2}"#, None),
            ("garbage", None),
            ("", None),
        ] {
            assert_eq!(find(message.as_bytes()), id, "{message}");
        }
        let long = format!("{{\"id\":\"{}\",\"x\":1}}", "i".repeat(5_000));
        assert_eq!(find(long.as_bytes()), None);
    }
}
