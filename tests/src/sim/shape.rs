//! What kind of run a seed is: most are small and short, so that there can be many; a few play in the whole tree, or
//! last a quarter of a year.

use super::places::{CHAIN, DAY, FORK, HOUR, Place, TREE};
use hotline_topology::RegionKey;
use std::sync::{Arc, OnceLock};

/// The size of a run.
#[derive(Debug)]
pub struct Shape {
    /// Its name in reports.
    pub name: &'static str,
    /// Its nodes.
    pub nodes: &'static [RegionKey],
    /// How long faults last, days.
    pub days: i64,
    /// Matters taken in.
    pub matters: u64,
    /// Between two things that somebody at a node does, on average, milliseconds.
    pub clerk_ms: i64,
    /// Faults of a kind, in hundredths of the usual number.
    pub faults_percent: u64,
    /// Of twenty seeds, so many have it.
    pub of_twenty: u64,
}

/// Every shape.
pub const SHAPES: [Shape; 4] = [
    Shape {
        name: "chain",
        nodes: &CHAIN,
        days: 5,
        matters: 16,
        clerk_ms: 2 * HOUR,
        faults_percent: 50,
        of_twenty: 10,
    },
    Shape {
        name: "fork",
        nodes: &FORK,
        days: 8,
        matters: 20,
        clerk_ms: 3 * HOUR,
        faults_percent: 70,
        of_twenty: 6,
    },
    Shape {
        name: "tree",
        nodes: &TREE,
        days: 21,
        matters: 40,
        clerk_ms: 4 * HOUR,
        faults_percent: 100,
        of_twenty: 1,
    },
    Shape {
        name: "quarter",
        nodes: &CHAIN,
        days: 91,
        matters: 40,
        clerk_ms: 9 * HOUR,
        faults_percent: 100,
        of_twenty: 3,
    },
];

impl Shape {
    /// The shape of a seed.
    #[must_use]
    pub fn of(seed: u64) -> &'static Self {
        let mut place = seed % 20;
        for shape in &SHAPES {
            if place < shape.of_twenty {
                return shape;
            }
            place -= shape.of_twenty;
        }
        &SHAPES[0]
    }

    /// Its federation, as it stands at the beginning.
    ///
    /// # Panics
    /// Never: the trees are constants.
    #[must_use]
    pub fn place(&self) -> Arc<Place> {
        static PLACES: [OnceLock<Arc<Place>>; SHAPES.len()] =
            [const { OnceLock::new() }; SHAPES.len()];
        let at = SHAPES.iter().position(|shape| shape.name == self.name);
        PLACES[at.unwrap_or(0)]
            .get_or_init(|| Place::of(self.nodes))
            .clone()
    }

    /// How long faults last, milliseconds.
    #[must_use]
    pub fn faulty_ms(&self) -> i64 {
        self.days * DAY
    }
}
