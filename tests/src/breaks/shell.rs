//! Breaks of the shell: what it does too early, forgets, or does not tell the kernel.

use super::Break;
use crate::sim::node::Node;
use hotline_domain::kernel::{Event, Input, LinkNews};
use hotline_domain::row::{Row, RowKey, TimerKey};
use hotline_topology::RegionKey;
use std::collections::BTreeMap;

pub(super) struct Unread;

impl Break for Unread {
    fn acknowledges_unread(&self) -> bool {
        true
    }
}

/// The record says that keys were destroyed; the key file has them still.
pub(super) struct KeepsKeys;

impl Break for KeepsKeys {
    fn keeps_keys(&self) -> bool {
        true
    }
}

/// What is for a far node leaves in the clear.
pub(super) struct SealsNothing;

impl Break for SealsNothing {
    fn seals_nothing(&self) -> bool {
        true
    }
}

/// Reads nothing out of its log for a node that forgot: what it tells of that node is unproven.
pub(super) struct ReadsNoLetters;

impl Break for ReadsNoLetters {
    fn events(&mut self, _: RegionKey, events: &mut Vec<Event>) {
        for event in events {
            if let Input::Gathered { letters, .. } = &mut event.input {
                letters.clear();
            }
        }
    }
}

pub(super) struct Hasty;

impl Break for Hasty {
    fn hasty(&self) -> bool {
        true
    }
}

pub(super) struct ForgetsMarks;

impl Break for ForgetsMarks {
    fn recovered(&mut self, node: &mut Node) {
        for peer in node.neighbours() {
            let mut link = node.view.link(peer);
            for lane in &mut link.lanes {
                lane.received = lane.received.saturating_sub(1);
            }
            node.view
                .apply([(RowKey::Link(peer), Some(Row::Link(Box::new(link))))]);
        }
    }
}

pub(super) struct ForgetsTimers;

impl Break for ForgetsTimers {
    fn recovered(&mut self, node: &mut Node) {
        let legs = node.view.all().filter_map(|(key, _)| match key {
            RowKey::Timer(_, TimerKey::LegDue(_)) => Some((key.clone(), None)),
            _ => None,
        });
        let gone: Vec<_> = legs.collect();
        node.view.apply(gone);
    }
}

/// A matter that was accepted is gone after a start.
pub(super) struct ForgetsAMatter;

impl Break for ForgetsAMatter {
    fn recovered(&mut self, node: &mut Node) {
        let first = node.view.tickets().next().map(|ticket| ticket.matter);
        node.view
            .apply(first.map(|matter| (RowKey::Ticket(matter), None)));
    }
}

/// Bits counted from each start instead of drawn.
#[derive(Default)]
pub(super) struct SameBits(BTreeMap<RegionKey, u64>);

impl Break for SameBits {
    fn events(&mut self, me: RegionKey, events: &mut Vec<Event>) {
        let count = self.0.entry(me).or_default();
        for event in events {
            *count += 1;
            event.bits[..8].copy_from_slice(&me.as_bytes()[..8]);
            event.bits[8..].copy_from_slice(&count.to_be_bytes());
        }
    }

    fn recovered(&mut self, node: &mut Node) {
        self.0.remove(&node.region);
    }
}

pub(super) struct BlindToRollback;

impl Break for BlindToRollback {
    fn events(&mut self, _: RegionKey, events: &mut Vec<Event>) {
        events.retain(|event| {
            let Input::Link { news, .. } = event.input.bare() else {
                return true;
            };
            !matches!(
                news,
                LinkNews::PeerRolledBack { .. } | LinkNews::SelfRolledBack { .. }
            )
        });
    }
}

pub(super) struct ForgetsStarts;

impl Break for ForgetsStarts {
    fn recovered(&mut self, node: &mut Node) {
        node.view.apply([(RowKey::Starts, None)]);
    }
}
