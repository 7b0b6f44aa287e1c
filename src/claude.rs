//! Everything that is about Claude Code: what its hooks say and want, how a letter is put before the model, how its
//! transcript proves that it went in, and where its plugins live.

pub mod alone;
pub mod around;
pub mod bell;
pub mod channel;
pub mod client;
pub mod client_input;
pub mod client_kind;
pub mod client_status;
pub mod evidence;
pub mod frame;
pub mod hook;
pub mod install;
pub mod mailman;
pub mod marketplace;
pub mod origin;
pub mod plugin_folder;
pub mod prompt;
pub mod proof;
pub mod session;
pub mod transcript;
pub mod typed;
pub mod version;
pub mod wakes;
pub mod watching;
