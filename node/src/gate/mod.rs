//! Who may knock, wait and stay at a door: connections are bounded by identity, address and prefix before anybody knows
//! who calls, so that strangers hold neither neighbours nor people up.
//!
//! ```text
//! source.rs       where a connection comes from: address and prefix, or user of this machine
//! book.rs         the rule: who is let in, who makes room, who is refused; pure
//! known.rs        addresses from which somebody welcome came before; pure
//! budget.rs       how the process's descriptors are divided; pure
//! descriptors.rs  the process's limit, asked and raised
//! door.rs         performs what the book says: places, and the end of those that made room
//! io.rs           a connection that ends when its place is given to another
//! watch.rs        notes which connections are at work; bounds the time and the memory of unfinished requests
//! metrics.rs      figures of the doors
//! ```
//!
//! All four doors use it: the federation port and the operators' port ([`crate::identity::acceptor`]), the operators'
//! socket ([`crate::identity::local`]), and the monitors' port ([`crate::http`]). To bound another kind of thing: its
//! number in [`Bounds`], its rule in `book.rs` with a row in the tests there, its line in the table of bounds in
//! `node/ARCHITECTURE.md`.

mod book;
mod budget;
pub mod descriptors;
mod door;
mod io;
mod known;
pub mod metrics;
mod source;
mod watch;

pub use book::{Bounds, Crowded};
pub use budget::{Budget, Doors, NEEDED_AT_LEAST};
pub(crate) use door::LOOK_EVERY;
pub use door::{AtWork, Gate, Place};
pub use io::Gated;
pub use source::Source;
pub use watch::{Came, Patience, Watch};

#[cfg(test)]
mod tests;
