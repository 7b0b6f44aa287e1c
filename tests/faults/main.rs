//! Stories of faults, made for real and in processes: what is killed, stopped, full, gone, late or old. Each counts the
//! letters that go in and come out. RELIABILITY.md has the table.
//!
//! `cargo test --features fail-points --test faults -- --nocapture`

mod alone;
mod crowd;
mod crowd_client;
mod disk;
mod every_step;
mod office;
mod operations;
mod operations_of_people;
mod stopped;
mod table;
mod world;
