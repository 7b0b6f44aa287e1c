//! Stories about the binary as people, scripts and Claude Code start it: what goes in, what comes out, how it ends.

#[cfg(target_os = "linux")] // what is around a process, and terminals with tmux
mod around;
mod asking;
mod attacks;
mod authors;
#[cfg(unix)] // other clients are tried on Linux alone
mod clients;
#[cfg(unix)]
mod codex;
#[cfg(unix)] // shells of Unix in a pseudo-terminal
mod completing;
mod demo;
mod doctor;
#[cfg(unix)]
mod example;
mod folder_gone;
#[cfg(unix)] // its examples are for shells of Unix
mod help;
mod history;
mod hooks;
mod hooks_apart;
mod installing;
mod joining;
mod mail;
mod mcp;
#[cfg(unix)] // in a pseudo-terminal, which Wine lacks
mod names;
#[cfg(unix)] // the commands are programs of Unix
mod notifying;
#[cfg(unix)] // other clients are tried on Linux alone
mod opencode;
#[cfg(unix)] // in a pseudo-terminal, which Wine lacks
mod overview;
mod peeking;
mod people;
mod protocol;
mod reading;
mod records;
mod sending;
mod session;
mod slash_commands;
#[cfg(unix)] // the client is played by a script
mod starting;
#[cfg(unix)] // started by shells of Unix
mod statusline;
#[cfg(target_os = "linux")] // its full disk is a device of Linux
mod streams;
mod telling;
mod together;
mod trouble;
mod usage;
mod waiting;
mod waker;
mod watching_live;
#[cfg(windows)] // elsewhere an open file is in nobody's way
mod windows;
mod withheld;
mod working;
mod wrong_inputs;
