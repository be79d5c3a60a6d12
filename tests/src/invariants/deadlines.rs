//! Every open leg has a deadline, and it fires however long the node was down.

use super::{Nodes, Promise, Seen};
use crate::sim::node::Node;
use hotline_domain::leg::{Leg, LegKind};
use hotline_domain::row::{RowKey, TimerKey};
use hotline_topology::RegionKey;

/// Remembers nothing: the rows say all.
pub(super) struct Deadlines;

impl Promise for Deadlines {
    fn words(&self) -> &'static str {
        "every open leg has a deadline that fires"
    }

    fn committed(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        for key in seen.changed {
            if let RowKey::Leg(id) = key
                && let Some(leg) = seen.node().view.leg(*id)
            {
                watched(seen.node(), leg)?;
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
        node.view.legs().try_for_each(|leg| watched(node, leg))
    }

    fn ended(&mut self, nodes: &Nodes, _: Option<RegionKey>) -> Result<(), (RegionKey, String)> {
        for (me, node) in nodes {
            let late = node.view.legs().find(|leg| {
                leg.is_open()
                    && leg.offer.kind == LegKind::Downward
                    && leg.due.at.0 < node_time(node)
                    && leg.overdue_since.is_none()
                    && !leg.reported_by(leg.due.at)
            });
            if let Some(leg) = late {
                return Err((
                    *me,
                    format!("the due date of leg {} passed unnoticed", leg.id),
                ));
            }
        }
        Ok(())
    }
}

fn node_time(node: &Node) -> i64 {
    use hotline_domain::view::Rows as _;
    node.view.node().map_or(0, |row| row.time.0)
}

/// A timer stands for the due date, or it has passed and was seen to.
fn watched(node: &Node, leg: &Leg) -> Result<(), String> {
    if !leg.is_open() || leg.offer.kind != LegKind::Downward {
        return Ok(());
    }
    let due = leg.due.at;
    let timer = node
        .view
        .row(&RowKey::Timer(due, TimerKey::LegDue(leg.id)))
        .is_some();
    if timer || leg.overdue_since == Some(due) || leg.reported_by(due) {
        return Ok(());
    }
    Err(format!(
        "leg {} is open, due {due}, and nothing watches it",
        leg.id
    ))
}
