//! 直接答复: what the hotline can answer itself is not given out.

use super::{Ticket, TicketAct};
use crate::command::Command;
use crate::id::MatterId;
use crate::kernel::{Draft, Stop};
use crate::refusal::{Class, Refusal};
use crate::row::Done;

/// Answers a matter taken in here and closes it.
///
/// # Errors
/// Refuses as `answer.empty`, `ticket.not-own`, `ticket.closed`, `ticket.given-out`.
pub fn answer_directly(
    draft: &mut Draft<'_>,
    command: &Command,
    matter: MatterId,
) -> Result<Done, Stop> {
    let ticket = untouched(draft, command, matter)?;
    if command.fields.is_empty() {
        let words = "直接答复须写明答复内容".to_owned();
        return Err(Refusal::new(Class::Invalid, "answer.empty", words).into());
    }
    let act = TicketAct::AnsweredDirectly;
    draft.ticket_act(
        ticket.matter,
        Some(&command.actor),
        act,
        command.fields.clone(),
    )?;
    super::done(draft, matter, Vec::new())
}

/// An own, open ticket of which nothing was given out yet.
pub(super) fn untouched(
    draft: &Draft<'_>,
    command: &Command,
    matter: MatterId,
) -> Result<Ticket, Stop> {
    let ticket = super::own_open(draft, command, matter)?;
    if !ticket.outgoing.is_empty() {
        let words = format!(
            "工单 {} 已转办过，不能直接答复或不予受理；请按办结处理",
            ticket.number
        );
        return Err(Refusal::new(Class::State, "ticket.given-out", words).into());
    }
    Ok(ticket)
}
