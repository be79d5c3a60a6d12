//! 督办 and 催办: an order by the giver or any superior on the path, on a named leg; it needs no consent and ends only by
//! its issuer.

use super::{IssuedOrder, Notice};
use crate::body::Body;
use crate::clock;
use crate::command::Command;
use crate::fact::Fact;
use crate::field::SealedField;
use crate::id::{LegId, MatterId, OrderId};
use crate::kernel::{Draft, Stop};
use crate::leg::{Act, Lane, Leg, LegKind, Order, Party, Side};
use crate::link::Message;
use crate::policy::roles;
use crate::refusal::{Class, Refusal};
use crate::row::{Done, Row, RowKey, TimerKey};
use crate::view::{Rows, View};
use hotline_topology::{RegionKey, Time};

/// Notices looked through for a leg that this node does not hold.
const NOTICES_PAGE: usize = 4096;

/// The leg an order is on, as this node knows it.
struct Subject {
    leg: LegId,
    matter: MatterId,
    number: String,
    taker: Body,
    lane: Lane,
    held: Option<Leg>,
}

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
    let reply_by = reply_by.unwrap_or_else(|| clock::end_of(&draft.world, now, rule.reply_limit));
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
    let act = Act::Supervise {
        order: id,
        issuer,
        trigger: trigger.to_owned(),
        reply_by,
    };
    order_act(draft, command, &subject, act)?;
    Ok(done(&subject, id))
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

/// An act of the other side on a held leg was applied: replies reach the issuer's own record.
///
/// # Errors
/// The view failed.
pub fn received(draft: &mut Draft<'_>, act: &Act) -> Result<(), Stop> {
    match act {
        Act::ReplyOrder { order } if draft.order(*order)?.is_some() => note_reply(draft, *order),
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
    let (subject, id) = (find(draft, issued.leg)?, issued.order.id);
    draft.record(Fact::OrderIssued(issued))?;
    order_act(draft, command, &subject, act)?;
    Ok(done(&subject, id))
}

/// On a leg this node gave, the act is on the leg; on another's, it travels to the taker.
fn order_act(
    draft: &mut Draft<'_>,
    command: &Command,
    subject: &Subject,
    act: Act,
) -> Result<(), Stop> {
    match &subject.held {
        Some(leg) if leg.side != Side::Taker => draft
            .act(
                subject.leg,
                Party::Giver,
                act,
                Some(&command.actor),
                command.fields.clone(),
            )
            .map(|_| ()),
        _ => {
            let message = Message::Leg {
                leg: subject.leg,
                at: draft.now(),
                act,
            };
            let fields: Vec<SealedField> = command.fields.clone();
            draft.send(subject.taker.region(), subject.lane, &message, fields)
        }
    }
}

/// The leg: one this node gave, one seen as origin, or one a notice named; its taker must be below.
fn find(draft: &Draft<'_>, leg: LegId) -> Result<Subject, Stop> {
    if let Some(held) = Rows::leg(draft, leg)?.filter(|held| held.side != Side::Taker) {
        if held.offer.kind == LegKind::Upward {
            let words = "提级给上级的事项不受下级督办".to_owned();
            return Err(Refusal::new(Class::Forbidden, "supervise.upward", words).into());
        }
        return Ok(Subject {
            leg,
            matter: held.matter(),
            number: held.offer.number.clone(),
            taker: held.taker().clone(),
            lane: held.offer.lane,
            held: Some(held),
        });
    }
    match noticed(draft, leg)? {
        Some(notice)
            if draft
                .world
                .federation
                .is_below(notice.taker.region(), draft.me()) =>
        {
            Ok(Subject {
                leg,
                matter: notice.matter,
                number: notice.number,
                taker: notice.taker,
                lane: Lane::Ordinary,
                held: None,
            })
        }
        _ => {
            let words = format!("本节点没有交出 {leg},也没有收到过它的异常通报,无从督办");
            Err(Refusal::new(Class::NotFound, "supervise.leg", words).into())
        }
    }
}

fn noticed(draft: &Draft<'_>, leg: LegId) -> Result<Option<Notice>, Stop> {
    let first = RowKey::Notice(Time(i64::MIN), MatterId([0; 16]), 0);
    let mut from = first;
    let last = RowKey::Notice(Time(i64::MAX), MatterId([0xff; 16]), u8::MAX);
    loop {
        let page = draft.scan(&from, &last, NOTICES_PAGE)?;
        let full = page.len() == NOTICES_PAGE;
        for (key, row) in page {
            match row {
                Row::Notice(notice) if notice.leg == Some(leg) => return Ok(Some(*notice)),
                _ => from = after(key),
            }
        }
        if !full {
            return Ok(None);
        }
    }
}

/// The smallest key of the notices above this one.
fn after(key: RowKey) -> RowKey {
    match key {
        RowKey::Notice(at, matter, reason) if reason < u8::MAX => {
            RowKey::Notice(at, matter, reason + 1)
        }
        RowKey::Notice(at, ..) => RowKey::Notice(at.plus_millis(1), MatterId([0; 16]), 0),
        other => other,
    }
}

fn done(subject: &Subject, order: OrderId) -> Done {
    Done {
        matter: Some(subject.matter),
        number: subject.number.clone(),
        legs: vec![subject.leg],
        order: Some(order),
        version: 0,
    }
}
