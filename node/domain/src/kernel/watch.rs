//! What follows by itself from an act on a leg: timers, receipts, news to the origin, the lead, rulings that the rules
//! make at once, and what runs down or up the tree.

use super::draft::Draft;
use super::outcome::Stop;
use super::reconcile::EXCHANGING;
use super::world::succeed;
use super::{attachments, joint, reckon};
use crate::clock;
use crate::leg::{self, Act, Closure, Leg, LegKind, Party, RecallGround, RequestKind, Side, Stage};
use crate::link::Message;
use crate::row::TimerKey;
use crate::ticket::{self, Sight, TicketAct, TicketStage};
use crate::view::Rows;

/// Sees to what follows; called after the act was recorded.
pub(super) fn after(
    draft: &mut Draft<'_>,
    before: Option<&Leg>,
    after: &Leg,
    by: Party,
    act: &Act,
) -> Result<(), Stop> {
    timers(draft, before, after, act)?;
    attachments::after(draft, after, by, act)?;
    if after.side != Side::Taker {
        tell_origin(draft, before, after)?;
        unless_awaited(draft, |draft| joint::watch(draft, after))?;
        if let Some(ruling) = leg::automatic(after) {
            let now = draft.now();
            unless_awaited(draft, |draft| {
                draft.leg_fact(after.id, Party::Giver, now, ruling, None, Vec::new())
            })?;
        }
        if closed_now(before, after) {
            close_withdrawn(draft, after)?;
        }
        if matters_for_succession(act) {
            let leg = draft.leg(after.id)?;
            succeed::pass_leg_on(draft, &leg)?;
        }
    }
    if after.side == Side::Taker && by == Party::Giver {
        follow_giver(draft, before, after, act)?;
    }
    Ok(())
}

/// What follows on a leg whose other side a restored node still waits for follows upon its answer
/// (`reconcile/follow.rs`): what it follows from must not be refused for it. False where it was left to that.
pub(super) fn unless_awaited(
    draft: &mut Draft<'_>,
    work: impl FnOnce(&mut Draft<'_>) -> Result<(), Stop>,
) -> Result<bool, Stop> {
    match draft.attempt(work)? {
        Ok(()) => Ok(true),
        Err(refusal) if refusal.rule == EXCHANGING => Ok(false),
        Err(refusal) => Err(refusal.into()),
    }
}

fn closed_now(before: Option<&Leg>, after: &Leg) -> bool {
    !after.is_open() && before.is_some_and(Leg::is_open)
}

/// What a dissolved node had reported was sent back, taken back, or given up for another request: nothing holds the leg
/// there any more.
fn matters_for_succession(act: &Act) -> bool {
    matches!(
        act,
        Act::Ruling { .. } | Act::WithdrawRequest { .. } | Act::Request { .. }
    )
}

fn timers(draft: &mut Draft<'_>, before: Option<&Leg>, after: &Leg, act: &Act) -> Result<(), Stop> {
    let new_due = before.is_none_or(|before| before.due != after.due);
    // A result in time stopped the clock; sent back or taken back after the date, it did not.
    let passed_after_all = after.due.at <= draft.now()
        && before.is_some_and(|before| before.reported_by(after.due.at))
        && !after.reported_by(after.due.at);
    if after.is_open() && (new_due || passed_after_all) && after.offer.kind == LegKind::Downward {
        draft.set_timer(after.due.at, TimerKey::LegDue(after.id))?;
    }
    if let Some(before) = before
        && after.is_open()
        && let Some(ticket) = Rows::ticket(draft, after.matter())?
        && ticket.incoming == Some(after.id)
        && let Some(due) = ticket.due.filter(|due| *due <= draft.now())
        && before.reported_by(due)
        && !after.reported_by(due)
    {
        draft.set_timer(due, TimerKey::TicketDue(ticket.matter))?;
    }
    let sign = &draft.world.pack_for(&after.offer.rules).sign;
    if matches!(act, Act::Receipt) && after.side != Side::Giver && after.is_open() && sign.deemed {
        let from = after.delivered_at.unwrap_or(draft.now());
        if after.offer.kind == LegKind::Downward {
            draft.set_timer(
                clock::end_of(&draft.world, from, sign.window),
                TimerKey::SignDue(after.id),
            )?;
        }
    }
    Ok(())
}

/// Each change of a leg between others is known at the origin: level, body and days, no content.
fn tell_origin(draft: &mut Draft<'_>, before: Option<&Leg>, after: &Leg) -> Result<(), Stop> {
    let origin = after.offer.origin;
    if origin == draft.me() {
        return Ok(());
    }
    let stage = leg::stage_word(after);
    if before.is_some_and(|before| leg::stage_word(before) == stage && before.due == after.due) {
        return Ok(());
    }
    let sight = Sight {
        leg: after.id,
        giver: after.giver(),
        taker: after.taker().clone(),
        stage: stage.to_owned(),
        offered_at: after.offered_at,
        due: after.due.at,
        since: draft.now(),
        open: after.is_open(),
        version: after.version,
    };
    draft.send(
        origin,
        after.offer.lane,
        &Message::Sight {
            matter: after.matter(),
            sight,
        },
        Vec::new(),
    )
}

/// The petitioner withdrew and the last leg is closed: the level closes.
fn close_withdrawn(draft: &mut Draft<'_>, leg: &Leg) -> Result<(), Stop> {
    let ticket = draft.ticket(leg.matter())?;
    if ticket.withdrawn_at.is_none() || !ticket.is_open() {
        return Ok(());
    }
    for id in &ticket.outgoing {
        if Rows::leg(draft, *id)?.is_some_and(|other| other.is_open()) {
            return Ok(());
        }
    }
    draft.ticket_act(
        ticket.matter,
        None,
        TicketAct::Closed {
            ground: "withdrawn".to_owned(),
        },
        Vec::new(),
    )
}

/// What the giver's act means for this node's ticket and for the legs it gave on.
fn follow_giver(
    draft: &mut Draft<'_>,
    before: Option<&Leg>,
    after: &Leg,
    act: &Act,
) -> Result<(), Stop> {
    if closed_now(before, after) {
        let withdrawn = Stage::Closed(Closure::Recalled(RecallGround::Withdrawn));
        let ground = if after.stage == withdrawn {
            RecallGround::Withdrawn
        } else {
            RecallGround::Recalled
        };
        return recall_below(draft, after, ground);
    }
    let Some(ticket) = Rows::ticket(draft, after.matter())? else {
        return Ok(());
    };
    if ticket.incoming != Some(after.id) {
        return Ok(());
    }
    match act {
        // What was ruled on, not what is asked now: a denied extension may cross a newer result.
        Act::Ruling {
            granted: false,
            of: RequestKind::Result,
            request,
            ..
        } if ticket.stage == TicketStage::Reviewing
            && after.request.as_ref().is_some_and(|r| r.no == *request) =>
        {
            let reason = "sent-back".to_owned();
            draft.ticket_act(
                ticket.matter,
                None,
                TicketAct::Reopened { reason },
                Vec::new(),
            )
        }
        Act::NewDue { .. }
        | Act::Ruling {
            granted: true,
            due: Some(_),
            ..
        } if after.is_open() => {
            if !ticket.is_own(draft.me()) {
                ticket::due_by_leg(draft, &ticket, after)?;
            }
            reckon::legs_of(draft, &ticket)
        }
        _ => Ok(()),
    }
}

/// The leg ended: what this node gave on for it is taken back. An upward leg goes on, unless the petitioner withdrew.
fn recall_below(draft: &mut Draft<'_>, incoming: &Leg, ground: RecallGround) -> Result<(), Stop> {
    let ticket = draft.ticket(incoming.matter())?;
    let mut recalled = Vec::new();
    for id in ticket.outgoing {
        let Some(leg) = Rows::leg(draft, id)? else {
            continue;
        };
        let upward = leg.offer.kind == LegKind::Upward;
        if leg.is_open() && (!upward || ground == RecallGround::Withdrawn) {
            let (now, act) = (draft.now(), Act::Recall { ground });
            let done = unless_awaited(draft, |draft| {
                draft.leg_fact(id, Party::Giver, now, act, None, Vec::new())
            })?;
            recalled.extend(done.then_some(leg));
        }
    }
    if ground == RecallGround::Recalled {
        succeed::tell_successor(draft, &recalled)?;
    }
    Ok(())
}
