//! 超期 of a ticket: one account, which lists, single tickets, figures and clocks ask. Of a leg it is
//! [`crate::leg::Leg::overdue`]. And whether its date is one to rely on.

use super::Ticket;
use crate::clock::DueOf;
use crate::view::{Rows, View, ViewFailed};
use hotline_topology::RegionKey;

/// Whether the node `me` is late with the ticket: its date passed, and what it owes is not waiting for somebody else.
///
/// # Errors
/// The view could not be read.
pub fn is_overdue<V: View + ?Sized>(
    view: &V,
    me: RegionKey,
    ticket: &Ticket,
) -> Result<bool, ViewFailed> {
    Ok(ticket.is_open() && ticket.overdue && !waits_for_giver(view, me, ticket)?)
}

/// Whether the ticket's own date counts through a year whose calendar is not announced (暂定).
///
/// # Errors
/// The view could not be read.
pub fn is_provisional<V: View + ?Sized>(view: &V, ticket: &Ticket) -> Result<bool, ViewFailed> {
    let reckoned = view.provisional(DueOf::Ticket(ticket.matter))?;
    Ok(ticket.is_open() && reckoned.is_some_and(|known| ticket.due == Some(known.at)))
}

/// Whether the node `me` reported its result by its date and the giver has not sent it back: what is left of the time is
/// the giver's. A matter of its own it owes to the petitioner, whoever else may be at work on it.
///
/// # Errors
/// The view could not be read.
pub fn waits_for_giver<V: View + ?Sized>(
    view: &V,
    me: RegionKey,
    ticket: &Ticket,
) -> Result<bool, ViewFailed> {
    let (Some(incoming), Some(due)) = (ticket.incoming, ticket.due) else {
        return Ok(false);
    };
    if ticket.is_own(me) {
        return Ok(false);
    }
    let leg = view.leg(incoming)?;
    Ok(leg.is_some_and(|leg| leg.is_open() && leg.reported_by(due)))
}
