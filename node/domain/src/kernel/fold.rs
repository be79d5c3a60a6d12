//! Folding: facts to rows. The one way rows change, while running and when the view is rebuilt; it calls no rule.

use super::reopen;
use crate::body::Body;
use crate::fact::Fact;
use crate::figures;
use crate::id::{LegId, MatterId};
use crate::leg::{Act, Asking, Closure, Leg, LegKind, Side, Stage};
use crate::link::LinkState;
use crate::row::{IndexKey, Kept, NodeRow, Row, RowKey, TimerKey};
use crate::ticket::{Ticket, TicketAct, TicketStage};
use crate::view::{Overlay, Rows, View, ViewFailed};
use hotline_topology::{RegionKey, Time};

/// Folds a whole commit of the node `me`.
///
/// # Errors
/// The view below could not be read.
pub fn fold_commit(
    view: &mut Overlay<'_>,
    me: RegionKey,
    at: Time,
    facts: &[Fact],
) -> Result<(), ViewFailed> {
    note_time(view, at)?;
    facts.iter().try_for_each(|fact| fold(view, me, fact))
}

/// The node's time of the commit: it never runs backwards.
///
/// # Errors
/// The view below could not be read.
pub fn note_time(view: &mut Overlay<'_>, at: Time) -> Result<(), ViewFailed> {
    change_node(view, |node| node.time = node.time.max(at))
}

/// Folds one fact of the node `me`.
///
/// # Errors
/// The view below could not be read.
pub fn fold(view: &mut Overlay<'_>, me: RegionKey, fact: &Fact) -> Result<(), ViewFailed> {
    match fact {
        Fact::Started { mark } => change_node(view, |node| {
            node.mark = *mark;
            node.issued = 0;
        }),
        Fact::Ticket {
            matter,
            at,
            actor,
            act,
            fields,
        } => {
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
        Fact::Leg { .. } => fold_leg(view, me, fact),
        Fact::Sighted { matter, sight } => {
            if let Some(before) = view.ticket(*matter)? {
                let mut ticket = before.clone();
                ticket.saw(sight);
                put_ticket(view, &before, ticket, Some(fact));
            }
            Ok(())
        }
        Fact::Noticed(notice) => {
            let key = RowKey::Notice(
                notice.raised_at,
                notice.matter,
                notice.leg.unwrap_or(LegId([0; 16])),
                notice.reason as u8,
            );
            view.put(key, Row::Notice(Box::new(notice.clone())));
            Ok(())
        }
        Fact::OrderIssued(order) => {
            view.put(
                RowKey::Order(order.order.id),
                Row::Order(Box::new(order.clone())),
            );
            Ok(())
        }
        Fact::Answered {
            operator,
            key,
            digest,
            done,
        } => {
            let row = Row::Answer(*digest, Box::new(done.clone()));
            view.put(RowKey::Answer(operator.clone(), key.clone()), row);
            Ok(())
        }
        Fact::TimerSet { at, key } => {
            view.put(RowKey::Timer(*at, *key), Row::Mark);
            if *key == TimerKey::ReportFigures {
                change_node(view, |node| node.report_due = Some(*at))?;
            }
            Ok(())
        }
        Fact::TimerGone { at, key } => {
            view.delete(RowKey::Timer(*at, *key));
            if *key == TimerKey::ReportFigures {
                change_node(view, |node| {
                    node.report_due = node.report_due.filter(|due| due != at)
                })?;
            }
            Ok(())
        }
        Fact::Counted { .. } | Fact::Reported { .. } | Fact::ReportedUp { .. } => {
            figures::fold(view, fact)
        }
        Fact::EpochRaised { epoch } => change_node(view, |node| node.epoch = *epoch),
        Fact::ClockHeld { why } => change_node(view, |node| node.clock_held = Some(why.clone())),
        Fact::ClockConfirmed => change_node(view, |node| node.clock_held = None),
        Fact::Queued { .. }
        | Fact::Consumed { .. }
        | Fact::Acked { .. }
        | Fact::Kept { .. }
        | Fact::Unkept { .. }
        | Fact::LinkChanged { .. }
        | Fact::LanesRestarted { .. } => fold_link(view, fact),
    }
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
    if let TicketAct::Received { leg, .. } = act
        && let Some(leg) = view.leg(*leg)?
    {
        return Ok(Ticket::of_offer(&leg.offer, at));
    }
    Ok(Ticket::blank(matter, me, at))
}

fn put_ticket(view: &mut Overlay<'_>, before: &Ticket, ticket: Ticket, entry: Option<&Fact>) {
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

fn fold_leg(view: &mut Overlay<'_>, me: RegionKey, fact: &Fact) -> Result<(), ViewFailed> {
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
    fold_into_ticket(view, *matter, &leg, before.is_none(), closed_now, fact)
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

fn fold_link(view: &mut Overlay<'_>, fact: &Fact) -> Result<(), ViewFailed> {
    match fact {
        Fact::Queued {
            peer,
            seq,
            hash,
            envelope,
        } => {
            let lane = envelope.lane;
            view.put(
                RowKey::Outbox(*peer, lane, *seq),
                Row::Outbox(Box::new(envelope.clone()), *hash),
            );
            change_link(view, *peer, |link| {
                let state = &mut link.lanes[lane.index()];
                state.sent = *seq;
                state.sent_hash = *hash;
            })
        }
        Fact::Consumed {
            peer,
            lane,
            seq,
            hash,
            ..
        } => change_link(view, *peer, |link| {
            let state = &mut link.lanes[lane.index()];
            state.received = *seq;
            state.received_hash = *hash;
        }),
        Fact::Acked { peer, lane, upto } => {
            let link = view.link(*peer)?;
            let state = link.lanes[lane.index()];
            let mut hash = state.acked_hash;
            for seq in state.acked + 1..=*upto {
                if let Some(Row::Outbox(_, running)) =
                    crate::view::View::get(view, &RowKey::Outbox(*peer, *lane, seq))?
                {
                    hash = running;
                }
                view.delete(RowKey::Outbox(*peer, *lane, seq));
            }
            change_link(view, *peer, |link| {
                let state = &mut link.lanes[lane.index()];
                state.acked = *upto;
                state.acked_hash = hash;
            })
        }
        Fact::Kept {
            no,
            peer,
            until,
            envelope,
        } => {
            let kept = Kept {
                no: *no,
                peer: *peer,
                until: *until,
                envelope: envelope.clone(),
            };
            view.put(RowKey::Kept(*no), Row::Kept(Box::new(kept)));
            change_node(view, |node| node.kept = node.kept.max(*no))
        }
        Fact::Unkept { no } => {
            view.delete(RowKey::Kept(*no));
            Ok(())
        }
        Fact::LinkChanged {
            peer,
            peer_epoch,
            failures,
            heard_at,
            blocked,
        } => change_link(view, *peer, |link| {
            link.peer_epoch = *peer_epoch;
            link.failures = *failures;
            link.heard_at = *heard_at;
            link.blocked.clone_from(blocked);
        }),
        Fact::LanesRestarted { peer } => reopen::restart_lanes(view, *peer),
        _ => Ok(()),
    }
}

fn change_node(
    view: &mut Overlay<'_>,
    change: impl FnOnce(&mut NodeRow),
) -> Result<(), ViewFailed> {
    let mut node = view.node()?;
    change(&mut node);
    view.put(RowKey::Node, Row::Node(Box::new(node)));
    Ok(())
}

fn change_link(
    view: &mut Overlay<'_>,
    peer: RegionKey,
    change: impl FnOnce(&mut LinkState),
) -> Result<(), ViewFailed> {
    let mut link = view.link(peer)?;
    change(&mut link);
    view.put(RowKey::Link(peer), Row::Link(Box::new(link)));
    Ok(())
}

/// The lowest and highest keys of the timer table up to a moment.
#[must_use]
pub fn timers_until(at: Time) -> (RowKey, RowKey) {
    let first = TimerKey::TicketDue(MatterId([0; 16]));
    (
        RowKey::Timer(Time(i64::MIN), first),
        RowKey::Timer(Time(at.0.saturating_add(1)), first),
    )
}
