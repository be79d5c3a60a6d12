//! When faults stop, every queue drains, and nothing is left without someone answerable.

use super::{Nodes, Promise};
use hotline_domain::id::EnvelopeId;
use hotline_domain::leg::Lane;
use hotline_domain::row::{Kept, Row, RowKey};
use hotline_domain::ticket::TicketStage;
use hotline_topology::RegionKey;
use std::collections::BTreeSet;

/// Remembers what was forged; else the rows say all.
#[derive(Default)]
pub(super) struct Liveness(BTreeSet<EnvelopeId>);

impl Promise for Liveness {
    fn words(&self) -> &'static str {
        "when faults stop, every queue drains and every matter ends"
    }

    fn forged(&mut self, id: EnvelopeId) {
        self.0.insert(id);
    }

    fn ended(
        &mut self,
        nodes: &Nodes,
        rolled: Option<RegionKey>,
    ) -> Result<(), (RegionKey, String)> {
        if rolled.is_some() {
            return Ok(());
        }
        for (me, node) in nodes {
            let at = |words: String| Err((*me, words));
            if let Some((_, leg)) = node.view.legs().enumerate().find(|(_, leg)| leg.is_open()) {
                return at(format!(
                    "leg {} is still open ({:?}), side {:?}, request {:?}",
                    leg.id, leg.stage, leg.side, leg.request
                ));
            }
            if let Some(ticket) = node.view.tickets().find(|ticket| ticket.is_open()) {
                let stage: TicketStage = ticket.stage;
                return at(format!("ticket {} is still {stage:?}", ticket.number));
            }
            let first = RowKey::Outbox(RegionKey::literal("000000000000"), Lane::Urgent, 0);
            let last = RowKey::Outbox(RegionKey::literal("zzzzzzzzzzzz"), Lane::Bulk, u64::MAX);
            let waiting = node.view.range(first, last).filter(|(key, _)| {
                // Figures are reported for ever; there may be one under way.
                matches!(key, RowKey::Outbox(_, Lane::Urgent | Lane::Ordinary, _))
            });
            if let Some((key, _)) = waiting.into_iter().next() {
                return at(format!("{key:?} was never acknowledged"));
            }
            let kept = [RowKey::Kept(0), RowKey::Kept(u64::MAX)];
            let [from, to] = kept;
            // What was forged and could not be understood lies aside for a person, as it should; and an order on a leg
            // that was refused before it came waits for it as long as it may.
            let no_leg = |kept: &Kept| {
                let leg = kept.envelope.leg.and_then(|leg| node.view.leg(leg));
                kept.until.is_some() && leg.is_none() && kept.envelope.key_id == 0
            };
            let honest = |row: &Row| match row {
                Row::Kept(kept) => !self.0.contains(&kept.envelope.id) && !no_leg(kept),
                _ => true,
            };
            let mut aside = node.view.range(from, to);
            if let Some((key, row)) = aside.find(|(_, row)| honest(row)) {
                return at(format!("{key:?} lies aside: {row:?}"));
            }
        }
        Ok(())
    }
}
