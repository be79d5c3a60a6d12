//! The figures of the doors for the operator.
//!
//! | metric | labels | meaning |
//! | --- | --- | --- |
//! | `hotline_door_connections` | `door`, `stage` | connections that wait to be let in, and those that are in |
//! | `hotline_door_turned_away_total` | `door`, `reason` | refused, or ended to make room, since the start |

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
    meter
        .u64_observable_counter("door_turned_away")
        .with_description("启动以来因过多而谢绝、让出的连接和请求")
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
