//! Which exceptions a run met, on which kind of leg: what the clerks of the simulation never bring about, no promise sees.

use super::node::Node;
use hotline_domain::body::Body;
use hotline_domain::fact::Fact;
use hotline_domain::id::LegId;
use hotline_domain::leg::{Leg, LegKind};
use hotline_domain::supervision::NoticeReason;
use hotline_topology::RegionKey;
use std::collections::BTreeMap;

/// Kinds of legs, as the table shows them.
pub const LEGS: [&str; 5] = ["no leg", "unit", "down", "joint", "raised"];
/// What is met on them: the kinds of notices, and orders of superiors that are no end.
pub const MET: [&str; 6] = [
    "overdue",
    "refused-past-bound",
    "bounced",
    "unsatisfactory-again",
    "order-unanswered",
    "superior's order",
];

/// How often each was met.
pub type Table = BTreeMap<(&'static str, &'static str), u64>;

/// Whether a thousand seeds must meet it.
#[must_use]
pub fn is_wanted(met: &str, leg: &str) -> bool {
    match (met, leg) {
        // What has no leg cannot be ordered, returned or delivered.
        (_, "no leg") => ["overdue", "unsatisfactory-again"].contains(&met),
        // A unit's leg is received in the commit that gives it.
        ("bounced", leg) => leg != "unit",
        // What was raised is declined once, and is with its giver again.
        ("refused-past-bound", leg) => leg != "raised",
        _ => true,
    }
}

/// Counts what a commit of a node raised or ordered itself.
pub fn count(table: &mut Table, nodes: &BTreeMap<RegionKey, Node>, me: RegionKey, facts: &[Fact]) {
    for fact in facts {
        let (met, leg) = match fact {
            Fact::Noticed(notice) if notice.raised_by == me => (word(notice.reason), notice.leg),
            Fact::OrderIssued(issued)
                if issued.order.reminders == 0
                    && issued.order.replied_at.is_none()
                    && issued.order.ended_at.is_none()
                    && nodes[&me].view.leg(issued.leg).is_none() =>
            {
                ("superior's order", Some(issued.leg))
            }
            _ => continue,
        };
        *table.entry((met, kind(nodes, leg))).or_default() += 1;
    }
}

fn word(reason: NoticeReason) -> &'static str {
    reason.as_str()
}

fn kind(nodes: &BTreeMap<RegionKey, Node>, leg: Option<LegId>) -> &'static str {
    let Some(id) = leg else { return "no leg" };
    let held = nodes
        .values()
        .find_map(|node| Some((node, node.view.leg(id)?)));
    held.map_or("no leg", |(_, leg)| of(leg))
}

fn of(leg: &Leg) -> &'static str {
    match (leg.offer.kind, leg.taker()) {
        (LegKind::Upward, _) => "raised",
        _ if leg.is_joint() => "joint",
        (_, Body::Unit(..)) => "unit",
        _ => "down",
    }
}
