//! Orders of this node's that come back after a restore.

use super::IssuedOrder;
use super::subject::find;
use crate::body::Body;
use crate::fact::Fact;
use crate::id::{LegId, MatterId, OrderId};
use crate::kernel::{Draft, Stop};
use crate::leg::{Act, Leg, Order};
use crate::row::TimerKey;
use crate::view::Rows as _;
use hotline_topology::Time;

/// An act on a leg that this node holds came back: an order that it issued, its replies and its end are on its own record
/// again.
///
/// # Errors
/// The view failed.
pub fn came_back(draft: &mut Draft<'_>, leg: &Leg, at: Time, act: &Act) -> Result<(), Stop> {
    let reminded = |order: &Order| order.reminders + 1;
    let about = (leg.id, leg.matter(), leg.taker().clone());
    back(draft, about, at, act, reminded)
}

/// The same on a leg between others. `nth`: the how many-th equal act it is.
///
/// # Errors
/// Refuses as `supervise.leg` where no notice says whose leg it is.
pub fn came_back_afar(
    draft: &mut Draft<'_>,
    leg: LegId,
    at: Time,
    act: &Act,
    nth: u32,
) -> Result<(), Stop> {
    let subject = find(draft, leg)?;
    let about = (leg, subject.matter, subject.taker);
    back(draft, about, at, act, |order| order.reminders.max(nth))
}

fn back(
    draft: &mut Draft<'_>,
    (leg, matter, taker): (LegId, MatterId, Body),
    at: Time,
    act: &Act,
    reminded: impl Fn(&Order) -> u32,
) -> Result<(), Stop> {
    match act {
        Act::Supervise {
            order: id,
            issuer,
            trigger,
            reply_by,
        } if *issuer == draft.me() && draft.order(*id)?.is_none() => {
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
            }))?;
            draft.set_timer(*reply_by, TimerKey::OrderReply(*id))
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
        _ => Ok(()),
    }
}

fn change_back(
    draft: &mut Draft<'_>,
    order: OrderId,
    change: impl FnOnce(&mut Order),
) -> Result<(), Stop> {
    let Some(mut issued) = draft.order(order)? else {
        return Ok(());
    };
    let before = issued.clone();
    change(&mut issued.order);
    if issued == before {
        return Ok(());
    }
    draft.record(Fact::OrderIssued(issued))
}
