//! Letters between machines over NATS `JetStream`: the program `cc2cc-link`.
//!
//! Files stay the truth on each side. What waits in `to-NAME@MACHINE/` is claimed, boxed for that machine, published, and
//! noted as forwarded once the server has it on its disk. What comes for this machine is acknowledged after it is stored
//! here. How far a letter comes goes back the same way. Whatever fails is tried again, under the letter's own id.

mod arriving;
mod carrier;
pub mod commands;
mod connection;
mod envelope;
mod following;
mod going;
mod keys;
mod out_of_reach;
mod overview;
mod pairing;
mod received;
mod run;
mod saying;
mod state;
mod watching;
