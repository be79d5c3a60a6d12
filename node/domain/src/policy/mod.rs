//! Authority (权限): what a peer's place in the tree and a person's role allow.
//!
//! ```text
//! authority   what a neighbour may do
//! roles       what a person may do
//! reading     what a person may read
//! purpose     what for
//! ```

pub mod authority;
pub mod purpose;
pub mod reading;
pub mod roles;
pub mod waiting;
pub mod way;
