//! How an envelope leaves for its next hop: sealed, where that is not its addressee.

use super::{SealingKey, is_sealed};
use crate::link::Envelope;
use crate::row::{Row, RowKey};
use crate::view::{View, ViewFailed};
use hotline_topology::{RegionKey, Time};

/// Number of a key that nobody has: real ones are numbered by the minute that they were made in.
const NOBODY: u32 = 1;

/// What is to be done with an envelope before it leaves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Leaving {
    /// It goes as it is: for its addressee, sealed already, or of a kind that is not sealed. What others wrote in the
    /// clear, of a release that knows no sealing, to a node of such, goes on as it came, too.
    AsItIs,
    /// Sealed to this key.
    Sealed(Box<SealingKey>),
    /// Sealed to a key that nobody has the private half of ([`nobody`]): the addressee asks for the copy that this node
    /// keeps, under its own key.
    ToNobody,
    /// Not at all: the addressee's key is not known, and this node has none of its own, without which it keeps no copy.
    NotYet,
}

/// Judges it by what the node knows.
///
/// # Errors
/// The view failed.
pub fn leaving(
    view: &dyn View,
    next: RegionKey,
    envelope: &Envelope,
) -> Result<Leaving, ViewFailed> {
    if envelope.addressee == next || envelope.key_id != 0 || !is_sealed(envelope.kind) {
        return Ok(Leaving::AsItIs);
    }
    if let Some(key) = known(view, envelope.addressee)? {
        return Ok(Leaving::Sealed(Box::new(key)));
    }
    // Its author puts itself on the route first: whoever stands last on it sends.
    if envelope.route.last() != Some(&envelope.author) {
        return Ok(Leaving::AsItIs);
    }
    let copied = view.get(&RowKey::InFlight(envelope.id))?.is_some();
    Ok(if copied || known(view, envelope.author)?.is_some() {
        Leaving::ToNobody
    } else {
        Leaving::NotYet
    })
}

/// The key that nobody has, of this public half. Its number is lower than that of any key ever made.
#[must_use]
pub fn nobody(region: RegionKey, public: [u8; 32]) -> SealingKey {
    SealingKey {
        region,
        no: NOBODY,
        public,
        not_before: Time(0),
        not_after: Time(i64::MAX),
        previous: 0,
        revoked: 0,
    }
}

fn known(view: &dyn View, region: RegionKey) -> Result<Option<SealingKey>, ViewFailed> {
    Ok(match view.get(&RowKey::SealingKey(region))? {
        Some(Row::SealingKey(signed)) => Some(signed.key),
        _ => None,
    })
}
