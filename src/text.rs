//! The text of others, made fit for whoever reads it: a model, a terminal, a program. Nothing here knows of letters.
//!
//! There is one list of characters that hide, or that a terminal obeys ([`unseen`]). Every surface shows what is on it
//! in its own way, and none has a list of its own. The same character may be needed in one place and a disguise in
//! another: where it is needed it stays, on all surfaces.

pub mod columns;
pub mod duration;
pub mod exposed;
mod impostor;
mod joiners;
pub mod json;
pub mod sanitize;
#[cfg(test)]
mod tables;
pub mod terminal;
pub mod unseen;
