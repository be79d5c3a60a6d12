//! Breaks of the view: rows that are not what the facts give.

use super::Break;
use crate::sim::node::Node;
use hotline_domain::kernel::Commit;
use hotline_domain::row::{Row, RowKey};

pub(super) struct OlderTermWins;

impl Break for OlderTermWins {
    fn rows(&mut self, node: &Node, commit: &mut Commit) {
        for (key, row) in &mut commit.changes {
            if let (RowKey::Leg(id), Some(Row::Leg(leg))) = (key, row)
                && let Some(before) = node.view.leg(*id)
                && before.term > 0
            {
                (leg.term, leg.lead) = (before.term, before.lead);
            }
        }
    }
}

pub(super) struct LosesRows;

impl Break for LosesRows {
    fn rows(&mut self, _: &Node, commit: &mut Commit) {
        commit
            .changes
            .retain(|(key, _)| !matches!(key, RowKey::Timeline(..)));
    }
}
