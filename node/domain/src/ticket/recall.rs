//! 收回 and 改派: the giver takes a leg back; re-assignment is a recall and a new leg that names the old, in one commit.

use super::assign::{Plan, give, permit_new_leg, still_wanted};
use super::incoming::{owed, unanswered};
use super::{Sight, Ticket, TicketAct, giver_leg};
use crate::body::Body;
use crate::command::Command;
use crate::id::LegId;
use crate::kernel::{Draft, Stop, joint_legs, name_lead};
use crate::lead;
use crate::leg::{Act, Due, Leg, LegRole, Party, RecallGround};
use crate::refusal::{Class, Refusal};
use crate::row::Done;

/// Takes an outgoing leg back.
///
/// # Errors
/// Refuses as `recall.reason` and what [`crate::leg::check`] refuses.
pub fn recall(draft: &mut Draft<'_>, command: &Command, leg: LegId) -> Result<Done, Stop> {
    let leg = take_back(draft, command, leg, RecallGround::Recalled)?;
    super::done(draft, leg.matter(), vec![leg.id])
}

/// Releases a co-handler with a reason; the lead cannot be released.
///
/// # Errors
/// Refuses as `release.lead`, `release.sole`, and as [`lead::may_release`] and [`recall`].
pub fn release(draft: &mut Draft<'_>, command: &Command, leg: LegId) -> Result<Done, Stop> {
    let known = giver_leg(draft, command, leg)?;
    if !known.is_joint() {
        let words = "这一交办没有会办单位，请用「收回」".to_owned();
        return Err(Refusal::new(Class::State, "release.sole", words).into());
    }
    let ticket = draft.ticket(known.matter())?;
    if ticket.lead == Some(leg) {
        let words = "主办单位不能解除；请先指定新的主办单位".to_owned();
        let article = draft.pack().co_handling.article.clone();
        return Err(Refusal::new(Class::Policy, "release.lead", words)
            .citing(article)
            .into());
    }
    lead::may_release(&joint_legs(draft, &ticket)?, leg)?;
    take_back(draft, command, leg, RecallGround::Released)?;
    super::done(draft, known.matter(), vec![leg])
}

/// Takes a leg back and gives its work to another.
///
/// # Errors
/// As [`recall`], and as an assignment.
pub fn reassign(
    draft: &mut Draft<'_>,
    command: &Command,
    leg: LegId,
    taker: &Body,
    basis: &str,
) -> Result<Done, Stop> {
    let old = take_back(draft, command, leg, RecallGround::Recalled)?;
    let ticket = draft.ticket(old.matter())?;
    still_wanted(&ticket)?;
    permit_new_leg(draft, &ticket, taker, None)?;
    let role = if old.is_joint() {
        LegRole::CoHandler
    } else {
        LegRole::Sole
    };
    let plan = Plan {
        role,
        basis,
        replaces: Some(leg),
        ..Plan::new()
    };
    let new = give(draft, command, &ticket, taker, plan)?;
    super::done(draft, ticket.matter, vec![leg, new])
}

/// A new leg in place of one that was just taken back because its taker was dissolved: the same role, and due on the same
/// day, passed or not. A taker that has the matter already keeps the leg that it has.
///
/// # Errors
/// The view failed, or there is no way to the taker.
pub fn follow_on(
    draft: &mut Draft<'_>,
    command: &Command,
    old: &Leg,
    taker: &Body,
    basis: &str,
) -> Result<(), Stop> {
    let ticket = draft.ticket(old.matter())?;
    if still_wanted(&ticket).is_err() {
        return Ok(());
    }
    // The lead that was taken back is known by its leg; another may have been named on the recall.
    let led = old.lead == Some(old.id);
    let new = match open_with(draft, &ticket, taker)? {
        Some(known) => known,
        None => {
            let plan = Plan {
                role: old.offer.role,
                basis,
                inherited: Some(old.due),
                determined: old.offer.determined,
                replaces: Some(old.id),
                redo: old.offer.redo,
                ..Plan::new()
            };
            give(draft, command, &ticket, taker, plan)?
        }
    };
    let after = draft.ticket(ticket.matter)?;
    if old.is_joint() && led && after.lead != Some(new) {
        name_lead(draft, &after, new, ticket.lead_fixed, Some(&command.actor))?;
    }
    Ok(())
}

/// A leg in place of one that a dissolved node had given down, whose work this node has now: to the same taker, due on
/// the same day unless this node owes it earlier.
///
/// # Errors
/// Refuses as an assignment.
pub fn take_over(
    draft: &mut Draft<'_>,
    command: &Command,
    ticket: &Ticket,
    old: &Sight,
    basis: &str,
) -> Result<(), Stop> {
    still_wanted(ticket)?;
    unanswered(draft, ticket)?;
    permit_new_leg(draft, ticket, &old.taker, None)?;
    let due = owed(draft, ticket)?.map_or(old.due, |owed| owed.at.min(old.due));
    let inherited = Due {
        at: due,
        calendar: draft.world.federation.calendar().version(),
        provisional: false,
    };
    let plan = Plan {
        basis,
        inherited: Some(inherited),
        replaces: Some(old.leg),
        ..Plan::new()
    };
    give(draft, command, ticket, &old.taker, plan).map(|_| ())
}

/// The open leg of the ticket that the taker has already.
fn open_with(draft: &Draft<'_>, ticket: &Ticket, taker: &Body) -> Result<Option<LegId>, Stop> {
    for id in &ticket.outgoing {
        let leg = draft.leg(*id)?;
        if leg.is_open() && leg.taker() == taker {
            return Ok(Some(*id));
        }
    }
    Ok(None)
}

fn take_back(
    draft: &mut Draft<'_>,
    command: &Command,
    leg: LegId,
    ground: RecallGround,
) -> Result<Leg, Stop> {
    let known = giver_leg(draft, command, leg)?;
    if command.fields.is_empty() {
        let words = "收回或解除须写明理由".to_owned();
        return Err(Refusal::new(Class::Invalid, "recall.reason", words).into());
    }
    let act = Act::Recall { ground };
    draft.act(
        leg,
        Party::Giver,
        act,
        Some(&command.actor),
        command.fields.clone(),
    )?;
    Ok(known)
}

/// 撤诉: the petitioner withdrew; the legs are taken back and the level closes.
///
/// # Errors
/// Refuses as `ticket.not-own`, `ticket.closed`, `withdraw.again`.
pub fn withdraw(
    draft: &mut Draft<'_>,
    command: &Command,
    matter: crate::id::MatterId,
) -> Result<Done, Stop> {
    let ticket = super::own_open(draft, command, matter)?;
    if ticket.withdrawn_at.is_some() {
        let words = format!("工单 {} 已登记撤回", ticket.number);
        return Err(Refusal::new(Class::State, "withdraw.again", words).into());
    }
    let (actor, fields) = (Some(&command.actor), command.fields.clone());
    draft.ticket_act(matter, actor, TicketAct::Withdrawn, fields)?;
    for id in &ticket.outgoing {
        if draft.leg(*id)?.is_open() {
            draft.act(
                *id,
                Party::Giver,
                Act::Recall {
                    ground: RecallGround::Withdrawn,
                },
                actor,
                Vec::new(),
            )?;
        }
    }
    if draft.ticket(matter)?.is_open() {
        let act = TicketAct::Closed {
            ground: "withdrawn".to_owned(),
        };
        draft.ticket_act(matter, actor, act, Vec::new())?;
    }
    super::done(draft, matter, Vec::new())
}
