//! The hooks: short runs of this program that Claude Code starts with each event of a session.

pub mod answer;
pub mod event;
pub mod mail;
pub mod obstacles;
pub mod permission;
pub mod run;
pub mod session;
