//! How the descriptors of the process are divided: store, files and links have theirs whatever knocks at the doors.

use super::book::{Bounds, Room};

/// Log, view (of which fjall keeps 64 tables open), checkpoints, keys, standard streams.
const STORE: usize = 128;
/// Attachments that are read and written.
const FILES: usize = 96;
/// The parent's link and attachments, dials, look-ups of names, the collector of traces.
const LINKS: usize = 24;
/// Connections of one neighbour: link, attachments, and both once more while certificates change.
const PER_NEIGHBOUR: usize = 4;
/// Neighbours that may be added while the node runs, in connections.
const MORE_NEIGHBOURS: usize = 32;
/// Bytes that a door holds of requests, and of answers: a document of the world is several megabytes.
const BYTES: usize = 96 << 20;
/// What every identity has of that in any case: a request in people's words, an envelope, a page of a list.
const BYTES_SURE: usize = 128 << 10;

/// Requests of one person or front end.
const REQUESTS: Room = Room {
    all: BYTES,
    per_holder: 32 << 20,
    sure: BYTES_SURE,
};
/// Answers to the same: as many files as the door gives at once, a piece of a megabyte each, and lists besides.
const ANSWERS: Room = Room {
    all: BYTES,
    per_holder: 40 << 20,
    sure: BYTES_SURE,
};
/// Of one neighbour, both ways: the longest frame of its link, twice while one stream replaces the other, and a piece of
/// a megabyte of every attachment under way.
const NEIGHBOURS: Room = Room {
    all: BYTES,
    per_holder: 24 << 20,
    sure: BYTES_SURE,
};

/// What a node with no neighbour and every door needs.
pub const NEEDED_AT_LEAST: usize = Budget::of(0).needed(Doors::ALL);

/// Which doors a node has besides the operators' socket.
#[derive(Debug, Clone, Copy)]
pub struct Doors {
    /// The federation port.
    pub federation: bool,
    /// The operators' port.
    pub operators: bool,
    /// The monitors' port.
    pub monitors: bool,
}

impl Doors {
    const ALL: Self = Self {
        federation: true,
        operators: true,
        monitors: true,
    };
}

/// The bounds of every door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// The federation port.
    pub federation: Bounds,
    /// The operators' socket.
    pub local: Bounds,
    /// The operators' port.
    pub operators: Bounds,
    /// The monitors' port.
    pub monitors: Bounds,
}

impl Budget {
    /// The bounds for a node with so many neighbours.
    #[must_use]
    pub const fn of(neighbours: usize) -> Self {
        Self {
            federation: Bounds {
                waiting: 128,
                waiting_per_source: 64,
                waiting_per_prefix: 96,
                kept: 32,
                kept_per_source: 8,
                inside: PER_NEIGHBOUR * neighbours + MORE_NEIGHBOURS,
                inside_per_holder: 8,
                requests: NEIGHBOURS,
                answers: NEIGHBOURS,
            },
            local: Bounds {
                waiting: 32,
                waiting_per_source: 16,
                waiting_per_prefix: 16,
                kept: 32,
                kept_per_source: 16,
                inside: 128,
                inside_per_holder: 96,
                requests: REQUESTS,
                answers: ANSWERS,
            },
            operators: Bounds {
                waiting: 48,
                waiting_per_source: 24,
                waiting_per_prefix: 36,
                kept: 16,
                kept_per_source: 8,
                inside: 96,
                inside_per_holder: 64,
                requests: REQUESTS,
                answers: ANSWERS,
            },
            monitors: Bounds {
                waiting: 32,
                waiting_per_source: 16,
                waiting_per_prefix: 24,
                kept: 0,
                kept_per_source: 0,
                inside: 32,
                inside_per_holder: 16,
                requests: Room::NONE,
                answers: Room::NONE,
            },
        }
    }

    /// How many descriptors the process must be allowed.
    #[must_use]
    pub const fn needed(&self, doors: Doors) -> usize {
        let mut needed = STORE + FILES + LINKS + self.local.total();
        if doors.federation {
            needed += self.federation.total();
        }
        if doors.operators {
            needed += self.operators.total();
        }
        if doors.monitors {
            needed += self.monitors.total();
        }
        needed
    }
}
