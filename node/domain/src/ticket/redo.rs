//! 重办: handled once more after a poor rating, as often as the pack allows, under a new leg that names the old.

use super::assign::{Plan, give, permit_new_leg};
use super::call_back::is_rated;
use super::{Ticket, TicketAct, TicketStage};
use crate::body::Body;
use crate::clock::{self, DueOf};
use crate::command::Command;
use crate::id::MatterId;
use crate::kernel::{Draft, Stop, reckon};
use crate::leg::{Closure, Leg, LegKind, Stage};
use crate::refusal::{Class, Refusal};
use crate::row::{Done, TimerKey};
use crate::view::Rows;

/// Orders a redo of an own, closed matter.
///
/// # Errors
/// Refuses as `redo.open`, `redo.rating`, `redo.withdrawn`, `redo.max`, `redo.taker`, `ticket.not-own`.
pub fn redo(
    draft: &mut Draft<'_>,
    command: &Command,
    matter: MatterId,
    taker: Option<&Body>,
) -> Result<Done, Stop> {
    let ticket = super::own(draft, command, matter)?;
    permitted(draft, &ticket)?;
    let last = last_handled(draft, &ticket)?;
    let taker = taker
        .cloned()
        .or_else(|| last.as_ref().map(|leg| leg.taker().clone()))
        .ok_or_else(|| {
            let words = format!("工单 {} 没有可重办的承办单位；请指明", ticket.number);
            Refusal::new(Class::Invalid, "redo.taker", words)
                .citing(draft.pack().redo.article.clone())
        })?;
    let due = clock::due(&draft.world, draft.now(), draft.pack().redo.limit);
    let act = TicketAct::RedoOrdered { due: due.at };
    draft.ticket_act(matter, Some(&command.actor), act, Vec::new())?;
    draft.set_timer(due.at, TimerKey::TicketDue(matter))?;
    let (now, limit) = (draft.now(), draft.pack().redo.limit);
    reckon::note_span(draft, DueOf::Ticket(matter), due, now, limit)?;
    let ticket = draft.ticket(matter)?;
    permit_new_leg(draft, &ticket, &taker, Some("redo"))?;
    let plan = Plan {
        redo: true,
        replaces: last.map(|leg| leg.id),
        basis: "重办",
        ..Plan::new()
    };
    let leg = give(draft, command, &ticket, &taker, plan)?;
    super::done(draft, matter, vec![leg])
}

/// Closed, rated poorly since, and not redone too often.
fn permitted(draft: &Draft<'_>, ticket: &Ticket) -> Result<(), Stop> {
    let rule = &draft.pack().redo;
    let refuse = |class, name, words: String| -> Stop {
        Refusal::new(class, name, words)
            .citing(rule.article.clone())
            .into()
    };
    if ticket.stage != TicketStage::Closed {
        return Err(refuse(
            Class::State,
            "redo.open",
            format!("工单 {} 尚未办结，无须重办", ticket.number),
        ));
    }
    let latest = ticket.ratings.iter().rev().find(|r| r.satisfied.is_some());
    let unsatisfied = latest.is_some_and(|rating| rating.satisfied == Some(false));
    if !unsatisfied || !is_rated(ticket) {
        return Err(refuse(
            Class::Policy,
            "redo.rating",
            "重办须有诉求人不满意的回访评价".to_owned(),
        ));
    }
    if ticket.withdrawn_at.is_some() {
        let words = format!("工单 {} 诉求人已撤回，不再重办", ticket.number);
        return Err(refuse(Class::State, "redo.withdrawn", words));
    }
    if ticket.redos >= rule.max {
        let words = format!(
            "工单 {} 已重办 {} 次，最多 {} 次",
            ticket.number, ticket.redos, rule.max
        );
        return Err(refuse(Class::Policy, "redo.max", words));
    }
    Ok(())
}

/// The leg under which the matter was handled last.
fn last_handled(draft: &Draft<'_>, ticket: &Ticket) -> Result<Option<Leg>, Stop> {
    let mut last = None;
    for id in &ticket.outgoing {
        if let Some(leg) = Rows::leg(draft, *id)?
            && leg.offer.kind == LegKind::Downward
            && leg.stage == Stage::Closed(Closure::Done)
        {
            last = Some(leg);
        }
    }
    Ok(last)
}
