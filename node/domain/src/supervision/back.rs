//! Orders of this node's that come back after a restore.

use super::IssuedOrder;
use super::subject::below;
use crate::body::Body;
use crate::exchange::PastAct;
use crate::fact::Fact;
use crate::id::{LegId, MatterId, OrderId};
use crate::kernel::{Draft, Stop};
use crate::leg::{Act, Leg, Order};
use crate::refusal::{Class, Refusal};
use crate::row::TimerKey;
use crate::view::Rows;
use hotline_topology::{RegionKey, Time};

/// An act on a leg that this node holds came back: an order that it issued, its replies and its end are on its own record
/// again.
///
/// # Errors
/// The view failed.
pub fn came_back(draft: &mut Draft<'_>, leg: &Leg, at: Time, act: &Act) -> Result<(), Stop> {
    let reminded = |order: &Order| order.reminders + 1;
    let number = leg.offer.number.clone();
    let about = (leg.id, leg.matter(), leg.taker().clone(), number);
    back(draft, about, at, act, reminded).map(|_| ())
}

/// The same on a leg between others, told by a node and about a matter. True where it was forgotten.
///
/// # Errors
/// Refuses as `supervise.leg` where nothing says whose leg it is.
pub fn came_back_afar(
    draft: &mut Draft<'_>,
    past: &PastAct,
    (teller, matter): (RegionKey, Option<MatterId>),
) -> Result<bool, Stop> {
    let (leg, nth) = (past.leg, past.nth);
    let known = match Rows::leg(draft, leg)? {
        Some(leg) => Some((leg.matter(), leg.taker().clone(), leg.offer.number)),
        None => below(draft, leg)?.map(|subject| (subject.matter, subject.taker, subject.number)),
    };
    // Of a leg that was raised the taker itself tells, and it knows the matter.
    let told = matter.map(|matter| (matter, Body::Node(teller), String::new()));
    let Some((matter, taker, number)) = known.or(told) else {
        let words = format!("没有 {leg} 的异常通报，不知是谁的交办");
        return Err(Refusal::new(Class::NotFound, "supervise.leg", words).into());
    };
    let reminders = |order: &Order| order.reminders.max(nth);
    back(
        draft,
        (leg, matter, taker, number),
        past.at,
        &past.act,
        reminders,
    )
}

/// True where this node had not known it.
fn back(
    draft: &mut Draft<'_>,
    (leg, matter, taker, number): (LegId, MatterId, Body, String),
    at: Time,
    act: &Act,
    reminded: impl Fn(&Order) -> u32,
) -> Result<bool, Stop> {
    match act {
        Act::Supervise {
            order: id,
            issuer,
            trigger,
            reply_by,
        } if *issuer == draft.me() => {
            if let Some(known) = draft.order(*id)? {
                return named(draft, known, taker, number).map(|()| false);
            }
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
            draft.record(Fact::OrderIssued(IssuedOrder {
                order,
                leg,
                matter,
                taker,
                number,
            }))?;
            draft.set_timer(*reply_by, TimerKey::OrderReply(*id))?;
            Ok(true)
        }
        Act::ReplyOrder { order } => change_back(draft, *order, |order| {
            order.replied_at = order.replied_at.max(Some(at));
        }),
        Act::EndOrder { order } => change_back(draft, *order, |order| {
            order.ended_at.get_or_insert(at);
        }),
        Act::Remind { order } => change_back(draft, *order, |order| {
            order.reminders = reminded(order);
        }),
        _ => Ok(false),
    }
}

/// The taker alone told of an order, before anything said whose leg it is on: by now something does.
fn named(
    draft: &mut Draft<'_>,
    known: IssuedOrder,
    taker: Body,
    number: String,
) -> Result<(), Stop> {
    if !known.number.is_empty() || number.is_empty() {
        return Ok(());
    }
    draft.record(Fact::OrderIssued(IssuedOrder {
        taker,
        number,
        ..known
    }))
}

fn change_back(
    draft: &mut Draft<'_>,
    order: OrderId,
    change: impl FnOnce(&mut Order),
) -> Result<bool, Stop> {
    let Some(mut issued) = draft.order(order)? else {
        return Ok(false);
    };
    let before = issued.clone();
    change(&mut issued.order);
    if issued == before {
        return Ok(false);
    }
    draft.record(Fact::OrderIssued(issued))?;
    Ok(true)
}
