//! The federation under test.

pub mod processes;
