//! The wired tier: four nodes, one a level, over the product's own links: real gRPC streams in real TLS, with the
//! kernel, codec and log behind them, on virtual time and a network in memory.
//!
//! ```text
//! people ──► node: Group ► codec ► Log on SimDisk ► Table ──actions──► Links ── tonic ── rustls ── pipe ──► Links …
//!                 │ every durable commit
//!                 ▼
//!              invariants
//! ```
//!
//! | file | what |
//! |---|---|
//! | keeper | who certifies the nodes, and certifies them anew |
//! | net | pipes with delay, that can be cut, stalled, or refuse to connect |
//! | node | a node behind [`hotline::link::NodePort`] |
//! | run | two minutes with faults, a minute without, and what must hold then |
//!
//! Virtual time passes only while everything waits, so a run takes as long as its work. Keys of TLS come from the
//! operating system: two runs of a seed do the same things at the same times, on other bytes.

mod keeper;
mod net;
mod node;
pub mod run;
