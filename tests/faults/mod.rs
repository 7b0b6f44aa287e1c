//! Stories of faults, made for real and in processes: what is killed, stopped, full, gone, late or old. Each counts the
//! letters that go in and come out. RELIABILITY.md has the table.
//!
//! `cargo test --features fail-points --test stories faults:: -- --nocapture`

mod clock;
mod crowd;
mod crowd_client;
mod disk;
mod every_step;
mod hearing;
mod killed;
mod limits;
mod namespaces;
mod operations;
mod operations_of_people;
mod power;
mod power_model;
mod reads;
mod removals;
mod sandbox;
mod scene;
mod silent;
mod stopped;
mod table;
mod trace;
mod versions;
mod watchers;
mod working_together;
