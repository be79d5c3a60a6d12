//! Fields stay where their edges keep them; nothing personal stands in the clear in a log, a row or a payload.

use super::{Promise, Seen};
use crate::sim::places::Place;
use crate::sim::sealer::shows_canary;
use hotline_domain::fact::Fact;
use hotline_domain::id::LegId;
use hotline_domain::leg::{Act, LegKind};
use hotline_domain::link::Envelope;
use hotline_topology::{RegionKey, Way};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The edges, and which way each leg was given.
pub(super) struct Locality {
    place: Arc<Place>,
    given: BTreeMap<LegId, LegKind>,
}

impl Locality {
    pub(super) fn new(place: &Arc<Place>) -> Self {
        Self {
            place: place.clone(),
            given: BTreeMap::new(),
        }
    }
}

impl Promise for Locality {
    fn words(&self) -> &'static str {
        "fields stay where their edges keep them"
    }

    fn committed(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        for fact in seen.facts {
            if let Fact::Leg {
                leg,
                act: Act::Offer(offer),
                ..
            } = fact
            {
                self.given.insert(*leg, offer.kind);
            }
        }
        Ok(())
    }

    fn arrived(
        &mut self,
        from: RegionKey,
        to: RegionKey,
        envelope: &Envelope,
    ) -> Result<(), String> {
        if shows_canary(&envelope.payload) {
            return Err("personal data in a payload".to_owned());
        }
        let upward = envelope.leg.and_then(|leg| self.given.get(&leg)) == Some(&LegKind::Upward);
        let tree = &self.place.federation;
        let down = tree.parent(to) == Some(from);
        let way = match (down, upward) {
            (true, false) => Way::Down,
            (true, true) => Way::EscalationDown,
            (false, false) => Way::Up,
            (false, true) => Way::EscalationUp,
        };
        let (parent, child) = if down { (from, to) } else { (to, from) };
        let leaked = envelope
            .fields
            .iter()
            .find(|field| !tree.edges().allows(parent, child, way, field.name));
        match leaked {
            Some(field) => Err(format!("{} went from {from} to {to}", field.name.as_str())),
            None => Ok(()),
        }
    }

    fn written(&mut self, bytes: &[u8]) -> Result<(), String> {
        if shows_canary(bytes) {
            return Err("personal data in the log or the view".to_owned());
        }
        Ok(())
    }
}
