//! The federation under test: a simulation of fifteen nodes with faults, the promises that must hold, and deliberate
//! breaks that prove the promises are looked after.
//!
//! ```text
//! sim ──drives──► kernel, codec, log, session (the product's own code)
//!  │ every durable commit, every arrival, every recovery
//!  ▼
//! invariants      one promise a file; the table in `invariants/mod.rs`
//! faults          what goes wrong and when, drawn from the seed
//! breaks          faults of the program itself, around its seams; each must be found
//! ```
//!
//! `lies` tells lies in evidence files about lives that really happened, and judges what the product's judge makes of them.
//!
//! `wired` runs the product's own links between such nodes: real gRPC and TLS, on virtual time.
//!
//! `processes` runs the program itself, as real processes on this machine; `power` cuts their power.
//!
//! Everything random of a simulation comes from one seed; the same seed gives the same history.

#![expect(
    clippy::disallowed_macros,
    reason = "a program for developers: what it prints comes from tests"
)]

pub mod breaks;
pub mod campaign;
pub mod faults;
pub mod fuzz;
pub mod invariants;
pub mod lies;
pub mod power;
pub mod processes;
pub mod rough;
pub mod sim;
pub mod spoken;
pub mod wired;
