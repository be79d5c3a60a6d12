//! What a superior orders on a leg of others is on record with itself, the giver and the taker alike, and so is the reply.

use super::{Nodes, Promise, Seen};
use crate::sim::node::Node;
use hotline_domain::exchange::MissingKind;
use hotline_domain::fact::Fact;
use hotline_domain::id::{EnvelopeId, LegId, OrderId};
use hotline_domain::leg::{Act, Leg, Side};
use hotline_domain::row::{Row, RowKey};
use hotline_domain::supervision::IssuedOrder;
use hotline_topology::RegionKey;
use std::collections::{BTreeMap, BTreeSet};

/// Every order that was ever on record with its issuer, and which leg it is on.
#[derive(Default)]
pub(super) struct Orders {
    issued: BTreeMap<OrderId, (RegionKey, LegId)>,
    /// What waits for a far node's key, by who wrote it and its number there.
    awaited: BTreeMap<(RegionKey, u64), (EnvelopeId, LegId)>,
    /// Legs of which something came back to its author, since no key became known in a week.
    returned: BTreeSet<LegId>,
    /// Trees changed: who may supervise whom did, too.
    reorganised: bool,
}

impl Promise for Orders {
    fn words(&self) -> &'static str {
        "what a superior orders is on record with itself and with both ends of the leg"
    }

    fn reorganised(&mut self, _: &std::sync::Arc<crate::sim::places::Place>) {
        self.reorganised = true;
    }

    fn committed(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        for fact in seen.facts {
            match fact {
                Fact::OrderIssued(issued) => {
                    let of = (seen.me, issued.leg);
                    self.issued.insert(issued.order.id, of);
                }
                Fact::KeyAwaited { no, envelope, .. } => {
                    let waits = envelope.leg.map(|leg| (envelope.id, leg));
                    self.awaited
                        .extend(waits.map(|waits| ((seen.me, *no), waits)));
                }
                Fact::KeyAwaitEnded { no, .. } => {
                    let ended = self.awaited.remove(&(seen.me, *no));
                    let gone = ended.filter(|(id, _)| !queued(seen.facts, *id));
                    self.returned.extend(gone.map(|(_, leg)| leg));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn ended(
        &mut self,
        nodes: &Nodes,
        rolled: Option<RegionKey>,
    ) -> Result<(), (RegionKey, String)> {
        if rolled.is_some() || self.reorganised {
            return Ok(());
        }
        for (order, (issuer, leg)) in &self.issued {
            if self.returned.contains(leg) {
                continue;
            }
            alike(nodes, *order, *issuer, *leg).map_err(|words| (*issuer, words))?;
        }
        Ok(())
    }
}

fn queued(facts: &[Fact], id: EnvelopeId) -> bool {
    let is_it = |fact: &Fact| matches!(fact, Fact::Queued { envelope, .. } if envelope.id == id);
    facts.iter().any(is_it)
}

fn alike(nodes: &Nodes, id: OrderId, issuer: RegionKey, leg: LegId) -> Result<(), String> {
    let at = &nodes[&issuer];
    let issued = issued(at, id);
    let mut givers = nodes.values().filter(|node| node.region != issuer);
    let giver = givers.find_map(|node| {
        let leg = node.view.leg(leg)?;
        (leg.side != Side::Taker).then_some((node, leg))
    });
    // The two ends of a leg are compared by another promise.
    let Some((giver, leg)) = giver else {
        return Ok(());
    };
    let (g, l) = (giver.region, leg.id);
    match (issued, leg.order(id)) {
        (Some(_), None) if came_late(giver, leg, id) => Ok(()),
        (Some(_), None) => Err(format!(
            "order {id} of {issuer} on leg {l} never came to {g}"
        )),
        (None, Some(_)) if unproven(at) => Ok(()),
        (None, Some(_)) => Err(format!(
            "order {id} on leg {l} at {g} is unknown to {issuer}"
        )),
        (Some(here), Some(there)) => {
            // That its own unit replied the node may have forgotten: it told nobody but the issuer.
            let ended = here.order.ended_at.is_some() == there.ended_at.is_some();
            if ended && (there.replied_at.is_none() || here.order.replied_at.is_some()) {
                return Ok(());
            }
            Err(format!(
                "order {id} on leg {l}: {issuer} has {:?}, {g} has {there:?}",
                here.order
            ))
        }
        (None, None) => Ok(()),
    }
}

fn issued(node: &Node, id: OrderId) -> Option<&IssuedOrder> {
    match node.view.row(&RowKey::Order(id)) {
        Some(Row::Order(issued)) => Some(issued),
        _ => None,
    }
}

/// An order that met a leg that had ended stands in the matter's timeline alone.
fn came_late(giver: &Node, leg: &Leg, id: OrderId) -> bool {
    let key = |no| RowKey::Timeline(leg.matter(), no);
    let mut timeline = giver.view.range(key(0), key(u32::MAX));
    timeline.any(|(_, row)| match row {
        Row::Timeline(fact) => matches!(&**fact,
            Fact::Leg { act: Act::Supervise { order, .. }, .. } if *order == id),
        _ => false,
    })
}

/// Whether a restored node has something listed for people that it could not believe of itself.
fn unproven(node: &Node) -> bool {
    let mut rows = (node.view).range(RowKey::Missing(0), RowKey::Missing(u64::MAX));
    rows.any(|(_, row)| matches!(row, Row::Missing(it) if it.kind == MissingKind::Unproven))
}
