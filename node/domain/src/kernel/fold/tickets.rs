//! Acts on a ticket, and what every change of one brings along: its place in the index, its timeline.

use super::change_node;
use crate::fact::Fact;
use crate::id::MatterId;
use crate::row::{IndexKey, Row, RowKey};
use crate::ticket::{Ticket, TicketAct};
use crate::view::{Overlay, Rows, View, ViewFailed};
use hotline_topology::{RegionKey, Time};

/// Folds an act on a ticket.
pub(super) fn fold(view: &mut Overlay<'_>, me: RegionKey, fact: &Fact) -> Result<(), ViewFailed> {
    let Fact::Ticket {
        matter,
        at,
        actor,
        act,
        fields,
    } = fact
    else {
        return Ok(());
    };
    let before = ticket_before(view, me, *matter, *at, act)?;
    let mut ticket = before.clone();
    ticket.apply(*at, actor.as_deref(), act, fields);
    if let TicketAct::Received { leg, .. } = act
        && let Some(leg) = view.leg(*leg)?
    {
        ticket.hops = ticket.hops.max(leg.offer.hops);
    }
    if let TicketAct::TakenIn { .. } = act {
        change_node(view, |node| node.issued += 1)?;
    }
    // People name a ticket by its number wherever it is; who wrote an offer cannot take a number from another.
    let number = RowKey::Index(IndexKey::Number(ticket.number.clone()));
    if before.version == 0 && view.get(&number)?.is_none() {
        view.put(number, Row::Matter(*matter));
    }
    put_ticket(view, &before, ticket, Some(fact));
    Ok(())
}

/// Folds what the origin learned of a leg between others.
pub(super) fn fold_sight(view: &mut Overlay<'_>, fact: &Fact) -> Result<(), ViewFailed> {
    let Fact::Sighted { matter, sight } = fact else {
        return Ok(());
    };
    if let Some(before) = view.ticket(*matter)? {
        let mut ticket = before.clone();
        ticket.saw(sight);
        let index = RowKey::Index(IndexKey::Sighted(sight.leg));
        view.put(index, Row::Matter(*matter));
        put_ticket(view, &before, ticket, Some(fact));
    }
    Ok(())
}

fn ticket_before(
    view: &Overlay<'_>,
    me: RegionKey,
    matter: MatterId,
    at: Time,
    act: &TicketAct,
) -> Result<Ticket, ViewFailed> {
    if let Some(ticket) = view.ticket(matter)? {
        return Ok(ticket);
    }
    if let TicketAct::Received { leg, .. } | TicketAct::Returned { leg } = act
        && let Some(leg) = view.leg(*leg)?
    {
        return Ok(Ticket::of_offer(&leg.offer, at));
    }
    Ok(Ticket::blank(matter, me, at))
}

/// Puts a changed ticket; `entry` goes into its timeline.
pub(super) fn put_ticket(
    view: &mut Overlay<'_>,
    before: &Ticket,
    ticket: Ticket,
    entry: Option<&Fact>,
) {
    let index = |t: &Ticket| RowKey::Index(IndexKey::Stage(t.stage, t.since, t.matter));
    if before.version != 0 && before.stage != ticket.stage {
        view.delete(index(before));
    }
    if before.version == 0 || before.stage != ticket.stage {
        view.put(index(&ticket), Row::Mark);
    }
    if let Some(entry) = entry {
        add_to_timeline(view, ticket.matter, before.entries, entry);
    }
    let mut ticket = ticket;
    ticket.entries = before.entries + u32::from(entry.is_some());
    view.put(RowKey::Ticket(ticket.matter), Row::Ticket(Box::new(ticket)));
}

fn add_to_timeline(view: &mut Overlay<'_>, matter: MatterId, no: u32, entry: &Fact) {
    view.put(
        RowKey::Timeline(matter, no),
        Row::Timeline(Box::new(entry.clone())),
    );
}
