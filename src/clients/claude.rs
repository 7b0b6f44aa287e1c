//! Everything about Claude Code: its process, what its hooks say and want, its transcript, how a session of it is woken.

pub mod around;
pub mod asking;
pub mod background;
pub mod channel;
pub mod client;
pub mod client_name;
pub mod client_status;
pub mod hooks;
pub mod host_process;
pub mod input_stream;
pub mod kind;
pub mod mod_wake;
pub mod permission_mode;
pub mod plugin_folder;
pub mod prompt;
pub mod session_file;
pub mod settings;
pub mod slash_commands;
pub mod start;
pub mod subagents;
pub mod transcript;
pub mod version;
pub mod waker;
pub mod watching;
pub mod without_hooks;
