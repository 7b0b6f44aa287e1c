//! Letters between the Claude Code sessions on a machine.
//!
//! Three layers, each knowing only the ones before it: [`mailbox`] (plain files: letters, atomic steps, locks, watching),
//! [`agent`] (who is who, and sending), [`claude`] (everything about Claude Code). [`mcp`] and [`cli`] sit on top and
//! share [`report`] and [`failure`]. ARCHITECTURE.md has the map and the invariants.

#![deny(clippy::print_stdout, clippy::print_stderr, clippy::dbg_macro)] // they panic; see `output`

pub mod agent;
pub mod cli;
pub mod clients;
pub mod delivery;
pub mod failure;
pub mod mailbox;
pub mod mcp;
pub mod output;
pub mod report;
pub mod setup;
pub mod text;
pub mod threads;
pub mod view;
