//! Stories about the binary as people, scripts and Claude Code start it: what goes in, what comes out, how it ends.

mod bell;
mod demo;
mod doctor;
mod hooks;
mod hooks_apart;
mod installing;
mod mail;
mod mcp;
mod people;
mod reading;
mod redact;
mod sending;
mod session;
mod together;
mod trouble;
mod typed;
mod waiting;
mod watching_live;
mod world;
