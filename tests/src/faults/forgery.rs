//! Forged envelopes: a node whose operator tampered with it sends what it has no right to. Each must be refused.

mod words;

use super::{Chance, Fault};
use crate::sim::node::{Node, refold};
use crate::sim::rng::Rng;
use hotline_domain::fact::Fact;
use hotline_domain::id::EnvelopeId;
use hotline_domain::kernel::{Action, Commit};
use hotline_domain::leg::Lane;
use hotline_domain::link::{Envelope, extend};
use hotline_domain::row::{Row, RowKey};
use hotline_topology::RegionKey;
use words::Forged;

pub(super) fn draw(chance: &mut Chance<'_>) -> Vec<(i64, Fault)> {
    let one = |chance: &mut Chance<'_>| {
        let node = chance.node();
        (chance.moment(), Fault::Forge { node })
    };
    (0..chance.count(12, 24)).map(|_| one(chance)).collect()
}

/// Adds a forged envelope to a commit of the node; its id and what is forged of it, or `None` where the node has nothing
/// to forge with.
pub fn forge(
    node: &mut Node,
    rng: &mut Rng,
    commit: &mut Commit,
) -> Option<(EnvelopeId, &'static str)> {
    let peers = node.neighbours();
    let peer = *rng.pick(&peers);
    let Forged {
        name,
        author,
        leg,
        kind,
        payload,
        field,
    } = words::forged(node, peer, rng)?;
    let id = EnvelopeId(rng.bits());
    let fields = field.map(|name| node.sealer.seal_new(rng, name));
    let envelope = Envelope {
        id,
        kind,
        matter: None,
        leg,
        author,
        addressee: peer,
        route: vec![node.region],
        lane: Lane::Ordinary,
        written_at: commit.at,
        topology: node.place.federation.version(),
        key_id: 0,
        payload,
        fields: fields.into_iter().collect(),
        sealed: None,
        proof: None,
        trace: None,
    };
    let state = last_sent(node, commit, peer);
    let seq = state.0 + 1;
    let hash = extend(state.1, seq, envelope.digest());
    commit.facts.push(Fact::Queued {
        peer,
        seq,
        hash,
        envelope,
    });
    // As the kernel does for all that it queues: on an idle node nothing else would send it.
    commit.actions.push(Action::Pump { peer });
    refold(&node.view, node.region, commit);
    Some((id, name))
}

/// Where the ordinary lane stands after the commit's own facts.
fn last_sent(node: &Node, commit: &Commit, peer: RegionKey) -> (u64, [u8; 32]) {
    let changed = commit
        .changes
        .iter()
        .rev()
        .find_map(|(key, row)| match (key, row) {
            (RowKey::Link(of), Some(Row::Link(link))) if *of == peer => Some((**link).clone()),
            _ => None,
        });
    let lane = changed.unwrap_or_else(|| node.view.link(peer)).lanes[Lane::Ordinary.index()];
    (lane.sent, lane.sent_hash)
}
