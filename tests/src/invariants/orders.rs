//! What a superior orders on a leg of others is on record with itself and with each end that it stands above, above all the
//! body that owes the answer, and so is the reply; who raised the leg is told nothing of it.

use super::{Nodes, Promise, Seen};
use crate::sim::node::Node;
use hotline_domain::exchange::MissingKind;
use hotline_domain::fact::Fact;
use hotline_domain::id::{LegId, OrderId};
use hotline_domain::leg::Order;
use hotline_domain::policy::way::{self, Ends};
use hotline_domain::row::{Row, RowKey};
use hotline_domain::supervision::IssuedOrder;
use hotline_topology::RegionKey;
use std::collections::{BTreeMap, BTreeSet};

/// Every order that was ever on record with its issuer, and which leg it is on.
#[derive(Default)]
pub(super) struct Orders {
    issued: BTreeMap<OrderId, (RegionKey, LegId)>,
    /// What waits for a far node's key, salted, by who wrote it and its number there.
    awaited: BTreeMap<(RegionKey, u64), (Vec<u8>, LegId)>,
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
                    let waits = envelope.leg.map(|leg| (envelope.payload.clone(), leg));
                    self.awaited
                        .extend(waits.map(|waits| ((seen.me, *no), waits)));
                }
                Fact::KeyAwaitEnded { no, .. } => {
                    let ended = self.awaited.remove(&(seen.me, *no));
                    let gone = ended.filter(|(payload, _)| !super::queued(seen.facts, payload));
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
            // What still waits for a key that a wrong clock put into the future is under way.
            let waits = self.awaited.values().any(|(_, waiting)| waiting == leg);
            if waits || self.returned.contains(leg) {
                continue;
            }
            alike(nodes, *order, *issuer, *leg).map_err(|words| (*issuer, words))?;
        }
        Ok(())
    }
}

/// Every end that is to know of an order has it as its issuer has, above all the body that owes the answer; and who raised
/// a leg has none.
fn alike(nodes: &Nodes, id: OrderId, issuer: RegionKey, leg: LegId) -> Result<(), String> {
    let here = (&nodes[&issuer], issued(&nodes[&issuer], id));
    let others = nodes.values().filter(|node| node.region != issuer);
    let ends = others.filter_map(|node| Some((node, node.view.leg(leg)?)));
    for (end, leg) in ends {
        let told = way::of_order(Ends::of(&leg.offer)).contains(&end.region);
        match leg.order(id) {
            Some(_) if !told => {
                let giver = end.region;
                return Err(format!(
                    "order {id} stands with {giver}, which raised the leg {}",
                    leg.id
                ));
            }
            there if told => same(here, (end.region, leg.id, there), id)?,
            _ => {}
        }
    }
    Ok(())
}

fn same(
    (at, issued): (&Node, Option<&IssuedOrder>),
    (end, leg, there): (RegionKey, LegId, Option<&Order>),
    id: OrderId,
) -> Result<(), String> {
    let issuer = at.region;
    match (issued, there) {
        (Some(_), None) => Err(format!(
            "order {id} of {issuer} on leg {leg} never came to {end}"
        )),
        (None, Some(_)) if unproven(at) => Ok(()),
        (None, Some(_)) => Err(format!(
            "order {id} on leg {leg} at {end} is unknown to {issuer}"
        )),
        (Some(here), Some(there)) => {
            // That its own unit replied the node may have forgotten: it told nobody but the issuer.
            let ended = here.order.ended_at.is_some() == there.ended_at.is_some();
            if ended && (there.replied_at.is_none() || here.order.replied_at.is_some()) {
                return Ok(());
            }
            Err(format!(
                "order {id} on leg {leg}: {issuer} has {:?}, {end} has {there:?}",
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

/// Whether a restored node has something listed for people that it could not believe of itself.
fn unproven(node: &Node) -> bool {
    let mut rows = (node.view).range(RowKey::Missing(0), RowKey::Missing(u64::MAX));
    rows.any(|(_, row)| matches!(row, Row::Missing(it) if it.kind == MissingKind::Unproven))
}
