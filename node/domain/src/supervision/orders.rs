//! 督办 and 催办: an order by the giver or any superior on the path, on a named leg; it needs no consent and ends only by
//! its issuer.

use super::subject::{Subject, came_back_undelivered, find};
use super::word::{self, OrderStep, OrderWord};
use super::{IssuedOrder, exceptions};
use crate::clock::{self, DueOf};
use crate::command::Command;
use crate::fact::Fact;
use crate::field::SealedField;
use crate::id::{LegId, OrderId};
use crate::kernel::{Draft, Stop, reckon};
use crate::leg::{Act, Leg, Order, Party, Side};
use crate::link::Message;
use crate::policy::way::{self, Ends};
use crate::policy::{authority, roles};
use crate::refusal::{Class, Refusal};
use crate::row::{Done, TimerKey};
use crate::view::Rows;
use hotline_topology::{RegionKey, Time};

/// Issues a supervision order.
///
/// # Errors
/// Refuses as `supervise.leg`, `supervise.undelivered`, `supervise.trigger`, `supervise.text`, `supervise.reply-by`, `supervise.upward`.
pub fn supervise(
    draft: &mut Draft<'_>,
    command: &Command,
    leg: LegId,
    trigger: &str,
    reply_by: Option<Time>,
) -> Result<Done, Stop> {
    roles::permit_giver(&command.actor)?;
    let subject = find(draft, leg)?;
    if subject.given.is_none() && came_back_undelivered(draft, leg)? {
        let words = format!(
            "交办 {leg} 没有被 {} 接收，已退回 {}，没有应当答复的承办方；待其另行交办后再督办",
            subject.taker, subject.giver
        );
        return Err(Refusal::new(Class::State, "supervise.undelivered", words).into());
    }
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
        let words = format!(
            "规则包没有督办事由「{trigger}」；可用：{}",
            known.join("、")
        );
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
        number: subject.number.clone(),
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
    let (text, at) = (command.fields.clone(), draft.now());
    draft.act(
        leg.id,
        Party::Taker,
        act.clone(),
        Some(&command.actor),
        text.clone(),
    )?;
    if known.issuer == draft.me() {
        note_reply(draft, order)?;
    } else if known.issuer != leg.giver() || leg.side == Side::Both {
        let message = Message::Leg {
            leg: leg.id,
            at,
            act,
        };
        draft.send(known.issuer, leg.offer.lane, &message, text)?;
    }
    let mut done = crate::ticket::done(draft, leg.matter(), vec![leg.id])?;
    done.order = Some(order);
    Ok(done)
}

/// A reply arrived for an order of this node's, on a leg that it does not hold itself: it stands in the order's timeline,
/// with its text.
///
/// # Errors
/// Refuses as `authority.not-a-party` where another answers than the order was given to.
pub fn reply_arrived(
    draft: &mut Draft<'_>,
    author: RegionKey,
    order: OrderId,
    at: Time,
    fields: Vec<SealedField>,
) -> Result<(), Stop> {
    match draft.order(order)? {
        Some(issued) if issued.taker.region() == author => {
            let entry = OrderWord {
                order,
                matter: issued.matter,
                no: 0,
                step: OrderStep::Replied,
                by: author,
                actor: None,
                at,
                fields,
            };
            if !word::note(draft, entry)? && issued.order.replied_at.is_some() {
                return Ok(());
            }
            note_reply(draft, order)
        }
        _ => {
            let words = format!("{author} 无权回复督办单 {order}");
            Err(Refusal::new(Class::Forbidden, authority::NOT_A_PARTY, words).into())
        }
    }
}

/// An act of the other side, or of a superior, on a held leg was applied: replies reach the issuer's own record, and a
/// taker that is late is late for every level above.
///
/// # Errors
/// The view failed.
pub fn received(draft: &mut Draft<'_>, before: &Leg, act: &Act) -> Result<(), Stop> {
    match act {
        Act::ReplyOrder { order } if draft.order(*order)?.is_some() => note_reply(draft, *order),
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

/// An act came to a leg that is closed: a superior's order stands all the same, for what was not done well is over when it
/// is complained of. True where it does.
///
/// # Errors
/// The view failed.
pub fn stands(draft: &mut Draft<'_>, leg: LegId, at: Time, act: &Act) -> Result<bool, Stop> {
    let known = draft.leg(leg)?;
    match act {
        Act::Supervise {
            order: id,
            issuer,
            trigger,
            reply_by,
        } if !known.is_open() && known.order(*id).is_none() => {
            let order = Order {
                id: *id,
                issuer: *issuer,
                trigger: trigger.clone(),
                at,
                reply_by: *reply_by,
                reminders: 0,
                replied_at: None,
                ended_at: None,
            };
            draft.record(Fact::OrderStands { leg, order })?;
            Ok(true)
        }
        _ => Ok(false),
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
        let words = format!("本节点没有签发督办单 {order}；督办单只能由签发节点催办和了结");
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

/// On a leg this node gave, the act is on the leg; on another's, each end that is concerned hears it from this node itself
/// (`policy/way.rs`), and it stands in the order's own timeline.
fn order_act(
    draft: &mut Draft<'_>,
    command: &Command,
    subject: &Subject,
    leg: LegId,
    act: Act,
) -> Result<(), Stop> {
    let fields = command.fields.clone();
    if let Some(leg) = &subject.given {
        draft.act(leg.id, Party::Giver, act, Some(&command.actor), fields)?;
        return Ok(());
    }
    let (at, me) = (draft.now(), draft.me());
    if let Some((order, step)) = step_of(&act) {
        let entry = OrderWord {
            order,
            matter: subject.matter,
            no: 0,
            step,
            by: me,
            actor: Some(command.actor.name.clone()),
            at,
            fields: fields.clone(),
        };
        word::note(draft, entry)?;
    }
    let tree = draft.world.federation;
    let ends = Ends::between(tree, subject.giver, subject.taker.region());
    for end in way::of_order(ends) {
        let act = act.clone();
        let message = Message::Leg { leg, at, act };
        draft.send(end, subject.lane, &message, fields.clone())?;
    }
    Ok(())
}

fn step_of(act: &Act) -> Option<(OrderId, OrderStep)> {
    match act {
        Act::Supervise { order, .. } => Some((*order, OrderStep::Issued)),
        Act::Remind { order } => Some((*order, OrderStep::Reminded)),
        Act::EndOrder { order } => Some((*order, OrderStep::Ended)),
        _ => None,
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
