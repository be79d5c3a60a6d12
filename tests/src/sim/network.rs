//! The network: streams between neighbours. A stream keeps the order of each lane, not between lanes; it is lost as a
//! whole; what is under way when it is cut is lost with it. A link may be slow or partitioned.

use super::rng::Rng;
use crate::faults::Ways;
use hotline_domain::leg::Lane;
use hotline_domain::link::Frame;
use hotline_topology::RegionKey;
use std::collections::BTreeMap;

/// One stream.
#[derive(Clone, Debug)]
pub struct Stream {
    /// Who dialled.
    pub child: RegionKey,
    /// Who was dialled.
    pub parent: RegionKey,
    /// Nothing gets through any more.
    pub cut: bool,
    /// By direction (0: upward): when the last frame of each lane, and of the rest, arrives.
    last: [[i64; 4]; 2],
    /// By direction: when the hello arrives; nothing overtakes it.
    hello: [i64; 2],
}

/// Streams and the state of links; a link is named by its child.
#[derive(Clone, Debug, Default)]
pub struct Network {
    streams: BTreeMap<u64, Stream>,
    made: u64,
    /// Links that let nothing through, one way or both.
    pub parted: BTreeMap<RegionKey, Ways>,
    /// Links whose delays are multiplied.
    pub slow: BTreeMap<RegionKey, i64>,
}

/// Usual delay of a frame, milliseconds, least and most.
const DELAY_MS: (i64, i64) = (5, 120);

impl Network {
    /// Opens a stream.
    pub fn open(&mut self, child: RegionKey, parent: RegionKey) -> u64 {
        self.made += 1;
        let stream = Stream {
            child,
            parent,
            cut: false,
            last: [[0; 4]; 2],
            hello: [0; 2],
        };
        self.streams.insert(self.made, stream);
        self.made
    }

    /// The stream, while it lives.
    #[must_use]
    pub fn stream(&self, id: u64) -> Option<&Stream> {
        self.streams.get(&id).filter(|stream| !stream.cut)
    }

    /// The living streams of a link.
    #[must_use]
    pub fn of_link(&self, child: RegionKey) -> Vec<u64> {
        let of = self
            .streams
            .iter()
            .filter(|(_, stream)| stream.child == child && !stream.cut);
        of.map(|(id, _)| *id).collect()
    }

    /// Every stream that is not cut.
    #[must_use]
    pub fn living(&self) -> Vec<u64> {
        let living = self.streams.iter().filter(|(_, stream)| !stream.cut);
        living.map(|(id, _)| *id).collect()
    }

    /// Cuts a stream; who was at its ends.
    pub fn cut(&mut self, id: u64) -> Option<(RegionKey, RegionKey)> {
        let stream = self.streams.remove(&id)?;
        Some((stream.child, stream.parent))
    }

    /// Whether nothing gets through the link from that end.
    #[must_use]
    pub fn stops(&self, child: RegionKey, from: RegionKey) -> bool {
        stops(&self.parted, child, usize::from(from != child))
    }

    /// When a frame that leaves now arrives, and where; `None`: lost.
    pub fn route(
        &mut self,
        id: u64,
        from: RegionKey,
        frame: &Frame,
        now: i64,
        rng: &mut Rng,
    ) -> Option<(i64, RegionKey)> {
        let stream = self.streams.get_mut(&id)?;
        let (way, to) = if from == stream.child {
            (0, stream.parent)
        } else {
            (1, stream.child)
        };
        if stops(&self.parted, stream.child, way) {
            return None;
        }
        let factor = self.slow.get(&stream.child).copied().unwrap_or(1);
        let least = now + rng.between(DELAY_MS.0, DELAY_MS.1) * factor;
        let class = match frame {
            Frame::Envelope { lane, .. } => Lane::index(*lane),
            _ => 3,
        };
        let last = &mut stream.last[way];
        let mut at = least.max(last[class]).max(stream.hello[way]);
        match frame {
            Frame::Hello(_) => stream.hello[way] = at,
            // The farewell ends the stream: it overtakes nothing.
            Frame::Bye { .. } => at = last.iter().copied().fold(at, i64::max),
            _ => {}
        }
        last[class] = at;
        Some((at, to))
    }
}

/// Whether a partition stops that direction (0: upward).
fn stops(parted: &BTreeMap<RegionKey, Ways>, child: RegionKey, way: usize) -> bool {
    match parted.get(&child) {
        None => false,
        Some(Ways::Both) => true,
        Some(Ways::Up) => way == 0,
        Some(Ways::Down) => way == 1,
    }
}
