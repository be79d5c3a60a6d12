//! What raises an exception notice (异常通报): a leg overdue, returned past the bound, not delivered, unsatisfactory a
//! second time, a supervision order unanswered. Every level above learns it; no content, no person.
//!
//! Whether a leg at another node is overdue only its taker can say: until it does, or the bound for silence has passed,
//! the giver has no news since it last heard of it. What never arrived there is overdue by the giver's own clock.

use super::subject::{Subject, find};
use super::{Notice, NoticeReason};
use crate::clock;
use crate::fact::Fact;
use crate::id::{LegId, MatterId, OrderId};
use crate::kernel::{Draft, Stop};
use crate::leg::{Act, Closure, Lane, Leg, LegKind, Party, Side, Stage};
use crate::link::Message;
use crate::row::TimerKey;
use crate::ticket::{self, Ticket, TicketAct, TicketStage};
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
    let act = Act::Overdue { due: leg.due.at };
    if leg.side == Side::Taker {
        draft.act(id, Party::Taker, act, None, Vec::new())?;
        return Ok(());
    }
    if leg.side == Side::Giver && leg.stage != Stage::Offered {
        let bound = clock::end_of(&draft.world, leg.due.at, draft.pack().silence.bound);
        if draft.now() < bound {
            return draft.set_timer(bound, TimerKey::LegDue(id));
        }
    }
    draft.act(id, Party::Giver, act, None, Vec::new())?;
    overdue(draft, &leg)
}

/// The taker's own clock says so.
pub(super) fn overdue(draft: &mut Draft<'_>, leg: &Leg) -> Result<(), Stop> {
    let due = Some(leg.due.at);
    raise(draft, Subject::of_leg(leg), NoticeReason::Overdue, due)
}

/// The ticket's own due date came: overdue, unless what it owes was reported in time and waits for its giver. Where nobody
/// else has the work, every level above learns of it: whoever was handed it has a date of its own that does the same.
///
/// # Errors
/// The view failed.
pub fn ticket_due(draft: &mut Draft<'_>, matter: MatterId) -> Result<(), Stop> {
    let Some(ticket) = Rows::ticket(draft, matter)? else {
        return Ok(());
    };
    let passed = ticket.due.is_some_and(|due| due <= draft.now());
    if !ticket.is_open()
        || ticket.overdue
        || !passed
        || ticket::waits_for_giver(draft, draft.me(), &ticket)?
    {
        return Ok(());
    }
    draft.ticket_act(matter, None, TicketAct::Overdue, Vec::new())?;
    match left_lying(draft, &ticket)? {
        Some(subject) => raise(draft, subject, NoticeReason::Overdue, ticket.due),
        None => Ok(()),
    }
}

/// The window to hand an own matter on ended (超期未派).
///
/// # Errors
/// The view failed.
pub fn assign_due(draft: &mut Draft<'_>, matter: MatterId) -> Result<(), Stop> {
    let Some(ticket) = Rows::ticket(draft, matter)? else {
        return Ok(());
    };
    if ticket.stage != TicketStage::Open || !ticket.outgoing.is_empty() {
        return Ok(());
    }
    let Some(subject) = left_lying(draft, &ticket)? else {
        return Ok(());
    };
    draft.alarm(format!(
        "超期未派：工单 {} 受理后至今没有派出，已通报各级上级；请尽快派出或直接答复",
        ticket.number
    ));
    let due = clock::assign_by(&draft.world, &ticket.rules, ticket.taken_in_at);
    raise(draft, subject, NoticeReason::Overdue, Some(due))
}

/// A matter that lies with this node itself: its own, or one that was raised to it; given to nobody, and not asked for by a
/// leg from above, whose own date counts.
fn left_lying(draft: &Draft<'_>, ticket: &Ticket) -> Result<Option<Subject>, Stop> {
    if ticket.stage == TicketStage::Assigned || ticket::given_from_above(draft, ticket)?.is_some() {
        return Ok(None);
    }
    let raised = ticket::raised_from_below(draft, ticket)?;
    let own = ticket.is_own(draft.me());
    Ok(raised
        .map(|leg| Subject::of_leg(&leg))
        .or_else(|| own.then(|| Subject::of_ticket(draft.me(), ticket))))
}

/// A reply to an order of this node's was due.
///
/// # Errors
/// The view failed.
pub fn reply_due(draft: &mut Draft<'_>, order: OrderId) -> Result<(), Stop> {
    let Some(issued) = draft.order(order)? else {
        return Ok(());
    };
    let order = &issued.order;
    // A calendar may have moved it since.
    let later = order.reply_by > draft.now();
    if order.replied_at.is_some() || order.ended_at.is_some() || later {
        return Ok(());
    }
    let (subject, due) = (find(draft, issued.leg)?, Some(issued.order.reply_by));
    raise(draft, subject, NoticeReason::OrderUnanswered, due)
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
    let reason = NoticeReason::RefusedPastBound;
    raise(draft, Subject::of_leg(leg), reason, None)
}

/// The taker's node refused to take the leg.
///
/// # Errors
/// The view failed.
pub fn bounced(draft: &mut Draft<'_>, leg: &Leg) -> Result<(), Stop> {
    raise(draft, Subject::of_leg(leg), NoticeReason::Bounced, None)
}

/// Rated poorly after a redo: it is said of whoever took it up last since then; where nobody did, of the node itself.
///
/// # Errors
/// The view failed.
pub fn unsatisfied_again(draft: &mut Draft<'_>, ticket: &Ticket) -> Result<(), Stop> {
    let mut handled = None;
    for id in ticket.in_hand() {
        let leg = draft.leg(*id)?;
        if took_up(&leg) {
            handled = Some(leg);
        }
    }
    let subject = match handled {
        Some(leg) => Subject::of_leg(&leg),
        None => Subject::of_ticket(draft.me(), ticket),
    };
    raise(draft, subject, NoticeReason::UnsatisfactoryAgain, None)
}

/// Whether the taker had the work, and did not only have it taken away again or declined it.
fn took_up(leg: &Leg) -> bool {
    leg.signed_at.is_some() && leg.stage != Stage::Closed(Closure::Returned)
        || leg.stage == Stage::Closed(Closure::Done)
}

/// Records a notice here and sends it to every node above.
fn raise(
    draft: &mut Draft<'_>,
    about: Subject,
    reason: NoticeReason,
    due: Option<Time>,
) -> Result<(), Stop> {
    let notice = Notice {
        matter: about.matter,
        number: about.number,
        leg: about.leg,
        giver: about.giver,
        taker: about.taker,
        reason,
        kind: about.kind,
        category: about.category,
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
        let message = Message::Notice(notice.clone());
        draft.send(superior, Lane::Ordinary, &message, Vec::new())?;
    }
    Ok(())
}
