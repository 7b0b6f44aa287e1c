//! Everything about Codex: what its hooks say and want, its rollouts, how a session of it is woken.
//!
//! With its daemon, the default, one process of Codex serves many sessions (threads), and runs the hooks and servers of all.
//! So a session is known by the id of its thread, and its presence is held by a process of our own, its waker.

pub mod client;
pub mod event;
pub mod hooks;
pub mod naming;
pub mod queue;
pub mod rollout;
pub mod shell;
pub mod waker;
