//! What the suites share: a world for a story, the binary under test, terminals, and waiting for what will come.

pub mod binary;
pub mod eventually;
pub mod helper_program;
pub mod redact;
pub mod said;
#[cfg(unix)] // in a pseudo-terminal, which Wine lacks
pub mod terminal;
pub mod world;
