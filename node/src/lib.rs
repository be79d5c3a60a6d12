//! The shell of a node.

pub mod store;
