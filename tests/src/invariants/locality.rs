//! Fields stay where their edges keep them; nothing personal stands in the clear in a log, a row or a payload, and what
//! passes a level that is not its addressee says nothing to it.

use super::{Promise, Seen};
use crate::sim::places::Place;
use crate::sim::sealer::shows_canary;
use hotline_domain::fact::Fact;
use hotline_domain::field::SealedField;
use hotline_domain::id::{EnvelopeId, LegId};
use hotline_domain::leg::Act;
use hotline_domain::link::{Envelope, MessageKind};
use hotline_domain::policy::way::{self, Ends};
use hotline_domain::sealing::is_sealed;
use hotline_topology::{RegionKey, Way};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The edges, and which way each leg was given.
pub(super) struct Locality {
    /// Every version of the tree, oldest first.
    places: Vec<Arc<Place>>,
    given: BTreeMap<LegId, Ends>,
    forged: BTreeSet<EnvelopeId>,
    /// Hashes of fields that came where their edge keeps them: whoever sent them broke the rules, nobody may take them.
    forbidden: BTreeMap<[u8; 32], RegionKey>,
    /// Nodes that ever spoke the release before, which seals nothing.
    older: BTreeSet<RegionKey>,
}

impl Locality {
    pub(super) fn new(place: &Arc<Place>) -> Self {
        Self {
            places: vec![place.clone()],
            given: BTreeMap::new(),
            forged: BTreeSet::new(),
            forbidden: BTreeMap::new(),
            older: BTreeSet::new(),
        }
    }
}

impl Promise for Locality {
    fn words(&self) -> &'static str {
        "fields stay where their edges keep them"
    }

    fn committed(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        for fact in seen.facts {
            if let Fact::LinkChanged {
                peer,
                peer_wire: wire @ 1..,
                ..
            } = fact
                && *wire < MessageKind::SealingKeys.since()
            {
                self.older.insert(*peer);
            }
            let Fact::Leg {
                leg, act, fields, ..
            } = fact
            else {
                continue;
            };
            if let Act::Offer(offer) = act {
                self.given.insert(*leg, Ends::of(offer));
            }
            let taken = |hash| self.forbidden.get(hash) == Some(&seen.me);
            if let Some(field) = fields.iter().find(|field| taken(&field.hash)) {
                let name = field.name.as_str();
                return Err(format!(
                    "{name} came where its edge keeps it, and was taken"
                ));
            }
        }
        Ok(())
    }

    fn reorganised(&mut self, place: &Arc<Place>) {
        self.places.push(place.clone());
    }

    fn forged(&mut self, id: EnvelopeId) {
        self.forged.insert(id);
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
        let clear = envelope.key_id == 0 && is_sealed(envelope.kind);
        // Whoever forges shows what he made up himself; after a reform it can pass a level on its way.
        let honest = !self.forged.contains(&envelope.id);
        if envelope.addressee != to && clear && honest && !self.older.contains(&envelope.author) {
            let (author, kind, id) = (envelope.author, envelope.kind, envelope.id);
            return Err(format!(
                "{id} of {author}, kind {kind}, passes {to} in the clear"
            ));
        }
        let ends = envelope.leg.and_then(|leg| self.given.get(&leg)).copied();
        let upward = way::is_raised(ends, envelope.author, envelope.addressee);
        // Where a tree has parted the two, a leg between them passes others, for whom it is sealed.
        if self.places.len() > 1 && (envelope.author != from || envelope.addressee != to) {
            return Ok(());
        }
        let allowed = |field: &SealedField| {
            self.places.iter().any(|place| {
                let tree = &place.federation;
                let down = tree.parent(to) == Some(from);
                let way = match (down, upward) {
                    (true, false) => Way::Down,
                    (true, true) => Way::EscalationDown,
                    (false, false) => Way::Up,
                    (false, true) => Way::EscalationUp,
                };
                let (parent, child) = if down { (from, to) } else { (to, from) };
                tree.edges().allows(parent, child, way, field.name)
            })
        };
        let leaked = envelope.fields.iter().find(|field| !allowed(field));
        match leaked {
            Some(field) if self.forged.contains(&envelope.id) => {
                self.forbidden.insert(field.hash, to);
                Ok(())
            }
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
