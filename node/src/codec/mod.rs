//! Between the domain's values and bytes: payloads that travel, records that last, rows and keys of the view.
//!
//! ```text
//! payload            link::Message      <->  bytes of an envelope (leg/v1, figures/v1)     lengths bounded
//! commit             facts of a group   <->  lasting part of a log record (record/v1)
//! row, key           Row, RowKey        <->  value and (tree, ordered bytes) in the view
//! link               link::Frame        <->  frames of a stream (link/v1)
//! record             envelopes and proofs in evidence files
//! view, folder       the domain's View over the store's trees; folding of records for the store
//! matter leg figures ticket contract queue sealing reading tally fact   lists of fields, one a noun, used by all of the above
//! field, form        what can stand in a field, and the macros that make conversions of the lists
//! ```
//!
//! Encoding never fails and gives the same bytes for the same value. Decoding trusts nothing: it answers
//! [`Malformed`], which names message and field, and never panics.
//!
//! To add a field to a noun you touch the noun, its message in `proto/hotline/` (next free number), its line here and
//! its value in `codec/testing/`. To add a fact: `domain/fact.rs` and its fold, `Fact` in `record.proto`, its line in
//! `codec/fact.rs`, one of it in `codec/testing/facts.rs`. To add a kind of message: `MessageKind`, its message in
//! `leg.proto`, its line in `proto/src/lib.rs`, its arms in `codec/payload.rs` with the bounds of its texts. What is
//! forgotten does not compile, since both structures are taken apart whole. Once records of a release exist, a field
//! added to them has a meaning when it is missing: make it an `Option`, or let the type's zero be its old meaning.

mod contract;
mod fact;
pub(crate) mod field;
mod figures;
pub(crate) mod form;
mod leg;
pub(crate) mod malformed;
mod matter;
mod queue;
mod reading;
mod sealing;
mod tally;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod ticket;

pub mod commit;
pub mod folder;
pub mod key;
pub mod link;
pub mod payload;
pub mod record;
pub mod row;
pub mod view;
pub mod world;

pub use malformed::{Malformed, Why};
