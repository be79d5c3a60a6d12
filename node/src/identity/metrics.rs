//! The figures of this folder for the operator.
//!
//! | metric | labels | meaning |
//! | --- | --- | --- |
//! | `hotline_refusals_total` | `side`, `reason` | connections refused since the start |
//! | `hotline_connections` | | connections open now |
//! | `hotline_revocation_list_age_seconds` | `issuer` | time since the list in force was signed |
//! | `hotline_revocation_list_overdue_seconds` | `issuer` | by how much its renewal is late; 0 while it is not |
//! | `hotline_certificate_ends_seconds` | | end of the own certificate, in seconds since 1970 |
//! | `hotline_certificate_refused` | `reason` | 1 while peers will refuse the own certificate |

use super::tls::NodeTls;
use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;
use std::sync::{Arc, Weak};

/// Registers the figures. They fall silent when the node's TLS is gone.
pub fn register(meter: &Meter, tls: &Arc<NodeTls>) {
    let node = || Arc::downgrade(tls);
    let held: Weak<NodeTls> = node();
    meter
        .u64_observable_counter("refusals")
        .with_description("启动以来拒绝的连接")
        .with_callback(move |out| {
            let Some(tls) = held.upgrade() else { return };
            for (side, reason, count) in tls.refusals().counts() {
                out.observe(
                    count,
                    &[
                        KeyValue::new("side", side.label()),
                        KeyValue::new("reason", reason),
                    ],
                );
            }
        })
        .build();
    let held = node();
    meter
        .u64_observable_gauge("connections")
        .with_description("现有的连接")
        .with_callback(move |out| {
            let Some(tls) = held.upgrade() else { return };
            out.observe(tls.live_connections() as u64, &[]);
        })
        .build();
    let held = node();
    meter
        .u64_observable_gauge("revocation_list_age")
        .with_unit("s")
        .with_description("现行吊销列表签发至今的时间")
        .with_callback(move |out| {
            let Some(tls) = held.upgrade() else { return };
            for list in tls.list_ages() {
                out.observe(list.age.as_secs(), &[KeyValue::new("issuer", list.issuer)]);
            }
        })
        .build();
    let held = node();
    meter
        .u64_observable_gauge("revocation_list_overdue")
        .with_unit("s")
        .with_description("吊销列表逾期未更新的时间，未逾期为 0")
        .with_callback(move |out| {
            let Some(tls) = held.upgrade() else { return };
            for list in tls.list_ages() {
                let late = list.overdue.unwrap_or_default();
                out.observe(late.as_secs(), &[KeyValue::new("issuer", list.issuer)]);
            }
        })
        .build();
    register_own(meter, tls);
}

/// The figures about the node's own certificate.
fn register_own(meter: &Meter, tls: &Arc<NodeTls>) {
    let held = Arc::downgrade(tls);
    meter
        .i64_observable_gauge("certificate_ends")
        .with_unit("s")
        .with_description("本节点证书的到期时刻，自 1970 年起")
        .with_callback(move |out| {
            let Some(tls) = held.upgrade() else { return };
            out.observe(tls.own().not_after.millis().div_euclid(1000), &[]);
        })
        .build();
    let held = Arc::downgrade(tls);
    meter
        .u64_observable_gauge("certificate_refused")
        .with_description("对端会拒绝本节点证书时为 1")
        .with_callback(move |out| {
            let Some(tls) = held.upgrade() else { return };
            if let Some(error) = tls.own_problem() {
                out.observe(1, &[KeyValue::new("reason", error.reason())]);
            }
        })
        .build();
}
