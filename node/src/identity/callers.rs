//! Who may call a port, and by what he is judged.

use super::chain::{self, OperatorIdentity, PeerIdentity, Trust};
use super::error::IdentityError;
use hotline_topology::{Federation, RegionKey};
use rustls_pki_types::CertificateDer;
use std::fmt;
use std::sync::Arc;

/// Whether the second region lies below the first, at any depth.
pub type Below = Arc<dyn Fn(RegionKey, RegionKey) -> bool + Send + Sync>;

/// What the topology says about peers. Replaced as a whole when a new version takes effect.
#[derive(Clone)]
pub struct Rules {
    /// Whether the second region lies below the first, at any depth.
    pub below: Below,
    /// Whether this node accepts calls from the region's node.
    pub admits: Arc<dyn Fn(RegionKey) -> bool + Send + Sync>,
}

impl Rules {
    /// The rules that a version of the topology makes for the node of `own`: the nodes directly
    /// above and below it may call. Everything from further away comes by relay.
    #[must_use]
    pub fn of(federation: Arc<Federation>, own: RegionKey) -> Self {
        let tree = Arc::clone(&federation);
        Self {
            below: Arc::new(move |above, region| tree.is_below(region, above)),
            admits: Arc::new(move |peer| {
                let has_node = federation.region(peer).is_some_and(|region| region.node);
                let (own_above, peer_above) = (federation.parent(own), federation.parent(peer));
                has_node && (own_above == Some(peer) || peer_above == Some(own))
            }),
        }
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rules")
    }
}

/// Everything by which a caller is judged at one moment.
pub struct Standing<'a> {
    /// Roots, lists, tree and time.
    pub trust: Trust<'a>,
    /// This node's region.
    pub own: RegionKey,
    /// Whether this node accepts calls from a region.
    pub admits: &'a dyn Fn(RegionKey) -> bool,
}

/// A port that speaks TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// Where other nodes call.
    Federation,
    /// Where people's programs call from afar.
    Operators,
}

/// Who may call a port, and how his certificates are judged.
pub trait Caller: Sized + fmt::Debug + Send + Sync + 'static {
    /// The port that he calls.
    const PORT: Port;

    /// Who he is, for counting his connections.
    fn uri(&self) -> &str;

    /// Judges the chain that a caller presented.
    ///
    /// # Errors
    /// Why he may not call.
    fn judge(chain: &[CertificateDer<'_>], standing: &Standing<'_>) -> Result<Self, IdentityError>;
}

impl Caller for PeerIdentity {
    const PORT: Port = Port::Federation;

    fn uri(&self) -> &str {
        &self.uri
    }

    /// A node with which this one has a link.
    fn judge(chain: &[CertificateDer<'_>], standing: &Standing<'_>) -> Result<Self, IdentityError> {
        let peer = chain::verify_chain(chain, &standing.trust)?;
        if (standing.admits)(peer.region) {
            Ok(peer)
        } else {
            Err(IdentityError::NotAdmitted {
                region: peer.region,
            })
        }
    }
}

impl Caller for OperatorIdentity {
    const PORT: Port = Port::Operators;

    fn uri(&self) -> &str {
        &self.uri
    }

    /// An operator of this very node.
    fn judge(chain: &[CertificateDer<'_>], standing: &Standing<'_>) -> Result<Self, IdentityError> {
        let operator = chain::verify_operator_chain(chain, &standing.trust)?;
        if operator.region == standing.own {
            Ok(operator)
        } else {
            Err(IdentityError::ForeignOperator {
                uri: operator.uri,
                ours: standing.own,
            })
        }
    }
}
