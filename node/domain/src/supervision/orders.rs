//! 督办 and 催办: an order by the giver or any superior on the path, on a named leg; it needs no consent and ends only by
//! its issuer.

use super::subject::{Subject, find};
use super::{IssuedOrder, exceptions};
use crate::clock::{self, DueOf};
use crate::command::Command;
use crate::fact::Fact;
use crate::field::SealedField;
use crate::id::{LegId, OrderId};
use crate::kernel::{Draft, Stop, reckon};
use crate::leg::{Act, Leg, Order, Party, Side};
use crate::link::Message;
use crate::policy::roles;
use crate::refusal::{Class, Refusal};
use crate::row::{Done, TimerKey};
use crate::view::Rows;
use hotline_topology::{RegionKey, Time};

/// Issues a supervision order.
///
/// # Errors
/// Refuses as `supervise.leg`, `supervise.trigger`, `supervise.text`, `supervise.reply-by`, `supervise.upward`.
pub fn supervise(
    draft: &mut Draft<'_>,
    command: &Command,
    leg: LegId,
    trigger: &str,
    reply_by: Option<Time>,
) -> Result<Done, Stop> {
    roles::permit_giver(&command.actor)?;
    let subject = find(draft, leg)?;
    let rule = &draft.pack().supervision;
    if !rule
        .triggers
        .iter()
        .any(|known| known.ground.code == trigger)
    {
        let known: Vec<_> = rule
            .triggers
            .iter()
            .map(|known| known.ground.code.as_str())
            .collect();
        let words = format!("规则包没有督办事由「{trigger}」;可用:{}", known.join("、"));
        return Err(Refusal::new(Class::Policy, "supervise.trigger", words)
            .citing(rule.article.clone())
            .into());
    }
    if command.fields.is_empty() {
        return Err(Refusal::new(Class::Invalid, "supervise.text", "督办须写明要求").into());
    }
    let now = draft.now();
    let by_rules = clock::due(&draft.world, now, rule.reply_limit);
    let (by_rules, reply_limit) = (reply_by.is_none().then_some(by_rules), rule.reply_limit);
    let reply_by = reply_by.or(by_rules.map(|due| due.at)).unwrap_or(now);
    if reply_by <= now {
        let words = format!("回复期限 {reply_by} 须晚于现在");
        return Err(Refusal::new(Class::Invalid, "supervise.reply-by", words).into());
    }
    let (id, issuer) = (OrderId(draft.draw()), draft.me());
    let order = Order {
        id,
        issuer,
        trigger: trigger.to_owned(),
        at: now,
        reply_by,
        reminders: 0,
        replied_at: None,
        ended_at: None,
    };
    let issued = IssuedOrder {
        order,
        leg,
        matter: subject.matter,
        taker: subject.taker.clone(),
    };
    draft.record(Fact::OrderIssued(issued))?;
    draft.set_timer(reply_by, TimerKey::OrderReply(id))?;
    if let Some(due) = by_rules {
        reckon::note_span(draft, DueOf::Order(id), due, now, reply_limit)?;
    }
    let act = Act::Supervise {
        order: id,
        issuer,
        trigger: trigger.to_owned(),
        reply_by,
    };
    order_act(draft, command, &subject, leg, act)?;
    Ok(done(&subject, leg, id))
}

/// Reminds of an own order.
///
/// # Errors
/// Refuses as `order.unknown`, `order.ended`.
pub fn remind(draft: &mut Draft<'_>, command: &Command, order: OrderId) -> Result<Done, Stop> {
    let mut issued = own_order(draft, order)?;
    issued.order.reminders += 1;
    change(draft, command, issued, Act::Remind { order })
}

/// Ends an own order.
///
/// # Errors
/// Refuses as `order.unknown`, `order.ended`.
pub fn end_order(draft: &mut Draft<'_>, command: &Command, order: OrderId) -> Result<Done, Stop> {
    let mut issued = own_order(draft, order)?;
    issued.order.ended_at = Some(draft.now());
    change(draft, command, issued, Act::EndOrder { order })
}

/// Replies to an order on a leg of this node's or its units'.
///
/// # Errors
/// Refuses as `order.unknown`, `order.reply`.
pub fn reply_order(
    draft: &mut Draft<'_>,
    command: &Command,
    leg: LegId,
    order: OrderId,
) -> Result<Done, Stop> {
    let leg = crate::ticket::taker_leg(draft, command, leg)?;
    let known = leg.order(order).cloned().ok_or_else(|| {
        let words = format!("这一交办上没有督办单 {order}");
        Refusal::new(Class::NotFound, "order.unknown", words)
    })?;
    if command.fields.is_empty() {
        return Err(Refusal::new(Class::Invalid, "order.reply", "回复督办须写明情况").into());
    }
    let act = Act::ReplyOrder { order };
    draft.act(
        leg.id,
        Party::Taker,
        act.clone(),
        Some(&command.actor),
        command.fields.clone(),
    )?;
    if known.issuer == draft.me() {
        note_reply(draft, order)?;
    } else if known.issuer != leg.giver() || leg.side == Side::Both {
        let message = Message::Leg {
            leg: leg.id,
            at: draft.now(),
            act,
        };
        draft.send(
            known.issuer,
            leg.offer.lane,
            &message,
            command.fields.clone(),
        )?;
    }
    let mut done = crate::ticket::done(draft, leg.matter(), vec![leg.id])?;
    done.order = Some(order);
    Ok(done)
}

/// A reply arrived for an order of this node's, on a leg that it may not hold itself.
///
/// # Errors
/// Refuses as `authority.not-a-party` where another answers than the order was given to.
pub fn reply_arrived(draft: &mut Draft<'_>, author: RegionKey, order: OrderId) -> Result<(), Stop> {
    match draft.order(order)? {
        Some(issued) if issued.taker.region() == author => note_reply(draft, order),
        _ => {
            let words = format!("{author} 无权回复督办单 {order}");
            Err(Refusal::new(Class::Forbidden, "authority.not-a-party", words).into())
        }
    }
}

/// An act of the other side, or of a superior, on a held leg was applied: replies reach the issuer's own record, a
/// superior's order is handed on to the taker, and a taker that is late is late for every level above.
///
/// # Errors
/// The view failed.
pub fn received(
    draft: &mut Draft<'_>,
    before: &Leg,
    by: Party,
    happened_at: Time,
    act: &Act,
    fields: Vec<SealedField>,
) -> Result<(), Stop> {
    match act {
        Act::ReplyOrder { order } if draft.order(*order)?.is_some() => note_reply(draft, *order),
        Act::Supervise { .. } | Act::Remind { .. } | Act::EndOrder { .. }
            if before.side == Side::Giver && by == Party::Giver =>
        {
            // When the superior gave it, not when it passed here: both records tell the same.
            let (leg, at) = (before.id, happened_at);
            let message = Message::Leg {
                leg,
                at,
                act: act.clone(),
            };
            draft.send(before.taker().region(), before.offer.lane, &message, fields)
        }
        Act::Overdue { .. } if before.side == Side::Giver => {
            let leg = draft.leg(before.id)?;
            match leg.overdue() {
                Some(_) if leg.is_open() => exceptions::overdue(draft, &leg),
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

fn note_reply(draft: &mut Draft<'_>, order: OrderId) -> Result<(), Stop> {
    let Some(mut issued) = draft.order(order)? else {
        return Ok(());
    };
    issued.order.replied_at = Some(draft.now());
    draft.record(Fact::OrderIssued(issued))
}

fn own_order(draft: &Draft<'_>, order: OrderId) -> Result<IssuedOrder, Stop> {
    let issued = draft.order(order)?.ok_or_else(|| {
        let words = format!("本节点没有签发督办单 {order};督办单只能由签发节点催办和了结");
        Refusal::new(Class::NotFound, "order.unknown", words)
    })?;
    if let Some(ended) = issued.order.ended_at {
        let words = format!("督办单 {order} 已于 {ended} 了结");
        return Err(Refusal::new(Class::State, "order.ended", words).into());
    }
    Ok(issued)
}

fn change(
    draft: &mut Draft<'_>,
    command: &Command,
    issued: IssuedOrder,
    act: Act,
) -> Result<Done, Stop> {
    roles::permit_giver(&command.actor)?;
    let (leg, id) = (issued.leg, issued.order.id);
    let subject = find(draft, leg)?;
    draft.record(Fact::OrderIssued(issued))?;
    order_act(draft, command, &subject, leg, act)?;
    Ok(done(&subject, leg, id))
}

/// On a leg this node gave, the act is on the leg; on another's, it goes through the giver, whose record shows it too.
fn order_act(
    draft: &mut Draft<'_>,
    command: &Command,
    subject: &Subject,
    leg: LegId,
    act: Act,
) -> Result<(), Stop> {
    match &subject.given {
        Some(leg) => draft
            .act(
                leg.id,
                Party::Giver,
                act,
                Some(&command.actor),
                command.fields.clone(),
            )
            .map(|_| ()),
        None => {
            let (at, fields) = (draft.now(), command.fields.clone());
            let message = Message::Leg { leg, at, act };
            draft.send(subject.giver, subject.lane, &message, fields)
        }
    }
}

fn done(subject: &Subject, leg: LegId, order: OrderId) -> Done {
    Done {
        matter: Some(subject.matter),
        number: subject.number.clone(),
        legs: vec![leg],
        order: Some(order),
        version: 0,
    }
}
