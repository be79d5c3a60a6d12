//! What is forged: a table of things that their sender has no right to say.

use crate::sim::node::Node;
use crate::sim::places::packs;
use crate::sim::rng::Rng;
use hotline::codec::payload::Codec;
use hotline_domain::body::Body;
use hotline_domain::exchange::PastAct;
use hotline_domain::figures::{Report, Watermark};
use hotline_domain::id::{LegId, MatterId, OrderId};
use hotline_domain::leg::{
    Act, Due, Lane, Leg, LegKind, LegRole, Offer, Party, RecallGround, RuleVersion, Side,
};
use hotline_domain::link::{Message, Wire as _};
use hotline_domain::supervision::{Notice, NoticeReason};
use hotline_domain::ticket::Sight;
use hotline_topology::{FieldName, Kind, RegionKey, Time, Urgency};

/// A forged content.
pub(super) struct Forged {
    /// Its name in reports.
    pub name: &'static str,
    /// Who is said to have written it.
    pub author: RegionKey,
    pub leg: Option<LegId>,
    pub kind: u32,
    pub payload: Vec<u8>,
    /// A field that goes along.
    pub field: Option<FieldName>,
}

type Forge = fn(&Node, RegionKey, Time, &mut Rng) -> Option<Forged>;

/// Every forgery; each is given who forges, for whom, and the time.
const ALL: [Forge; 13] = [
    other_author,
    leg_from_below,
    order_by_taker,
    supervision_from_below,
    supervision_in_anothers_name,
    end_in_anothers_name,
    supervision_told_in_anothers_name,
    field,
    sight,
    notice,
    figures,
    garbage,
    unknown_kind,
];

pub(super) fn forged(node: &Node, peer: RegionKey, rng: &mut Rng) -> Option<Forged> {
    let at = node.view.link(peer).heard_at?;
    (*rng.pick(&ALL))(node, peer, at, rng)
}

fn says(name: &'static str, author: RegionKey, message: &Message) -> Forged {
    let leg = match message {
        Message::Leg { leg, .. } => Some(*leg),
        _ => None,
    };
    Forged {
        name,
        author,
        leg,
        kind: message.kind() as u32,
        payload: Codec.encode(message),
        field: None,
    }
}

fn on_leg(name: &'static str, author: RegionKey, leg: LegId, at: Time, act: Act) -> Forged {
    says(name, author, &Message::Leg { leg, at, act })
}

/// An open leg that the node takes of its neighbour.
fn held(node: &Node, peer: RegionKey) -> Option<&Leg> {
    node.view
        .legs()
        .find(|leg| leg.is_open() && leg.side == Side::Taker && leg.giver() == peer)
}

/// Somebody whose envelopes the neighbour must not take from this side.
fn other(node: &Node, peer: RegionKey, rng: &mut Rng) -> Option<RegionKey> {
    let tree = &node.place.federation;
    let elsewhere =
        |other: &&RegionKey| **other != peer && tree.next_hop(peer, **other) != Some(node.region);
    let others: Vec<_> = node.place.nodes.iter().filter(elsewhere).collect();
    (!others.is_empty()).then(|| **rng.pick(&others))
}

fn other_author(node: &Node, peer: RegionKey, at: Time, rng: &mut Rng) -> Option<Forged> {
    let author = other(node, peer, rng)?;
    let act = Act::Offer(Box::new(offer(author, peer, rng)));
    let leg = LegId(rng.bits());
    Some(on_leg("forged author", author, leg, at, act))
}

/// A leg by one who may not give it: a child to its parent, downward.
fn leg_from_below(node: &Node, peer: RegionKey, at: Time, rng: &mut Rng) -> Option<Forged> {
    let me = node.region;
    if node.place.federation.parent(me) != Some(peer) {
        return None;
    }
    let act = Act::Offer(Box::new(offer(me, peer, rng)));
    let leg = LegId(rng.bits());
    Some(on_leg("forged leg from below", me, leg, at, act))
}

fn order_by_taker(node: &Node, peer: RegionKey, at: Time, _: &mut Rng) -> Option<Forged> {
    let ground = RecallGround::Withdrawn;
    let leg = held(node, peer)?.id;
    let act = Act::Recall { ground };
    Some(on_leg(
        "forged order of the giver",
        node.region,
        leg,
        at,
        act,
    ))
}

fn supervision_from_below(node: &Node, peer: RegionKey, at: Time, rng: &mut Rng) -> Option<Forged> {
    let act = Act::Supervise {
        order: OrderId(rng.bits()),
        issuer: node.region,
        trigger: "other".to_owned(),
        reply_by: at,
    };
    let leg = held(node, peer)?.id;
    Some(on_leg("forged supervision", node.region, leg, at, act))
}

/// A leg between the node and its neighbour, raised, given down or taken, and a superior in whose name the node speaks on it.
fn between(node: &Node, peer: RegionKey, rng: &mut Rng) -> Option<(LegId, RegionKey)> {
    let ends = |leg: &&Leg| [leg.giver(), leg.taker().region()].contains(&peer);
    let legs: Vec<LegId> = (node.view.legs().filter(ends).map(|leg| leg.id)).collect();
    let above = node.place.federation.ancestors(node.region);
    let above: Vec<RegionKey> = above.filter(|above| *above != peer).collect();
    if legs.is_empty() || above.is_empty() {
        return None;
    }
    Some((*rng.pick(&legs), *rng.pick(&above)))
}

fn order_of(issuer: RegionKey, at: Time, rng: &mut Rng) -> Act {
    Act::Supervise {
        order: OrderId(rng.bits()),
        issuer,
        trigger: "other".to_owned(),
        reply_by: at,
    }
}

/// An order in the name of a superior: from below on what was raised, from a taker, or from who gave the leg.
fn supervision_in_anothers_name(
    node: &Node,
    peer: RegionKey,
    at: Time,
    rng: &mut Rng,
) -> Option<Forged> {
    let (leg, issuer) = between(node, peer, rng)?;
    let act = order_of(issuer, at, rng);
    let name = "forged supervision in another's name";
    Some(on_leg(name, node.region, leg, at, act))
}

/// The end of an order that a superior gave.
fn end_in_anothers_name(node: &Node, peer: RegionKey, at: Time, rng: &mut Rng) -> Option<Forged> {
    let mut orders = node.view.legs().flat_map(|leg| {
        let ends = [leg.giver(), leg.taker().region()].contains(&peer);
        let others = leg.orders.iter().filter(move |order| {
            ends && order.issuer != node.region && order.issuer != peer && order.ended_at.is_none()
        });
        others.map(|order| (leg.id, order.id))
    });
    let (leg, order) = orders.next()?;
    let act = match rng.percent(50) {
        true => Act::EndOrder { order },
        false => Act::Remind { order },
    };
    Some(on_leg("forged end of an order", node.region, leg, at, act))
}

/// The same, told as of the past.
fn supervision_told_in_anothers_name(
    node: &Node,
    peer: RegionKey,
    at: Time,
    rng: &mut Rng,
) -> Option<Forged> {
    let (leg, issuer) = between(node, peer, rng)?;
    let past = PastAct {
        leg,
        by: Party::Giver,
        at,
        nth: 1,
        act: order_of(issuer, at, rng),
        letter: None,
    };
    let name = "forged supervision told in another's name";
    let told = says(name, node.region, &Message::Past(past));
    Some(Forged {
        leg: Some(leg),
        ..told
    })
}

/// An honest act with a field that must not travel.
fn field(node: &Node, peer: RegionKey, at: Time, _: &mut Rng) -> Option<Forged> {
    let stage = "forged".to_owned();
    let leg = held(node, peer)?.id;
    Some(Forged {
        field: Some(FieldName::PetitionerName),
        ..on_leg(
            "forbidden field",
            node.region,
            leg,
            at,
            Act::Progress { stage },
        )
    })
}

/// Where a leg stands, by one who does not give it.
fn sight(node: &Node, peer: RegionKey, at: Time, rng: &mut Rng) -> Option<Forged> {
    let leg = held(node, peer)?;
    let sight = Sight {
        leg: LegId(rng.bits()),
        giver: peer,
        taker: Body::Node(node.region),
        stage: "closed".to_owned(),
        offered_at: at,
        due: at,
        since: at,
        open: false,
        version: 1,
    };
    let matter = leg.matter();
    let message = Message::Sight { matter, sight };
    Some(says("forged sight", node.region, &message))
}

/// An exception notice in somebody else's name.
fn notice(node: &Node, peer: RegionKey, at: Time, rng: &mut Rng) -> Option<Forged> {
    let raised_by = other(node, peer, rng)?;
    let notice = Notice {
        matter: MatterId(rng.bits()),
        number: "伪造".to_owned(),
        leg: None,
        giver: raised_by,
        taker: Body::Node(peer),
        reason: NoticeReason::Overdue,
        kind: Kind::Help,
        category: "0101".to_owned(),
        raised_by,
        raised_at: at,
        due: None,
    };
    Some(says("forged notice", node.region, &Message::Notice(notice)))
}

/// Figures of one who is not below the sender.
fn figures(node: &Node, peer: RegionKey, at: Time, _: &mut Rng) -> Option<Forged> {
    let mark = Watermark {
        author: peer,
        epoch: 1,
        version: 1_000_000,
        as_of: at,
    };
    let report = Report {
        watermarks: vec![mark],
        ..Report::default()
    };
    Some(says(
        "forged figures",
        node.region,
        &Message::Figures(report),
    ))
}

fn garbage(node: &Node, _: RegionKey, _: Time, rng: &mut Rng) -> Option<Forged> {
    Some(Forged {
        name: "garbage in an envelope",
        author: node.region,
        leg: None,
        kind: 1 + u32::try_from(rng.below(5)).unwrap_or(0),
        payload: [[0xff; 16], rng.bits()].concat(),
        field: None,
    })
}

fn unknown_kind(node: &Node, _: RegionKey, _: Time, rng: &mut Rng) -> Option<Forged> {
    Some(Forged {
        name: "envelope of an unknown kind",
        author: node.region,
        leg: None,
        kind: 900 + u32::try_from(rng.below(50)).unwrap_or(0),
        payload: rng.bits().to_vec(),
        field: None,
    })
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
