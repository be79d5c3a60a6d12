//! What a node may do for a peer: only what the peer's certified identity and its place in the tree allow (invariant 8).

use super::way::{self, Ends};
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
    let on_its_side =
        peer == author || (world.trees()).any(|tree| tree.next_hop(world.me, author) == Some(peer));
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

/// The rule of [`party_of`].
pub const NOT_A_PARTY: &str = "authority.not-a-party";

/// Which party the author of an act is on a known leg. Everybody speaks for itself alone: an end as that end, and who gave
/// the leg down or stands above its taker with orders of its own, their reminders and ends.
///
/// # Errors
/// Refuses as `authority.not-a-party`; as `order.goes-to-taker` where an honest superior's order came to who raised the
/// leg.
pub fn party_of(
    world: &World<'_>,
    leg: &Leg,
    author: RegionKey,
    act: &Act,
) -> Result<Party, Refusal> {
    let (me, ends) = (world.me, Ends::of(&leg.offer));
    let by = match act {
        Act::Supervise { .. } | Act::Remind { .. } | Act::EndOrder { .. } => {
            orders(world, leg, ends, author, act).then_some(Party::Giver)
        }
        _ if author == ends.giver => Some(Party::Giver),
        _ if author == ends.taker && author != me => Some(Party::Taker),
        _ => None,
    };
    match by {
        Some(_) if me != ends.taker && !way::of_order(ends).contains(&me) && is_order(act) => {
            let words = format!(
                "{author} 的督办应发给承办方 {}，不发给提级的一方",
                ends.taker
            );
            Err(Refusal::new(Class::State, "order.goes-to-taker", words))
        }
        Some(by) if act.party().is_none_or(|party| party == by) => Ok(by),
        _ => Err(forbidden(
            NOT_A_PARTY,
            format!("{author} 不是这一交办的当事方，无权作「{}」", act.name()),
        )),
    }
}

/// Whether the giver of a leg passes a superior's order on to the taker, as the release before did and this one does not:
/// the taker hears it from its issuer, so that this copy has no effect; and an honest neighbour is not blamed for it.
#[must_use]
pub fn is_handed_on(world: &World<'_>, leg: &Leg, author: RegionKey, act: &Act) -> bool {
    let ends = Ends::of(&leg.offer);
    let of_superior = |issuer| author != issuer && world.federation.is_below(author, issuer);
    let passed_on = match act {
        Act::Supervise { issuer, .. } => of_superior(*issuer),
        // An order that did not come yet may be a superior's.
        Act::Remind { order } | Act::EndOrder { order } => leg
            .order(*order)
            .is_none_or(|order| of_superior(order.issuer)),
        _ => false,
    };
    passed_on && ends.kind == LegKind::Downward && author == ends.giver && world.me == ends.taker
}

/// Whether an act is an order, a reminder of one, or its end.
#[must_use]
pub fn is_order(act: &Act) -> bool {
    matches!(
        act,
        Act::Supervise { .. } | Act::Remind { .. } | Act::EndOrder { .. }
    )
}

/// Whether an author gives this order, or reminds of one of its own, or ends it.
fn orders(world: &World<'_>, leg: &Leg, ends: Ends, author: RegionKey, act: &Act) -> bool {
    let own = match act {
        Act::Supervise { issuer, .. } => *issuer == author,
        // Of an order that never came nothing is known, and nothing is done.
        Act::Remind { order } | Act::EndOrder { order } => {
            leg.order(*order).is_none_or(|order| order.issuer == author)
        }
        _ => false,
    };
    own && way::may_order(world.federation, ends, author)
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
