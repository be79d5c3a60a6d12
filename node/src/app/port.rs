//! The node as its links see it, and the watch over its clock.

use super::handle::{Heard, NodeHandle};
use crate::link::{NodePort, NodeStopped, Place};
use hotline_domain::figures::Watermark;
use hotline_domain::kernel::Input;
use hotline_domain::view::{Rows, View};
use hotline_topology::{RegionKey, Time};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// A difference above this, in real time, puts the clock in doubt.
const DOUBT: Duration = Duration::from_secs(3600);
/// A peer heard within this may confirm a jump.
const WITNESS: Duration = Duration::from_secs(60);
/// How often the clock is compared with monotonic time.
const WATCH_EVERY: Duration = Duration::from_secs(5);

impl NodePort for NodeHandle {
    async fn submit(&self, input: Input) -> Result<(), NodeStopped> {
        if NodeHandle::submit(self, input).await {
            Ok(())
        } else {
            Err(NodeStopped)
        }
    }

    fn view(&self) -> Arc<dyn View + Send + Sync> {
        self.shared.rows()
    }

    fn place(&self) -> Place {
        let known = self.shared.surroundings.known();
        Place::of(&known.federation, self.shared.surroundings.me())
    }

    fn watermark(&self) -> Option<Watermark> {
        self.shared.own_watermark()
    }

    fn heard(&self, peer: RegionKey, time: Time, watermark: Option<Watermark>) {
        let at = self.shared.clock.now();
        self.shared.note_heard(
            peer,
            Heard {
                time,
                at,
                watermark,
            },
        );
        if apart(self, time, at) > DOUBT {
            let why = format!("与 {peer} 的时间相差超过一小时:对方 {time},本机 {at}");
            let node = self.clone();
            tokio::spawn(async move { doubt(&node, why).await });
        }
    }
}

/// Compares the clock with monotonic time while the node runs; a jump that no reachable peer confirms is in doubt.
pub(super) async fn watch_clock(node: NodeHandle, stop: CancellationToken) {
    let clock = Arc::clone(&node.shared.clock);
    let (mut time, mut mono) = (clock.now(), clock.monotonic());
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = tokio::time::sleep(WATCH_EVERY) => {}
        }
        let passed = clock
            .monotonic()
            .saturating_sub(mono)
            .saturating_mul(clock.rate());
        let expected = crate::clock::after(time, passed);
        (time, mono) = (clock.now(), clock.monotonic());
        if apart(&node, expected, time) > DOUBT && !witnessed(&node, time) {
            doubt(
                &node,
                format!("时钟从 {expected} 跳到 {time},没有可达的对端证实"),
            )
            .await;
        }
    }
}

/// The difference of two moments in real time.
fn apart(node: &NodeHandle, one: Time, other: Time) -> Duration {
    Duration::from_millis(one.0.abs_diff(other.0)) / node.shared.clock.rate().max(1)
}

fn witnessed(node: &NodeHandle, now: Time) -> bool {
    node.shared
        .heard()
        .values()
        .any(|heard| apart(node, heard.at, now) <= WITNESS && apart(node, heard.time, now) <= DOUBT)
}

/// Once is enough: a clock already held is not held again.
async fn doubt(node: &NodeHandle, why: String) {
    let held = node
        .shared
        .rows()
        .node()
        .is_ok_and(|row| row.clock_held.is_some());
    if !held {
        node.submit(Input::ClockDoubt { why }).await;
    }
}
