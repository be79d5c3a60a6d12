//! Every open leg has a deadline within what its giver gave, and it fires however long the node was down; never because
//! a clock went wrong.

use super::{Nodes, Promise, Seen};
use crate::sim::node::Node;
use crate::sim::places::{HOUR, MINUTE};
use hotline_domain::fact::Fact;
use hotline_domain::id::MatterId;
use hotline_domain::leg::{Act, Leg, LegKind, Side};
use hotline_domain::row::{RowKey, TimerKey};
use hotline_topology::{RegionKey, Time};

/// So early a deadline may fire at most: clocks may be off by up to an hour before anybody doubts them, on both sides.
const EARLY_MS: i64 = 2 * HOUR + MINUTE;

/// Remembers nothing: the rows say all.
pub(super) struct Deadlines;

impl Promise for Deadlines {
    fn words(&self) -> &'static str {
        "every open leg has a deadline that fires"
    }

    fn committed(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        for fact in seen.facts {
            if let Fact::Leg {
                leg,
                act: Act::Overdue { due },
                ..
            } = fact
                && due.0 > seen.node().now + EARLY_MS
            {
                return Err(format!("leg {leg} is overdue before {due}, when it is due"));
            }
        }
        for key in seen.changed {
            match key {
                RowKey::Leg(id) => {
                    if let Some(leg) = seen.node().view.leg(*id)
                        && !comes_back(seen.node(), leg)
                    {
                        watched(seen.node(), leg)?;
                    }
                }
                RowKey::Ticket(matter) => within(seen.node(), *matter)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn recovered(
        &mut self,
        nodes: &Nodes,
        me: RegionKey,
        _: Option<RegionKey>,
    ) -> Result<(), String> {
        let node = &nodes[&me];
        let mut legs = node.view.legs().filter(|leg| !comes_back(node, leg));
        legs.try_for_each(|leg| watched(node, leg))
    }

    fn ended(&mut self, nodes: &Nodes, _: Option<RegionKey>) -> Result<(), (RegionKey, String)> {
        for (me, node) in nodes {
            let now = node_time(node);
            let first = RowKey::Timer(Time(i64::MIN), TimerKey::TicketDue(MatterId([0; 16])));
            let last = RowKey::Timer(Time(now - HOUR), TimerKey::KeptBound(u64::MAX));
            if let Some((key, _)) = node.view.range(first, last).next() {
                return Err((*me, format!("{key:?} was due and never fired")));
            }
            let at = |words| (*me, words);
            let mut legs = node.view.legs();
            legs.try_for_each(|leg| watched(node, leg)).map_err(at)?;
            let mut tickets = node.view.tickets();
            tickets
                .try_for_each(|ticket| within(node, ticket.matter))
                .map_err(at)?;
        }
        Ok(())
    }
}

/// After a restore a leg comes back act by act, and is watched from the end of the exchange with its other side.
fn comes_back(node: &Node, leg: &Leg) -> bool {
    let other = if leg.side == Side::Giver {
        leg.taker().region()
    } else {
        leg.giver()
    };
    node.view.row(&RowKey::Exchange(other)).is_some()
}

/// A taker's own deadline is not later than what its giver gave.
fn within(node: &Node, matter: MatterId) -> Result<(), String> {
    let Some(ticket) = node.view.ticket(matter).filter(|ticket| ticket.is_open()) else {
        return Ok(());
    };
    let Some(leg) = ticket.incoming.and_then(|id| node.view.leg(id)) else {
        return Ok(());
    };
    if comes_back(node, leg) {
        return Ok(());
    }
    let downward = leg.is_open() && leg.offer.kind == LegKind::Downward;
    match ticket.due {
        Some(due) if downward && ticket.origin != node.region && due > leg.due.at => Err(format!(
            "ticket {} is due {due}, later than {}, which its giver gave",
            ticket.number, leg.due.at
        )),
        _ => Ok(()),
    }
}

fn node_time(node: &Node) -> i64 {
    use hotline_domain::view::Rows as _;
    node.view.node().map_or(0, |row| row.time.0)
}

/// A timer stands for the due date, or it has passed and was seen to. A giver waits past the date for word of its taker
/// as long as the pack's silence lasts; then its timer stands later.
fn watched(node: &Node, leg: &Leg) -> Result<(), String> {
    if !leg.is_open() || leg.offer.kind != LegKind::Downward {
        return Ok(());
    }
    let (due, key) = (leg.due.at, TimerKey::LegDue(leg.id));
    if leg.overdue_since == Some(due)
        || leg.reported_by(due)
        || node.view.row(&RowKey::Timer(due, key)).is_some()
    {
        return Ok(());
    }
    let first = RowKey::Timer(due, TimerKey::TicketDue(MatterId([0; 16])));
    let last = RowKey::Timer(Time(i64::MAX), TimerKey::KeptBound(u64::MAX));
    let mut later = node.view.range(first, last);
    if later.any(|(at, _)| matches!(at, RowKey::Timer(_, timer) if *timer == key)) {
        return Ok(());
    }
    Err(format!(
        "leg {} is open, due {due}, and nothing watches it",
        leg.id
    ))
}
