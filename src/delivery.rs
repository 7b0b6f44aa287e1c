//! Bringing letters before a model: what is due, claim, frame, deliver, and what became of it. Knows no client: evidence,
//! levels and limits are handed in.

pub mod deliver;
pub mod evidence;
pub mod frame;
pub mod settle;
pub mod wake;
