//! Stories about the live view: what is on the screen after which keys, and the built binary in a real terminal.

mod deciding;
mod folding;
mod hostile;
mod looking;
mod stage;
#[cfg(unix)]
mod terminal;
#[cfg(unix)]
mod terminal_ends;
#[cfg(unix)]
mod terminal_live;
mod writing;
