//! How fast a node gives: so many bytes a second to each neighbour, and after what the link has to say.

use crate::app::NodeHandle;
use hotline_domain::view::Rows as _;
use hotline_topology::RegionKey;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use tokio::time::Instant;

/// How long a chunk waits at a time for the link.
const STEP: Duration = Duration::from_millis(25);
/// How often at most: a link that is never quiet slows a transfer down, but does not end it.
const STEPS_MAX: u32 = 40;

/// The pace towards one neighbour, shared by all transfers to it.
#[derive(Debug)]
pub struct Pace {
    bytes_a_second: u64,
    /// When what was sent so far is paid for.
    paid: Mutex<Option<Instant>>,
}

impl Pace {
    /// So many bytes a second; 0 for no bound.
    pub fn new(bytes_a_second: u64) -> Self {
        Self {
            bytes_a_second,
            paid: Mutex::new(None),
        }
    }

    /// How long to wait before so many more bytes may go.
    fn wait(&self, bytes: usize, now: Instant) -> Duration {
        if self.bytes_a_second == 0 {
            return Duration::ZERO;
        }
        let cost = Duration::from_secs_f64(bytes as f64 / self.bytes_a_second as f64);
        let mut paid = self.paid.lock().unwrap_or_else(PoisonError::into_inner);
        let from = paid.map_or(now, |paid| paid.max(now));
        *paid = Some(from + cost);
        from - now
    }

    /// Waits until so many bytes may go to the neighbour.
    pub async fn before(&self, node: &NodeHandle, peer: RegionKey, bytes: usize) {
        tokio::time::sleep(self.wait(bytes, Instant::now())).await;
        for _ in 0..STEPS_MAX {
            if !is_talking(node, peer) {
                return;
            }
            tokio::time::sleep(STEP).await;
        }
    }
}

/// Whether urgent or ordinary envelopes wait to be acknowledged by a neighbour that is there.
fn is_talking(node: &NodeHandle, peer: RegionKey) -> bool {
    let link = node.shared().rows().link(peer);
    link.is_ok_and(|link| {
        let [urgent, ordinary, _] = &link.lanes;
        urgent.sent > urgent.acked || ordinary.sent > ordinary.acked
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bytes_are_paid_for_in_turn() {
        let (pace, now) = (Pace::new(1000), Instant::now());
        assert_eq!(pace.wait(500, now), Duration::ZERO);
        assert_eq!(pace.wait(500, now), Duration::from_millis(500));
        assert_eq!(pace.wait(1, now), Duration::from_secs(1));
        assert_eq!(pace.wait(1, now + Duration::from_secs(9)), Duration::ZERO);
        assert_eq!(Pace::new(0).wait(usize::MAX, now), Duration::ZERO);
    }
}
