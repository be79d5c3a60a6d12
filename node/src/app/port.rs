//! The node as its links see it.

use super::handle::NodeHandle;
use super::keeper::former;
use super::shared::Heard;
use super::trace::lane_word;
use crate::link::{NodePort, NodeStopped, Place};
use hotline_domain::figures::Watermark;
use hotline_domain::kernel::Input;
use hotline_domain::leg::Lane;
use hotline_domain::link::Envelope;
use hotline_domain::view::View;
use hotline_topology::{RegionKey, Time};
use std::sync::Arc;

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
        let (known, me) = (
            self.shared.surroundings.known(),
            self.shared.surroundings.me(),
        );
        let mut place = Place::of(&known.federation, me);
        if !known.older.is_empty() {
            // A view that cannot be read admits nobody more; the store says why.
            place.former = former(&*self.shared.rows(), &known, me).unwrap_or_default();
        }
        place
    }

    fn watermark(&self) -> Option<Watermark> {
        self.shared.own_watermark()
    }

    fn sent(&self, peer: RegionKey, lane: Lane, seq: u64, envelope: &Envelope) {
        if let Some(traces) = self.shared.traces() {
            let waited = self.shared.clock.now().0 - envelope.written_at.0;
            traces.sent(peer.as_str(), lane_word(lane), seq, envelope, waited);
        }
    }

    fn heard(&self, peer: RegionKey, time: Time, watermark: Option<Watermark>) {
        let at = self.shared.clock.now();
        let monotonic = self.shared.clock.monotonic();
        self.shared.note_heard(
            peer,
            Heard {
                time,
                at,
                monotonic,
                watermark,
            },
        );
    }
}
