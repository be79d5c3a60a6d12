//! 回访: the origin asks the petitioner for a rating; never the one who handled the matter.

use super::{Ticket, TicketAct, TicketStage};
use crate::clock;
use crate::command::Command;
use crate::id::MatterId;
use crate::kernel::{Draft, Stop};
use crate::refusal::{Class, Refusal};
use crate::row::Done;
use crate::supervision;
use crate::view::Rows;

/// Records a call-back. Unsatisfied again after a redo: every level above learns of it.
///
/// # Errors
/// Refuses as `call-back.open`, `call-back.by-handler`, `call-back.again`, `call-back.rating`, `ticket.not-own`.
pub fn call_back(
    draft: &mut Draft<'_>,
    command: &Command,
    matter: MatterId,
    rating: Option<&str>,
) -> Result<Done, Stop> {
    let ticket = super::own(draft, command, matter)?;
    let pack = draft.pack();
    if ticket.stage != TicketStage::Closed {
        let words = format!("工单 {} 尚未办结，办结后回访", ticket.number);
        return Err(Refusal::new(Class::State, "call-back.open", words).into());
    }
    if ticket.handled_by.contains(&command.actor.name) || command.actor.unit.is_some() {
        let words = format!("{} 经办过本件，回访须由他人进行", command.actor.name);
        return Err(
            Refusal::new(Class::Forbidden, "call-back.by-handler", words)
                .citing(pack.callback.article.clone())
                .into(),
        );
    }
    if is_rated(&ticket) {
        let words = format!("工单 {} 已有评价，不能重复回访", ticket.number);
        return Err(Refusal::new(Class::State, "call-back.again", words).into());
    }
    let satisfied = match rating {
        None => None,
        Some(code) => Some(known_rating(draft, code)?),
    };
    let act = TicketAct::CalledBack {
        rating: rating.map(str::to_owned),
        satisfied,
    };
    draft.ticket_act(matter, Some(&command.actor), act, command.fields.clone())?;
    if satisfied == Some(false) && ticket.redos > 0 {
        supervision::unsatisfied_again(draft, &ticket)?;
    }
    super::done(draft, matter, Vec::new())
}

/// Whether the petitioner rated the matter since it was closed last.
pub(super) fn is_rated(ticket: &Ticket) -> bool {
    let closed = ticket.closed_at.unwrap_or(ticket.since);
    ticket
        .ratings
        .iter()
        .any(|rating| rating.satisfied.is_some() && rating.at >= closed)
}

fn known_rating(draft: &Draft<'_>, code: &str) -> Result<bool, Stop> {
    let pack = draft.pack();
    pack.rating(code)
        .map(|rating| rating.satisfied)
        .ok_or_else(|| {
            let known: Vec<_> = pack
                .callback
                .scale
                .iter()
                .map(|rating| rating.code.as_str())
                .collect();
            let words = format!("没有评价等级「{code}」；可用：{}", known.join("、"));
            Refusal::new(Class::Policy, "call-back.rating", words)
                .citing(pack.callback.article.clone())
                .into()
        })
}

/// The window to call back ended: on record where nobody was reached.
pub fn call_back_due(draft: &mut Draft<'_>, matter: MatterId) -> Result<(), Stop> {
    match Rows::ticket(draft, matter)? {
        Some(ticket) if ticket.stage == TicketStage::Closed && !is_rated(&ticket) => {
            // Closed anew after a redo: that closing has a window of its own.
            let closed = ticket.closed_at.unwrap_or(ticket.since);
            if draft.now() < clock::end_of(&draft.world, closed, draft.pack().callback.window) {
                return Ok(());
            }
            draft.ticket_act(matter, None, TicketAct::CallBackMissed, Vec::new())
        }
        _ => Ok(()),
    }
}
