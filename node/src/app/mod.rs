//! The running node: one committer, its links, its doors.
//!
//! ```text
//!  doors (grpc/, http/) ──command──▶ NodeHandle ──job──▶ committer ──▶ store
//!  links (link/)        ──input────▶                         │
//!        ▲───────────────── acknowledge, pump, cut ──────────┘ once durable
//! ```
//!
//! A node is a value: nothing here is global, many nodes run in one process.

mod cache;
mod committer;
mod folder;
mod gates;
mod handle;
pub mod init;
mod keeper;
mod keys;
mod letters;
mod listening;
mod metrics;
mod parts;
mod port;
mod prepare;
mod reopen;
mod rows;
pub mod run;
mod seal;
mod shared;
mod signals;
mod start;
mod trace;
mod upkeep;
mod world;

pub use cache::RowCache;
pub use committer::{Committer, GROUP_MAX, Opener};

pub use handle::{Asked, INBOX_MAX, Job, NodeHandle, Outcome};
pub use prepare::{Prepared, Ready};
pub use rows::CommittedRows;
pub use seal::{NodeSealer, RowsNow};
pub use shared::{Heard, Shared};
pub use start::Running;
pub use world::{Known, Surroundings};
