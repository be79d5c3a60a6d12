//! The ticket (工单): a matter as one node holds it, and the verbs that people use on it, one a file.
//!
//! ```text
//! open ──assign──▶ assigned ──all legs back──▶ reviewing (or open) ──close / result accepted──▶ closed
//!   └─answer, refuse────────────────────────────────────────────────────────────────────────────▲
//! closed ──rated poorly, redo──▶ assigned
//! ```

mod act;
mod answer_directly;
mod assign;
mod attach;
mod call_back;
mod close;
mod erase;
mod escalate;
mod fold;
mod incoming;
mod lateness;
mod number;
mod read;
mod recall;
mod redo;
mod refuse;
mod requests;
mod rule;
mod state;
mod take_in;
#[cfg(test)]
mod tests;

pub use act::TicketAct;
pub use answer_directly::answer_directly;
pub use assign::{Assign, assign};
pub use attach::attach;
pub use call_back::{call_back, call_back_due};
pub use close::close;
pub use erase::erase;
pub use escalate::escalate;
pub(crate) use incoming::{due_by_leg, given_from_above, owed, raised_from_below};
pub use lateness::{is_overdue, is_provisional, waits_for_giver};
pub use number::{folded as folded_number, is_valid as number_is_valid};
pub use read::read;
pub use recall::{follow_on, reassign, recall, release, take_over, withdraw};
pub use redo::redo;
pub use refuse::refuse;
pub use requests::{
    ask_escalation, ask_extension, ask_return, progress, sign, submit_result, withdraw_request,
};
pub use rule::{rule, set_due};
pub use state::{Rating, Sight, Ticket, TicketStage};
pub use take_in::{TakeIn, take_in};

use crate::command::Command;
use crate::id::{LegId, MatterId};
use crate::kernel::{Draft, Stop};
use crate::leg::{Leg, Side};
use crate::policy::{reading, roles};
use crate::refusal::{Class, Refusal};
use crate::row::Done;

/// What a verb made, for the answer.
pub(crate) fn done(draft: &Draft<'_>, matter: MatterId, legs: Vec<LegId>) -> Result<Done, Stop> {
    let ticket = draft.ticket(matter)?;
    Ok(Done {
        matter: Some(matter),
        number: ticket.number,
        legs,
        order: None,
        version: ticket.version,
    })
}

/// A ticket that is open here, as the actor saw it.
pub(crate) fn open_ticket(
    draft: &Draft<'_>,
    command: &Command,
    matter: MatterId,
) -> Result<Ticket, Stop> {
    let ticket = draft.ticket(matter)?;
    draft.check_seen(command, &ticket)?;
    if !ticket.is_open() {
        let words = format!(
            "工单 {} 已于 {} 办结",
            ticket.number,
            ticket.closed_at.unwrap_or(ticket.since)
        );
        return Err(Refusal::new(Class::State, "ticket.closed", words).into());
    }
    Ok(ticket)
}

/// A ticket taken in here: only the origin speaks with the petitioner.
pub(crate) fn own(draft: &Draft<'_>, command: &Command, matter: MatterId) -> Result<Ticket, Stop> {
    let ticket = draft.ticket(matter)?;
    draft.check_seen(command, &ticket)?;
    if !ticket.is_own(draft.me()) {
        let words = format!(
            "工单 {} 由 {} 受理，须由受理节点办理此项",
            ticket.number, ticket.origin
        );
        return Err(Refusal::new(Class::Forbidden, "ticket.not-own", words).into());
    }
    Ok(ticket)
}

/// An own ticket that is open.
pub(crate) fn own_open(
    draft: &Draft<'_>,
    command: &Command,
    matter: MatterId,
) -> Result<Ticket, Stop> {
    own(draft, command, matter)?;
    open_ticket(draft, command, matter)
}

/// Whoever writes into a ticket may read it.
pub(crate) fn concerns(draft: &Draft<'_>, command: &Command, ticket: &Ticket) -> Result<(), Stop> {
    reading::of_ticket(draft, &command.actor, draft.me(), ticket)??;
    Ok(())
}

/// A leg that this node gave, for the hotline's own staff.
pub(crate) fn giver_leg(draft: &Draft<'_>, command: &Command, leg: LegId) -> Result<Leg, Stop> {
    roles::permit_giver(&command.actor)?;
    let leg = draft.leg(leg)?;
    seen(draft, command, &leg)?;
    if leg.side == Side::Taker {
        let words = format!("这一交办由 {} 交出，只有交办方可作此决定", leg.giver());
        return Err(Refusal::new(Class::Forbidden, "leg.not-giver", words).into());
    }
    Ok(leg)
}

/// A leg that this node, or a unit of it that the actor belongs to, took.
pub(crate) fn taker_leg(draft: &Draft<'_>, command: &Command, leg: LegId) -> Result<Leg, Stop> {
    let leg = draft.leg(leg)?;
    roles::permit_taker(&command.actor, &leg)?;
    seen(draft, command, &leg)?;
    if leg.side == Side::Giver {
        let words = format!("这一交办由 {} 承办，须由承办方办理此项", leg.taker());
        return Err(Refusal::new(Class::Forbidden, "leg.not-taker", words).into());
    }
    Ok(leg)
}

fn seen(draft: &Draft<'_>, command: &Command, leg: &Leg) -> Result<(), Stop> {
    let ticket = draft.ticket(leg.matter())?;
    draft.check_seen(command, &ticket)
}
