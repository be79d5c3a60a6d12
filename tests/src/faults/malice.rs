//! Malice on the wire: frames that an honest node never sends, from a neighbour with a good certificate. They harm
//! nobody but the stream that they come on; everything numbered is sent again after it.

use super::{Chance, Fault};
use crate::sim::rng::Rng;
use hotline_domain::leg::Lane;
use hotline_domain::link::{Credit, Frame, LinkState};
use hotline_topology::Time;

/// What a malicious neighbour does on a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Malice {
    /// An old envelope again, as it was.
    Replay,
    /// Hundreds of envelopes and heartbeats, beyond every credit.
    Flood,
    /// The right number with a running hash that does not fit.
    ForgedMark,
    /// A number far ahead.
    LyingNumber,
    /// The receipt of what was never sent.
    FalseReceipt,
    /// The receipt of something else than what was sent.
    ForgedReceipt,
    /// Credit without end.
    FalseCredit,
    /// An envelope cut short: another content under the same hash.
    Garbage,
}

/// Every kind.
const ALL: [Malice; 8] = [
    Malice::Replay,
    Malice::Flood,
    Malice::ForgedMark,
    Malice::LyingNumber,
    Malice::FalseReceipt,
    Malice::ForgedReceipt,
    Malice::FalseCredit,
    Malice::Garbage,
];

impl Malice {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Replay => "malice: replay",
            Self::Flood => "malice: flood",
            Self::ForgedMark => "malice: forged mark",
            Self::LyingNumber => "malice: lying number",
            Self::FalseReceipt => "malice: receipt of nothing",
            Self::ForgedReceipt => "malice: forged receipt",
            Self::FalseCredit => "malice: false credit",
            Self::Garbage => "malice: garbage",
        }
    }

    /// The frames, made of the last envelope that went out on the stream and of what the other side knows of the link.
    #[must_use]
    pub fn frames(self, last: &Frame, theirs: &LinkState, rng: &mut Rng) -> Vec<Frame> {
        let Frame::Envelope {
            lane,
            seq,
            hash,
            spent,
            envelope,
            chain,
        } = last
        else {
            return Vec::new();
        };
        let (lane, sent) = (*lane, theirs.lanes[lane.index()].sent);
        let like = |seq: u64, hash: [u8; 32], payload: Vec<u8>| {
            let mut envelope = envelope.clone();
            envelope.payload = payload;
            Frame::Envelope {
                lane,
                seq,
                hash,
                spent: *spent,
                envelope,
                chain: chain.clone(),
            }
        };
        let payload = || envelope.payload.clone();
        let mut drawn = *hash;
        drawn[..16].copy_from_slice(&rng.bits());
        match self {
            Self::Replay => vec![last.clone(), last.clone()],
            Self::Flood => {
                let beat = |_| Frame::Heartbeat {
                    time: Time(0),
                    watermark: None,
                    log_no: 0,
                };
                let more = (0..400).map(|n| like(seq + n, *hash, payload()));
                (0..100).map(beat).chain(more).collect()
            }
            Self::ForgedMark => vec![like(seq + 1, drawn, payload())],
            Self::LyingNumber => vec![like(seq + 1 + rng.below(1 << 40), *hash, payload())],
            Self::FalseReceipt => vec![ack(lane, sent + 1 + rng.below(1000), drawn)],
            Self::ForgedReceipt => vec![ack(lane, sent, drawn)],
            Self::FalseCredit => vec![Frame::Credit(
                [Credit {
                    messages: u64::MAX,
                    bytes: u64::MAX,
                }; 3],
            )],
            Self::Garbage => vec![like(*seq + 1, *hash, rng.bits().to_vec())],
        }
    }
}

fn ack(lane: Lane, upto: u64, hash: [u8; 32]) -> Frame {
    Frame::Ack { lane, upto, hash }
}

pub(super) fn draw(chance: &mut Chance<'_>) -> Vec<(i64, Fault)> {
    let one = |chance: &mut Chance<'_>| {
        let (node, malice) = (chance.node(), *chance.rng.pick(&ALL));
        (chance.moment(), Fault::Malice { node, malice })
    };
    (0..chance.count(8, 20)).map(|_| one(chance)).collect()
}
