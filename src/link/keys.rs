//! The key pair of this machine. Bodies are boxed with it (X25519, `XSalsa20` and Poly1305), so that only the machine they
//! are for can read them, and it knows who wrote them.

use std::fmt;

use anyhow::{Context, Result, anyhow, bail};
use nkeys::XKey;

use crate::{
    agent::machines,
    mailbox::{
        disk::{self, Durability},
        home::Home,
        lock,
    },
};

const SEED: &str = "seed";
const LIMIT_BYTES: u64 = 1024;
/// Characters of a key that people compare, 80 bits, after the one that is the same in all of them.
const COMPARED: std::ops::Range<usize> = 1..17;

/// This machine's own key.
pub struct OwnKey(XKey);

impl fmt::Debug for OwnKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnKey").field(&self.public()).finish()
    }
}

impl OwnKey {
    /// The key of this home, made when it is first asked for.
    ///
    /// # Errors
    /// When it can neither be read nor made. One that cannot be read is not replaced: the others know this machine by it.
    pub fn of(home: &Home) -> Result<Self> {
        let directory = machines::subdir(home, "machines")?.with_file_name(SEED);
        let _turn = lock::exclusive(&directory.with_extension("lock"))?;
        match disk::read(&directory, LIMIT_BYTES) {
            Err(error) if error.is_not_found() => {
                let key = XKey::new();
                let seed = key.seed().map_err(|error| anyhow!("{error}"))?;
                disk::replace(&directory, seed.as_bytes(), Durability::Disk)?;
                Ok(Self(key))
            }
            read => {
                let seed = String::from_utf8(read?).context("link/seed is no key")?;
                XKey::from_seed(seed.trim()).map(Self).map_err(|error| anyhow!("link/seed is no key: {error}"))
            }
        }
    }

    /// What the other machines know this one by.
    pub fn public(&self) -> String {
        self.0.public_key()
    }

    /// Boxes bytes for the machine that has `their` key.
    pub fn seal(&self, bytes: &[u8], their: &str) -> Result<Vec<u8>> {
        self.0.seal(bytes, &parse(their)?).map_err(|error| anyhow!("{error}"))
    }

    /// Opens what the machine that has `their` key has boxed for this one; fails for anything else.
    pub fn open(&self, bytes: &[u8], their: &str) -> Result<Vec<u8>> {
        self.0.open(bytes, &parse(their)?).map_err(|error| anyhow!("{error}"))
    }
}

/// Makes sure that a text is a public key.
pub fn parse(public: &str) -> Result<XKey> {
    if public.len() < COMPARED.end || !public.is_ascii() {
        bail!("that is no key");
    }
    XKey::from_public_key(public).map_err(|_| anyhow!("that is no key"))
}

/// The part of a key that people compare.
pub fn fingerprint(public: &str) -> String {
    let part = public.get(COMPARED).unwrap_or(public);
    let groups: Vec<&str> =
        (0..part.len()).step_by(4).filter_map(|at| part.get(at..(at + 4).min(part.len()))).collect();
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_opens_for_the_machine_it_is_for_and_from_whom_it_is() {
        let key = || OwnKey(XKey::new());
        let (ann, bob, eve) = (key(), key(), key());
        let boxed = ann.seal(b"hello", &bob.public()).unwrap();
        assert_eq!(bob.open(&boxed, &ann.public()).unwrap(), b"hello");
        assert!(eve.open(&boxed, &ann.public()).is_err());
        assert!(bob.open(&boxed, &eve.public()).is_err(), "nor is it from somebody else");
        for at in 0..boxed.len() {
            let mut altered = boxed.clone();
            altered[at] ^= 1;
            assert!(bob.open(&altered, &ann.public()).is_err(), "altered at {at}");
            assert!(bob.open(&boxed[..at], &ann.public()).is_err(), "cut at {at}");
        }
        assert_eq!(fingerprint(&ann.public()).len(), 19);
        assert_eq!(format!("{ann:?}"), format!("OwnKey({:?})", ann.public()), "no secret is shown");
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let public = XKey::new().public_key();
        assert!(parse(&public).is_ok());
        for bad in
            ["", "X", &public[1..], &public.to_lowercase(), "Ü".repeat(28).as_str(), &XKey::new().seed().unwrap()]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
