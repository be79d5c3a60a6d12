//! Fuzzing: what reads bytes from outside, and the state machines behind it, fed with whatever chance makes of good
//! input. No input may panic, hang, or be read as something that does not write back as itself.
//!
//! ```text
//! targets.rs   one function a decoder or state machine
//! seeds.rs     good inputs to begin with
//! driver.rs    mutations, and what counts as new; runs on stable Rust
//! ```
//!
//! `cargo run --release -p hotline-tests -- fuzz [TARGET] --seconds N` looks for more. What it finds goes to
//! `tests/corpus/<target>/` and is replayed, with some mutations of everything there, by the default tests.
//!
//! To add a target: its function in `targets.rs`, its line in [`targets::TARGETS`], good inputs in `seeds.rs`.

pub mod driver;
pub mod seeds;
pub mod targets;
