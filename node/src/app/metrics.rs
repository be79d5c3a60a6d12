//! The node's metrics and its readiness.

use super::handle::NodeHandle;
use crate::http::{Progress, Status};
use crate::link::Links;
use crate::store::disk::Syncs;
use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;
use std::sync::atomic::Ordering;

/// Readiness for `/readyz`.
pub struct NodeStatus(pub NodeHandle);

impl Status for NodeStatus {
    fn ready(&self) -> Result<(), String> {
        match self.0.shared().failure() {
            Some(why) => Err(format!("存储不可用:{why}")),
            None => Ok(()),
        }
    }

    fn progress(&self) -> Progress {
        let shared = self.0.shared();
        // Applied first: the other way round a commit in between would look like more applied than accepted.
        let applied = shared.applied.load(Ordering::Relaxed);
        Progress {
            accepted: shared.accepted.load(Ordering::Relaxed).max(applied),
            applied,
        }
    }
}

/// Registers the node's instruments. To add one: here, with its unit.
pub fn register(meter: &Meter, node: &NodeHandle, links: &Links<NodeHandle>, syncs: &Syncs) {
    let syncs = syncs.clone();
    meter
        .u64_observable_counter("disk_syncs")
        .with_description("files made durable (fdatasync) by log, keys and checkpoints")
        .with_callback(move |observer| observer.observe(syncs.count(), &[]))
        .build();
    let shared = node.shared().clone();
    meter
        .u64_observable_counter("inputs_accepted")
        .with_description("commands, messages and timers taken in")
        .with_callback(move |observer| {
            observer.observe(shared.accepted.load(Ordering::Relaxed), &[])
        })
        .build();
    let shared = node.shared().clone();
    meter
        .u64_observable_counter("inputs_applied")
        .with_description("those of them that took effect or were refused")
        .with_callback(move |observer| {
            observer.observe(shared.applied.load(Ordering::Relaxed), &[])
        })
        .build();
    let shared = node.shared().clone();
    meter
        .u64_observable_counter("alarms")
        .with_description("alarms raised for the operator")
        .with_callback(move |observer| observer.observe(shared.alarms.load(Ordering::Relaxed), &[]))
        .build();
    let links = links.clone();
    meter
        .u64_observable_gauge("link_unacknowledged")
        .with_description("envelopes that a neighbour has not acknowledged")
        .with_callback(move |observer| {
            for link in links.status().unwrap_or_default() {
                let waiting: u64 = link
                    .lanes
                    .iter()
                    .map(|lane| lane.sent.saturating_sub(lane.acked))
                    .sum();
                observer.observe(waiting, &[KeyValue::new("peer", link.peer.to_string())]);
            }
        })
        .build();
}
