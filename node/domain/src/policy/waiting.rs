//! Whose turn it is: what waits for a person's act, and what a person has had a hand in. For lists only; what a person may
//! do, `roles.rs` says.
//!
//! | role | waits for |
//! |---|---|
//! | dispatcher | tickets to assign, requests and results to rule on, legs from above to sign for |
//! | handler | legs to sign for, legs in hand without a request that others look at, orders to reply to |
//! | supervisor | orders of this node that were replied to |
//! | clerk | closed own matters to call back on |

use crate::body::{Actor, Role};
use crate::leg::{Leg, Side};
use crate::ticket::{Ticket, TicketStage};
use hotline_topology::RegionKey;

/// Whether the ticket waits for an act of the person; `legs`: those of the ticket that this node holds.
#[must_use]
pub fn waits_for(actor: &Actor, me: RegionKey, ticket: &Ticket, legs: &[Leg]) -> bool {
    let has = |role: Role| actor.roles.contains(&role);
    let open = || legs.iter().filter(|leg| leg.is_open());
    // Of a unit's person only the own unit's legs are in hand, of the others' those that came to the node.
    let in_hand = |leg: &&Leg| match &actor.unit {
        Some(unit) => leg.taker().region() == me && leg.taker().unit() == Some(unit),
        None => leg.side == Side::Taker,
    };
    let taken = |leg: &Leg| {
        let unsigned = leg.delivered_at.is_some() && leg.signed_at.is_none();
        let to_do = leg.signed_at.is_some() && leg.open_request().is_none();
        let ordered = leg
            .orders
            .iter()
            .any(|order| order.replied_at.is_none() && order.ended_at.is_none());
        (unsigned, to_do, ordered)
    };
    let handles = has(Role::Handler)
        && open().filter(in_hand).any(|leg| {
            let (unsigned, to_do, ordered) = taken(leg);
            unsigned || ordered || (to_do && (actor.unit.is_some() || !works_on(legs)))
        });
    let dispatches = has(Role::Dispatcher)
        && actor.unit.is_none()
        && ticket.is_open()
        && (ticket.stage == TicketStage::Open
            || ticket.stage == TicketStage::Reviewing
            || open().any(|leg| leg.side != Side::Taker && leg.open_request().is_some())
            || open().filter(in_hand).any(|leg| {
                let (unsigned, _, ordered) = taken(leg);
                unsigned || ordered
            }));
    let supervises = has(Role::Supervisor)
        && legs.iter().flat_map(|leg| &leg.orders).any(|order| {
            order.issuer == me && order.replied_at.is_some() && order.ended_at.is_none()
        });
    let calls = has(Role::Clerk) && to_call_back(actor, me, ticket);
    handles || dispatches || supervises || calls
}

/// Whether others work on what the node has in hand.
fn works_on(legs: &[Leg]) -> bool {
    legs.iter()
        .any(|leg| leg.is_open() && leg.side != Side::Taker)
}

fn to_call_back(actor: &Actor, me: RegionKey, ticket: &Ticket) -> bool {
    ticket.is_own(me)
        && !ticket.outgoing.is_empty()
        && ticket.withdrawn_at.is_none()
        && !ticket.handled_by.contains(&actor.name)
        && ticket.closed_at.is_some_and(|closed| {
            !ticket
                .ratings
                .iter()
                .any(|rating| rating.satisfied.is_some() && rating.at >= closed)
        })
}

/// Whether the person has had a hand in the ticket at this node, or the person's unit has it.
#[must_use]
pub fn is_of(actor: &Actor, me: RegionKey, ticket: &Ticket, legs: &[Leg]) -> bool {
    let own_unit = |leg: &Leg| {
        actor.unit.is_some()
            && leg.is_open()
            && leg.taker().region() == me
            && leg.taker().unit() == actor.unit.as_ref()
    };
    ticket.handled_by.contains(&actor.name) || legs.iter().any(own_unit)
}
