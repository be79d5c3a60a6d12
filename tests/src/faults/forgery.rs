//! Forged envelopes: a node whose operator tampered with it sends what it has no right to. Each must be refused.

use super::{Chance, Fault};
use crate::sim::node::{Node, refold};
use crate::sim::places::packs;
use crate::sim::rng::Rng;
use hotline::codec::payload::Codec;
use hotline_domain::body::Body;
use hotline_domain::fact::Fact;
use hotline_domain::id::{EnvelopeId, LegId, MatterId, OrderId};
use hotline_domain::kernel::Commit;
use hotline_domain::leg::{
    Act, Due, Lane, Leg, LegKind, LegRole, Offer, RecallGround, RuleVersion, Side,
};
use hotline_domain::link::{Envelope, Message, Wire as _, extend};
use hotline_domain::row::{Row, RowKey};
use hotline_topology::{Kind, RegionKey, Urgency};

pub(super) fn draw(chance: &mut Chance<'_>) -> Vec<(i64, Fault)> {
    let one = |chance: &mut Chance<'_>| {
        let node = chance.node();
        (chance.moment(), Fault::Forge { node })
    };
    (0..chance.count(6, 6)).map(|_| one(chance)).collect()
}

/// Adds a forged envelope to a commit of the node; its id, or `None` where the node has nothing to forge with.
pub fn forge(node: &Node, rng: &mut Rng, commit: &mut Commit) -> Option<EnvelopeId> {
    let peers = node.neighbours();
    let peer = *rng.pick(&peers);
    let (author, message) = words(node, peer, rng)?;
    let leg = match &message {
        Message::Leg { leg, .. } => Some(*leg),
        _ => None,
    };
    let id = EnvelopeId(rng.bits());
    let envelope = Envelope {
        id,
        kind: message.kind() as u32,
        matter: None,
        leg,
        author,
        addressee: peer,
        route: vec![node.region],
        lane: Lane::Ordinary,
        written_at: commit.at,
        topology: node.place.federation.version(),
        key_id: 0,
        payload: Codec.encode(&message),
        fields: Vec::new(),
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
    refold(&node.view, node.region, commit);
    Some(id)
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

fn words(node: &Node, peer: RegionKey, rng: &mut Rng) -> Option<(RegionKey, Message)> {
    let (me, tree) = (node.region, &node.place.federation);
    let at = node.view.link(peer).heard_at?;
    let said = |leg, act| Message::Leg { leg, at, act };
    let held: Vec<&Leg> = node.view.legs().filter(|leg| leg.is_open()).collect();
    match rng.below(4) {
        // Somebody else's name, from the wrong side.
        0 => {
            let others: Vec<_> = node
                .place
                .nodes
                .iter()
                .filter(|other| **other != peer && tree.next_hop(peer, **other) != Some(me))
                .collect();
            if others.is_empty() {
                return None;
            }
            let act = Act::Offer(Box::new(offer(**rng.pick(&others), peer, rng)));
            Some((**rng.pick(&others), said(LegId(rng.bits()), act)))
        }
        // A leg by one who may not give it: a child to its parent, downward.
        1 if tree.parent(me) == Some(peer) => {
            let act = Act::Offer(Box::new(offer(me, peer, rng)));
            Some((me, said(LegId(rng.bits()), act)))
        }
        // The giver's order, by the taker.
        2 => {
            let leg = held
                .iter()
                .find(|leg| leg.side == Side::Taker && leg.giver() == peer)?;
            let ground = RecallGround::Withdrawn;
            Some((me, said(leg.id, Act::Recall { ground })))
        }
        // Supervision from below.
        _ => {
            let leg = held
                .iter()
                .find(|leg| leg.side == Side::Taker && leg.giver() == peer)?;
            let act = Act::Supervise {
                order: OrderId(rng.bits()),
                issuer: me,
                trigger: "other".to_owned(),
                reply_by: at,
            };
            Some((me, said(leg.id, act)))
        }
    }
}

fn offer(giver: RegionKey, taker: RegionKey, rng: &mut Rng) -> Offer {
    let pack = &packs()[0];
    Offer {
        matter: MatterId(rng.bits()),
        number: "伪造".to_owned(),
        origin: giver,
        taken_in_at: crate::sim::places::START,
        serial: 1,
        giver,
        taker: Body::Node(taker),
        role: LegRole::Sole,
        kind: LegKind::Downward,
        replaces: None,
        redo: false,
        rules: RuleVersion {
            pack: pack.id.clone(),
            version: pack.version,
        },
        due: Due {
            at: crate::sim::places::START,
            calendar: 1,
            provisional: false,
        },
        lane: Lane::Ordinary,
        hops: 1,
        request_kind: Kind::Help,
        category: "0101".to_owned(),
        urgency: Urgency::Normal,
        place: None,
        determined: false,
        basis: String::new(),
        content: Vec::new(),
    }
}
