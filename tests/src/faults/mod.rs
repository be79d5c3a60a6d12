//! What goes wrong, and when, drawn from the seed: crashes around the sync, torn tails, failing syncs, cut streams,
//! partitions, slow links, a disk rolled back, forged envelopes.
//!
//! Loss is the cut of a stream; after it, what was not committed comes again, so duplication comes with it. Lanes of a
//! stream overtake each other; every frame has its own delay.

pub mod forgery;

use crate::sim::places::{DAY, HOUR, MINUTE, NODES, SECOND, START};
use crate::sim::rng::Rng;
use hotline_topology::RegionKey;

/// Where a crash strikes, counted from the node's next commit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Strike {
    /// The group is lost whole.
    BeforeSync,
    /// The power goes during the sync: the end of the log may be torn.
    Torn,
    /// The sync fails, the machine lives: the outcome is unknown, the store is opened again.
    SyncFails,
    /// Durable, but nothing of it was done.
    AfterSync,
    /// Durable, applied, answered.
    AfterActions,
}

/// One fault.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// A node goes down at its next commit and comes back.
    Crash {
        /// Which.
        node: RegionKey,
        /// Where.
        strike: Strike,
        /// For so long, milliseconds.
        down_ms: i64,
    },
    /// A living stream is cut.
    Cut,
    /// A link lets nothing through.
    Part {
        /// Named by its child.
        link: RegionKey,
        /// For so long, milliseconds.
        for_ms: i64,
    },
    /// The link works again.
    Heal {
        /// Named by its child.
        link: RegionKey,
    },
    /// A link becomes slow, or usual again with factor 1.
    Slow {
        /// Named by its child.
        link: RegionKey,
        /// Times the usual delay.
        factor: i64,
    },
    /// The disk is copied.
    Copy {
        /// Whose.
        node: RegionKey,
    },
    /// The copy takes the disk's place.
    RollBack {
        /// Whose.
        node: RegionKey,
    },
    /// A node's operator tampers with it: a forged envelope leaves.
    Forge {
        /// Which.
        node: RegionKey,
    },
}

/// How long faults last.
pub const WEEKS_MS: i64 = 21 * DAY;

/// Every tenth seed rolls a disk back.
#[must_use]
pub fn rolls_back(seed: u64) -> bool {
    seed % 10 == 7
}

/// The faults of a seed with their moments.
pub fn draw(seed: u64, rng: &mut Rng) -> Vec<(i64, Fault)> {
    let mut plan = Vec::new();
    let moment = |rng: &mut Rng| START.0 + rng.between(HOUR, WEEKS_MS - 6 * HOUR);
    let strikes = [
        Strike::BeforeSync,
        Strike::Torn,
        Strike::Torn,
        Strike::SyncFails,
        Strike::AfterSync,
        Strike::AfterActions,
    ];
    for _ in 0..8 + rng.below(10) {
        let down_ms = match rng.below(4) {
            0 => rng.between(6 * HOUR, 3 * DAY),
            1 => rng.between(10 * MINUTE, 6 * HOUR),
            _ => rng.between(5 * SECOND, 10 * MINUTE),
        };
        let (node, strike) = (*rng.pick(&NODES), *rng.pick(&strikes));
        let fault = Fault::Crash {
            node,
            strike,
            down_ms,
        };
        plan.push((moment(rng), fault));
    }
    for _ in 0..20 + rng.below(40) {
        plan.push((moment(rng), Fault::Cut));
    }
    for _ in 0..2 + rng.below(6) {
        let link = *rng.pick(&NODES[1..]);
        let for_ms = rng.between(10 * MINUTE, 2 * DAY);
        let at = moment(rng);
        plan.push((at, Fault::Part { link, for_ms }));
    }
    for _ in 0..rng.below(4) {
        let link = *rng.pick(&NODES[1..]);
        let at = moment(rng);
        let factor = rng.between(10, 300);
        plan.push((at, Fault::Slow { link, factor }));
        let until = at + rng.between(HOUR, 3 * DAY);
        plan.push((until, Fault::Slow { link, factor: 1 }));
    }
    for _ in 0..6 {
        let node = *rng.pick(&NODES);
        plan.push((moment(rng), Fault::Forge { node }));
    }
    if rolls_back(seed) {
        let node = *rng.pick(&NODES);
        let at = START.0 + rng.between(3 * DAY, 8 * DAY);
        plan.push((at, Fault::Copy { node }));
        let back = at + rng.between(2 * DAY, 6 * DAY);
        plan.push((back, Fault::RollBack { node }));
    }
    plan
}
