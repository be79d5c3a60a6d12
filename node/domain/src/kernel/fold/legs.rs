//! Acts on a leg, and what they mean for the node's ticket.

use super::tickets::put_ticket;
use crate::body::Body;
use crate::fact::Fact;
use crate::id::{LegId, MatterId};
use crate::leg::{Act, Asking, Closure, Leg, LegKind, Order, Side, Stage};
use crate::row::{IndexKey, Row, RowKey};
use crate::ticket::{Ticket, TicketStage};
use crate::view::{Overlay, Rows, ViewFailed};
use hotline_topology::{RegionKey, Time};

/// Folds an act on a leg.
pub(super) fn fold(view: &mut Overlay<'_>, me: RegionKey, fact: &Fact) -> Result<(), ViewFailed> {
    let Fact::Leg {
        leg: id,
        matter,
        by,
        at,
        happened_at,
        act,
        ..
    } = fact
    else {
        return Ok(());
    };
    let known = view.leg(*id)?;
    let (before, leg) = match (known, act) {
        (Some(before), _) => {
            let mut leg = before.clone();
            leg.apply(*by, *happened_at, *at, act);
            (Some(before), leg)
        }
        (None, Act::Offer(offer)) => (
            None,
            Leg::open(
                *id,
                side_of(me, offer.giver, &offer.taker),
                (**offer).clone(),
                *happened_at,
            ),
        ),
        // An act on a leg this node never had changes nothing; `receive` refused it before it became a fact.
        (None, _) => return Ok(()),
    };
    let index = RowKey::Index(IndexKey::OpenLeg(leg.taker().clone(), *id));
    match (before.as_ref().is_some_and(Leg::is_open), leg.is_open()) {
        (false, true) => view.put(index, Row::Mark),
        (true, false) => view.delete(index),
        _ => {}
    }
    let closed_now = match leg.stage {
        Stage::Closed(closure) if before.as_ref().is_none_or(Leg::is_open) => Some(closure),
        _ => None,
    };
    view.put(RowKey::Leg(*id), Row::Leg(Box::new(leg.clone())));
    if let Act::Supervise { order, .. } = act
        && let Some(order) = leg.order(*order)
    {
        index_order(view, order, *id);
    }
    fold_into_ticket(view, *matter, &leg, before.is_none(), closed_now, fact)
}

/// A superior's order stands on a leg that was closed when it came.
pub(super) fn order_stands(
    view: &mut Overlay<'_>,
    id: LegId,
    order: &Order,
) -> Result<(), ViewFailed> {
    let Some(mut leg) = view.leg(id)? else {
        return Ok(());
    };
    leg.take_order(order.clone());
    view.put(RowKey::Leg(id), Row::Leg(Box::new(leg)));
    index_order(view, order, id);
    Ok(())
}

/// Puts an order into the index of all orders.
pub(super) fn index_order(view: &mut Overlay<'_>, order: &Order, leg: LegId) {
    let key = IndexKey::Order(order.at, order.id, leg);
    view.put(RowKey::Index(key), Row::Mark);
}

/// What the act means for this node's ticket.
fn fold_into_ticket(
    view: &mut Overlay<'_>,
    matter: MatterId,
    leg: &Leg,
    new: bool,
    closed: Option<Closure>,
    entry: &Fact,
) -> Result<(), ViewFailed> {
    let Some(before) = view.ticket(matter)? else {
        // The ticket of a first incoming leg comes with the next fact; the offer opens its timeline there.
        return Ok(());
    };
    let Fact::Leg { at, act, actor, .. } = entry else {
        return Ok(());
    };
    let mut ticket = before.clone();
    let outgoing = leg.side != Side::Taker;
    match closed {
        _ if outgoing && new => ticket.gave(leg.id, leg.offer.hops),
        Some(closure) if outgoing => {
            let stage = stage_by_legs(view, &ticket)?;
            ticket.came_back(leg.offer.kind, closure, stage);
        }
        Some(closure) => fold_incoming_closed(view, &mut ticket, leg, *at, closure)?,
        None => ticket.touched_by(act),
    }
    if let (
        Act::Request {
            asking: Asking::Result { .. },
            ..
        },
        Some(actor),
    ) = (act, actor)
    {
        ticket.handled(actor);
    }
    put_ticket(view, &before, ticket, Some(entry));
    Ok(())
}

/// An incoming leg is over. The ticket ends with the last of them, unless the matter is this node's own.
fn fold_incoming_closed(
    view: &Overlay<'_>,
    ticket: &mut Ticket,
    leg: &Leg,
    at: Time,
    closure: Closure,
) -> Result<(), ViewFailed> {
    let mut other = None;
    for id in &ticket.incoming_all {
        if view.leg(*id)?.is_some_and(|other| other.is_open()) {
            other = Some(*id);
        }
    }
    let own = ticket.origin == leg.taker().region();
    if own || other.is_some() {
        ticket.incoming = other.or(ticket.incoming);
        let stage = match stage_by_legs(view, ticket)? {
            TicketStage::Open if closure == Closure::Done => TicketStage::Reviewing,
            stage => stage,
        };
        ticket.goes_on(stage);
        return Ok(());
    }
    let result = leg
        .request
        .as_ref()
        .and_then(|request| match &request.asking {
            Asking::Result { ground } => Some(ground.as_str()),
            _ => None,
        });
    ticket.incoming_closed(at, closure, result);
    Ok(())
}

/// Where an open ticket stands by its legs. Whoever was given the matter from above does not wait for its own upward
/// leg: what is asked of it comes first.
fn stage_by_legs(view: &Overlay<'_>, ticket: &Ticket) -> Result<TicketStage, ViewFailed> {
    let mut awaited = false;
    for id in &ticket.incoming_all {
        let open = |leg: Leg| leg.is_open() && leg.offer.kind == LegKind::Downward;
        awaited |= view.leg(*id)?.is_some_and(open);
    }
    let (mut at_work, mut done) = (false, false);
    for (at, id) in ticket.outgoing.iter().enumerate() {
        let Some(leg) = view.leg(*id)? else {
            continue;
        };
        at_work |= leg.is_open() && (leg.offer.kind == LegKind::Downward || !awaited);
        done |= at >= ticket.round as usize && leg.stage == Stage::Closed(Closure::Done);
    }
    Ok(match (at_work, done) {
        (true, _) => TicketStage::Assigned,
        (false, true) => TicketStage::Reviewing,
        (false, false) => TicketStage::Open,
    })
}

/// Which half of a leg the node `me` holds.
fn side_of(me: RegionKey, giver: RegionKey, taker: &Body) -> Side {
    match (giver == me, taker.region() == me) {
        (true, true) => Side::Both,
        (true, false) => Side::Giver,
        (false, _) => Side::Taker,
    }
}
