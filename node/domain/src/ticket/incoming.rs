//! What this node owes, and to whom: the incoming legs of a ticket.

use super::{Ticket, TicketAct};
use crate::body::Actor;
use crate::clock::{self, Basis, DueOf};
use crate::id::MatterId;
use crate::kernel::{Draft, Stop, reckon};
use crate::leg::{Act, Due, Leg, LegKind, Party, RequestKind, Stage};
use crate::refusal::{Class, Refusal};
use crate::row::TimerKey;
use crate::view::Rows;
use hotline_topology::Time;

/// The open leg by which a superior gave this matter.
pub(crate) fn given_from_above(draft: &Draft<'_>, ticket: &Ticket) -> Result<Option<Leg>, Stop> {
    open_of(draft, ticket, LegKind::Downward)
}

/// The open leg by which a subordinate raised this matter.
pub(crate) fn raised_from_below(draft: &Draft<'_>, ticket: &Ticket) -> Result<Option<Leg>, Stop> {
    open_of(draft, ticket, LegKind::Upward)
}

fn open_of(draft: &Draft<'_>, ticket: &Ticket, kind: LegKind) -> Result<Option<Leg>, Stop> {
    for id in ticket.incoming_all.iter().rev() {
        let leg = Rows::leg(draft, *id)?;
        if let Some(leg) = leg.filter(|leg| leg.is_open() && leg.offer.kind == kind) {
            return Ok(Some(leg));
        }
    }
    Ok(None)
}

/// Whoever has reported its result, or declined what was raised to it, does not hand the matter on meanwhile.
///
/// # Errors
/// Refuses as `ticket.answered`.
pub(crate) fn unanswered(draft: &Draft<'_>, ticket: &Ticket) -> Result<(), Stop> {
    for kind in [LegKind::Downward, LegKind::Upward] {
        let Some(leg) = open_of(draft, ticket, kind)? else {
            continue;
        };
        let asked = leg.open_request().map(|request| request.asking.kind());
        let answered = match asked {
            Some(RequestKind::Result) => true,
            Some(RequestKind::Return) => kind == LegKind::Upward,
            _ => false,
        };
        if answered {
            let words = format!(
                "工单 {} 已向 {} 报送结果，待其审核；如需再转办请先撤回",
                ticket.number,
                leg.giver()
            );
            return Err(Refusal::new(Class::State, "ticket.answered", words).into());
        }
    }
    Ok(())
}

/// Whoever sets to work on a raised matter accepts it: it cannot be declined any more.
pub(crate) fn accept_raised(
    draft: &mut Draft<'_>,
    ticket: &Ticket,
    actor: &Actor,
) -> Result<(), Stop> {
    match raised_from_below(draft, ticket)? {
        Some(leg) if leg.stage == Stage::Delivered => {
            let act = Act::Sign { deemed: false };
            draft.act(leg.id, Party::Taker, act, Some(actor), Vec::new())?;
            Ok(())
        }
        _ => Ok(()),
    }
}

/// By when this node must be done with the work in hand: its own matter that came down again has two clocks, and the
/// giver's counts.
pub(crate) fn owed(draft: &Draft<'_>, ticket: &Ticket) -> Result<Option<Due>, Stop> {
    if ticket.is_own(draft.me())
        && let Some(leg) = given_from_above(draft, ticket)?
    {
        return Ok(Some(clock::own_due(&draft.world, &leg)));
    }
    let reckoned = Rows::provisional(draft, DueOf::Ticket(ticket.matter))?;
    let calendar = draft.world.federation.calendar().version();
    Ok(ticket.due.map(|at| match reckoned {
        Some(known) if known.at == at => Due {
            at,
            calendar: known.calendar,
            provisional: true,
        },
        _ => Due {
            at,
            calendar,
            provisional: false,
        },
    }))
}

/// The ticket's own due date is the incoming leg's, or what the own rules allow under it.
pub(crate) fn due_by_leg(draft: &mut Draft<'_>, ticket: &Ticket, leg: &Leg) -> Result<(), Stop> {
    let due = clock::own_due(&draft.world, leg);
    if ticket.due != Some(due.at) {
        change_due(draft, ticket.matter, due.at, None)?;
    }
    let of = DueOf::Ticket(ticket.matter);
    reckon::note(draft, of, due, Basis::Incoming, 0)
}

/// Moves the ticket's own due date, with its timer.
pub(crate) fn change_due(
    draft: &mut Draft<'_>,
    matter: MatterId,
    due: Time,
    actor: Option<&Actor>,
) -> Result<(), Stop> {
    draft.ticket_act(matter, actor, TicketAct::DueChanged { due }, Vec::new())?;
    draft.set_timer(due, TimerKey::TicketDue(matter))
}
