//! Letters between coding-agent sessions: those of Claude Code, Codex and OpenCode.
//!
//! Each layer knows only those before it: [`mailbox`] (plain files: letters, atomic steps, locks, watching), [`agent`] (who
//! is who, and sending), [`delivery`] (bringing letters before a model, of whatever client), [`clients`] (what Claude Code
//! looks like), [`setup`]. [`mcp`], [`view`] and [`cli`] sit on top and share [`report`] and [`failure`]. ARCHITECTURE.md
//! has the picture and the invariants; a test reads who uses whom.

#![deny(clippy::print_stdout, clippy::print_stderr, clippy::dbg_macro)] // they panic; see `output`

pub mod agent;
pub mod cli;
pub mod clients;
pub mod command;
pub mod delivery;
pub mod failure;
#[cfg(feature = "link")]
pub mod link;
pub mod mailbox;
pub mod mcp;
pub mod output;
pub mod report;
pub mod setup;
pub mod text;
pub mod threads;
pub mod view;
