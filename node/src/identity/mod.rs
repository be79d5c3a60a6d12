//! Who a peer is: certificates, and what a connection proves.
//!
//! A certificate carries one URI that names a region, an authority or an operator, and for a node one DNS name made
//! from the same key ([`profile`]). An [`authority`] belongs to a region and may certify only that region and what
//! lies below it. TLS proves that the chain ends at a known root, is valid now and not revoked; that each authority
//! on it stayed within its subtree is our own check after the handshake, the same one on both sides
//! ([`chain::verify_chain`]).
//!
//! ```text
//! profile ── error ── revocation ── chain ── material ──┬── tls ── acceptor, dialer
//!                                   authority ── example └── local (no certificates: the kernel names the caller)
//! ```
//!
//! Every refusal has a reason of its own ([`IdentityError::reason`]), is logged with the peer's address and counted
//! ([`refusals::Refusals`]): the refused side sees only a closed connection.

pub mod authority;
pub mod chain;
pub mod error;
pub mod material;
pub mod profile;
pub mod revocation;

pub use chain::{OperatorIdentity, PeerIdentity, verify_chain, verify_operator_chain};
pub use error::IdentityError;
pub use material::{Material, MaterialError};
pub use profile::{Subject, TrustDomain};
