//! What people hand in, read as they wrote it: files of any common encoding, tables of any common separator.
//!
//! ```text
//! encoding.rs   bytes → text: UTF-8, GB 18030 (GBK), UTF-16
//! choice.rs     one of a list of codes, by code, label or part of it
//! table.rs      a table's separator and the columns that its header names
//! ```
//!
//! Times are read by `hotline_topology::Time`, numbers of tickets by `hotline_domain::ticket::folded_number`.

pub mod choice;
pub mod encoding;
pub mod table;
