//! What a peer has no right to is refused; a node that was rolled back is refused by name on every lane.

use super::{Nodes, Promise, Seen};
use hotline_domain::fact::Fact;
use hotline_domain::id::EnvelopeId;
use hotline_domain::leg::Lane;
use hotline_domain::link::Consumption;
use hotline_topology::RegionKey;
use std::collections::BTreeSet;

/// Forged envelopes, and neighbours that hold evidence against the node rolled back.
#[derive(Default)]
pub(super) struct Authority {
    forged: BTreeSet<EnvelopeId>,
    witnesses: BTreeSet<RegionKey>,
}

impl Promise for Authority {
    fn words(&self) -> &'static str {
        "what a peer has no right to is refused"
    }

    fn forged(&mut self, id: EnvelopeId) {
        self.forged.insert(id);
    }

    fn rolled_back(&mut self, nodes: &Nodes, me: RegionKey) {
        for peer in nodes[&me].neighbours() {
            let (ours, theirs) = (nodes[&me].view.link(peer), nodes[&peer].view.link(me));
            let proven = Lane::ALL.iter().any(|lane| {
                let (ours, theirs) = (ours.lanes[lane.index()], theirs.lanes[lane.index()]);
                theirs.received > ours.sent || theirs.acked > ours.received
            });
            if proven {
                self.witnesses.insert(peer);
            }
        }
    }

    fn committed(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        for fact in seen.facts {
            let Fact::Consumed {
                peer, id, outcome, ..
            } = fact
            else {
                continue;
            };
            if self.forged.contains(id) && *outcome == Consumption::Applied {
                return Err(format!(
                    "envelope {id} of {peer} was forged, and took effect"
                ));
            }
            if seen.rolled == Some(*peer) && self.witnesses.contains(&seen.me) {
                return Err(format!(
                    "{peer} was rolled back, and its envelope {id} was taken"
                ));
            }
        }
        Ok(())
    }

    fn ended(
        &mut self,
        nodes: &Nodes,
        rolled: Option<RegionKey>,
    ) -> Result<(), (RegionKey, String)> {
        let Some(rolled) = rolled else { return Ok(()) };
        for witness in &self.witnesses {
            let refused = nodes[witness].view.link(rolled).blocked.is_some()
                || nodes[&rolled].view.link(*witness).blocked.is_some();
            if !refused {
                return Err((
                    *witness,
                    format!("{rolled} was rolled back, and nobody refuses the link"),
                ));
            }
        }
        Ok(())
    }
}
