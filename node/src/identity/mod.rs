//! Who a peer is: certificates, and what a connection proves.
//!
//! A certificate carries one URI that names a region, an authority or an operator, and for a node
//! one DNS name made from the same key ([`profile`]). An [`authority`] belongs to a region and may
//! certify only that region and what lies below it. TLS proves that the chain ends at a known root,
//! is valid now and not revoked; that each authority on it stayed within its subtree is our own
//! check after the handshake, the same one on both sides ([`chain::verify_chain`]).
//!
//! ```text
//! profile -> error -> revocation -> chain -> material, signing
//!         -> refusals, live, callers, tls -> acceptor, dialer, notary -> metrics
//! seal (signed documents of the world)
//! authority (the keeper's side) -> example
//! spent (keys that are in use no more)
//! local (no certificates: the kernel names the caller)
//! ```
//!
//! Every refusal has a reason of its own ([`IdentityError::reason`]), is logged with the peer's
//! address and counted ([`refusals::Refusals`]): the refused side sees only a closed connection.

pub mod acceptor;
pub mod authority;
pub mod callers;
pub mod chain;
mod config;
pub mod dialer;
pub mod error;
pub mod example;
pub mod live;
pub mod local;
pub mod material;
pub mod metrics;
pub mod notary;
pub mod profile;
pub mod refusals;
pub mod revocation;
pub mod seal;
pub mod sealing;
pub mod signing;
pub mod spent;
pub mod tls;

pub use acceptor::{incoming, patient_server, server};
pub use chain::{
    OperatorIdentity, PeerIdentity, Trust, claimed_identity, verify_chain, verify_operator_chain,
};
pub use config::provider;
pub use dialer::{channel, dial};
pub use error::IdentityError;
pub use live::PeerIo;
pub use local::LocalIncoming;
pub use material::{Material, MaterialError};
pub use notary::NodeNotary;
pub use profile::{OperatorName, Subject, TrustDomain};
pub use refusals::Refusals;
pub use revocation::RevocationLists;
pub use tls::{NodeTls, Rules, examine};

#[cfg(test)]
mod tests;
