//! What was erased at a node does not come back: no key that was destroyed opens anything, and no field of it leaves.
//!
//! Others hold copies under keys of their own; what they send again is news, and sealed anew.

use super::{Nodes, Promise, Seen};
use hotline_domain::fact::Fact;
use hotline_domain::field::SealedField;
use hotline_domain::link::Envelope;
use hotline_domain::sealing::Destroyed;
use hotline_topology::RegionKey;
use std::collections::{BTreeMap, BTreeSet};

/// Which slot sealed what, and what is gone.
#[derive(Default)]
pub(super) struct Erased {
    sealed: BTreeMap<(RegionKey, u64), [u8; 32]>,
    slots: BTreeSet<(RegionKey, u64)>,
    gone: BTreeSet<(RegionKey, [u8; 32])>,
}

impl Promise for Erased {
    fn words(&self) -> &'static str {
        "what was erased does not come back"
    }

    fn committed(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        for fact in seen.facts {
            match fact {
                Fact::Ticket { fields, .. } | Fact::Leg { fields, .. } => {
                    self.note(seen.me, fields);
                }
                Fact::KeyDestroyed(record) if matches!(record.of, Destroyed::Matter(_)) => {
                    for slot in &record.slots {
                        let at = (seen.me, *slot);
                        self.slots.insert(at);
                        let hash = self.sealed.get(&at);
                        self.gone.extend(hash.map(|hash| (seen.me, *hash)));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn left(&mut self, from: RegionKey, envelope: &Envelope) -> Result<(), String> {
        let again = |field: &&SealedField| {
            !field.ciphertext.is_empty() && self.gone.contains(&(from, field.hash))
        };
        match envelope.fields.iter().find(again) {
            Some(field) => Err(format!(
                "{} was erased at {from}, and leaves with {}",
                field.name.as_str(),
                envelope.id
            )),
            None => Ok(()),
        }
    }

    fn recovered(
        &mut self,
        nodes: &Nodes,
        me: RegionKey,
        rolled: Option<RegionKey>,
    ) -> Result<(), String> {
        // A disk set back may have forgotten that it destroyed a key.
        if rolled == Some(me) {
            return Ok(());
        }
        self.destroyed(nodes, me)
    }

    fn ended(
        &mut self,
        nodes: &Nodes,
        rolled: Option<RegionKey>,
    ) -> Result<(), (RegionKey, String)> {
        let mut all = nodes.keys().filter(|me| rolled != Some(**me));
        all.try_for_each(|me| self.destroyed(nodes, *me).map_err(|words| (*me, words)))
    }
}

impl Erased {
    fn note(&mut self, me: RegionKey, fields: &[SealedField]) {
        for field in fields.iter().filter(|field| !field.ciphertext.is_empty()) {
            self.sealed.insert((me, field.slot), field.hash);
            self.gone.remove(&(me, field.hash));
        }
    }

    fn destroyed(&self, nodes: &Nodes, me: RegionKey) -> Result<(), String> {
        let slots = self.slots.range((me, 0)..=(me, u64::MAX));
        let mut open = slots.filter(|(_, slot)| nodes[&me].sealer.opens(*slot));
        match open.next() {
            Some((_, slot)) => Err(format!(
                "slot {slot} was destroyed, and opens what it sealed"
            )),
            None => Ok(()),
        }
    }
}
