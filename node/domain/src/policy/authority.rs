//! What a node may do for a peer: only what the peer's certified identity and its place in the tree allow (invariant 8).

use crate::body::Body;
use crate::kernel::World;
use crate::leg::{Act, Leg, LegKind, Offer, Party};
use crate::refusal::{Class, Refusal};
use crate::supervision::Notice;
use crate::ticket::{Sight, Ticket};
use hotline_topology::{Federation, RegionKey};

/// The rule of [`permit_author`].
pub const NOT_ON_THAT_SIDE: &str = "authority.not-on-that-side";

fn forbidden(rule: &'static str, words: String) -> Refusal {
    Refusal::new(Class::Forbidden, rule, words)
}

/// A neighbour may bring envelopes of the nodes on its side of the tree only.
///
/// # Errors
/// Refuses as `authority.not-on-that-side`.
pub fn permit_author(
    world: &World<'_>,
    peer: RegionKey,
    author: RegionKey,
    route: &[RegionKey],
) -> Result<(), Refusal> {
    // What was written under an older tree may still come by its ways.
    let mut trees = std::iter::once(world.federation).chain(world.older);
    let on_its_side =
        peer == author || trees.any(|tree| tree.next_hop(world.me, author) == Some(peer));
    if on_its_side && route.first() == Some(&author) && route.last() == Some(&peer) {
        return Ok(());
    }
    Err(forbidden(
        NOT_ON_THAT_SIDE,
        format!("{author} 的消息不应由 {peer} 传来"),
    ))
}

/// Who may give this node a leg: a superior on the path, downward; a direct child, upward; by the tree it was written
/// under. Addressed to the node itself.
///
/// # Errors
/// Refuses as `authority.giver`.
pub fn permit_offer(
    world: &World<'_>,
    federation: &Federation,
    author: RegionKey,
    offer: &Offer,
) -> Result<(), Refusal> {
    let placed = match offer.kind {
        LegKind::Downward => federation.is_below(world.me, author),
        LegKind::Upward => federation.parent(author) == Some(world.me),
    };
    if placed && offer.giver == author && offer.taker == Body::Node(world.me) {
        return Ok(());
    }
    Err(forbidden(
        "authority.giver",
        format!("{author} 无权向本节点交办这一件"),
    ))
}

/// Which party the author of an act is on a known leg. A superior of the taker may supervise as givers do: give orders of
/// its own, remind of them and end them. The giver passes others' on.
///
/// # Errors
/// Refuses as `authority.not-a-party`.
pub fn party_of(
    world: &World<'_>,
    leg: &Leg,
    author: RegionKey,
    act: &Act,
) -> Result<Party, Refusal> {
    let taker = leg.taker().region();
    if author == leg.giver() {
        return Ok(Party::Giver);
    }
    if author == taker && taker != world.me {
        return Ok(Party::Taker);
    }
    let supervises = match act {
        Act::Supervise { issuer, .. } => *issuer == author,
        // Of an order that never came nothing is known, and nothing is done.
        Act::Remind { order } | Act::EndOrder { order } => {
            leg.order(*order).is_none_or(|order| order.issuer == author)
        }
        _ => false,
    };
    if supervises && world.federation.is_below(taker, author) {
        return Ok(Party::Giver);
    }
    let answers_order = matches!(act, Act::ReplyOrder { order } if leg.order(*order).is_some());
    if answers_order && author == taker {
        return Ok(Party::Taker);
    }
    Err(forbidden(
        "authority.not-a-party",
        format!("{author} 不是这一交办的当事方,无权作「{}」", act.name()),
    ))
}

/// Only a giver of the matter tells the origin where its legs stand.
///
/// # Errors
/// Refuses as `authority.sight`.
pub fn permit_sight(
    me: RegionKey,
    author: RegionKey,
    ticket: &Ticket,
    sight: &Sight,
) -> Result<(), Refusal> {
    if sight.giver == author && ticket.origin == me {
        return Ok(());
    }
    Err(forbidden(
        "authority.sight",
        format!("{author} 无权通报这一交办的进展"),
    ))
}

/// Notices come from below, about bodies of their raiser's own.
///
/// # Errors
/// Refuses as `authority.notice`.
pub fn permit_notice(world: &World<'_>, author: RegionKey, notice: &Notice) -> Result<(), Refusal> {
    if notice.raised_by == author && world.federation.is_below(author, world.me) {
        return Ok(());
    }
    Err(forbidden(
        "authority.notice",
        format!("{author} 无权向本节点发这一异常通报"),
    ))
}
