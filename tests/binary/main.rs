//! Stories about the binary as people, scripts and Claude Code start it: what goes in, what comes out, how it ends.

#[path = "../again/mod.rs"]
mod again;
mod bell;
#[cfg(unix)] // shells of Unix in a pseudo-terminal
mod completing;
mod demo;
mod doctor;
#[expect(dead_code, reason = "shared with the real client's stories")]
#[path = "../real_client/eventually.rs"]
mod eventually;
mod example;
mod help;
mod history;
mod hooks;
mod hooks_apart;
mod installing;
mod mail;
mod mcp;
mod overview;
mod people;
mod reading;
mod redact;
mod sending;
mod session;
mod statusline;
#[expect(dead_code, reason = "shared with the real client's stories")]
#[path = "../real_client/terminal.rs"]
mod terminal;
mod together;
mod trouble;
mod typed;
mod waiting;
mod watching_live;
#[cfg(windows)] // elsewhere an open file is in nobody's way
mod windows;
mod withheld;
mod world;
