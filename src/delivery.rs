//! Bringing letters before a model: what is due, claim, frame, deliver, and what became of it. Knows no client but by the
//! five answers of [`client::Client`].

pub mod claimed_letter;
pub mod client;
pub mod deliver;
pub mod evidence;
pub mod frame;
pub mod settle;
pub mod trace;
pub mod wake;
