//! What is checked out, where git keeps its references in tables: there the file `HEAD` names no branch.
//!
//! Only the beginning of a table is read, since `HEAD` comes before nearly every other name in it. Whatever is not as
//! expected means that no branch is known: none is better than a wrong one.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use crate::mailbox::disk;

const LONGEST_LIST_BYTES: u64 = 64 * 1024;
/// Holds the few names that can come before `HEAD`.
const BEGINNING_BYTES: u64 = 4096;

/// The reference that `HEAD` names; `None` when it names none, or cannot be read.
#[must_use]
pub fn head(git_dir: &Path) -> Option<String> {
    let tables = git_dir.join("reftable");
    let list = String::from_utf8(disk::read(&tables.join("tables.list"), LONGEST_LIST_BYTES).ok()?).ok()?;
    // The newest table that speaks of HEAD decides.
    for name in list.lines().rev() {
        if name.contains(['/', '\\']) {
            return None;
        }
        match head_in(&beginning(&tables.join(name)).ok()?)? {
            Head::Names(reference) => return Some(reference),
            Head::NamesNothing => return None,
            Head::NotThere => {}
        }
    }
    None
}

/// What one table says of `HEAD`.
#[derive(Debug, PartialEq, Eq)]
enum Head {
    Names(String),
    /// A commit is checked out without a branch, or the name was removed.
    NamesNothing,
    NotThere,
}

fn beginning(table: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(table)?.take(BEGINNING_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Looks through the first block of names; `None` when it is not understood.
fn head_in(table: &[u8]) -> Option<Head> {
    let (header, object_bytes) = match table.get(..5)? {
        b"REFT\x01" => (24, 20),
        b"REFT\x02" => (28, if table.get(24..28)? == b"s256" { 32 } else { 20 }),
        _ => return None,
    };
    let block = table.get(header..)?;
    if block.first()? != &b'r' {
        return Some(Head::NotThere); // it holds no names at all
    }
    let length = usize::from(*block.get(1)?) << 16 | usize::from(*block.get(2)?) << 8 | usize::from(*block.get(3)?);
    // The length counts from the beginning of the file; at the end stand two bytes, and three for each restart.
    let restarts = length.checked_sub(2).and_then(|at| table.get(at..length));
    let end = match restarts {
        Some(count) => length.checked_sub(2 + 3 * (usize::from(count[0]) << 8 | usize::from(count[1])))?,
        None => table.len(), // the block goes on behind what was read
    };
    let mut rest = table.get(header + 4..end)?;
    let mut name: Vec<u8> = Vec::new();
    while !rest.is_empty() {
        let shared = number(&mut rest)?;
        let suffix = number(&mut rest)?;
        name.truncate(shared);
        name.extend_from_slice(take(&mut rest, suffix >> 3)?);
        number(&mut rest)?; // when it was changed
        let value = match suffix & 7 {
            0 => None,
            1 => take(&mut rest, object_bytes).map(|_| None)?,
            2 => take(&mut rest, 2 * object_bytes).map(|_| None)?,
            3 => {
                let length = number(&mut rest)?;
                Some(String::from_utf8(take(&mut rest, length)?.to_vec()).ok()?)
            }
            _ => return None,
        };
        match name.as_slice().cmp(b"HEAD") {
            std::cmp::Ordering::Less => {}
            std::cmp::Ordering::Equal => return Some(value.map_or(Head::NamesNothing, Head::Names)),
            std::cmp::Ordering::Greater => return Some(Head::NotThere),
        }
    }
    Some(Head::NotThere)
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(count)?;
    *rest = after;
    Some(taken)
}

/// A number of as many bytes as it needs: seven bits in each, the highest first, and a bit that says that more follow.
fn number(rest: &mut &[u8]) -> Option<usize> {
    let mut value: usize = 0;
    for nth in 0..5 {
        let [byte] = take(rest, 1)? else { return None };
        value = if nth == 0 { 0 } else { (value + 1) << 7 } | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A table as git 2.47 writes it, up to the names that follow.
    fn table(records: &[u8]) -> Vec<u8> {
        let mut table = b"REFT\x01\x00\x10\x00".to_vec();
        table.extend([0; 16]);
        let length = u8::try_from(24 + 4 + records.len() + 5).unwrap();
        table.extend([b'r', 0, 0, length]);
        table.extend(records);
        table.extend([0, 0, 0x1c, 0, 1]);
        table.extend(b"what comes after the names");
        table
    }

    const ON_A_BRANCH: &[u8] = b"\0\x23HEAD\x03\x14refs/heads/topic/one";
    const ON_NONE: &[u8] = b"\0\x21HEAD\x01twenty bytes of an id";

    #[test]
    fn head_is_the_first_of_the_names_or_comes_soon_after() {
        let names = |name: &str| Some(Head::Names(name.to_owned()));
        assert_eq!(head_in(&table(ON_A_BRANCH)), names("refs/heads/topic/one"));
        let picking = [b"\0\x80\x01CHERRY_PICK_HEAD\0twenty bytes of an i".as_slice(), ON_A_BRANCH].concat();
        assert_eq!(head_in(&table(&picking)), names("refs/heads/topic/one"));
        assert_eq!(head_in(&table(&ON_NONE[..27])), Some(Head::NamesNothing));
        assert_eq!(head_in(&table(b"\0\x20HEAD\x07")), Some(Head::NamesNothing), "it was removed");
        assert_eq!(head_in(&table(b"\0\x80\x01CHERRY_PICK_HEAD\0twenty bytes of an i")), Some(Head::NotThere));
        assert_eq!(head_in(&table(b"\0\x4brefs/tags\0\x04what")), Some(Head::NotThere));
    }

    #[test]
    fn what_is_not_understood_is_no_branch() {
        for bytes in [&b""[..], b"REFT", b"REFT\x03", &table(ON_A_BRANCH)[..40], &table(b"\0\x27HEAD\0"), &[0xff; 4096]]
        {
            assert!(!matches!(head_in(bytes), Some(Head::Names(_))), "{bytes:?}");
        }
        let whole = table(ON_A_BRANCH);
        for at in 0..whole.len() {
            head_in(&whole[..at]); // and nothing breaks
            for value in 0..=u8::MAX {
                let mut changed = whole.clone();
                changed[at] = value;
                head_in(&changed);
            }
        }
    }

    #[test]
    fn the_newest_table_that_speaks_of_head_decides() {
        let temp = tempfile::tempdir().unwrap();
        let tables = temp.path().join("reftable");
        fs::create_dir(&tables).unwrap();
        let other: &[u8] = b"\0\x23HEAD\x05\x0frefs/heads/main";
        for (name, records) in [("1", ON_A_BRANCH), ("2", other), ("3", b"\0\x4brefs/tags\0\x04what")] {
            fs::write(tables.join(name), table(records)).unwrap();
        }
        let listed = |list: &str| {
            fs::write(tables.join("tables.list"), list).unwrap();
            head(temp.path())
        };
        assert_eq!(listed("1\n2\n3\n").as_deref(), Some("refs/heads/main"));
        assert_eq!(listed("1\n3\n").as_deref(), Some("refs/heads/topic/one"));
        assert_eq!(listed("3\n"), None);
        assert_eq!(listed("1\n../2\n"), None);
        assert_eq!(listed("1\nnone\n"), None);
    }
}
