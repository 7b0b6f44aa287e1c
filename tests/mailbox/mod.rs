//! Stories about the mail itself: letters, names, sessions and evidence, on a home of each story's own.

mod claimed;
mod evidence;
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
mod other_ways;
mod played;
mod policy;
mod post;
mod presence;
mod pruning;
mod races;
mod rate_limit;
mod receipts;
mod records;
mod renames;
mod sending;
mod steps;
mod strays;
mod transcript;
mod trust;
mod unanswered;
mod unproved;
mod watching;
#[cfg(windows)] // elsewhere an open file is in nobody's way
mod windows;
