//! What goes wrong, and when, drawn from the seed.
//!
//! | file | faults |
//! |---|---|
//! | crashes | around the sync: the group lost, its tail torn, the sync failing, durable but nothing done |
//! | lines | cut streams, partitions of one way or both, slow links |
//! | disks | slow, full, unreadable; an older copy in the disk's place, restored or not, or running beside it |
//! | clocks | jumps in both directions, clocks that stand still |
//! | forgery | a node whose operator tampers with it writes what it has no right to |
//! | malice | a neighbour sends frames that no honest node sends |
//! | versions | nodes of the release before, upgraded one by one; a newer tree, which some know later; an altered copy of it; new keys for sealing |
//!
//! Loss is the cut of a stream; after it, what was not committed comes again, so duplication comes with it. Lanes of a
//! stream overtake each other; every frame has its own delay.

pub mod clocks;
mod crashes;
mod disks;
pub mod forgery;
mod lines;
pub mod malice;
mod versions;

use crate::sim::places::{HOUR, Reform, START};
use crate::sim::rng::Rng;
use crate::sim::shape::Shape;
use clocks::ClockFault;
use hotline_topology::RegionKey;
use malice::Malice;

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

impl Strike {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BeforeSync => "crash before the sync",
            Self::Torn => "power cut in the sync",
            Self::SyncFails => "failing sync",
            Self::AfterSync => "crash after the sync",
            Self::AfterActions => "crash after the answer",
        }
    }
}

/// Which way of a link lets nothing through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ways {
    /// Neither.
    Both,
    /// From the child to its parent.
    Up,
    /// From the parent to the child.
    Down,
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
        /// Which way.
        ways: Ways,
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
    /// The copy takes the disk's place as a backup that is restored: the node is told so before anything else.
    Restore {
        /// Which.
        node: RegionKey,
    },
    /// An older copy of the disk runs in another machine under the node's name, and the node itself is cut off; then
    /// it is back.
    Clone {
        /// Whose.
        node: RegionKey,
        /// For so long, milliseconds.
        for_ms: i64,
    },
    /// The clone is gone.
    CloneGone {
        /// Whose.
        node: RegionKey,
    },
    /// Every sync takes seconds.
    SlowDisk {
        /// Whose.
        node: RegionKey,
    },
    /// Hardly anything fits on the disk any more.
    FullDisk {
        /// Whose.
        node: RegionKey,
        /// Bytes that still fit.
        room: u64,
    },
    /// The log cannot be read at a start.
    UnreadableDisk {
        /// Whose.
        node: RegionKey,
    },
    /// The disk works again.
    MendDisk {
        /// Whose.
        node: RegionKey,
    },
    /// A newer version of the tree is given out.
    Reorganise {
        /// What it changes; where the tree is too small for that, a township is given up.
        reform: Reform,
    },
    /// Somebody changed the edges in the node's own copy of the tree, and left its version as it was.
    NarrowEdges {
        /// Whose.
        node: RegionKey,
    },
    /// The node has the tree again that was given out.
    MendEdges {
        /// Which.
        node: RegionKey,
    },
    /// The node still is of the release before.
    Older {
        /// Which.
        node: RegionKey,
    },
    /// It is stopped, and started as the release of today.
    Upgrade {
        /// Which.
        node: RegionKey,
    },
    /// A round of upkeep: a checkpoint, and the log stripped of what it covers; the power goes with it where hardly
    /// anything fits on the disk.
    Upkeep {
        /// Whose.
        node: RegionKey,
        /// Bytes that still fit; the power goes afterwards.
        room: Option<u64>,
    },
    /// The personal data of a matter that is over is destroyed: no fault, but nothing of it may come back through one.
    Erase {
        /// Where.
        node: RegionKey,
    },
    /// The operator has the key for sealing changed: no fault, but much is under way under the old one.
    RotateKey {
        /// Where.
        node: RegionKey,
        /// The old ones are destroyed at once.
        revoke: bool,
    },
    /// A clock goes wrong.
    Clock {
        /// Whose.
        node: RegionKey,
        /// How.
        fault: ClockFault,
    },
    /// A person sets the clock right, and confirms it where it was in doubt.
    SetClock {
        /// Whose.
        node: RegionKey,
    },
    /// A neighbour sends what no honest node sends.
    Malice {
        /// Who.
        node: RegionKey,
        /// What.
        malice: Malice,
    },
    /// A node's operator tampers with it: a forged envelope leaves.
    Forge {
        /// Which.
        node: RegionKey,
    },
}

/// Draws the faults of one sort with their moments.
type Draw = fn(&mut Chance<'_>) -> Vec<(i64, Fault)>;

/// Every sort of fault; to add one, a function in one of the files, and its line here.
const SORTS: [(&str, Draw); 16] = [
    ("crashes", crashes::draw),
    ("cuts", lines::cuts),
    ("partitions", lines::partitions),
    ("slow-links", lines::slow),
    ("forgery", forgery::draw),
    ("older-disks", disks::roll_back),
    ("disk-trouble", disks::trouble),
    ("clocks", clocks::draw),
    ("malice", malice::draw),
    ("upkeep", disks::upkeep),
    ("versions", versions::draw),
    ("reorganised", versions::reorganise),
    ("restores", disks::restore),
    ("erasures", disks::erase),
    ("keys", versions::keys),
    ("edges", versions::edges),
];

/// The names of all sorts.
pub fn sorts() -> impl Iterator<Item = &'static str> {
    SORTS.iter().map(|(name, _)| *name)
}

/// The faults of a seed with their moments; without those of some sorts.
#[must_use]
pub fn draw(seed: u64, shape: &Shape, without: &[&str], rng: &mut Rng) -> Vec<(i64, Fault)> {
    let mut plan = Vec::new();
    for (name, sort) in SORTS {
        let rng = &mut rng.fork();
        if !without.contains(&name) {
            plan.extend(sort(&mut Chance { seed, shape, rng }));
        }
    }
    plan
}

/// What faults are drawn from.
pub struct Chance<'a> {
    /// The seed; a few sorts of fault belong to some seeds only.
    pub seed: u64,
    /// The size of the run.
    pub shape: &'a Shape,
    /// A stream of the sort's own, so that a new sort leaves the others as they were.
    pub rng: &'a mut Rng,
}

impl Chance<'_> {
    /// How many, by the usual number of the whole tree's three weeks.
    fn count(&mut self, least: u64, most: u64) -> u64 {
        let usual = least + self.rng.below(most - least + 1);
        // What is left over of a hundredth part comes by chance.
        (usual * self.shape.faults_percent + self.rng.below(100)) / 100
    }

    /// Any moment while faults last.
    fn moment(&mut self) -> i64 {
        START.0 + self.rng.between(HOUR, self.shape.faulty_ms() - HOUR)
    }

    /// A moment in that part of the time, in hundredths.
    fn within(&mut self, from: i64, to: i64) -> i64 {
        let whole = self.shape.faulty_ms() / 100;
        START.0 + self.rng.between(from * whole, to * whole)
    }

    /// Some node.
    fn node(&mut self) -> RegionKey {
        *self.rng.pick(self.shape.nodes)
    }

    /// Some link, named by its child.
    fn link(&mut self) -> RegionKey {
        *self.rng.pick(&self.shape.nodes[1..])
    }
}
