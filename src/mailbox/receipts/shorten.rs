//! Keeping receipts short. A letter that waits for months has a wake noted every hour; it must not outgrow what is read of it.

use std::{collections::HashMap, path::Path, time::Duration};

use crate::mailbox::{
    disk::{self, Durability, FsError},
    lock::{self, Lock},
    receipt::Receipt,
};

/// From here on lines are added under a lock, since whoever adds one may shorten the file. A process that added one without
/// the lock has ended long before [`TOO_LONG`].
const LONG: u64 = 32 * 1024;
const TOO_LONG: u64 = 128 * 1024;
/// Lines that say the same: the first and the last of them stay.
const OF_EACH: usize = 4;
/// The latest lines stay, whatever they say.
const LATEST_BYTES: usize = 16 * 1024;
/// Whoever shortens a file needs a millisecond. Without the lock a line is added all the same.
const LONGEST_TURN: Duration = Duration::from_secs(1);

/// Makes room for a line, if there is much; what comes back is held while the line is added.
///
/// # Errors
/// A `FsError`; the receipts are as they were.
pub fn make_room(file: &Path, lock: &Path, limit: u64) -> Result<Option<Lock>, FsError> {
    let length = || file.symlink_metadata().map_or(0, |facts| if facts.is_file() { facts.len() } else { 0 });
    if length() <= LONG {
        return Ok(None);
    }
    let turn = lock::within(lock, LONGEST_TURN)?;
    if turn.is_some() && (TOO_LONG..=limit).contains(&length()) {
        disk::replace(file, &shortened(&disk::read(file, limit)?), Durability::Process)?;
    }
    Ok(turn)
}

/// Without most of the lines that only repeat others.
fn shortened(bytes: &[u8]) -> Vec<u8> {
    let lines: Vec<(&[u8], Receipt)> = bytes
        .split_inclusive(|byte| *byte == b'\n')
        .filter_map(|line| Some((line, serde_json::from_slice(line).ok()?)))
        .collect();
    let mut alike = HashMap::<_, Vec<usize>>::new();
    for (at, (_, receipt)) in lines.iter().enumerate() {
        let step = serde_json::to_string(&receipt.step).unwrap_or_default();
        alike.entry((step, receipt.why.clone())).or_default().push(at);
    }
    let mut stays = vec![false; lines.len()];
    for places in alike.values() {
        let last = places.len().saturating_sub(OF_EACH);
        places
            .iter()
            .enumerate()
            .filter(|(nth, _)| *nth < OF_EACH || *nth >= last)
            .for_each(|(_, at)| stays[*at] = true);
    }
    let kept: usize = lines.iter().zip(&stays).filter(|(_, stays)| **stays).map(|((line, _), _)| line.len()).sum();
    if kept as u64 > LONG {
        stays.fill(false); // nothing repeats: only the latest can stay
    }
    let mut latest = 0;
    for (at, (line, _)) in lines.iter().enumerate().rev() {
        latest += line.len();
        if latest > LATEST_BYTES {
            break;
        }
        stays[at] = true;
    }
    let kept = lines.iter().zip(stays).filter(|(_, stays)| *stays);
    kept.flat_map(|((line, _), _)| line.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::mailbox::receipt::Step;

    #[test]
    fn what_never_repeats_is_shortened_to_its_latest() {
        let line = |number: usize| {
            let mut receipt = Receipt::at(Step::Held, Timestamp::UNIX_EPOCH).why(&format!("{number}"));
            receipt.evidence = Some("x".repeat(3000));
            format!("{}\n", serde_json::to_string(&receipt).unwrap())
        };
        let text: String = (0..60).map(line).collect();
        let short = String::from_utf8(shortened(text.as_bytes())).unwrap();
        assert!(short.len() <= LATEST_BYTES && text.ends_with(&short) && short.ends_with(&line(59)));
    }
}
