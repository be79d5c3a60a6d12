//! Authority (权限): what a peer's place in the tree and a person's role allow.

pub mod authority;
pub mod roles;
