//! Payloads sealed to their addressee, so that the nodes between store and forward what they cannot read.

mod content;
mod office;
mod suite;

pub use content::{NotOpened, open, seal as seal_envelope};
pub use office::{Office, Opened, PURPOSE, Secrets};
pub use suite::{KEY_BYTES, KeyPair, OVERHEAD_BYTES, SUITE_X25519_CHACHA20, SuiteError, seal};
