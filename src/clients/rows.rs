//! The rows of a file of JSON lines, as clients keep their sessions in.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom},
    path::Path,
};

/// A longer row is not looked into; no row that holds letters comes near it.
pub const LONGEST_ROW_BYTES: usize = 4 * 1024 * 1024;

/// Gives every whole row between two places, those that are too long as nothing; returns the length of all of them.
///
/// # Errors
/// When the file cannot be read.
pub fn rows(path: &Path, from: u64, to: u64, mut row_is: impl FnMut(&[u8])) -> io::Result<u64> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let mut input = BufReader::with_capacity(64 * 1024, file.take(to.saturating_sub(from)));
    let (mut row, mut row_length, mut whole) = (Vec::new(), 0, 0);
    loop {
        let piece = match input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            piece => piece?,
        };
        if piece.is_empty() {
            return Ok(whole); // what is left is still being written
        }
        let end = memchr::memchr(b'\n', piece);
        let used = end.map_or(piece.len(), |end| end + 1);
        if row.len() + used <= LONGEST_ROW_BYTES {
            row.extend_from_slice(&piece[..used]);
        }
        row_length += used;
        input.consume(used);
        if end.is_some() {
            row_is(if row.len() == row_length { &row } else { &[] });
            whole += u64::try_from(row_length).unwrap_or_default();
            row.clear();
            row_length = 0;
        }
    }
}

/// A file's length in bytes: what is written from now on comes after. 0 when there is none yet.
#[must_use]
pub fn length(path: &Path) -> u64 {
    path.metadata().map_or(0, |facts| facts.len())
}
