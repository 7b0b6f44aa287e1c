//! Lines of JSON from the client, each of bounded length, read by a thread of its own.

use std::io::{self, BufRead};

use serde_json::Value;

use super::request_id::IdFinder;

/// A letter of the longest text needs less, however it is escaped.
const LONGEST_LINE_BYTES: usize = 16 * 1024 * 1024;

/// One line of the client.
#[derive(Debug, PartialEq)]
pub enum Line {
    Whole(Vec<u8>),
    /// Its text is not kept; the request's id is, where one was found.
    TooLong(Option<Value>),
}

/// Reads line after line and hands each over, until the input ends or nobody takes them any more. A last line that lacks
/// its end counts.
pub fn read(mut input: impl BufRead, mut hand_over: impl FnMut(Line) -> bool) {
    while let Some(line) = next(&mut input, LONGEST_LINE_BYTES) {
        if !hand_over(line) {
            return;
        }
    }
}

fn next(input: &mut impl BufRead, limit: usize) -> Option<Line> {
    let mut line = Vec::new();
    let mut too_long: Option<IdFinder> = None;
    loop {
        let available = match input.fill_buf() {
            Ok(available) => available,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => &[],
        };
        let end = memchr::memchr(b'\n', available);
        let part = &available[..end.unwrap_or(available.len())];
        if let Some(finder) = &mut too_long {
            finder.take(part);
        } else if line.len() + part.len() > limit {
            let mut finder = IdFinder::default();
            finder.take(&line);
            finder.take(part);
            line = Vec::new();
            too_long = Some(finder);
        } else {
            line.extend_from_slice(part);
        }
        let (is_over, used) = (available.is_empty(), part.len() + usize::from(end.is_some()));
        input.consume(used);
        if is_over && line.is_empty() && too_long.is_none() {
            return None;
        }
        if is_over || end.is_some() {
            return Some(too_long.map_or(Line::Whole(line), |finder| Line::TooLong(finder.found())));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    #[test]
    fn lines_come_whole_and_a_long_one_is_left_out_with_its_id_kept() {
        let long = format!("{{\"id\":7,\"x\":\"{}\"}}", "y".repeat(100));
        let last = format!("{{\"x\":\"{}\",\"id\":\"b\"}}", "y".repeat(100));
        let text = format!("one\n\n{long}\ntwo\n{last}\nthree");
        for buffer in [1, 7, 64, 4096] {
            let mut input = BufReader::with_capacity(buffer, text.as_bytes());
            let lines: Vec<_> = std::iter::from_fn(|| next(&mut input, 50)).collect();
            let whole = |text: &str| Line::Whole(text.as_bytes().to_vec());
            let expected = [
                whole("one"),
                whole(""),
                Line::TooLong(Some(7.into())),
                whole("two"),
                Line::TooLong(Some("b".into())),
                whole("three"),
            ];
            assert_eq!(lines, expected, "with a buffer of {buffer}");
        }
    }
}
