//! How the descriptors of the process are divided: store, files and links have theirs whatever knocks at the doors.

use super::book::Bounds;

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
/// Bytes of unfinished requests that a door holds: a document of the world is several megabytes.
const BYTES: usize = 96 << 20;
/// The same of one person or front end.
const BYTES_PER_HOLDER: usize = 32 << 20;

/// The same of one neighbour, whose asks are small.
const BYTES_PER_NEIGHBOUR: usize = 4 << 20;

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
                bytes: BYTES,
                bytes_per_holder: BYTES_PER_NEIGHBOUR,
            },
            local: Bounds {
                waiting: 32,
                waiting_per_source: 16,
                waiting_per_prefix: 16,
                kept: 32,
                kept_per_source: 16,
                inside: 128,
                inside_per_holder: 96,
                bytes: BYTES,
                bytes_per_holder: BYTES_PER_HOLDER,
            },
            operators: Bounds {
                waiting: 48,
                waiting_per_source: 24,
                waiting_per_prefix: 36,
                kept: 16,
                kept_per_source: 8,
                inside: 96,
                inside_per_holder: 64,
                bytes: BYTES,
                bytes_per_holder: BYTES_PER_HOLDER,
            },
            monitors: Bounds {
                waiting: 32,
                waiting_per_source: 16,
                waiting_per_prefix: 24,
                kept: 0,
                kept_per_source: 0,
                inside: 32,
                inside_per_holder: 16,
                bytes: 0,
                bytes_per_holder: 0,
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
