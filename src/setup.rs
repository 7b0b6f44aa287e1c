//! Putting the program and the plugin in place, and taking them away again.

pub mod codex;
pub mod install;
pub mod marketplace;
pub mod opencode;
pub mod origin;
