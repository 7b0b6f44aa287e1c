//! Stories about the mail itself: letters, names, sessions and proofs, on a home of each story's own.

mod brakes;
mod expiry;
mod feed;
mod format;
mod groups;
mod history;
mod identity;
mod identity_together;
mod keys;
mod notices;
mod order;
mod played;
mod policy;
mod post;
mod presence;
mod proof;
mod pruning;
mod races;
mod receipts;
mod records;
mod renames;
mod sending;
mod steps;
mod strays;
mod transcript;
mod watching;
#[cfg(windows)] // elsewhere an open file is in nobody's way
mod windows;
