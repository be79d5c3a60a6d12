//! What this node ordered on legs between others and knows by its record alone: it was told of it after a restore, and the
//! letters in which it said it went with its disk. Whoever forgets it later hears it from that record.

use super::orders::{each_order, is_recent, order_of};
use crate::exchange::PastAct;
use crate::id::{LegId, OrderId};
use crate::kernel::Draft;
use crate::kernel::outcome::Stop;
use crate::leg::{Act, Lane, Party};
use crate::link::Message;
use crate::policy::way;
use crate::supervision::{self, IssuedOrder};
use crate::view::Rows;
use hotline_topology::{RegionKey, Time};
use std::collections::BTreeMap;

/// What was said of an order to one node.
#[derive(Clone, Copy, Default)]
struct Steps {
    ordered: bool,
    reminders: u32,
    ended: bool,
}

/// What this node's letters say of its orders, and to whom: each end hears it by itself.
#[derive(Default)]
pub(super) struct Said(BTreeMap<(OrderId, RegionKey), Steps>);

impl Said {
    /// Notes a letter; of reminders, the how many-th it is.
    pub(super) fn note(&mut self, act: &Act, to: RegionKey) -> u32 {
        let Some(order) = order_of(act) else {
            return 1;
        };
        let steps = self.0.entry((order, to)).or_default();
        match act {
            Act::Supervise { .. } => steps.ordered = true,
            Act::EndOrder { .. } => steps.ended = true,
            Act::Remind { .. } => {
                steps.reminders += 1;
                return steps.reminders;
            }
            _ => {}
        }
        1
    }
}

/// What stands in the record of this node's orders, and in no letter of it to one of the ends.
pub(super) struct Unwritten(Vec<(IssuedOrder, RegionKey, Steps)>);

impl Unwritten {
    /// Of what these legs' ends heard by way of a node that was restored, or are it, since.
    pub(super) fn of(
        draft: &Draft<'_>,
        restored: RegionKey,
        since: Time,
        said: &Said,
    ) -> Result<Self, Stop> {
        let (mut all, mut recent) = (Vec::new(), Vec::new());
        each_order(draft, |issued| {
            if is_recent(&issued.order, since) {
                recent.push(issued);
            }
        })?;
        for issued in recent {
            for end in ends(draft, issued.leg)? {
                if draft.goes_by(restored, end) {
                    let written = said.0.get(&(issued.order.id, end));
                    all.push((issued.clone(), end, written.copied().unwrap_or_default()));
                }
            }
        }
        Ok(Self(all))
    }

    /// Says the orders themselves: what there are letters of follows them.
    pub(super) fn say_orders(&self, draft: &mut Draft<'_>) -> Result<(), Stop> {
        for (issued, end, written) in &self.0 {
            let order = &issued.order;
            if !written.ordered {
                let act = Act::Supervise {
                    order: order.id,
                    issuer: order.issuer,
                    trigger: order.trigger.clone(),
                    reply_by: order.reply_by,
                };
                say(draft, (issued.leg, *end), order.at, act, 1)?;
            }
        }
        Ok(())
    }

    /// Says what followed the orders. When it was that it reminded of one, this node no longer knows.
    pub(super) fn say_the_rest(&self, draft: &mut Draft<'_>) -> Result<(), Stop> {
        let now = draft.now();
        for (issued, end, written) in &self.0 {
            let (order, to) = (&issued.order, (issued.leg, *end));
            for nth in written.reminders + 1..=order.reminders {
                say(draft, to, now, Act::Remind { order: order.id }, nth)?;
            }
            if let (Some(at), false) = (order.ended_at, written.ended) {
                say(draft, to, at, Act::EndOrder { order: order.id }, 1)?;
            }
        }
        Ok(())
    }
}

/// The ends that hear an order on a leg which this node does not hold.
fn ends(draft: &Draft<'_>, leg: LegId) -> Result<Vec<RegionKey>, Stop> {
    if Rows::leg(draft, leg)?.is_some() {
        return Ok(Vec::new());
    }
    Ok(supervision::ends(draft, leg)?
        .map(way::of_order)
        .unwrap_or_default())
}

/// Tells one end, perhaps once more, what was ordered: whoever knows it takes no notice.
fn say(
    draft: &mut Draft<'_>,
    (leg, end): (LegId, RegionKey),
    at: Time,
    act: Act,
    nth: u32,
) -> Result<(), Stop> {
    let past = PastAct {
        leg,
        by: Party::Giver,
        at,
        nth,
        act,
        letter: None,
    };
    draft.send(end, Lane::Ordinary, &Message::Past(past), Vec::new())
}

/// An end told this node what it had ordered and forgot. The other end may never have heard it: what was still under way to
/// it, or was to be sealed anew, went with the disk. Its text stays with whoever told it: texts of orders travel down alone.
pub(super) fn say_to_the_other(
    draft: &mut Draft<'_>,
    teller: RegionKey,
    past: &PastAct,
) -> Result<(), Stop> {
    if past.by != Party::Giver {
        return Ok(());
    }
    for end in ends(draft, past.leg)? {
        if end != teller {
            say(draft, (past.leg, end), past.at, past.act.clone(), past.nth)?;
        }
    }
    Ok(())
}
