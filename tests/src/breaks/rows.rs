//! Breaks of the view: rows that are not what the facts give.

use super::Break;
use super::commits::nth;
use crate::sim::node::Node;
use hotline_domain::kernel::Commit;
use hotline_domain::leg::Side;
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

/// An outgoing envelope is on record, but not in the outbox.
#[derive(Default)]
pub(super) struct LosesOutboxRows(u64);

impl Break for LosesOutboxRows {
    fn rows(&mut self, _: &Node, commit: &mut Commit) {
        let count = &mut self.0;
        commit.changes.retain(|(key, row)| {
            !(matches!(key, RowKey::Outbox(..)) && row.is_some() && nth(count, 13))
        });
    }
}

/// The giver keeps no leg once it is delivered.
pub(super) struct ForgetsWhatItGave;

impl Break for ForgetsWhatItGave {
    fn rows(&mut self, _: &Node, commit: &mut Commit) {
        for (_, row) in &mut commit.changes {
            if let Some(Row::Leg(leg)) = row
                && leg.side == Side::Giver
                && leg.delivered_at.is_some()
            {
                *row = None;
            }
        }
    }
}
