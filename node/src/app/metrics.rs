//! The node's metrics and its readiness.

use super::handle::NodeHandle;
use crate::attachment::{Attachments, Counts};
use crate::http::{Progress, Status};
use crate::link::Links;
use crate::store::disk::Syncs;
use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;
use std::sync::atomic::{AtomicU64, Ordering};

/// Readiness for `/readyz`.
pub struct NodeStatus(pub NodeHandle);

impl Status for NodeStatus {
    fn ready(&self) -> Result<(), String> {
        match self.0.shared().failure() {
            Some(why) => Err(format!("存储不可用：{why}")),
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
        .with_description("日志、密钥和检查点落盘（fdatasync）的次数")
        .with_callback(move |observer| observer.observe(syncs.count(), &[]))
        .build();
    let shared = node.shared().clone();
    meter
        .u64_observable_counter("inputs_accepted")
        .with_description("收下的命令、消息和到时事项")
        .with_callback(move |observer| {
            observer.observe(shared.accepted.load(Ordering::Relaxed), &[])
        })
        .build();
    let shared = node.shared().clone();
    meter
        .u64_observable_counter("inputs_applied")
        .with_description("其中已生效或已答复拒绝的")
        .with_callback(move |observer| {
            observer.observe(shared.applied.load(Ordering::Relaxed), &[])
        })
        .build();
    let shared = node.shared().clone();
    meter
        .u64_observable_counter("alarms")
        .with_description("向运维发出的告警")
        .with_callback(move |observer| observer.observe(shared.alarms.load(Ordering::Relaxed), &[]))
        .build();
    let shared = node.shared().clone();
    meter
        .u64_observable_gauge("key_slots_damaged")
        .with_description("密钥文件中读不出的密钥槽")
        .with_callback(move |observer| {
            observer.observe(shared.damaged_slots.load(Ordering::Relaxed), &[])
        })
        .build();
    let waits = links.clone();
    meter
        .u64_observable_gauge("link_unacknowledged")
        .with_description("相邻节点尚未确认的信封")
        .with_callback(move |observer| {
            for link in waits.status().unwrap_or_default() {
                let waiting: u64 = link
                    .lanes
                    .iter()
                    .map(|lane| lane.sent.saturating_sub(lane.acked))
                    .sum();
                observer.observe(waiting, &[KeyValue::new("peer", link.peer.to_string())]);
            }
        })
        .build();
    let conducts = links.clone();
    meter
        .u64_observable_gauge("link_misconduct")
        .with_description("相邻节点的异常行为，上次清账以来")
        .with_callback(move |observer| {
            for link in conducts.status().unwrap_or_default() {
                for count in link.conduct.iter().flat_map(|it| &it.counts) {
                    let peer = KeyValue::new("peer", link.peer.to_string());
                    let offence = KeyValue::new("offence", count.offence.name());
                    observer.observe(count.times, &[peer, offence]);
                }
            }
        })
        .build();
    let (quarantines, clock) = (links.clone(), node.shared().clock.clone());
    meter
        .u64_observable_gauge("link_quarantined")
        .with_description("相邻节点被隔离时为 1")
        .with_callback(move |observer| {
            let now = clock.now();
            for link in quarantines.status().unwrap_or_default() {
                let rests = link.conduct.is_some_and(|it| it.quarantined(now));
                let peer = KeyValue::new("peer", link.peer.to_string());
                observer.observe(u64::from(rests), &[peer]);
            }
        })
        .build();
    let kept = links.clone();
    meter
        .u64_observable_gauge("link_kept")
        .with_unit("By")
        .with_description("相邻节点的信封中暂存和搁置的")
        .with_callback(move |observer| {
            for link in kept.status().unwrap_or_default() {
                let peer = KeyValue::new("peer", link.peer.to_string());
                observer.observe(link.kept_bytes, &[peer]);
            }
        })
        .build();
}

/// Name, unit, meaning, and which of the counts it is.
type Counted = (
    &'static str,
    &'static str,
    &'static str,
    fn(&Counts) -> &AtomicU64,
);

/// Registers what is moved of attachments.
pub fn register_attachments(meter: &Meter, attachments: &Attachments) {
    let counters: [Counted; 4] = [
        (
            "attachment_sent",
            "By",
            "送给相邻节点的附件，含代为转送的",
            |counts| &counts.sent_bytes,
        ),
        (
            "attachment_received",
            "By",
            "取来并存下的附件",
            |counts| &counts.received_bytes,
        ),
        (
            "attachment_asks_refused",
            "",
            "按规则拒绝的附件请求",
            |counts| &counts.refused,
        ),
        (
            "attachment_chunks_wrong",
            "",
            "与附件编号不符、已丢弃的块",
            |counts| &counts.wrong_chunks,
        ),
    ];
    for (name, unit, description, count) in counters {
        let attachments = attachments.clone();
        meter
            .u64_observable_counter(name)
            .with_unit(unit)
            .with_description(description)
            .with_callback(move |observer| {
                observer.observe(count(attachments.counts()).load(Ordering::Relaxed), &[]);
            })
            .build();
    }
    let lost = attachments.clone();
    meter
        .u64_observable_gauge("attachments_lost")
        .with_description("登记在案而文件不在本节点的附件")
        .with_callback(move |observer| {
            observer.observe(lost.counts().lost.load(Ordering::Relaxed), &[]);
        })
        .build();
    let attachments = attachments.clone();
    meter
        .u64_observable_gauge("attachment_fetches")
        .with_description("正在取或等着取的附件")
        .with_callback(move |observer| observer.observe(attachments.waiting() as u64, &[]))
        .build();
}

#[cfg(test)]
mod tests;
