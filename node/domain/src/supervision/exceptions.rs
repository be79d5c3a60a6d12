//! What raises an exception notice (异常通报): a leg overdue, returned past the bound, unsatisfactory a second time, a
//! supervision order unanswered. Every level above learns it; no content, no person.

use super::{Notice, NoticeReason};
use crate::body::Body;
use crate::fact::Fact;
use crate::id::{LegId, MatterId, OrderId};
use crate::kernel::{Draft, Stop};
use crate::leg::{Act, Lane, Leg, LegKind, Party, Side};
use crate::link::Message;
use crate::ticket::{Ticket, TicketAct};
use crate::view::Rows;
use hotline_topology::Time;

/// A leg's due date came: overdue, unless a result in time waits for its review.
///
/// # Errors
/// The view failed.
pub fn leg_due(draft: &mut Draft<'_>, id: LegId) -> Result<(), Stop> {
    let Some(leg) = Rows::leg(draft, id)? else {
        return Ok(());
    };
    if !leg.is_open()
        || leg.due.at > draft.now()
        || leg.overdue_since.is_some()
        || leg.reported_by(leg.due.at)
    {
        return Ok(());
    }
    let by = if leg.side == Side::Taker {
        Party::Taker
    } else {
        Party::Giver
    };
    draft.act(id, by, Act::Overdue { due: leg.due.at }, None, Vec::new())?;
    if leg.side == Side::Taker {
        return Ok(());
    }
    let ticket = draft.ticket(leg.matter())?;
    let taker = leg.taker().clone();
    raise(
        draft,
        &ticket,
        Some(id),
        taker,
        NoticeReason::Overdue,
        Some(leg.due.at),
    )
}

/// The ticket's own due date came.
///
/// # Errors
/// The view failed.
pub fn ticket_due(draft: &mut Draft<'_>, matter: MatterId) -> Result<(), Stop> {
    match Rows::ticket(draft, matter)? {
        Some(ticket)
            if ticket.is_open()
                && !ticket.overdue
                && ticket.due.is_some_and(|due| due <= draft.now()) =>
        {
            draft.ticket_act(matter, None, TicketAct::Overdue, Vec::new())
        }
        _ => Ok(()),
    }
}

/// A reply to an order of this node's was due.
///
/// # Errors
/// The view failed.
pub fn reply_due(draft: &mut Draft<'_>, order: OrderId) -> Result<(), Stop> {
    let Some(issued) = draft.order(order)? else {
        return Ok(());
    };
    if issued.order.replied_at.is_some() || issued.order.ended_at.is_some() {
        return Ok(());
    }
    let known = Rows::ticket(draft, issued.matter)?;
    let Some(ticket) = known else { return Ok(()) };
    let (leg, due) = (Some(issued.leg), Some(issued.order.reply_by));
    raise(
        draft,
        &ticket,
        leg,
        issued.taker,
        NoticeReason::OrderUnanswered,
        due,
    )
}

/// A return was granted: past the bound, every level above learns of it.
///
/// # Errors
/// The view failed.
pub fn returned(draft: &mut Draft<'_>, leg: &Leg) -> Result<(), Stop> {
    let ticket = draft.ticket(leg.matter())?;
    let bound = draft.pack().returns.max_dispatches;
    if leg.offer.kind == LegKind::Upward || ticket.returns < bound {
        return Ok(());
    }
    raise(
        draft,
        &ticket,
        Some(leg.id),
        leg.taker().clone(),
        NoticeReason::RefusedPastBound,
        None,
    )
}

/// Rated poorly after a redo.
///
/// # Errors
/// The view failed.
pub fn unsatisfied_again(draft: &mut Draft<'_>, ticket: &Ticket) -> Result<(), Stop> {
    let leg = ticket.outgoing.last().copied();
    let taker = match leg {
        Some(leg) => draft.leg(leg)?.taker().clone(),
        None => Body::Node(draft.me()),
    };
    raise(
        draft,
        ticket,
        leg,
        taker,
        NoticeReason::UnsatisfactoryAgain,
        None,
    )
}

/// Records a notice here and sends it to every node above.
fn raise(
    draft: &mut Draft<'_>,
    ticket: &Ticket,
    leg: Option<LegId>,
    taker: Body,
    reason: NoticeReason,
    due: Option<Time>,
) -> Result<(), Stop> {
    let notice = Notice {
        matter: ticket.matter,
        number: ticket.number.clone(),
        leg,
        giver: draft.me(),
        taker,
        reason,
        kind: ticket.kind,
        category: ticket.category.clone(),
        raised_by: draft.me(),
        raised_at: draft.now(),
        due,
    };
    draft.record(Fact::Noticed(notice.clone()))?;
    let federation = draft.world.federation;
    let above: Vec<_> = federation
        .ancestors(draft.me())
        .filter(|region| federation.region(*region).is_some_and(|region| region.node))
        .collect();
    for superior in above {
        draft.send(
            superior,
            Lane::Ordinary,
            &Message::Notice(notice.clone()),
            Vec::new(),
        )?;
    }
    Ok(())
}
