//! Between the domain's values and bytes: payloads that travel, records that last, rows and keys of the view.
//!
//! ```text
//! payload            link::Message      <->  bytes of an envelope (leg/v1, figures/v1)     lengths bounded
//! commit             facts of a group   <->  lasting part of a log record (record/v1)
//! row, key           Row, RowKey        <->  value and (tree, ordered bytes) in the view
//! view, folder       the domain's View over the store's trees; folding of records for the store
//! matter leg act figures ticket contract queue fact   one conversion a noun, used by all of the above
//! form               the trait of a conversion, its laws, the fields that occur everywhere
//! ```
//!
//! Encoding never fails and gives the same bytes for the same value. Decoding trusts nothing: it answers
//! [`Malformed`], which names message and field, and never panics.
//!
//! To add a fact you touch `domain/fact.rs` and its fold; `proto/hotline/record/v1/record.proto`, where it takes the
//! next free number in `Fact.fact`; both matches in `codec/fact.rs`; and its strategy in `codec/testing/facts.rs`.
//! To add a field to a noun: the noun, its message (next free number), both directions of its conversion. Whatever
//! is forgotten does not compile, since both directions take both structures apart. A field added to a record that
//! older nodes already wrote must have a meaning when it is missing: decode it as `Option` or with its old default.

mod act;
mod contract;
mod fact;
mod figures;
pub(crate) mod form;
mod leg;
mod malformed;
mod matter;
mod queue;
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
pub mod row;
pub mod view;

pub use malformed::{Malformed, Why};
