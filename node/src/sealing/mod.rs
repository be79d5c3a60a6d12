//! Payloads sealed to their addressee, so that the nodes between store and forward what they cannot read.

mod suite;

pub use suite::{KEY_BYTES, KeyPair, OVERHEAD_BYTES, SUITE_X25519_CHACHA20, SuiteError, seal};
