//! The figures of the doors for the operator.
//!
//! | metric | labels | meaning |
//! | --- | --- | --- |
//! | `hotline_door_connections` | `door`, `stage` | connections that wait to be let in, and those that are in |
//! | `hotline_door_held_bytes` | `door`, `what` | memory for unfinished requests, and for answers that are not taken |
//! | `hotline_door_turned_away_total` | `door`, `reason` | refused, given up, or ended to make room, since the start |

use super::door::Gate;
use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;

/// Registers the figures of the doors that the node has.
pub fn register(meter: &Meter, gates: Vec<Gate>) {
    let standing = gates.clone();
    meter
        .u64_observable_gauge("door_connections")
        .with_description("各入口的连接")
        .with_callback(move |out| {
            for gate in &standing {
                let (waiting, inside) = gate.standing();
                for (stage, count) in [("waiting", waiting), ("inside", inside)] {
                    let door = KeyValue::new("door", gate.door());
                    out.observe(count as u64, &[door, KeyValue::new("stage", stage)]);
                }
            }
        })
        .build();
    let holding = gates.clone();
    meter
        .u64_observable_gauge("door_held")
        .with_unit("By")
        .with_description("各入口没有发完的请求和没有取走的答复占用的内存")
        .with_callback(move |out| {
            for gate in &holding {
                let (requests, answers) = gate.held();
                for (what, bytes) in [("requests", requests), ("answers", answers)] {
                    let door = KeyValue::new("door", gate.door());
                    out.observe(bytes as u64, &[door, KeyValue::new("what", what)]);
                }
            }
        })
        .build();
    meter
        .u64_observable_counter("door_turned_away")
        .with_description("启动以来因过多、过慢而谢绝、放弃、让出的连接和请求")
        .with_callback(move |out| {
            for gate in &gates {
                for (crowded, count) in gate.turned_away() {
                    let door = KeyValue::new("door", gate.door());
                    out.observe(count, &[door, KeyValue::new("reason", crowded.label())]);
                }
            }
        })
        .build();
}
