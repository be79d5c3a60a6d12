//! The node without I/O: events in, commits and actions out.

mod context;
mod event;

pub use context::{Now, World};
pub use event::{Action, Commit, Event, Input, LinkNews};
