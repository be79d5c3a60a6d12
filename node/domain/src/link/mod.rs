//! Links: numbered lanes between neighbours, envelopes, payloads.

mod envelope;
mod message;
mod state;

pub use envelope::{Envelope, extend};
pub use message::{Message, MessageKind, Unreadable, Wire};
pub use state::{Consumption, LaneState, LinkState};
