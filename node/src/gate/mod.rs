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
//! io.rs           a connection that ends when its place is given to another, or its caller takes no answer
//! watch.rs        notes which connections are at work; puts the bounds around requests and answers
//! patience.rs     how long is waited for whom
//! framing.rs      how far the messages of a request have come; pure
//! request.rs      a request that is still coming: its time and its memory
//! unread.rs       what of a connection's answers is not taken; pure
//! answer.rs       an answer that is still going: its time and its memory
//! metrics.rs      figures of the doors
//! ```
//!
//! All four doors use it: the federation port and the operators' port ([`crate::identity::acceptor`]), the operators'
//! socket ([`crate::identity::local`]), and the monitors' port ([`crate::http`]). To bound another kind of thing: its
//! number in [`Bounds`], its rule in `book.rs` with a row in the tests there, its line in the table of bounds in
//! `node/ARCHITECTURE.md`.

mod answer;
mod book;
mod budget;
pub mod descriptors;
mod door;
mod framing;
mod io;
mod known;
pub mod metrics;
mod patience;
mod request;
mod source;
mod unread;
mod watch;

pub use book::{Bounds, Crowded, Room};
pub use budget::{Budget, Doors, NEEDED_AT_LEAST};
pub(crate) use door::LOOK_EVERY;
pub use door::{AtWork, Gate, Place};
pub use io::Gated;
pub use patience::Patience;
pub use source::Source;
pub use watch::{Came, Watch};

#[cfg(test)]
pub(crate) mod tests;
